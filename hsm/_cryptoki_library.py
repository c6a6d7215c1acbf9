"""A PKCS#11 library in this process: initialised for threads, its tokens, and who is logged in.

PKCS#11 v3.1 clauses 5.4 (initialisation) and 5.6 (login) are about the whole process: one `Library`
stands for each library file, with one lock for all calls. A library that lost its token is
initialised again as a whole, and everything that was opened before is void: `generation` grows.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from threading import Lock, RLock
from typing import Final

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    TokenNotPresent,
    TokenNotRecognised,
)
from pkcs11.types import Session, Token

from ektp.errors import TokenNotFound

__all__ = ["Library", "PinRefused", "library"]

_OS_LOCKING_OK: Final = 0x02
_CANNOT_LOCK: Final = 0x0A
_OK: Final = 0x00
# C_Initialize and C_Finalize are the first two functions of CK_FUNCTION_LIST, whose version is
# filled up to a pointer's length.
_INITIALIZE, _FINALIZE = 1, 2
_PIN_WRONG: Final = (PinIncorrect, PinInvalid, PinLenRange)
_LOADING: Final = Lock()
_MARK: Final = secrets.token_bytes(32)


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS: no mutexes of ours, the system's are to be used."""

    _fields_ = (
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class PinRefused(TokenNotFound):
    """The token took the PIN for a wrong one. Seen by `OpenToken` alone."""


@dataclass(slots=True)
class _Login:
    """Who is logged in: one session that stands for it, and how many rely on it."""

    session: Session
    pin_mark: bytes
    users: int = 1


class Library:
    """A PKCS#11 library, loaded once in a process. Hold `lock` for every call into it."""

    def __init__(self, path: str) -> None:
        """Load and initialise it. Raises `TokenNotFound`."""
        self.lock = RLock()
        self.path = path
        self.pid = os.getpid()
        self.generation = 0
        self._logins: dict[bytes, _Login] = {}
        try:
            # It initialises without locking (and calls without the GIL): so at once again.
            self._lib = pkcs11.lib(path)
        except PKCS11Error as error:
            raise TokenNotFound(
                "the PKCS#11 library cannot be loaded", error=type(error).__name__
            ) from None
        self._initialize, self._finalize = _functions(path)
        self.initialise_again()

    @property
    def description(self) -> str:
        """What the library says that it is."""
        version = ".".join(str(number) for number in self._lib.library_version)
        return f"{self._lib.manufacturer_id} {self._lib.library_description} {version}"

    @property
    def idle(self) -> bool:
        """Whether nobody in this process is logged in."""
        return not self._logins

    def initialise_again(self) -> None:
        """Finalise and initialise: for threads, and with the tokens that are there now.

        Sessions, handles and logins of before are void. Raises `TokenNotFound`.
        """
        with self.lock:
            self.generation += 1
            self._logins.clear()
            self._finalize(None)
            arguments = _InitializeArguments(flags=_OS_LOCKING_OK)
            outcome = self._initialize(ctypes.byref(arguments))
            if outcome == _CANNOT_LOCK:
                # Our own lock is then the only one.
                outcome = self._initialize(None)
            if outcome != _OK:
                raise TokenNotFound("the PKCS#11 library does not start", error=f"{outcome:08X}")

    def tokens(self) -> Iterator[Token]:
        """The tokens that are there."""
        for slot in self._lib.get_slots(token_present=True):
            with suppress(TokenNotPresent, TokenNotRecognised):
                yield slot.get_token()

    def log_in(self, token: Token, pin: str) -> None:
        """Log in, or join those who are. Each PIN is shown to a token once.

        Raises `PinRefused`, `TokenNotFound` where the token takes no PIN at all.
        """
        mark = hmac.digest(_MARK, pin.encode(), hashlib.sha256)
        login = self._logins.get(token.serial)
        if login is None:
            _check_pin_flags(token)
            with _pin_errors():
                session = token.open(user_pin=pin)
            self._logins[token.serial] = _Login(session, mark)
            return
        # A token that is logged in does not look at the PIN.
        if not hmac.compare_digest(login.pin_mark, mark):
            raise PinRefused("the PIN is wrong")
        login.users += 1

    def log_out(self, serial: bytes) -> None:
        """Leave; the last one logs out."""
        login = self._logins.get(serial)
        if login is None:
            return
        login.users -= 1
        if not login.users:
            del self._logins[serial]
            login.session.close()


def library(path: str) -> Library:
    """The library of this process; one that was forked initialises it for itself."""
    with _LOADING:
        return _library_of(path, os.getpid())


@cache
def _library_of(path: str, _pid: int) -> Library:
    return Library(path)


def _functions(path: str) -> tuple[ctypes._FuncPointer, ctypes._FuncPointer]:
    """C_Initialize and C_Finalize, by the one function that every library must export."""
    table = ctypes.POINTER(ctypes.c_void_p)()
    ctypes.CDLL(path).C_GetFunctionList(ctypes.byref(table))
    kind = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
    return kind(table[_INITIALIZE] or 0), kind(table[_FINALIZE] or 0)


def _check_pin_flags(token: Token) -> None:
    flags = token.flags
    if flags & TokenFlag.USER_PIN_LOCKED:
        raise TokenNotFound("the token's PIN is locked: its security officer sets a new one")
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        raise TokenNotFound("one wrong PIN more locks the token: log in with its own tool first")
    if not flags & TokenFlag.USER_PIN_INITIALIZED:
        raise TokenNotFound("the token has no PIN yet")


@contextmanager
def _pin_errors() -> Iterator[None]:
    try:
        yield
    except _PIN_WRONG:
        raise PinRefused("the PIN is wrong") from None
    except PinLocked:
        raise TokenNotFound(
            "the token's PIN is locked: its security officer sets a new one"
        ) from None
    except PinExpired:
        raise TokenNotFound("the token's PIN has expired: set a new one") from None
