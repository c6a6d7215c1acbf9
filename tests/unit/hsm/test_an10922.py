"""AN10922 against its published examples, and against what a plain CMAC would give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from hsm.an10922 import diversify, diversify_aes
from tests.unit.hsm.scp03_card import cmac

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "an10922.json").read_text())["cases"]
MASTER = bytes(range(16))


def cbc(key: bytes, block_bytes: int, data: bytes) -> bytes:
    algorithm = AES(key) if block_bytes == 16 else TripleDES(key + key[:8] * (len(key) == 16))
    context = Cipher(algorithm, modes.CBC(bytes(block_bytes))).encryptor()
    return context.update(data) + context.finalize()


def aes(data: bytes) -> bytes:
    return cbc(MASTER, 16, data)


@pytest.mark.parametrize("length", [0, 32, 40])
def test_an_input_that_does_not_fit_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        diversify_aes(aes, bytes(length), 16)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: str(case["name"]))
def test_the_published_examples(case: dict[str, Any]) -> None:
    block = 16 if case["algorithm"].startswith("AES") else 8
    master = bytes.fromhex(case["master_key"])
    derived = diversify(
        lambda data: cbc(master, block, data),
        bytes.fromhex(case["constants"]),
        bytes.fromhex(case["diversification_input"]),
        block_bytes=block,
    )
    assert derived.hex() == case["derived_key"]


@pytest.mark.parametrize("length", range(1, 32))
def test_where_a_plain_cmac_is_the_same_and_where_it_is_not(length: int) -> None:
    # Constant and input of 17 bytes or more reach into the second block: there both are one.
    message = bytes(range(1, length + 1))
    same = diversify_aes(aes, message, 16) == cmac(MASTER, b"\x01" + message)
    assert same == (length >= 16)


def test_a_short_input_is_not_the_cmac_of_its_padded_form_either() -> None:
    message = bytes(14)
    padded = (b"\x01" + message + b"\x80").ljust(32, b"\x00")
    assert diversify_aes(aes, message, 16) != cmac(MASTER, padded)


def test_a_key_of_32_bytes_has_two_blocks_of_its_own() -> None:
    key = diversify_aes(aes, b"input", 32)
    assert (key[:16], key[16:]) == (
        diversify(aes, b"\x41", b"input"),
        diversify(aes, b"\x42", b"input"),
    )
    assert key[:16] != diversify_aes(aes, b"input", 16)
