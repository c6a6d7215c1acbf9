"""The ciphers of the chip: TDES-CBC, CBC-MAC, AES-CMAC and the SP 800-108 derivation."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

__all__ = ["BLOCK_BYTES", "Tdes", "aes_cmac", "derive_key", "pad", "session_keys", "unpad", "xor"]

BLOCK_BYTES = 8
"""The block of TDES."""

_ZERO_IV = bytes(BLOCK_BYTES)
_PAD_START = b"\x80"


def pad(data: bytes, block_bytes: int = BLOCK_BYTES) -> bytes:
    """`80 00…` up to whole blocks, always added (ISO/IEC 9797-1 padding method 2)."""
    return data + _PAD_START + bytes(-(len(data) + 1) % block_bytes)


def unpad(data: bytes) -> bytes:
    """Take `80 00…` away. Raises `ValueError` where it is not there."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(_PAD_START):
        msg = "the padding is not 80 00…"
        raise ValueError(msg)
    return stripped[:-1]


def xor(left: bytes, right: bytes) -> bytes:
    """Two strings of the same length, bit by bit."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


class Tdes:
    """A three-key TDES key of 24 bytes, in CBC with an initial vector of zero.

    Data come in whole blocks of 8 bytes; anything else is a programmer's `ValueError`.
    """

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(TripleDES(key), modes.CBC(_ZERO_IV))

    def encrypt(self, data: bytes) -> bytes:
        """TDES-CBC."""
        context = self._cipher.encryptor()
        return context.update(data) + context.finalize()

    def decrypt(self, data: bytes) -> bytes:
        """TDES-CBC, the other way."""
        context = self._cipher.decryptor()
        return context.update(data) + context.finalize()

    def mac(self, data: bytes) -> bytes:
        """The last block of TDES-CBC (ISO/IEC 9797-1 algorithm 1); the caller has padded."""
        return self.encrypt(data)[-BLOCK_BYTES:]


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC, 16 bytes (SP 800-38B)."""
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def derive_key(master: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """`length` bytes by SP 800-108 in counter mode, with AES-CMAC as PRF.

    Each block is over counter (1) ‖ label ‖ `00` ‖ context ‖ length in bits (2).
    """
    fixed = label + b"\x00" + context + (8 * length).to_bytes(2, "big")
    blocks = -(-length // 16)
    output = b"".join(aes_cmac(master, bytes((i,)) + fixed) for i in range(1, blocks + 1))
    return output[:length]


def session_keys(seed: bytes) -> tuple[bytes, bytes]:
    """KS_ENC and KS_MAC of a session, 24 bytes each (chip profile, section 8 step 3)."""
    enc, mac = (hashlib.sha256(seed + bytes((0, 0, 0, i))).digest()[:24] for i in (1, 2))
    return enc, mac
