"""Ciphers, checksums and key derivation of an LDS session (Doc 9303-11 clauses 9.7 and 9.8)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import ciphers, cmac
from cryptography.hazmat.primitives.ciphers import algorithms, modes

__all__ = [
    "CHECKSUM_BYTES",
    "RANDOM",
    "RandomBytes",
    "SessionCipher",
    "SessionKeys",
    "derive_key",
    "pad",
    "same",
    "unpad",
]

CHECKSUM_BYTES: Final = 8
"""Every checksum and token is cut to eight bytes, with 3DES and AES alike."""

RandomBytes = Callable[[int], bytes]
"""That many unpredictable bytes."""

RANDOM: Final[RandomBytes] = secrets.token_bytes

_SHA1_KEYS = 16
"""Keys to this length come from SHA-1, longer ones from SHA-256 (clause 9.7.1)."""

ENCIPHERING, AUTHENTICATING, PASSWORD = 1, 2, 3
"""What a derived key is for: the counter of the derivation."""


@unique
class SessionCipher(Enum):
    """A block cipher of secure messaging: its name, key length and block length in bytes."""

    TDES = ("3DES", 16, 8)
    AES_128 = ("AES-128", 16, 16)
    AES_192 = ("AES-192", 24, 16)
    AES_256 = ("AES-256", 32, 16)

    def __init__(self, title: str, key_bytes: int, block_bytes: int) -> None:
        self.title = title
        self.key_bytes = key_bytes
        self.block_bytes = block_bytes

    def encipher(self, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC over whole blocks; the initial vector is zero unless given."""
        context = self._cbc(key, iv).encryptor()
        return context.update(data) + context.finalize()

    def decipher(self, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC the other way."""
        context = self._cbc(key, iv).decryptor()
        return context.update(data) + context.finalize()

    def checksum(self, key: bytes, message: bytes) -> bytes:
        """The checksum over a whole message, as clause 9.8.6.3 has it.

        3DES: retail MAC (ISO/IEC 9797-1 algorithm 3) over the padded message. AES: CMAC.
        """
        if self is SessionCipher.TDES:
            return _retail_mac(key, pad(message, self.block_bytes))
        mac = cmac.CMAC(algorithms.AES(key))
        mac.update(message)
        return mac.finalize()[:CHECKSUM_BYTES]

    def _cbc(self, key: bytes, iv: bytes | None) -> ciphers.Cipher[modes.CBC]:
        mode = modes.CBC(bytes(self.block_bytes) if iv is None else iv)
        if self is SessionCipher.TDES:
            return ciphers.Cipher(TripleDES(key + key[:8]), mode)
        return ciphers.Cipher(algorithms.AES(key), mode)


def _retail_mac(key: bytes, blocks: bytes) -> bytes:
    # Single DES is 3DES with one key three times; the last block is two-key 3DES.
    first = key[:8]
    chained = SessionCipher.TDES.encipher(first * 2, blocks[:-8])[-8:] or bytes(8)
    return SessionCipher.TDES.encipher(key, blocks[-8:], chained)


def derive_key(secret: bytes, counter: int, cipher: SessionCipher) -> bytes:
    """KDF(secret, counter): 1 enciphers, 2 authenticates, 3 is a password's (clause 9.7.1).

    DES keys carry odd parity.
    """
    hashed = hashlib.sha1 if cipher.key_bytes <= _SHA1_KEYS else hashlib.sha256
    key = hashed(secret + counter.to_bytes(4, "big")).digest()[: cipher.key_bytes]
    if cipher is SessionCipher.TDES:
        return bytes(byte & 0xFE | (byte >> 1).bit_count() & 1 ^ 1 for byte in key)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """The two keys of a session, and the counter that it begins with (0 after PACE and CA)."""

    cipher: SessionCipher
    enciphering: bytes = field(repr=False)
    authenticating: bytes = field(repr=False)
    counter: int = 0

    @classmethod
    def derive(cls, cipher: SessionCipher, secret: bytes, counter: int = 0) -> SessionKeys:
        """The keys that a shared secret gives."""
        return cls(
            cipher=cipher,
            enciphering=derive_key(secret, ENCIPHERING, cipher),
            authenticating=derive_key(secret, AUTHENTICATING, cipher),
            counter=counter,
        )


def pad(data: bytes, block_bytes: int) -> bytes:
    """`80 00…` to whole blocks, always added (ISO/IEC 9797-1 padding method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block_bytes)


def unpad(data: bytes, block_bytes: int) -> bytes | None:
    """Take `80 00…` away; None where it is not there, or longer than a block."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80") or len(data) - len(stripped) >= block_bytes:
        return None
    return stripped[:-1]


def same(left: bytes, right: bytes) -> bool:
    """Whether two checksums agree; says nothing by its time."""
    return secrets.compare_digest(left, right)
