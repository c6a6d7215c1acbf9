"""Key derivation against typed numbers: RFC 4493, and section 10 of the chip profile.

The profile's worked example was computed with the openssl command, apart from this package.
"""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from hsm.diversification import aes_cmac, derive_key, derive_read_keys

MASTER = bytes(range(32))
CARD_CONTROL = bytes.fromhex(
    "0160010000002A000101454B54500026A7BCC01B5643C7E79EEF7E65B34C20260105A0A1A2A3A4A5A6A7"
    "000000000000000000"
)
PRF = partial(aes_cmac, MASTER)


@pytest.mark.parametrize("length", [0, 50, 52])
def test_card_control_of_another_length_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError, match="51 bytes"):
        derive_read_keys(PRF, bytes(length))


@pytest.mark.parametrize("length", [0, 255 * 16 + 1])
def test_a_key_of_absurd_length_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 4080"):
        derive_key(PRF, label=b"L", context=b"", length=length)


def test_aes_cmac_of_rfc_4493() -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
    assert aes_cmac(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert aes_cmac(key, message).hex() == "070a16b46b4d4144f79bdd9dd04a287c"


def test_input_of_the_prf_is_as_the_profile_says() -> None:
    seen: list[bytes] = []

    def prf(message: bytes) -> bytes:
        seen.append(message)
        return bytes((len(seen),)) * 16

    key = derive_key(prf, label=b"EKTP-ENC", context=b"C" * 16, length=24)
    assert seen == [bytes((i,)) + b"EKTP-ENC\x00" + b"C" * 16 + b"\x00\xc0" for i in (1, 2)]
    assert key == b"\x01" * 16 + b"\x02" * 8


def test_read_keys_of_the_worked_example() -> None:
    assert hashlib.sha256(CARD_CONTROL).hexdigest()[:32] == "478bf9edcfc3083dd8c9d2e8d7604ba6"
    keys = derive_read_keys(PRF, CARD_CONTROL)
    assert keys.enc.hex() == "dd82bd23d566eb92b7dab3876fb7f9d53850f1a4e5b45a30"
    assert keys.mac.hex() == "09aa96a1fd8a06ba746ca900a432abb771d4c69aa190c967"
    assert keys.file.hex() == "0b14de77c3b51c10a50a8f63da5a5166170a70008759ed3b"


def test_every_bit_of_card_control_changes_every_key() -> None:
    base = derive_read_keys(PRF, CARD_CONTROL)
    for at in (0, 50):
        other = bytearray(CARD_CONTROL)
        other[at] ^= 1
        keys = derive_read_keys(PRF, bytes(other))
        assert {base.enc, base.mac, base.file}.isdisjoint({keys.enc, keys.mac, keys.file})


def test_keys_do_not_show() -> None:
    keys = derive_read_keys(PRF, CARD_CONTROL)
    assert repr(keys) == "ReadKeySet()"
