"""One small file sealed under a PIN: scrypt (RFC 7914), then AES-256-GCM; replaced atomically.

Layout: `EKTPTOK1` ‖ log2 N (1) ‖ r (1) ‖ p (1) ‖ salt (16) ‖ nonce (12) ‖ cipher text and tag. All
that stands before the cipher text is authenticated with it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ektp.errors import TokenNotFound
from hsm._files import write_atomically

__all__ = ["Seal"]

_MAGIC: Final = b"EKTPTOK1"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_MAGIC) + 3 + _SALT_BYTES
_TAG_BYTES: Final = 16
_MAX_FILE_BYTES: Final = 1 << 20
# 8 MiB and some 15 ms: a development token's PIN is known to everybody who may read its folder.
_COST: Final = bytes((13, 8, 1))
# A file that asks for more is not ours: it would only cost memory.
_COST_LIMIT: Final = bytes((16, 8, 2))
_SCRYPT_MEMORY: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """The key that a PIN gives, kept while the token is open so that the PIN need not be."""

    head: bytes
    key: bytes = field(repr=False)

    @classmethod
    def new(cls, pin: str) -> Seal:
        """A fresh salt at today's cost."""
        head = _MAGIC + _COST + secrets.token_bytes(_SALT_BYTES)
        return cls(head, _stretch(pin, head))

    def write(self, path: Path, plain: bytes) -> None:
        """Seal and replace the file."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.key).encrypt(nonce, plain, self.head + nonce)
        write_atomically(path, self.head + nonce + sealed)

    def read(self, path: Path) -> bytes:
        """Read the file again, under the same key. Raises `TokenNotFound`."""
        return self._unseal(_read(path))

    @classmethod
    def open(cls, path: Path, pin: str) -> tuple[Seal, bytes]:
        """The seal and what it held. Raises `TokenNotFound`: no file, no token file, wrong PIN."""
        raw = _read(path)
        head = raw[:_HEAD_BYTES]
        seal = cls(head, _stretch(pin, head))
        return seal, seal._unseal(raw)

    def _unseal(self, raw: bytes) -> bytes:
        nonce = raw[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
        sealed = raw[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return AESGCM(self.key).decrypt(nonce, sealed, raw[:_HEAD_BYTES] + nonce)
        except InvalidTag:
            raise TokenNotFound("the PIN is wrong or the key file was altered") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
    except OSError as cause:
        raise TokenNotFound("no key file can be read here", errno=cause.errno or 0) from None
    if len(raw) < _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES or not raw.startswith(_MAGIC):
        raise TokenNotFound("the file is no key file of a soft token")
    return raw


def _stretch(pin: str, head: bytes) -> bytes:
    cost = head[len(_MAGIC) : len(_MAGIC) + 3]
    if any(not 0 < asked <= limit for asked, limit in zip(cost, _COST_LIMIT, strict=True)):
        raise TokenNotFound("the key file asks for an absurd cost")
    return hashlib.scrypt(
        pin.encode(),
        salt=head[-_SALT_BYTES:],
        n=1 << cost[0],
        r=cost[1],
        p=cost[2],
        maxmem=_SCRYPT_MEMORY,
        dklen=32,
    )
