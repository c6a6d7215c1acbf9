"""One token, open: a session, the keys that were found in it, and what errors say of it.

Everything here is called under the library's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.types import Session, Token

from ektp.errors import HsmError, KeyNotFound, TokenNotFound
from hsm._cryptoki_errors import away, is_ambiguous, is_away, refused
from hsm._cryptoki_library import PinRefused, library

__all__ = ["OpenToken", "TokenIdentity", "TokenName"]

_KEY_CLASSES: Final = (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenName:
    """How a token is found: library file, label, serial (empty: any, if there is but one)."""

    module: str
    label: str
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIdentity:
    """What a token says that it is (CK_TOKEN_INFO, CK_INFO)."""

    label: str
    serial: str
    manufacturer: str
    model: str
    library: str


@dataclass(slots=True)
class _Opened:
    token: Token
    session: Session
    generation: int
    keys: dict[str, Any] = field(default_factory=dict)


class OpenToken:
    """A token by its name, open until it is away, and again after `reopen`."""

    def __init__(
        self, name: TokenName, pin: str, on_pin_refused: Callable[[], None] = _nothing
    ) -> None:
        """Open it and log in. Raises `TokenNotFound`, `HsmError`.

        `on_pin_refused` is called when the token takes the PIN for a wrong one, now or later.
        """
        self._name = name
        self._on_pin_refused = on_pin_refused
        self._pin = pin
        self._library = library(name.module)
        self._opened: _Opened | None = None
        self._generation = 0
        self._pin_refused = False
        with self._library.lock:
            if self._library.idle:
                # Tokens that came since are not seen before.
                self._library.initialise_again()
            self._open()

    def __repr__(self) -> str:
        return f"OpenToken({self._name.label})"

    @property
    def identity(self) -> TokenIdentity:
        """What the token says that it is. Raises `TokenNotFound`."""
        with self.in_use():
            token = self._token()
            return TokenIdentity(
                label=token.label,
                serial=token.serial.decode("ascii", "replace"),
                manufacturer=str(token.manufacturer_id),
                model=str(token.model),
                library=self._library.description,
            )

    # --- use ---------------------------------------------------------------------------------

    @contextmanager
    def in_use(self, label: str = "") -> Iterator[Session]:
        """The session, alone. Errors of the library leave as `HsmError` and its kinds."""
        if self._library.pid != os.getpid():
            raise TokenNotFound("another process opened the token; this one opens it again")
        with self._library.lock:
            try:
                yield self._now().session
            except PKCS11Error as error:
                raise self.judged(error, label) from None

    @contextmanager
    def to_write(self, label: str) -> Iterator[Session]:
        """A session that may make and destroy keys. Errors as with `in_use`."""
        with self.in_use(label):
            session = self._token().open(rw=True)
            try:
                yield session
            finally:
                # It does not log out: it was opened without a PIN.
                with suppress(PKCS11Error):
                    session.close()

    def key(self, label: str) -> Any:
        """The handle of a secret or private key, searched for once.

        Raises `KeyNotFound`, `TokenNotFound`, `HsmError` where two keys have the label.
        """
        keys = self._now().keys
        if label not in keys:
            found = self.find(label)
            if not found:
                raise KeyNotFound(key=label)
            if len(found) > 1:
                raise HsmError("the token has several keys of this label", key=label)
            keys[label] = found[0]
        return keys[label]

    def find(self, label: str | None = None) -> list[Any]:
        """The secret and private keys of a label, or all. Raises `TokenNotFound`."""
        return self._search(_KEY_CLASSES, {} if label is None else {Attribute.LABEL: label})

    def public_key(self, label: str) -> Any:
        """The public key object that stands beside a private key. Raises `HsmError`."""
        found = self._search((ObjectClass.PUBLIC_KEY,), {Attribute.LABEL: label})
        if len(found) != 1:
            raise HsmError("the token shows no public key beside this one", key=label)
        return found[0]

    def forget(self, label: str) -> None:
        """A key was destroyed."""
        self._now().keys.pop(label, None)

    def judged(self, error: PKCS11Error, label: str) -> HsmError:
        """What an error means; one that says that the token is gone closes it."""
        if is_away(error) or (is_ambiguous(error) and not self._is_present()):
            self._opened = None
            return away(error)
        return refused(error, label)

    # --- away and back -----------------------------------------------------------------------

    def reopen(self) -> None:
        """Initialise the library again, find the same token and log in. Raises `TokenNotFound`."""
        if self._library.pid != os.getpid():
            self._library, self._generation = library(self._name.module), 0
        with self._library.lock:
            self._let_go()
            if self._generation != self._library.generation:
                # Another holder brought the library back already, and may be at work with it.
                with suppress(TokenNotFound):
                    self._open()
                    return
            if not self._pin_refused:
                self._generation = self._library.generation + 1
                self._library.initialise_again()
            self._open()

    def close(self) -> None:
        """Log out, where nobody else in this process is logged in; every later call is refused."""
        if self._library.pid != os.getpid():
            self._opened = None
            return
        with self._library.lock:
            self._let_go()

    # --- inside ------------------------------------------------------------------------------

    def _let_go(self) -> None:
        opened, self._opened = self._opened, None
        if opened is None or opened.generation != self._library.generation:
            return
        with suppress(PKCS11Error):
            opened.session.close()
            self._library.log_out(opened.token.serial)

    def _now(self) -> _Opened:
        opened = self._opened
        if opened is None or opened.generation != self._library.generation:
            raise away()
        return opened

    def _token(self) -> Token:
        return self._now().token

    def _open(self) -> None:
        if self._pin_refused:
            raise TokenNotFound("the PIN is wrong, and is not tried again")
        self._generation = self._library.generation
        try:
            token = self._found()
            self._library.log_in(token, self._pin)
            session = token.open()
        except PinRefused as refusal:
            self._pin_refused = True
            self._on_pin_refused()
            raise TokenNotFound(refusal.detail, label=self._name.label) from None
        except PKCS11Error as error:
            raise away(error) from None
        # From now on it is this very token: another one of its label is refused.
        self._name = TokenName(module=self._name.module, label=token.label, serial=_serial(token))
        self._opened = _Opened(token, session, self._library.generation)

    def _found(self) -> Token:
        wanted = self._name
        found = [
            token
            for token in self._all()
            if token.label == wanted.label and wanted.serial in {"", _serial(token)}
        ]
        if not found:
            raise TokenNotFound(
                "no such token is there", label=wanted.label, serial=wanted.serial or "any"
            )
        if len(found) > 1:
            raise HsmError(
                "several tokens have this label: the home must name the serial",
                label=wanted.label,
                tokens=len(found),
            )
        return found[0]

    def _all(self) -> list[Token]:
        try:
            return list(self._library.tokens())
        except PKCS11Error:
            # A library that lost a token under somebody else in this process shows none.
            self._library.initialise_again()
            self._generation = self._library.generation
            return list(self._library.tokens())

    def _search(
        self, kinds: Sequence[ObjectClass], wanted: Mapping[Attribute, object]
    ) -> list[Any]:
        session = self._now().session
        found = [
            one
            for kind in kinds
            for one in session.get_objects({Attribute.CLASS: kind, Attribute.TOKEN: True, **wanted})
        ]
        # A token that is gone may look like an empty one (SoftHSM).
        if not found and not self._is_present():
            self._opened = None
            raise away()
        return found

    def _is_present(self) -> bool:
        opened = self._now()
        try:
            there = opened.token.slot.get_token()
        except PKCS11Error:
            return False
        return (there.label, there.serial) == (opened.token.label, opened.token.serial)


def _serial(token: Token) -> str:
    return token.serial.decode("ascii", "replace")
