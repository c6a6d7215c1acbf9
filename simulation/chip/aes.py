"""AES as the chip uses it: keys that keep their schedule, CBC, CMAC and AN10922."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

__all__ = ["AES_BLOCK_BYTES", "AesKey", "diversify"]

AES_BLOCK_BYTES: Final = 16
_ZERO_IV: Final = bytes(AES_BLOCK_BYTES)
_TWO_BLOCKS: Final = 2 * AES_BLOCK_BYTES
# AN10922 clauses 2.2 and 2.4: one constant for each half of the key that is made.
_CONSTANTS: Final = {16: (0x01,), 32: (0x41, 0x42)}


class AesKey:
    """An AES key. Its schedules are made at first use and kept: a chip uses a key many times."""

    __slots__ = ("_algorithm", "_blocks", "_cmac")

    def __init__(self, key: bytes) -> None:
        self._algorithm = AES(key)
        self._blocks: CipherContext | None = None
        self._cmac: CMAC | None = None

    def encrypt_block(self, block: bytes) -> bytes:
        """One block, ECB."""
        if self._blocks is None:
            mode = modes.ECB()  # noqa: S305 - single blocks: counters, check values
            self._blocks = Cipher(self._algorithm, mode).encryptor()
        return self._blocks.update(block)

    def encrypt(self, data: bytes, iv: bytes = _ZERO_IV) -> bytes:
        """CBC over whole blocks."""
        return Cipher(self._algorithm, modes.CBC(iv)).encryptor().update(data)

    def decrypt(self, data: bytes, iv: bytes = _ZERO_IV) -> bytes:
        """CBC over whole blocks, the other way."""
        return Cipher(self._algorithm, modes.CBC(iv)).decryptor().update(data)

    def cmac(self, data: bytes) -> bytes:
        """CMAC, 16 bytes (SP 800-38B)."""
        if self._cmac is None:
            self._cmac = CMAC(self._algorithm)
        mac = self._cmac.copy()
        mac.update(data)
        return mac.finalize()


def diversify(master: bytes, message: bytes) -> bytes:
    """A key of the master's length, 16 or 32 bytes, for 1 to 31 bytes of message (AN10922).

    The MAC is always over two blocks, so that a short message is padded further than in CMAC.
    """
    if len(master) not in _CONSTANTS or not 0 < len(message) < _TWO_BLOCKS:
        msg = "a master of 16 or 32 bytes and a message of 1 to 31"
        raise ValueError(msg)
    key = AesKey(master)
    halves = (_mac_over_two_blocks(key, bytes((c,)) + message) for c in _CONSTANTS[len(master)])
    return b"".join(halves)


def _mac_over_two_blocks(key: AesKey, data: bytes) -> bytes:
    subkey = _doubled(key.encrypt_block(_ZERO_IV))
    if len(data) < _TWO_BLOCKS:
        subkey = _doubled(subkey)
        data += b"\x80" + bytes(_TWO_BLOCKS - len(data) - 1)
    last = bytes(a ^ b for a, b in zip(data[AES_BLOCK_BYTES:], subkey, strict=True))
    return key.encrypt(data[:AES_BLOCK_BYTES] + last)[AES_BLOCK_BYTES:]


def _doubled(block: bytes) -> bytes:
    """Multiplication by x in GF(2^128), the subkeys of SP 800-38B clause 6.1."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = number ^ (1 << 128) ^ 0x87
    return number.to_bytes(AES_BLOCK_BYTES, "big")
