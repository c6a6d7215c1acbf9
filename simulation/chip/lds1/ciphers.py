"""The cipher suites of PACE and Chip Authentication, and their keys (Doc 9303-11, 9.7 and 9.8)."""

from __future__ import annotations

import hashlib
from enum import IntEnum, unique
from typing import Final, Protocol

from simulation.chip.aes import AES_BLOCK_BYTES, AesKey
from simulation.chip.crypto import BLOCK_BYTES, Tdes, pad

__all__ = [
    "CHECKSUM_BYTES",
    "AesCmac",
    "CipherSuite",
    "SessionCipher",
    "TdesRetailMac",
    "derive_key",
    "encipher_nonce",
    "session_cipher",
]

CHECKSUM_BYTES: Final = 8
"""Length of every checksum and token here, whatever the cipher."""

_ENC, _MAC, _PASSWORD = 1, 2, 3


@unique
class CipherSuite(IntEnum):
    """A symmetric cipher with its checksum; the number is the last byte of the protocol's OID."""

    TDES = 1
    AES_128 = 2
    AES_192 = 3
    AES_256 = 4


class SessionCipher(Protocol):
    """The two keys of a session.

    Data and messages come padded to whole blocks; messages begin with the counter.
    """

    block_bytes: int

    def encrypt(self, counter: bytes, data: bytes) -> bytes:
        """Encipher data under the send sequence counter."""
        ...

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        """Decipher data under the send sequence counter."""
        ...

    def checksum(self, message: bytes) -> bytes:
        """Eight bytes over a padded message."""
        ...

    def token(self, public_key: bytes) -> bytes:
        """Eight bytes over the data object of a public key, which is not padded by the caller."""
        ...


class TdesRetailMac:
    """Two-key TDES-CBC with IV zero, and the retail MAC (ISO/IEC 9797-1 algorithm 3)."""

    block_bytes = BLOCK_BYTES

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = Tdes(enc + enc[:BLOCK_BYTES])
        # Single DES is TDES with the same key three times.
        self._first = Tdes(3 * mac[:BLOCK_BYTES])
        self._second = Tdes(3 * mac[BLOCK_BYTES:])

    def encrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        """TDES-CBC."""
        return self._enc.encrypt(data)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the IV is zero
        """TDES-CBC, the other way."""
        return self._enc.decrypt(data)

    def checksum(self, message: bytes) -> bytes:
        """DES-CBC-MAC whose last block goes through the second key."""
        return self._first.encrypt(self._second.decrypt(self._first.mac(message)))

    def token(self, public_key: bytes) -> bytes:
        """The retail MAC over the padded object."""
        return self.checksum(pad(public_key))


class AesCmac:
    """AES-CBC whose IV is the enciphered counter, and AES-CMAC cut to eight bytes."""

    block_bytes = AES_BLOCK_BYTES

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = AesKey(enc)
        self._mac = AesKey(mac)

    def encrypt(self, counter: bytes, data: bytes) -> bytes:
        """AES-CBC."""
        return self._enc.encrypt(data, self._enc.encrypt_block(counter))

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        """AES-CBC, the other way."""
        return self._enc.decrypt(data, self._enc.encrypt_block(counter))

    def checksum(self, message: bytes) -> bytes:
        """The first eight bytes of AES-CMAC."""
        return self._mac.cmac(message)[:CHECKSUM_BYTES]

    def token(self, public_key: bytes) -> bytes:
        """The same: CMAC pads by itself."""
        return self.checksum(public_key)


def session_cipher(suite: CipherSuite, secret: bytes) -> SessionCipher:
    """The cipher of a session whose two keys come from a shared secret or a key seed."""
    enc, mac = derive_key(suite, secret, _ENC), derive_key(suite, secret, _MAC)
    return TdesRetailMac(enc, mac) if suite is CipherSuite.TDES else AesCmac(enc, mac)


def derive_key(suite: CipherSuite, secret: bytes, counter: int = _PASSWORD) -> bytes:
    """KDF(secret, counter): 1 for ciphering, 2 for checksums, 3 from a password (9.7.1).

    SHA-1 gives keys of 16 bytes, those for TDES with odd parity; SHA-256 the longer ones.
    """
    message = secret + counter.to_bytes(4, "big")
    if suite in {CipherSuite.AES_192, CipherSuite.AES_256}:
        return hashlib.sha256(message).digest()[: 24 if suite is CipherSuite.AES_192 else 32]
    key = hashlib.sha1(message, usedforsecurity=False).digest()[:16]
    return _odd_parity(key) if suite is CipherSuite.TDES else key


def encipher_nonce(suite: CipherSuite, key: bytes, nonce: bytes) -> bytes:
    """PACE's nonce of 16 bytes under the password's key: CBC, IV zero, no padding (4.4.3.3)."""
    if suite is CipherSuite.TDES:
        return TdesRetailMac(key, key).encrypt(b"", nonce)
    return AesKey(key).encrypt(nonce)


def _odd_parity(key: bytes) -> bytes:
    return bytes(byte & 0xFE | (byte >> 1).bit_count() & 1 ^ 1 for byte in key)
