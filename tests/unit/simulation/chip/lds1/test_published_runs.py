"""The worked examples of ICAO Doc 9303-11 and of the BSI, from the card's side."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.tlv import Tlv
from simulation.chip.lds1.active_authentication import ISO9796_TRAILERS, recoverable_message
from simulation.chip.lds1.bac import BacKeys, mutual_authentication
from simulation.chip.lds1.behaviour import HashName, PaceSuite
from simulation.chip.lds1.ciphers import CipherSuite, TdesRetailMac, derive_key, session_cipher
from simulation.chip.lds1.curves import CURVES
from simulation.chip.lds1.messaging import Lds1Messaging
from simulation.chip.lds1.pace import PaceRun
from simulation.chip.lds1.security_infos import card_access, pace_info

from .chance import Scripted, draw_of

VECTORS = Path(__file__).parents[4] / "vectors"


def cases(name: str) -> dict[str, dict[str, str]]:
    found = json.loads((VECTORS / name).read_text())["cases"]
    return {case["name"]: case for case in found}


BAC = cases("icao-bac-sm.json")
PACE = cases("icao-pace.json")
CHIP = cases("icao-ca-aa.json")
GENERIC = ["ecdh-gm-aes128", "bsi-eac-ecdh-gm-aes128"]


def hexed(value: str) -> bytes:
    return bytes.fromhex(value)


def test_bac_keys_come_from_the_mrz() -> None:
    case = BAC["key-seed"]
    seed = hashlib.sha1(case["mrz_information"].encode()).digest()[:16]  # noqa: S324
    assert seed.hex() == case["k_seed"]
    assert derive_key(CipherSuite.TDES, seed, 1).hex() == case["k_enc"]
    assert derive_key(CipherSuite.TDES, seed, 2).hex() == case["k_mac"]


def test_bac() -> None:
    case = BAC["mutual-authentication"]
    keys = BacKeys(hexed(case["k_enc"]), hexed(case["k_mac"]))
    command = CommandApdu.from_bytes(hexed(case["external_authenticate_command"]))
    chance = Scripted(hexed(case["k_ic"]))
    answer, session = mutual_authentication(keys, hexed(case["rnd_ic"]), command.data, chance)
    assert answer.hex() == case["external_authenticate_response"]
    frame = BAC["sm-select-ef-com"]
    opened = session.open_command(CommandApdu.from_bytes(hexed(frame["protected_command"])))
    assert bytes(opened).hex() == frame["plain_command"]
    sealed = session.seal_response(ResponseApdu(b"", 0x9000))
    assert bytes(sealed).hex() == frame["protected_response"]


@pytest.mark.parametrize("name", [name for name in BAC if name.startswith("sm-")])
def test_secure_messaging_with_tdes(name: str) -> None:
    case = BAC[name]
    cipher = TdesRetailMac(hexed(case["ks_enc"]), hexed(case["ks_mac"]))
    session = Lds1Messaging(cipher, int(case["ssc_before"], 16))
    plain = session.open_command(CommandApdu.from_bytes(hexed(case["protected_command"])))
    assert bytes(plain).hex() == case["plain_command"]
    sealed = session.seal_response(ResponseApdu(hexed(case["plain_response"]), 0x9000))
    assert bytes(sealed).hex() == case["protected_response"]


def password_of(case: dict[str, str]) -> bytes:
    password = case["password"].encode()
    if case["password_type"] == "MRZ":
        return hashlib.sha1(password).digest()  # noqa: S324
    return password


@pytest.mark.parametrize("name", GENERIC)
def test_pace_with_generic_mapping(name: str) -> None:
    case = PACE[name]
    suite = PaceSuite(cipher=CipherSuite.AES_128, parameter_id=13)
    privates = (int(case[key], 16) for key in ("map_chip_private", "eph_chip_private"))
    draws = (draw_of(suite.curve, private) for private in privates)
    run = PaceRun(suite, password_of(case), Scripted(hexed(case["nonce"]), *draws))
    steps = [
        (b"", 0x80, "encrypted_nonce"),
        (bytes(Tlv(0x81, hexed(case["map_terminal_public"]))), 0x82, "map_chip_public"),
        (bytes(Tlv(0x83, hexed(case["eph_terminal_public"]))), 0x84, "eph_chip_public"),
        (bytes(Tlv(0x85, hexed(case["token_ifd"]))), 0x86, "token_ic"),
    ]
    for data, tag, expected in steps:
        answer = run.advance(bytes(Tlv(0x7C, data)))
        assert answer == bytes(Tlv(0x7C, bytes(Tlv(tag, hexed(case[expected])))))
    assert run.session is not None
    known = session_cipher(CipherSuite.AES_128, hexed(case["shared_secret"]))
    assert run.session.checksum(bytes(16)) == known.checksum(bytes(16))


@pytest.mark.parametrize("name", [name for name in PACE if "shared_secret" in PACE[name]])
def test_session_keys_of_all_mappings(name: str) -> None:
    case = PACE[name]
    secret = hexed(case["shared_secret"])
    assert derive_key(CipherSuite.AES_128, secret, 1).hex() == case["ks_enc"]
    assert derive_key(CipherSuite.AES_128, secret, 2).hex() == case["ks_mac"]


@pytest.mark.parametrize("name", [name for name in PACE if name.startswith("bsi-eac-")])
def test_secure_messaging_with_aes(name: str) -> None:
    case = PACE[name]
    cipher = session_cipher(CipherSuite.AES_128, hexed(case["shared_secret"]))
    sealing, mac = dict(case["sm_encrypt"]), dict(case["sm_mac"])
    padded = hexed(sealing["plain"]) + b"\x80"
    padded += bytes(-len(padded) % 16)
    assert cipher.encrypt(hexed(sealing["ssc"]), padded).hex() == sealing["cipher"]
    assert cipher.decrypt(hexed(sealing["ssc"]), hexed(sealing["cipher"])) == padded
    message = hexed(mac["ssc"]) + hexed(mac["data"]) + b"\x80" + bytes(11)
    assert cipher.checksum(message).hex() == mac["mac"]


def test_the_entry_of_ef_card_access() -> None:
    case = PACE["ecdh-gm-aes128"]
    suite = PaceSuite(cipher=CipherSuite.AES_128, parameter_id=13)
    assert pace_info(suite).hex() == case["pace_info"]
    assert card_access(pace_info(suite)).hex() == "3114" + case["pace_info"]


def test_key_agreement_of_chip_authentication() -> None:
    case = CHIP["bsi-ca2-ecdh-aes128"]
    curve = CURVES[13]
    private = int(case["chip_private"], 16)
    assert curve.encode(curve.public_key(private)).hex() == case["chip_public"]
    shared = curve.multiply(curve.decode(hexed(case["terminal_public"])), private)
    assert curve.encode_field(shared.x).hex() == case["shared_secret"]
    # Version 2 appends a nonce that version 1 does not have; the derivation is the same.
    secret = hexed(case["shared_secret"] + case["nonce"])
    assert derive_key(CipherSuite.AES_128, secret, 1).hex() == case["ks_enc"]
    assert derive_key(CipherSuite.AES_128, secret, 2).hex() == case["ks_mac"]


def test_the_message_of_active_authentication_by_rsa() -> None:
    case = CHIP["active-authentication-rsa1024-sha1"]
    message = recoverable_message(
        128,
        hexed(case["m1"]) + bytes(22),
        hexed(case["m2"]),
        HashName.SHA1,
        ISO9796_TRAILERS[HashName.SHA1],
    )
    assert message.hex() == case["f"]
