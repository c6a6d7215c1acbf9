"""A key set of the personalization channel: ENC, MAC and DEK, and what is sealed under its DEK.

`docs/secure-channel.md` sections 5 and 6; GlobalPlatform Card Specification 11.8 (PUT KEY) and B.6
(key check value), Amendment D 7.2. Keys of a key set exist in this process for one card at a time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ektp.ids import CardSerial
from hsm.an10922 import Cbc, diversify_aes

__all__ = ["KeySet", "diversified_key_set", "key_check_value", "pad", "put_key_body", "seal_secret"]

_ISSUER: Final = b"EKTP"
_KEY_IDS: Final = {"enc": 0x01, "mac": 0x02, "dek": 0x03}
_BLOCK: Final = 16
_AES_KEY_TYPE: Final = 0x88
_CHECK_BYTES: Final = 3
_KEY_LENGTHS: Final = (16, 24, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Three AES keys of one length (16, 24 or 32 bytes); never shown."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)

    def __post_init__(self) -> None:
        lengths = {len(self.enc), len(self.mac), len(self.dek)}
        if len(lengths) != 1 or not lengths <= set(_KEY_LENGTHS):
            msg = "the keys of a key set are AES keys of one length"
            raise ValueError(msg)

    @property
    def check_values(self) -> tuple[bytes, bytes, bytes]:
        """The key check values of ENC, MAC and DEK."""
        return key_check_value(self.enc), key_check_value(self.mac), key_check_value(self.dek)


def diversified_key_set(cbc: Cbc, card: CardSerial, *, version: int, key_bytes: int) -> KeySet:
    """A card's key set of that version from a master in a token (section 5).

    `cbc` is AES-CBC, IV zero, under the master. M = serial ‖ key id ‖ version ‖ "EKTP".
    """
    keys = {
        name: diversify_aes(cbc, bytes(card) + bytes((key_id, version)) + _ISSUER, key_bytes)
        for name, key_id in _KEY_IDS.items()
    }
    return KeySet(**keys)


def key_check_value(key: bytes) -> bytes:
    """The first 3 bytes of AES under the key over sixteen bytes `01` (B.6)."""
    return _cbc(key, b"\x01" * _BLOCK)[:_CHECK_BYTES]


def put_key_body(new: KeySet, *, version: int, dek: bytes) -> bytes:
    """The data of PUT KEY: the version, then type, lengths, enciphered key and KCV of each key.

    Each key is enciphered whole under the DEK in place; one of 24 bytes is filled to 32 at random
    by Amendment D 7.2 and no such set is put in here.
    """
    if len(new.dek) % _BLOCK:
        msg = "key sets of AES-192 are used and not put in"
        raise ValueError(msg)
    parts = [bytes((version,))]
    for key, check in zip((new.enc, new.mac, new.dek), new.check_values, strict=True):
        parts += [
            bytes((_AES_KEY_TYPE, len(key) + 1, len(key))),
            _cbc(dek, key),
            bytes((_CHECK_BYTES,)),
            check,
        ]
    return b"".join(parts)


def seal_secret(dek: bytes, secret: bytes) -> bytes:
    """A secret for PUT DATA: AES-CBC(DEK, padded) ‖ 3 bytes of SHA-256(secret) (section 6)."""
    return _cbc(dek, pad(secret)) + hashlib.sha256(secret).digest()[:_CHECK_BYTES]


def pad(content: bytes) -> bytes:
    """ISO/IEC 9797-1 method 2, always: `80`, then `00` to a whole number of sixteens."""
    content += b"\x80"
    return content + bytes(-len(content) % _BLOCK)


def _cbc(key: bytes, blocks: bytes) -> bytes:
    # The IV is zero by the specification: what is enciphered is a key, or sealed once for a card.
    encryptor = Cipher(AES(key), modes.CBC(bytes(_BLOCK))).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()
