"""SCP03 from the host's side: published exchanges, and a card written for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardNotAuthentic, KeyUsageForbidden, SecureMessagingBroken
from ektp.ids import CardSerial
from hsm.key_set import KeySet, key_check_value, put_key_body, seal_secret
from hsm.scp03 import ChannelState, Scp03Session, SecurityLevel, SessionKeys
from tests.unit.hsm.scp03_card import Keys, Scp03Card, cmac, decrypt, encrypt

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "scp03.json").read_text())["cases"]
SESSIONS = [case for case in VECTORS if case["protocol"] == "SCP03" and "exchanges" in case]
CHECK_VALUES = [case for case in VECTORS if "kcv" in case]
SERIAL = CardSerial("60010000002A0001")
KEYS: dict[int, Keys] = {
    16: (b"E" * 16, b"M" * 16, b"D" * 16),
    32: (b"E" * 32, b"M" * 32, b"D" * 32),
}


def key_set(keys: Keys) -> KeySet:
    return KeySet(enc=keys[0], mac=keys[1], dek=keys[2])


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


class Echo:
    """Answers the data that it was sent, or a status word where it was told to."""

    def __init__(self) -> None:
        self.log: list[CommandApdu] = []
        self.sw = 0x9000

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.log.append(command)
        return ResponseApdu(command.data if self.sw == 0x9000 else b"", self.sw)


def a_card(length: int = 16, **options: Any) -> Scp03Card:
    return Scp03Card(
        serial=bytes(SERIAL),
        version=0x30,
        keys=KEYS[length],
        handler=options.pop("handler", Echo()),
        **options,
    )


def a_session(length: int = 16, card: CardSerial = SERIAL, version: int = 0x30) -> Scp03Session:
    return Scp03Session(lambda: key_set(KEYS[length]), card=card, version=version)


def opened(card: Scp03Card, session: Scp03Session) -> Scp03Session:
    answer = card.process(session.initialize_update())
    session.check_authenticated(card.process(session.external_authenticate(answer)))
    return session


def exchanged(card: Scp03Card, session: Scp03Session, command: CommandApdu) -> ResponseApdu:
    return session.unwrap(card.process(session.wrap(command)))


# --- a card that is not the one -----------------------------------------------------------------


def refused_answer(card: Scp03Card, session: Scp03Session, change: Any = None) -> CardNotAuthentic:
    answer = card.process(session.initialize_update())
    if change is not None:
        data = bytearray(answer.data)
        data[change] ^= 1
        answer = ResponseApdu(bytes(data), answer.sw)
    with pytest.raises(CardNotAuthentic) as refused:
        session.external_authenticate(answer)
    assert KEYS[16][0].hex() not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("change", [0, 7, 10, 11, 12, 13, 20, 21, 28])
def test_an_answer_with_one_bit_changed(change: int) -> None:
    refused_answer(a_card(), a_session(), change)


@pytest.mark.parametrize(
    "answer",
    [
        ResponseApdu(b"", 0x9000),
        ResponseApdu(bytes(31), 0x9000),
        ResponseApdu(bytes(29), 0x9000),
        ResponseApdu(b"", 0x6A88),
        ResponseApdu(b"", 0x6983),
        ResponseApdu(bytes(32), 0x6A88),
    ],
    ids=repr,
)
def test_an_answer_that_is_none(answer: ResponseApdu) -> None:
    session = a_session()
    session.initialize_update()
    with pytest.raises(CardNotAuthentic):
        session.external_authenticate(answer)


def test_a_foreign_card_with_a_serial_of_ours() -> None:
    foreign = a_card()
    foreign.keys = (b"X" * 16, b"Y" * 16, b"Z" * 16)
    refused_answer(foreign, a_session())


def test_a_copy_of_another_cards_answer() -> None:
    first, second = a_session(), a_session()
    recorded = a_card().process(first.initialize_update())
    second.initialize_update()
    with pytest.raises(CardNotAuthentic):
        second.external_authenticate(recorded)


def test_a_card_that_does_not_take_our_cryptogram() -> None:
    session = a_session()
    session.external_authenticate(a_card().process(session.initialize_update()))
    with pytest.raises(CardNotAuthentic, match="6300"):
        session.check_authenticated(ResponseApdu(b"", 0x6300))
    with pytest.raises(KeyUsageForbidden):
        session.wrap(CommandApdu(0x80, 0xF2))


# --- steps out of order, and after the card ------------------------------------------------------


def test_nothing_is_wrapped_before_the_session_is_open() -> None:
    session = a_session()
    for act in (
        lambda: session.wrap(CommandApdu(0x80, 0xF2)),
        lambda: session.unwrap(ResponseApdu(b"", 0x9000)),
        lambda: session.external_authenticate(ResponseApdu(bytes(32), 0x9000)),
        lambda: session.check_authenticated(ResponseApdu(b"", 0x9000)),
    ):
        with pytest.raises(KeyUsageForbidden):
            act()


def test_a_session_is_used_once() -> None:
    card, session = a_card(), a_session()
    opened(card, session)
    with pytest.raises(KeyUsageForbidden):
        session.initialize_update()


def test_a_session_ends_with_its_cards_keys() -> None:
    def gone() -> KeySet:
        raise KeyUsageForbidden("the card is no longer in hand")

    card, session = a_card(), a_session()
    opened(card, session)
    session._in_hand = gone
    with pytest.raises(KeyUsageForbidden):
        session.wrap(CommandApdu(0x80, 0xF2))


# --- answers that were touched on their way -----------------------------------------------------


@pytest.mark.parametrize("at", [0, 15, 16, 23])
def test_a_changed_answer_breaks_the_channel(at: int) -> None:
    def spoil(answer: ResponseApdu) -> ResponseApdu:
        data = bytearray(answer.data)
        data[at] ^= 0x10
        return ResponseApdu(bytes(data), answer.sw)

    card, session = a_card(), a_session()
    opened(card, session)
    card.spoil_answer = spoil
    with pytest.raises(SecureMessagingBroken):
        exchanged(card, session, CommandApdu(0x80, 0xCA, data=b"data", le=256))
    with pytest.raises(SecureMessagingBroken):
        session.wrap(CommandApdu(0x80, 0xCA))


@pytest.mark.parametrize(
    "answer",
    [
        ResponseApdu(b"", 0x9000),
        ResponseApdu(bytes(8), 0x9000),
        ResponseApdu(bytes(7), 0x9000),
        ResponseApdu(bytes(24), 0x6282),
        ResponseApdu(b"d", 0x6A80),
    ],
    ids=repr,
)
def test_an_answer_without_its_checksum(answer: ResponseApdu) -> None:
    card, session = a_card(), a_session()
    opened(card, session)
    session.wrap(CommandApdu(0x80, 0xF2))
    with pytest.raises(SecureMessagingBroken):
        session.unwrap(answer)


@pytest.mark.parametrize("plain", [b"", b"\x00" * 16, b"\x80" + b"\x01" * 15, b"\x00" * 15])
def test_an_answer_with_a_good_checksum_and_a_bad_padding(plain: bytes) -> None:
    keys = SessionKeys.of(key_set(KEYS[16]), bytes(8), bytes(8))
    state = ChannelState(keys, SecurityLevel(0x33))
    counter = encrypt(keys.enc, bytes(16), b"\x80" + bytes(14) + b"\x01")
    data = encrypt(keys.enc, counter, plain) if len(plain) == 16 else plain
    sent = state.wrap(CommandApdu(0x80, 0xCA))
    chain = cmac(keys.mac, bytes(16) + b"\x84\xca\x00\x00\x08")
    assert sent.data == chain[:8]
    answer = ResponseApdu(data + cmac(keys.rmac, chain + data + b"\x90\x00")[:8], 0x9000)
    if not plain:
        assert state.unwrap(answer).data == b""
        return
    with pytest.raises(SecureMessagingBroken):
        state.unwrap(answer)


def test_a_turned_round_status_word_is_noticed() -> None:
    card, session = a_card(), a_session()
    opened(card, session)
    answer = card.process(session.wrap(CommandApdu(0x80, 0xF2)))
    with pytest.raises(SecureMessagingBroken):
        session.unwrap(ResponseApdu(answer.data, 0x6310))


def test_a_command_that_was_touched_ends_the_session_on_the_card() -> None:
    card, session = a_card(), a_session()
    opened(card, session)
    sent = session.wrap(CommandApdu(0x80, 0xCA, data=b"data"))
    assert card.process(CommandApdu(sent.cla, sent.ins, 1, sent.p2, sent.data)).sw == 0x6982
    assert session.unwrap(ResponseApdu(b"", 0x6982)) == ResponseApdu(b"", 0x6982)
    assert exchanged(card, session, CommandApdu(0x80, 0xCA)).sw == 0x6982


def test_no_key_shows_itself() -> None:
    keys = key_set(KEYS[16])
    session = a_session()
    shown = repr(keys) + repr(session) + repr(SessionKeys.of(keys, bytes(8), bytes(8)))
    assert b"E" * 16 not in shown.encode()
    assert (b"E" * 16).hex() not in shown
    assert "b'" not in shown


# --- it works ------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [16, 32])
def test_a_session_with_a_card(length: int) -> None:
    echo = Echo()
    card = a_card(length, handler=echo)
    session = opened(card, a_session(length))
    for size in (0, 1, 15, 16, 17, 239, 240, 247, 248, 255, 1024, 8000):
        command = CommandApdu(0x80, 0xCA, 1, 2, bytes(range(256)) * 32, 256)
        command = CommandApdu(0x80, 0xCA, 1, 2, command.data[:size], 256)
        assert exchanged(card, session, command) == ResponseApdu(command.data, 0x9000)
    assert [len(command.data) for command in echo.log][:3] == [0, 1, 15]
    echo.sw = 0x6A82
    assert exchanged(card, session, CommandApdu(0x00, 0xA4)).sw == 0x6A82
    echo.sw = 0x9000
    assert exchanged(card, session, CommandApdu(0x00, 0xA4, data=b"x")).data == b"x"


def test_the_classes_of_the_channel() -> None:
    session = opened(a_card(), a_session())
    assert session.wrap(CommandApdu(0x00, 0xA4)).cla == 0x04


def test_239_bytes_are_the_most_that_a_short_command_carries() -> None:
    state = ChannelState(SessionKeys.of(key_set(KEYS[16]), bytes(8), bytes(8)), SecurityLevel(0x33))
    assert len(state.wrap(CommandApdu(0x00, 0xD6, data=bytes(239))).data) == 248
    assert state.wrap(CommandApdu(0x00, 0xD6, data=bytes(240))).extended


@pytest.mark.parametrize("case", SESSIONS, ids=name_of)
def test_the_published_sessions(case: dict[str, Any]) -> None:
    keys = KeySet(**{part: bytes.fromhex(case[f"key_{part}"]) for part in ("enc", "mac", "dek")})
    host, card = (bytes.fromhex(case[f"{side}_challenge"]) for side in ("host", "card"))
    session = SessionKeys.of(keys, host, card)
    assert session.enc.hex() == case["s_enc"]
    assert session.mac.hex() == case["s_mac"]
    assert session.rmac.hex() == case["s_rmac"]
    assert session.card_cryptogram.hex() == case["card_cryptogram"]
    assert session.host_cryptogram.hex() == case["host_cryptogram"]
    state = ChannelState(session, SecurityLevel(int(case["security_level"], 16)))
    assert bytes(state.external_authenticate()).hex() == case["external_authenticate_command"]
    for exchange in case["exchanges"]:
        plain = CommandApdu.from_bytes(bytes.fromhex(exchange["plain_command"]))
        assert bytes(state.wrap(plain)).hex() == exchange["wrapped_command"]
        if "wrapped_response" in exchange:
            sw = int(exchange["response_status"], 16)
            answer = ResponseApdu(bytes.fromhex(exchange["wrapped_response"]), sw)
            assert state.unwrap(answer).data.hex() == exchange["plain_response"]


@pytest.mark.parametrize("case", SESSIONS, ids=name_of)
def test_the_published_openings(case: dict[str, Any]) -> None:
    keys = KeySet(**{part: bytes.fromhex(case[f"key_{part}"]) for part in ("enc", "mac", "dek")})
    session = Scp03Session(
        lambda: keys,
        card=CardSerial("0" * 16),
        version=int(case["key_version"], 16),
        host_challenge=bytes.fromhex(case["host_challenge"]),
    )
    assert bytes(session.initialize_update()).hex() == case["initialize_update_command"]
    answer = ResponseApdu(bytes.fromhex(case["initialize_update_response"]), 0x9000)
    command = session.external_authenticate(answer)
    if case["security_level"] == "33":
        assert bytes(command).hex() == case["external_authenticate_command"]
    assert command.data[:8].hex() == case["host_cryptogram"]


# --- key sets -----------------------------------------------------------------------------------


def test_a_key_set_is_of_one_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        KeySet(enc=bytes(16), mac=bytes(16), dek=bytes(32))
    with pytest.raises(ValueError, match="one length"):
        KeySet(enc=bytes(8), mac=bytes(8), dek=bytes(8))


@pytest.mark.parametrize("case", CHECK_VALUES, ids=name_of)
def test_the_published_check_values(case: dict[str, Any]) -> None:
    assert key_check_value(bytes.fromhex(case["key"])).hex() == case["kcv"]


@pytest.mark.parametrize("length", [16, 32])
def test_put_key_says_what_it_should(length: int) -> None:
    new, dek = KEYS[length], b"T" * length
    body = put_key_body(key_set(new), version=0x31, dek=dek)
    assert body[0] == 0x31
    item = length + 7
    assert len(body) == 1 + 3 * item
    for number, key in enumerate(new):
        part = body[1 + number * item : 1 + (number + 1) * item]
        assert part[:3] == bytes((0x88, length + 1, length))
        assert decrypt(dek, bytes(16), part[3 : 3 + length]) == key
        assert part[3 + length :] == b"\x03" + key_check_value(key)


def test_put_key_takes_no_keys_of_24_bytes() -> None:
    keys = KeySet(enc=bytes(24), mac=bytes(24), dek=bytes(24))
    with pytest.raises(ValueError, match="AES-192"):
        put_key_body(keys, version=0x31, dek=bytes(16))


@pytest.mark.parametrize("size", [1, 15, 16, 26, 32, 49])
def test_a_sealed_secret(size: int) -> None:
    dek, secret = b"D" * 16, b"S" * size
    sealed = seal_secret(dek, secret)
    assert len(sealed) == (size // 16 + 1) * 16 + 3
    assert decrypt(dek, bytes(16), sealed[:-3]).rstrip(b"\x00") == secret + b"\x80"
