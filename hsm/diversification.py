"""Key derivation by NIST SP 800-108r1 clause 4.1: counter mode with AES-CMAC as the PRF.

`docs/chip-profile-ktp-el.md` section 7 fixes the input: i (1) ‖ label ‖ `00` ‖ context ‖ L (2). The
PRF is a function, so that a token which computes AES-CMAC inside can be used in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

__all__ = [
    "CARD_CONTROL_LENGTH",
    "ReadKeySet",
    "aes_cmac",
    "derive_key",
    "derive_read_keys",
]

CARD_CONTROL_LENGTH: Final = 51
"""Bytes of card control, without the file's length prefix (section 2)."""

_PRF_BYTES: Final = 16
_CONTEXT_BYTES: Final = 16
_TDES_BYTES: Final = 24

Prf = Callable[[bytes], bytes]


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (NIST SP 800-38B, RFC 4493) in software: 16 bytes."""
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def derive_key(prf: Prf, *, label: bytes, context: bytes, length: int) -> bytes:
    """K(1) ‖ K(2) ‖ …, cut to `length` bytes; K(i) = PRF(i ‖ label ‖ `00` ‖ context ‖ bits)."""
    blocks = -(-length // _PRF_BYTES)
    if not 0 < blocks <= 0xFF:
        msg = "a derived key has 1 to 4080 bytes"
        raise ValueError(msg)
    fixed = label + b"\x00" + context + (8 * length).to_bytes(2, "big")
    return b"".join(prf(bytes((i,)) + fixed) for i in range(1, blocks + 1))[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadKeySet:
    """What reads a `ktp-el` chip, three TDES keys of 24 bytes; never shown."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    file: bytes = field(repr=False)


def derive_read_keys(prf: Prf, card_control: bytes) -> ReadKeySet:
    """The read keys of the chip that has this card control (51 bytes).

    `prf` is AES-CMAC under the read master key. Parity bits are not adjusted.
    """
    if len(card_control) != CARD_CONTROL_LENGTH:
        msg = f"card control has {CARD_CONTROL_LENGTH} bytes"
        raise ValueError(msg)
    context = hashlib.sha256(card_control).digest()[:_CONTEXT_BYTES]
    return ReadKeySet(
        enc=derive_key(prf, label=b"EKTP-ENC", context=context, length=_TDES_BYTES),
        mac=derive_key(prf, label=b"EKTP-MAC", context=context, length=_TDES_BYTES),
        file=derive_key(prf, label=b"EKTP-FILE", context=context, length=_TDES_BYTES),
    )
