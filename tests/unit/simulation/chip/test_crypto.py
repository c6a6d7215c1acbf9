"""The ciphers against published numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.chip.crypto import Tdes, aes_cmac, derive_key, pad, unpad, xor

# NIST SP 800-38B, examples for AES-128 and AES-256.
MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
AES_128 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
AES_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
CMAC = [
    (AES_128, 0, "bb1d6929e95937287fa37d129b756746"),
    (AES_128, 16, "070a16b46b4d4144f79bdd9dd04a287c"),
    (AES_128, 40, "dfa66747de9ae63030ca32611497c827"),
    (AES_128, 64, "51f0bebf7e3b9d92fc49741779363cfe"),
    (AES_256, 0, "028962f61b7bf89efc6b551f4667d983"),
    (AES_256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"),
    (AES_256, 40, "aaf3d8f1de5640c232f5b169b9c911e6"),
    (AES_256, 64, "e1992190549f6ed5696a2c056c315410"),
]


@pytest.mark.parametrize(("key", "length", "expected"), CMAC)
def test_cmac(key: bytes, length: int, expected: str) -> None:
    assert aes_cmac(key, MESSAGE[:length]).hex() == expected


def test_three_key_tdes() -> None:
    # NIST SP 800-67, appendix B ("The quick brown fox jump"), each block enciphered by itself.
    key = bytes.fromhex("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123")
    blocks = {
        b"The qufc": "A826FD8CE53B855F",
        b"k brown ": "CCE21C8112256FE6",
        b"fox jump": "68D5C05DD9B6B900",
    }
    for plain, expected in blocks.items():
        assert Tdes(key).encrypt(plain).hex().upper() == expected
        assert Tdes(key).decrypt(bytes.fromhex(expected)) == plain
        assert Tdes(key).mac(plain).hex().upper() == expected


def test_cbc_chains_its_blocks() -> None:
    tdes = Tdes(bytes(range(24)))
    first = tdes.encrypt(b"12345678")
    second = tdes.encrypt(xor(first, b"abcdefgh"))
    assert tdes.encrypt(b"12345678abcdefgh") == first + second
    assert tdes.mac(b"12345678abcdefgh") == second


def test_tdes_takes_whole_blocks_only() -> None:
    with pytest.raises(ValueError, match="block length"):
        Tdes(bytes(range(24))).encrypt(b"1234567")


@given(st.binary(max_size=40), st.sampled_from([8, 16]))
def test_padding_is_always_added_and_taken_away(data: bytes, block: int) -> None:
    padded = pad(data, block)
    assert len(padded) % block == 0
    assert 0 < len(padded) - len(data) <= block
    assert unpad(padded) == data


@pytest.mark.parametrize("data", [b"", bytes(8), b"1234567\x81", b"\x80\x00\x00\x01"])
def test_what_is_not_padded_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="padding"):
        unpad(data)


def test_derivation_is_counter_mode_over_cmac() -> None:
    first = aes_cmac(AES_256, b"\x01label\x00context\x01\x00")
    second = aes_cmac(AES_256, b"\x02label\x00context\x01\x00")
    assert derive_key(AES_256, b"label", b"context", 32) == first + second
    assert derive_key(AES_256, b"label", b"context", 24) != (first + second)[:24]


def test_xor_refuses_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="zip"):
        xor(b"\x01", b"\x01\x02")
