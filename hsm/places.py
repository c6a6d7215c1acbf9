"""Where a token is and how it is opened: said by a home, acted on in the key process alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, Self

from ektp.errors import HsmError, TokenNotFound
from hsm.keys import TokenKeys

__all__ = ["PIN_VARIABLE", "SIGNERS_FOLDER", "TokenKind", "TokenPlace"]

PIN_VARIABLE: Final = "EKTP_TOKEN_PIN"
"""The environment variable that may give the PIN."""

SIGNERS_FOLDER: Final = "signers"
"""The registry of signers, in a token's folder."""

_PIN_BYTES: Final = 8


@unique
class TokenKind(StrEnum):
    """What a token is made of."""

    SOFT = "soft"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """A token: its kind, the folder beside it, where its PIN is, and for PKCS#11 its name.

    A PKCS#11 token is found by label and serial (empty: any), never by slot. `folder` holds
    certificates, records and counts, and the keys of a software token.
    """

    kind: TokenKind
    folder: Path
    development: bool
    pin_file: Path
    module: str = ""
    label: str = ""
    serial: str = ""

    def as_plain(self) -> Mapping[str, str | bool]:
        """As it is told to the key process."""
        return {
            "kind": self.kind.value,
            "folder": str(self.folder.absolute()),
            "development": self.development,
            "pin_file": str(self.pin_file.absolute()),
            "module": self.module,
            "label": self.label,
            "serial": self.serial,
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, str]) -> Self:
        """Read what `as_plain` told."""
        return cls(
            kind=TokenKind(told["kind"]),
            folder=Path(told["folder"]),
            development=bool(told["development"]),
            pin_file=Path(told["pin_file"]),
            module=told["module"],
            label=told["label"],
            serial=told["serial"],
        )

    def open(self) -> TokenKeys:
        """Open the token. Raises `TokenNotFound`: not there, or a wrong PIN."""
        pin = self._pin()
        if self.kind is TokenKind.SOFT:
            from hsm.soft_keys import SoftKeys  # noqa: PLC0415 - only one kind is loaded

            return SoftKeys.open(self.folder, pin)
        return self._open_pkcs11(pin)

    def create(self) -> TokenKeys:
        """A token to make keys in: a software token is made, with its PIN beside it.

        A PKCS#11 token was initialised with its own tools and is opened. Raises `HsmError` where a
        software token is there already.
        """
        if self.kind is TokenKind.PKCS11:
            return self.open()
        from hsm.soft_keys import SoftKeys  # noqa: PLC0415 - only one kind is loaded

        return SoftKeys.create(self.folder, self._new_pin())

    def _open_pkcs11(self, pin: str) -> TokenKeys:
        try:
            from hsm.pkcs11_keys import open_guarded  # noqa: PLC0415 - only one kind is loaded
        except ImportError:
            raise HsmError("python-pkcs11 is not installed: pip install 'ektp[pkcs11]'") from None
        return open_guarded(self.module, self.label, self.serial, pin, self.folder)

    def _pin(self) -> str:
        pin = os.environ.get(PIN_VARIABLE)
        if pin is not None:
            return pin
        try:
            return self.pin_file.read_text().strip()
        except OSError:
            raise TokenNotFound(f"no PIN; give it in {PIN_VARIABLE}") from None

    def _new_pin(self) -> str:
        if os.environ.get(PIN_VARIABLE) is not None or self.pin_file.exists():
            return self._pin()
        pin = secrets.token_hex(_PIN_BYTES)
        try:
            self.pin_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.pin_file.touch(mode=0o600)
            self.pin_file.write_text(pin)
        except OSError as cause:
            raise HsmError("the PIN cannot be put down", errno=cause.errno or 0) from cause
        return pin
