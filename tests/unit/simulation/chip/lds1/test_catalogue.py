"""Every test chip of the catalogue shows what its case asks of it, to a strict reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import decode_tlv
from simulation.chip.lds1.behaviour import (
    AccessProtocol,
    ChipKey,
    EndOfFile,
    Lds1Behaviour,
    RsaKey,
)
from simulation.chip.lds1.catalogue import CASES, EXTRAS, ChipVariant, rsa_cases
from simulation.chip.lds1.ciphers import CipherSuite
from simulation.chip.lds1.curves import P256
from simulation.chip.lds1.specimen import public_key

from .chips import AA_KEY, CA_KEY, CAN, FILES, INFORMATION, a_chip
from .reader import AID, Broken, Reader

pytestmark = pytest.mark.slow

SOUND = {
    "ISO7816_A_01 ISO7816_A_02 ISO7816_C_02 ISO7816_C_03 ISO7816_C_04 ISO7816_C_05 ISO7816_C_06",
    "ISO7816_C_07 ISO7816_D_02 ISO7816_D_03 ISO7816_D_04 ISO7816_D_05 ISO7816_D_06 ISO7816_D_08",
    "ISO7816_D_10 ISO7816_D_12 ISO7816_D_13 ISO7816_D_14 ISO7816_F_02 ISO7816_G_01 ISO7816_G_02",
    "ISO7816_G_04 ISO7816_G_05 ISO7816_G_06 ISO7816_G_07 ISO7816_G_27 ISO7816_G_28 ISO7816_G_35",
}
"""Cases whose chip itself does nothing wrong: their verdict hangs on files, or it is to accept."""

SOUND_CASES = sorted(name for line in SOUND for name in line.split())
WRONG_CASES = sorted(set(CASES) - set(SOUND_CASES))


def chip_of(variant: ChipVariant) -> Reader:
    return Reader(a_chip(variant.behaviour, variant.changed(FILES)))


def expect(sw: str) -> None:
    if sw != "9000":
        raise Broken(sw)


def open_chip(reader: Reader, behaviour: Lds1Behaviour) -> None:
    """By PACE where the chip offers it, else by BAC, else not at all."""
    if AccessProtocol.PACE in behaviour.offers:
        expect(reader.pace(CAN, 2, behaviour.pace_suites[-1]))
        expect(reader.select_application())
        return
    expect(reader.select_application())
    if AccessProtocol.BAC in behaviour.offers:
        expect(reader.bac(INFORMATION))


def read_all(reader: Reader) -> None:
    for file_id, name in ((0x0101, "dg1"), (0x011D, "sod")):
        expect(reader.select(file_id))
        content = b""
        while len(content) < len(FILES[name]):
            offset = len(content)
            size = min(100, len(FILES[name]) - offset)
            answer = reader.send(CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=size))
            expect(f"{answer.sw:04X}")
            if not answer.data:
                raise Broken("no data")
            content += answer.data
        if content != FILES[name]:
            raise Broken("content")


def prove(reader: Reader, behaviour: Lds1Behaviour) -> None:
    key = behaviour.chip_keys[-1] if behaviour.chip_keys else CA_KEY
    public = public_key(key)
    expect(reader.chip_authentication(P256, public, CipherSuite.AES_128, key.key_id))
    expect(reader.select(0x0101))
    verify_signature(reader)


def verify_signature(reader: Reader) -> None:
    plain = reader.send(CommandApdu(0x00, 0x88, data=b"12345678", le=256)).data
    der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (plain[:32], plain[32:])))
    public = ec.derive_private_key(AA_KEY.private, ec.SECP256R1()).public_key()
    try:
        public.verify(der, b"12345678", ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as cause:
        raise Broken("signature") from cause


def inspect(variant: ChipVariant) -> None:
    """All that a strict reader does. Raises `Broken`."""
    reader = chip_of(variant)
    open_chip(reader, variant.behaviour)
    read_all(reader)
    if reader.messaging is not None:
        prove(reader, variant.behaviour)


def each(names: list[str], table: dict[str, tuple[ChipVariant, ...]]) -> list[object]:
    return [
        pytest.param(variant, id=f"{name}-{number}")
        for name in names
        for number, variant in enumerate(table[name], start=1)
    ]


@pytest.mark.parametrize("variant", each(SOUND_CASES, dict(CASES)))
def test_sound_chips_pass(variant: ChipVariant) -> None:
    inspect(variant)


@pytest.mark.parametrize("variant", each(WRONG_CASES, dict(CASES)))
def test_wrong_chips_are_found_out(variant: ChipVariant) -> None:
    with pytest.raises(Broken):
        inspect(variant)


def test_the_groups_that_were_asked_for_are_there() -> None:
    groups = {name.rsplit("_", 1)[0] for name in CASES}
    assert groups == {f"ISO7816_{letter}" for letter in "ABCDFG"}


def broken(variant: ChipVariant, act: Callable[[ChipVariant], None] = inspect) -> bool:
    try:
        act(variant)
    except (Broken, ValueError):
        return True
    return False


@pytest.mark.parametrize("name", ["unprotected_answers", "other_status", "replayed_answers"])
def test_dishonest_frames_are_found_out(name: str) -> None:
    assert all(broken(variant) for variant in EXTRAS[name])


@pytest.mark.parametrize("name", ["wrong_active_signature", "other_active_hash"])
def test_wrong_signatures_are_found_out(name: str) -> None:
    assert all(broken(variant) for variant in EXTRAS[name])


def test_a_silent_downgrade_refuses_pace_and_takes_bac() -> None:
    for variant in EXTRAS["downgrade"]:
        reader = chip_of(variant)
        assert "card_access" in variant.changed(FILES)
        with pytest.raises(Broken):
            open_chip(reader, variant.behaviour)
        reader.select_application()
        assert reader.bac(INFORMATION) == "9000"


def test_an_unguarded_chip_can_be_opened_all_the_same() -> None:
    (variant,) = EXTRAS["unguarded"]
    inspect(variant)
    reader = chip_of(variant)
    reader.select_application()
    read_all(reader)


def test_a_chip_that_takes_any_password_is_known_by_a_wrong_one() -> None:
    (variant,) = EXTRAS["any_password"]
    inspect(variant)
    with pytest.raises(Broken, match="token"):
        chip_of(variant).pace("000000", 2)


def test_an_endless_file_never_ends() -> None:
    for variant in EXTRAS["endless"]:
        reader = chip_of(variant)
        open_chip(reader, variant.behaviour)
        (file_id,) = variant.behaviour.endless
        expect(reader.select(file_id))
        assert reader.send("00B0000006").data[1:] == bytes.fromhex("847FFFFFFF")
        answer = reader.send("00B07FFF20")
        assert (len(answer.data), answer.sw) == (32, 0x9000)


def test_absurd_lengths_are_longer_than_the_file() -> None:
    for variant in EXTRAS["absurd_lengths"]:
        (name,) = variant.overstate
        content = variant.changed(FILES)[name]
        with pytest.raises(ValueError, match=r"length|longer"):
            list(decode_tlv(content))


def test_a_variant_may_lack_a_file() -> None:
    variant = ChipVariant(files={"dg1": None, "dg2": b"\x75\x00"})
    changed = variant.changed(FILES)
    assert "dg1" not in changed
    assert changed["dg2"] == b"\x75\x00"
    assert changed["sod"] == FILES["sod"]


RSA = RsaKey(modulus=(1 << 1279) - 1, private_exponent=1)
"""A prime as a modulus and 1 as its exponent: a signature is then the message itself."""


@pytest.mark.parametrize(("name", "digest", "trailer"), [
    ("ISO7816_F_01", "sha1", "BC"),
    ("ISO7816_F_04", "sha224", "38CC"),
    ("ISO7816_F_05", "sha256", "34CC"),
    ("ISO7816_F_06", "sha384", "36CC"),
    ("ISO7816_F_07", "sha512", "35CC"),
    ("ISO7816_F_08", "sha256", "36CC"),
])  # fmt: skip
def test_signatures_by_rsa(name: str, digest: str, trailer: str) -> None:
    (variant,) = rsa_cases(RSA)[name]
    reader = chip_of(variant)
    open_chip(reader, variant.behaviour)
    answer = reader.send(CommandApdu(0x00, 0x88, data=b"12345678", le=256))
    message, end = answer.data, bytes.fromhex(trailer)
    size = hashlib.new(digest).digest_size
    assert message.startswith(b"\x6a")
    assert message.endswith(end)
    start = len(message) - len(end) - size
    assert (
        message[start : -len(end)] == hashlib.new(digest, message[1:start] + b"12345678").digest()
    )


def test_corrected_lengths_come_at_the_end_only() -> None:
    (variant,) = CASES["ISO7816_C_06"]
    assert variant.behaviour.end_of_file is EndOfFile.CORRECTED
    reader = chip_of(variant)
    open_chip(reader, variant.behaviour)
    reader.select(0x0101)
    assert reader.send("00B0005010") == ResponseApdu(b"", 0x6C0F)


def test_identified_keys_are_public() -> None:
    for number, name in ((1, "ISO7816_D_03"), (2, "ISO7816_D_04"), (3, "ISO7816_D_05")):
        (variant,) = CASES[name]
        keys: tuple[ChipKey, ...] = variant.behaviour.chip_keys
        assert [key.key_id for key in keys] == list(range(1, number + 1))
        assert len({public_key(key) for key in keys}) == number


def test_the_application_cannot_be_selected_where_a_case_says_so() -> None:
    for variant in CASES["ISO7816_A_03"]:
        reader = chip_of(variant)
        assert reader.sw(CommandApdu(0x00, 0xA4, 0x04, 0x0C, AID)) == "6A82"
