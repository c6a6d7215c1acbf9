"""Opening and proving a chip: BAC, PACE, Chip and Active Authentication, and what they refuse."""

from __future__ import annotations

import functools
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ektp.apdu import CommandApdu
from ektp.tlv import Tlv
from simulation.chip.commands import CommandRefused
from simulation.chip.lds1.behaviour import (
    AccessProtocol,
    ChipKey,
    HashName,
    Lds1Behaviour,
    PaceSuite,
    RsaKey,
)
from simulation.chip.lds1.ciphers import CipherSuite
from simulation.chip.lds1.curves import CURVES, P256
from simulation.chip.lds1.pace import PaceRun
from simulation.chip.lds1.security_infos import card_access, pace_info
from simulation.chip.lds1.specimen import chip_with, public_key

from .chance import Scripted, draw_of
from .chips import AA_KEY, CA_KEY, CAN, FILES, INFORMATION, a_chip
from .reader import PACE_OID, Broken, Reader


def a_reader(behaviour: Lds1Behaviour | None = None) -> Reader:
    return Reader(a_chip(behaviour) if behaviour else a_chip())


def opened(behaviour: Lds1Behaviour | None = None) -> Reader:
    """A reader that has opened the chip with the CAN and selected the application."""
    reader = a_reader(behaviour)
    assert reader.pace(CAN, 2) == "9000"
    assert reader.select_application() == "9000"
    return reader


def readable(reader: Reader) -> bool:
    return reader.select(0x0101) == "9000" and reader.read(95) == FILES["dg1"]


# BAC


def test_bac_opens_the_application() -> None:
    reader = a_reader()
    assert reader.select_application() == "9000"
    assert reader.bac(INFORMATION) == "9000"
    assert readable(reader)


def test_a_wrong_mrz_is_refused_three_times_then_blocked_until_the_field_is_reset() -> None:
    reader = a_reader()
    reader.select_application()
    wrong = INFORMATION[:-1] + "0"
    assert [reader.bac(wrong) for _ in range(4)] == ["6300", "6300", "6300", "6983"]
    assert reader.bac(INFORMATION) == "6983"
    assert reader.set_at(PaceSuite(), 2) == "6983"
    reader.chip.reset()
    reader.select_application()
    assert reader.bac(INFORMATION) == "9000"


def test_a_good_bac_forgives_what_went_before() -> None:
    reader = a_reader()
    reader.select_application()
    for _ in range(3):
        assert reader.bac("X" * 24) == "6300"
        assert reader.bac("X" * 24) == "6300"
        assert reader.bac(INFORMATION) == "9000"
        reader.messaging = None


def test_bac_asks_for_the_application_a_challenge_and_a_whole_token() -> None:
    reader = a_reader()
    assert reader.bac(INFORMATION) == "6985"
    reader.select_application()
    token = "0082000028" + 40 * "00" + "28"
    assert reader.sw(token) == "6985"
    assert reader.sw("0084000007") == "6700"
    assert reader.sw("0084010008") == "6A86"
    assert len(reader.send("0084000008").data) == 8
    assert reader.sw("0082000027" + 39 * "00" + "28") == "6700"
    assert reader.sw("0082010028" + 40 * "00" + "28") == "6A86"
    assert reader.sw(token) == "6300"
    assert reader.sw(token) == "6985"


def test_a_token_over_an_older_challenge_is_refused() -> None:
    reader = a_reader()
    reader.select_application()
    older = reader.send("0084000008").data
    assert reader.bac(INFORMATION, challenge=older) == "6300"
    assert reader.bac(INFORMATION) == "9000"


def test_a_chip_without_bac_does_not_know_its_commands() -> None:
    reader = a_reader(Lds1Behaviour(offers=frozenset({AccessProtocol.PACE})))
    reader.select_application()
    assert reader.sw("0084000008") == "6D00"
    assert reader.sw("0082000028" + 40 * "00" + "28") == "6D00"


# PACE


@pytest.mark.parametrize(("password", "reference"), [(INFORMATION, 1), (CAN, 2)])
@pytest.mark.parametrize("selected", [False, True])
def test_pace_opens_the_application(password: str, reference: int, selected: bool) -> None:
    reader = a_reader()
    if selected:
        reader.select_application()
    assert reader.pace(password, reference) == "9000"
    assert reader.select_application() == "9000"
    assert readable(reader)


@pytest.mark.parametrize(
    ("cipher", "number"),
    [
        (CipherSuite.TDES, 12),
        (CipherSuite.AES_128, 13),
        (CipherSuite.AES_192, 15),
        (CipherSuite.AES_256, 16),
    ],
)
def test_pace_with_every_cipher(cipher: CipherSuite, number: int) -> None:
    suite = PaceSuite(cipher=cipher, parameter_id=number)
    files = {**FILES, "card_access": card_access(pace_info(suite))}
    reader = Reader(a_chip(Lds1Behaviour(pace_suites=(suite,)), files))
    assert reader.pace(CAN, 2, suite) == "9000"
    assert reader.select_application() == "9000"
    assert readable(reader)


def test_a_wrong_can_is_refused_three_times_then_blocked_until_the_field_is_reset() -> None:
    reader = a_reader()
    assert [reader.pace("000000", 2) for _ in range(4)] == ["6300", "6300", "6300", "6983"]
    assert reader.pace(CAN, 2) == "6983"
    reader.select_application()
    assert reader.bac(INFORMATION) == "6983"
    reader.chip.reset()
    assert reader.pace(CAN, 2) == "9000"


def test_an_mrz_is_no_can_and_a_can_no_mrz() -> None:
    reader = a_reader()
    assert reader.pace(CAN, 1) == "6300"
    assert reader.pace(INFORMATION, 2) == "6300"


def test_mse_tells_what_it_does_not_know() -> None:
    reader = a_reader()
    oid = bytes(Tlv(0x80, PACE_OID + b"\x02"))

    def set_at(template: bytes) -> str:
        return reader.sw(CommandApdu(0x00, 0x22, 0xC1, 0xA4, template))

    assert set_at(oid + b"\x83\x01\x03") == "6A88"
    assert set_at(oid) == "6A88"
    assert set_at(b"\x83\x01\x02") == "6A80"
    assert set_at(bytes(Tlv(0x80, PACE_OID + b"\x04")) + b"\x83\x01\x02") == "6A80"
    assert set_at(oid + b"\x83\x01\x02\x84\x01\x0d") == "6A88"
    assert set_at(oid + b"\x83\x01\x02\x7f\x4c\x00") == "6A80"
    assert set_at(oid + oid + b"\x83\x01\x02") == "6A80"
    assert set_at(oid + b"\x83\x05\x02") == "6A80"
    assert set_at(oid + b"\x83\x01\x02\x84\x01\x0c") == "9000"
    assert reader.sw("0022C1A6020000") == "6A86"


NONCE = "10860000027C0000"


@pytest.mark.parametrize(
    ("apdu", "sw"),
    [
        ("00860000027C0000", "6985"),
        ("10860000047C02810000", "6985"),
        ("1086000000", "6A80"),
        ("10860000027D0000", "6A80"),
        ("10860000037C058000", "6A80"),
        ("10860001027C0000", "6A86"),
        ("10860000047C02830000", "6985"),
        ("10860000057C0380010000", "6A80"),
    ],
)
def test_a_broken_first_step_ends_the_run(apdu: str, sw: str) -> None:
    reader = a_reader()
    assert reader.set_at(PaceSuite(), 2) == "9000"
    assert reader.sw(apdu) == sw
    # A wrong P2 is told before the run is looked at.
    assert reader.sw(NONCE) == ("9000" if sw == "6A86" else "6985")


def test_steps_cannot_be_repeated_or_left_out() -> None:
    reader = a_reader()
    assert reader.sw(NONCE) == "6985"
    reader.set_at(PaceSuite(), 2)
    assert reader.sw(NONCE) == "9000"
    assert reader.sw(NONCE) == "6985"
    assert reader.sw(NONCE) == "6985"


POINT = P256.encode(P256.generator)


@pytest.mark.parametrize(
    "point",
    [b"", b"\x00", POINT[:-1], POINT[:-1] + b"\x00", b"\x03" + POINT[1:33], b"\x04" + bytes(64)],
    ids=["none", "infinity", "short", "off curve", "compressed", "zero"],
)
@pytest.mark.parametrize("tag", [0x81, 0x83])
def test_points_that_are_none_are_refused(tag: int, point: bytes) -> None:
    reader = a_reader()
    reader.set_at(PaceSuite(), 2)
    reader.step(0x10, b"", 0x80)
    if tag == 0x83:
        reader.step(0x10, bytes(Tlv(0x81, POINT)), 0x82)
    with pytest.raises(Broken, match="6A80"):
        reader.step(0x10, bytes(Tlv(tag, point)), tag + 1)
    with pytest.raises(Broken, match="6985"):
        reader.step(0x10, bytes(Tlv(tag, POINT)), tag + 1)


def test_the_chips_own_ephemeral_key_is_no_readers_key() -> None:
    draws = [draw_of(P256, private) for private in (5, 7)]
    run = PaceRun(PaceSuite(), CAN.encode(), Scripted(bytes(15) + b"\x03", *draws))
    run.advance(bytes(Tlv(0x7C, b"")))
    run.advance(bytes(Tlv(0x7C, bytes(Tlv(0x81, POINT)))))
    # The mapped generator is nonce 3 and shared secret 5 times the generator.
    own = P256.encode(P256.public_key(7 * (3 + 5)))
    with pytest.raises(CommandRefused, match="INCORRECT_DATA"):
        run.advance(bytes(Tlv(0x7C, bytes(Tlv(0x83, own)))))


def test_pace_runs_no_second_time_within_its_session() -> None:
    reader = opened()
    assert reader.set_at(PaceSuite(), 2) == "6985"
    assert readable(reader)


def test_a_broken_off_run_is_no_failure() -> None:
    reader = a_reader()
    for _ in range(5):
        reader.set_at(PaceSuite(), 2)
        reader.step(0x10, b"", 0x80)
    assert reader.pace(CAN, 2) == "9000"


def test_two_runs_share_nothing() -> None:
    chip = a_chip()
    seen = []
    for _ in range(2):
        reader = Reader(chip, seed=1)
        assert reader.pace(CAN, 2) == "9000"
        assert reader.messaging is not None
        seen.append(reader.messaging.keys.enc)
        chip.reset()
    assert seen[0] != seen[1]


# The session


def test_a_plain_command_ends_the_session() -> None:
    reader = opened()
    assert readable(reader)
    assert reader.chip.process(CommandApdu(0x00, 0xA4, 0x04, 0x0C)).sw == 0x6A82
    with pytest.raises(Broken, match="6982"):
        reader.select(0x0101)


def test_the_field_takes_the_session_with_it() -> None:
    reader = opened()
    reader.chip.reset()
    with pytest.raises(Broken, match="6982"):
        reader.select(0x0101)


# Chip Authentication


@pytest.mark.parametrize("cipher", CipherSuite)
def test_chip_authentication_goes_on_under_new_keys(cipher: CipherSuite) -> None:
    reader = opened()
    before = reader.messaging
    assert reader.chip_authentication(P256, public_key(CA_KEY), cipher) == "9000"
    assert readable(reader)
    reader.messaging = before
    with pytest.raises(Broken, match="6988"):
        reader.select(0x0101)


def test_chip_authentication_after_bac() -> None:
    reader = a_reader()
    reader.select_application()
    reader.bac(INFORMATION)
    cipher = CipherSuite.AES_256
    assert reader.chip_authentication(P256, public_key(CA_KEY), cipher) == "9000"
    assert readable(reader)


@pytest.mark.parametrize("cipher", [CipherSuite.TDES, CipherSuite.AES_128])
def test_another_chips_key_is_found_out(cipher: CipherSuite) -> None:
    reader = opened()
    other = public_key(ChipKey(private=CA_KEY.private + 1))
    assert reader.chip_authentication(P256, other, cipher) == "9000"
    with pytest.raises(Broken, match="6988"):
        reader.select(0x0101)


@pytest.mark.parametrize("key_id", [1, 2])
@pytest.mark.parametrize("cipher", [CipherSuite.TDES, CipherSuite.AES_128])
def test_keys_are_chosen_by_their_ids(cipher: CipherSuite, key_id: int) -> None:
    keys = (
        ChipKey(private=12345, curve=CURVES[13], key_id=1),
        ChipKey(private=67890, curve=CURVES[15], key_id=2),
    )
    key = keys[key_id - 1]
    reader = opened(Lds1Behaviour(chip_keys=keys))
    assert reader.chip_authentication(key.curve, public_key(key), cipher, key_id) == "9000"
    assert readable(reader)
    assert reader.chip_authentication(P256, b"", cipher, 3) == "6A88"
    assert reader.chip_authentication(P256, b"", cipher) == "6A88"


def test_chip_authentication_refuses_what_it_does_not_know() -> None:
    reader = opened()
    good = "0022418C"
    assert reader.sw(good + "0100") == "6A86"
    assert reader.sw("002241A4" + "0C" + "800A04007F00070202030205") == "6A80"
    assert reader.sw("002241A4" + "0F" + "800A04007F00070202030202830101") == "6A80"
    assert reader.sw("008600000C7C0A800804010203040506" + "0700") == "6985"
    off_curve = bytes(Tlv(0x7C, bytes(Tlv(0x80, POINT[:-1] + b"\x00"))))
    assert reader.sw("002241A4" + "0C" + "800A04007F00070202030202") == "9000"
    assert reader.sw(CommandApdu(0x00, 0x86, data=off_curve, le=256)) == "6A80"
    assert reader.sw(CommandApdu(0x00, 0x86, data=off_curve, le=256)) == "6985"
    nonce = bytes(Tlv(0x7C, bytes(Tlv(0x81, POINT))))
    assert reader.sw("002241A4" + "0C" + "800A04007F00070202030202") == "9000"
    assert reader.sw(CommandApdu(0x00, 0x86, data=nonce, le=256)) == "6A80"
    assert reader.sw(CommandApdu(0x00, 0x22, 0x41, 0xA6, bytes(Tlv(0x91, b"\x00")))) == "6A80"
    assert readable(reader)


def test_nothing_is_proved_before_access() -> None:
    reader = a_reader()
    reader.select_application()
    assert reader.sw("002241A4" + "0C" + "800A04007F00070202030202") == "6982"
    assert reader.sw(CommandApdu(0x00, 0x22, 0x41, 0xA6, bytes(Tlv(0x91, POINT)))) == "6982"
    assert reader.sw("0088000008" + "00" * 8 + "00") == "6982"


# Active Authentication

CHALLENGE = bytes.fromhex("F173589974BF40C6")


def signature(reader: Reader, le: int = 256) -> bytes:
    answer = reader.send(CommandApdu(0x00, 0x88, data=CHALLENGE, le=le), le=le)
    assert answer.ok
    return answer.data


def test_active_authentication_by_ecdsa() -> None:
    plain = signature(opened())
    assert len(plain) == 64
    der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (plain[:32], plain[32:])))
    public = ec.derive_private_key(AA_KEY.private, ec.SECP256R1()).public_key()
    public.verify(der, CHALLENGE, ec.ECDSA(hashes.SHA256()))


def test_active_authentication_asks_for_eight_bytes() -> None:
    reader = opened()
    assert reader.sw("0088000007" + "00" * 7 + "00") == "6700"
    assert reader.sw("0088000108" + "00" * 8 + "00") == "6A86"


@functools.cache
def rsa_numbers() -> rsa.RSAPrivateNumbers:
    return rsa.generate_private_key(65537, 2048).private_numbers()


@pytest.mark.parametrize("digest", HashName)
def test_active_authentication_by_rsa(digest: HashName) -> None:
    numbers = rsa_numbers()
    modulus = numbers.public_numbers.n
    key = RsaKey(modulus=modulus, private_exponent=numbers.d)
    # 256 bytes do not fit under protection into a short answer.
    signed = signature(opened(Lds1Behaviour(aa_rsa=key, aa_hash=digest)), le=0x10000)
    message = pow(int.from_bytes(signed, "big"), 65537, modulus).to_bytes(256, "big")
    trailer = {"sha1": "BC", "sha224": "38CC", "sha256": "34CC", "sha384": "36CC", "sha512": "35CC"}
    end = bytes.fromhex(trailer[digest])
    size = hashlib.new(digest).digest_size
    assert message[:1] == b"\x6a"
    assert message.endswith(end)
    recovered, digested = message[1 : -len(end) - size], message[-len(end) - size : -len(end)]
    assert hashlib.new(digest, recovered + CHALLENGE).digest() == digested


def test_a_chip_without_keys_says_so() -> None:
    chip = chip_with(FILES, mrz=INFORMATION, can=CAN)
    reader = Reader(chip)
    assert reader.pace(CAN, 2) == "9000"
    assert reader.sw("0088000008" + "00" * 8 + "00") == "6A88"
    assert reader.sw("002241A4" + "0C" + "800A04007F00070202030202") == "6A88"


def test_no_key_is_in_a_repr() -> None:
    key = RsaKey(modulus=1 << 1023, private_exponent=4711)
    shown = f"{CA_KEY} {key} {a_chip()} {Lds1Behaviour(chip_keys=(CA_KEY,), aa_rsa=key)}"
    assert str(CA_KEY.private) not in shown
    assert "4711" not in shown
    assert CAN not in shown
