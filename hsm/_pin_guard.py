"""A wrong PIN is shown to a token once: three tries lock it, and lines try for themselves.

The mark of a PIN that was refused (scrypt under a salt) stands in the token's folder until one is
taken. It is the mark of a PIN that opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from ektp.errors import HsmError, TokenNotFound
from hsm._files import write_atomically

__all__ = ["PinGuard"]

_FILE: Final = "pin-refused"
_SALT_BYTES: Final = 16


class PinGuard:
    """The PIN that was refused last, if one was."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def check(self, pin: str) -> None:
        """Raises `TokenNotFound` where this PIN was refused before."""
        try:
            kept = self._file.read_bytes()
        except OSError:
            return
        salt, mark = kept[:_SALT_BYTES], kept[_SALT_BYTES:]
        if hmac.compare_digest(mark, _mark(pin, salt)):
            raise TokenNotFound("the PIN is wrong, and is not tried again: give another one")

    def note(self, pin: str) -> None:
        """This PIN was refused. Raises `HsmError` where that cannot be put down."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as cause:
            raise HsmError("the token's folder cannot be made", errno=cause.errno or 0) from cause
        salt = secrets.token_bytes(_SALT_BYTES)
        write_atomically(self._file, salt + _mark(pin, salt))

    def clear(self) -> None:
        """A PIN was taken."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def _mark(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=1 << 13, r=8, p=1, dklen=32)
