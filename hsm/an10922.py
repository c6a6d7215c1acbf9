"""Symmetric key diversification by NXP AN10922: the keys of one card from a master in a token.

One diversified block is a CMAC with its own padding: constant ‖ input is filled with `80 00…` to
*two* cipher blocks, however short it is, and the last block is masked with K2 where it was filled
and with K1 where it was full (clauses 2.2 to 2.5). A plain CMAC of the same bytes is another value:
it fills to one block where that is enough, and masks a full message with K1. The master is
therefore asked for its block cipher in CBC mode, and subkeys and padding are worked out here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["AES_CONSTANTS", "diversify", "diversify_aes"]

AES_CONSTANTS: Final = {16: b"\x01", 32: b"\x41\x42"}
"""The constant of each block of a diversified AES key, by key length (clauses 2.2 and 2.4)."""

_AES_BLOCK: Final = 16
# The reduction of a left shift in CMAC (NIST SP 800-38B clause 5.3), by block length in bytes.
_REDUCTION: Final = {8: 0x1B, 16: 0x87}

Cbc = Callable[[bytes], bytes]


def diversify_aes(cbc: Cbc, diversification_input: bytes, key_bytes: int) -> bytes:
    """An AES key of 16 or 32 bytes; `cbc` is AES-CBC, IV zero, under a master of that length."""
    return diversify(cbc, AES_CONSTANTS[key_bytes], diversification_input)


def diversify(
    cbc: Cbc, constants: bytes, diversification_input: bytes, *, block_bytes: int = _AES_BLOCK
) -> bytes:
    """The diversified blocks of all constants, joined.

    `diversification_input` has 1 to 2 × `block_bytes` - 1 bytes; `cbc` enciphers whole blocks
    under the master with an IV of zero and no padding.
    """
    whole = 2 * block_bytes
    if not 0 < len(diversification_input) < whole:
        msg = "a diversification input has at least one byte and leaves room for its constant"
        raise ValueError(msg)
    full = len(diversification_input) + 1 == whole
    mask = _subkey(cbc, block_bytes, doublings=1 if full else 2)
    parts = []
    for constant in constants:
        message = bytes((constant,)) + diversification_input
        if not full:
            message = (message + b"\x80").ljust(whole, b"\x00")
        last = bytes(a ^ b for a, b in zip(message[block_bytes:], mask, strict=True))
        parts.append(cbc(message[:block_bytes] + last)[-block_bytes:])
    return b"".join(parts)


def _subkey(cbc: Cbc, block_bytes: int, *, doublings: int) -> bytes:
    """K1 (one doubling of the enciphered zero block) or K2 (two)."""
    bits = 8 * block_bytes
    value = int.from_bytes(cbc(bytes(block_bytes)), "big")
    for _ in range(doublings):
        carry = value >> (bits - 1)
        value = (value << 1) & ((1 << bits) - 1)
        value ^= _REDUCTION[block_bytes] if carry else 0
    return value.to_bytes(block_bytes, "big")
