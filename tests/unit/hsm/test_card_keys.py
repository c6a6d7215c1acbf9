"""The keys of a card in hand: refused afterwards, of this card only, never shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import KeyNotFound, KeyUsageForbidden
from ektp.ids import CardSerial
from ektp.perso import ChipKeyUse
from hsm.card_keys import CardKeysInHand, card_keys_in_hand
from hsm.diversification import derive_read_keys
from tests.unit.hsm.masters import Masters, card_key_set, masters
from tests.unit.hsm.scp03_card import Scp03Card, cmac, decrypt

CARD = CardSerial("60010000002A0001")
OTHER = CardSerial("60010000002A0002")
CONTROL = b"\x01" + bytes(CARD) + b"\x01EKTP" + bytes(37)
CA, AA = ChipKeyUse.CHIP_AUTHENTICATION, ChipKeyUse.ACTIVE_AUTHENTICATION


def dek_of(profile: ChipProfile, card: CardSerial = CARD) -> bytes:
    return card_key_set(f"CARD-{8 * profile.key_bytes}", bytes(card), 0x31)[2]


def opened(profile: ChipProfile, dek: bytes, sealed: bytes) -> bytes:
    return decrypt(dek, bytes(16), sealed[:-3]).rstrip(b"\x00")[:-1]


USES: dict[str, Callable[[CardKeysInHand], object]] = {
    "secure_channel": lambda keys: keys.secure_channel(0x30),
    "card_key_set": lambda keys: keys.card_key_set(),
    "read_keys": lambda keys: keys.read_keys(CONTROL),
    "encipher_file": lambda keys: keys.encipher_file(CONTROL, bytes(8)),
    "make_key_pair": lambda keys: keys.make_key_pair(CA),
    "seal": lambda keys: keys.seal(b"secret"),
}


@pytest.mark.parametrize("use", USES)
def test_nothing_after_the_card_was_put_down(use: str) -> None:
    with card_keys_in_hand(masters(), CARD, KTP_EL) as keys:
        USES[use](keys)
    with pytest.raises(KeyUsageForbidden):
        USES[use](keys)


def test_no_session_and_no_pair_outlives_the_card() -> None:
    with card_keys_in_hand(masters(), CARD, KTP_EL) as keys:
        session = keys.secure_channel(0x30)
        pair = keys.make_key_pair(CA)
        question = session.initialize_update()
    card = Scp03Card(
        serial=bytes(CARD),
        version=0x30,
        keys=card_key_set("TRANSPORT-128", bytes(CARD), 0x30),
        handler=lambda _: ResponseApdu(b"", 0x9000),
    )
    with pytest.raises(KeyUsageForbidden):
        session.external_authenticate(card.process(question))
    with pytest.raises(KeyUsageForbidden):
        keys.private_key(pair)


def test_a_card_is_let_go_after_an_error_too() -> None:
    with pytest.raises(RuntimeError), card_keys_in_hand(masters(), CARD, KTP_EL) as keys:
        raise RuntimeError
    with pytest.raises(KeyUsageForbidden):
        keys.seal(b"secret")


@pytest.mark.parametrize("version", [0x00, 0x2F, 0x32, 0x01])
def test_no_other_version_of_a_key_set(version: int) -> None:
    with card_keys_in_hand(masters(), CARD, KTP_EL) as keys, pytest.raises(KeyNotFound):
        keys.secure_channel(version)


def test_a_token_without_the_master() -> None:
    token = Masters()
    token.missing.add("CARD-128")
    with card_keys_in_hand(token, CARD, KTP_EL) as keys:  # type: ignore[arg-type]
        keys.secure_channel(0x30)
        with pytest.raises(KeyNotFound, match="CARD-128"):
            keys.card_key_set()


def test_a_card_control_of_another_card_or_master() -> None:
    other = b"\x01" + bytes(OTHER) + CONTROL[9:]
    version = CONTROL[:9] + b"\x02" + CONTROL[10:]
    with card_keys_in_hand(masters(), CARD, KTP_EL) as keys:
        for use in (keys.read_keys, lambda control: keys.encipher_file(control, bytes(8))):
            with pytest.raises(KeyUsageForbidden):
                use(other)
            with pytest.raises(KeyNotFound):
                use(version)
            with pytest.raises(ValueError, match="51 bytes"):
                use(CONTROL[:-1])
        with pytest.raises(ValueError, match="multiple of 8"):
            keys.encipher_file(CONTROL, bytes(7))


def test_a_key_pair_is_of_one_card_one_use_and_whole() -> None:
    with card_keys_in_hand(masters(), CARD, ICAO_LDS1) as keys:
        pair, second = keys.make_key_pair(CA), keys.make_key_pair(CA)
        for wrong in (
            replace(pair, use=AA),
            replace(pair, public_key=second.public_key),
            replace(pair, handle=second.handle),
            replace(pair, handle=b""),
            replace(pair, handle=pair.handle[:-1]),
        ):
            with pytest.raises(KeyNotFound):
                keys.private_key(wrong)
    with card_keys_in_hand(masters(), OTHER, ICAO_LDS1) as keys, pytest.raises(KeyNotFound):
        keys.private_key(pair)


def test_nothing_shows_a_key() -> None:
    with card_keys_in_hand(masters(), CARD, ICAO_LDS1) as keys:
        keys.card_key_set()
        pair = keys.make_key_pair(AA)
        shown = repr(keys) + repr(keys.secure_channel(0x31))
        with pytest.raises(KeyNotFound) as refused:
            keys.private_key(replace(pair, use=CA))
        shown += str(refused.value)
    assert dek_of(ICAO_LDS1).hex() not in shown
    assert "b'" not in shown
    assert pair.handle.hex() not in shown


@pytest.mark.parametrize("profile", [KTP_EL, ICAO_LDS1], ids=lambda profile: profile.name)
def test_the_maker_and_the_host_come_to_the_same_transport_keys(profile: ChipProfile) -> None:
    label = f"TRANSPORT-{8 * profile.key_bytes}"
    card = Scp03Card(
        serial=bytes(CARD),
        version=0x30,
        keys=card_key_set(label, bytes(CARD), 0x30),
        handler=lambda _: ResponseApdu(b"", 0x9000),
    )
    with card_keys_in_hand(masters(), CARD, profile) as keys:
        session = keys.secure_channel(0x30)
        answer = card.process(session.initialize_update())
        session.check_authenticated(card.process(session.external_authenticate(answer)))
        assert session.unwrap(card.process(session.wrap(CommandApdu(0x80, 0xF2)))).ok


@pytest.mark.parametrize("profile", [KTP_EL, ICAO_LDS1], ids=lambda profile: profile.name)
def test_the_cards_own_key_set_under_the_transport_dek(profile: ChipProfile) -> None:
    size = profile.key_bytes
    dek = card_key_set(f"TRANSPORT-{8 * size}", bytes(CARD), 0x30)[2]
    new = card_key_set(f"CARD-{8 * size}", bytes(CARD), 0x31)
    with card_keys_in_hand(masters(), CARD, profile) as keys:
        sealed = keys.card_key_set()
    assert sealed.version == 0x31
    for number, key in enumerate(new):
        at = 1 + number * (size + 7) + 3
        assert decrypt(dek, bytes(16), sealed.body[at : at + size]) == key
        assert sealed.check_values[number] == sealed.body[at + size + 1 : at + size + 4]


def test_read_keys_are_those_that_a_sam_derives() -> None:
    master = Masters().master("READ-1")
    expected = derive_read_keys(lambda message: cmac(master, message), CONTROL)
    with card_keys_in_hand(masters(), CARD, KTP_EL) as keys:
        sealed = keys.read_keys(CONTROL)
    assert opened(KTP_EL, dek_of(KTP_EL), sealed) == b"\x01" + expected.enc + expected.mac


def test_a_private_key_is_that_of_its_public_key() -> None:
    with card_keys_in_hand(masters(), CARD, ICAO_LDS1) as keys:
        pair = keys.make_key_pair(CA)
    with card_keys_in_hand(masters(), CARD, ICAO_LDS1) as keys:
        scalar = opened(ICAO_LDS1, dek_of(ICAO_LDS1), keys.private_key(pair))
    assert len(scalar) == 32
    private = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    assert private.public_key() == load_der_public_key(pair.public_key)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert spki == pair.public_key


def test_masters_are_asked_for_only_when_they_are_needed() -> None:
    token = Masters()
    with card_keys_in_hand(token, CARD, KTP_EL) as keys:  # type: ignore[arg-type]
        keys.secure_channel(0x30)
        keys.secure_channel(0x30)
    assert set(token.asked) == {"TRANSPORT-128"}
    assert len(token.asked) == 6
