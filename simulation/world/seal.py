"""The world's own seal: whatever a chip or a print says of a person is kept under it.

The key belongs to the simulated world and to nothing else of the house: real chips and real cards
keep their secrets by physics, the simulated ones by AES-256-GCM (NIST SP 800-38D) with the place
of the value as associated data, so that a sealed value opens in its own row and column only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ektp.errors import ConfigurationError, SealBroken

__all__ = ["WorldSeal"]

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_OWNER_ONLY: Final = 0o600


class WorldSeal:
    """Seals and opens values by where they stand."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            msg = "the world's key has 32 bytes"
            raise ValueError(msg)
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "WorldSeal(***)"

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new key in a file that only its owner may read.

        A key that a broken-off `create` left behind is replaced: nothing was sealed with it yet.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        except FileExistsError:
            path.unlink()
            return cls.create(path)
        except OSError as cause:
            raise ConfigurationError("the world's key cannot be written") from cause
        with os.fdopen(descriptor, "wb") as file:
            file.write(key := os.urandom(_KEY_BYTES))
        return cls(key)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The key of an existing world. Raises `ConfigurationError` where there is none."""
        try:
            return cls(path.read_bytes())
        except (OSError, ValueError) as cause:
            raise ConfigurationError("the world's key is missing or damaged") from cause

    def seal(self, plain: bytes, place: str) -> bytes:
        """The nonce and the cipher text; `place` names table, row and column."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """The plain bytes. Raises `SealBroken` where value, place or key is another."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()
            )
        except (InvalidTag, ValueError) as cause:
            raise SealBroken("a value of the simulated world", place=place) from cause
