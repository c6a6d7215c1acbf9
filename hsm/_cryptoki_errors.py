"""What the errors of a PKCS#11 library (v3.1 clause 5.1) mean to us."""

from __future__ import annotations

from typing import Final

from pkcs11.exceptions import (
    ArgumentsBad,
    DeviceError,
    DeviceMemory,
    DeviceRemoved,
    FunctionFailed,
    GeneralError,
    HostMemory,
    KeyHandleInvalid,
    KeySizeRange,
    KeyTypeInconsistent,
    MechanismInvalid,
    MechanismParamInvalid,
    ObjectHandleInvalid,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    SlotIDInvalid,
    TokenNotPresent,
    TokenNotRecognised,
    UserNotLoggedIn,
)

from ektp.errors import HsmError, KeyUsageForbidden, TokenNotFound

__all__ = ["NOT_OFFERED", "away", "is_ambiguous", "is_away", "refused"]

NOT_OFFERED: Final = (ArgumentsBad, MechanismInvalid, MechanismParamInvalid)
"""The token does not know the mechanism, or not with these parameters."""

# A handle that is void: the key went with its token (SoftHSM says only so), or was destroyed. The
# proofs after opening it again tell.
_AWAY: Final = (
    DeviceRemoved,
    KeyHandleInvalid,
    ObjectHandleInvalid,
    SessionClosed,
    SessionHandleInvalid,
    SlotIDInvalid,
    TokenNotPresent,
    TokenNotRecognised,
    UserNotLoggedIn,
)
_AMBIGUOUS: Final = (DeviceError, DeviceMemory, FunctionFailed, GeneralError, HostMemory)
_USAGE: Final = (KeySizeRange, KeyTypeInconsistent)


def is_away(error: PKCS11Error) -> bool:
    """Whether it says that the token, or what was opened on it, is gone."""
    return isinstance(error, _AWAY)


def is_ambiguous(error: PKCS11Error) -> bool:
    """Whether it may say so: libraries use these for much. One that we do not know counts, too."""
    return isinstance(error, _AMBIGUOUS) or type(error) is PKCS11Error


def away(error: PKCS11Error | None = None) -> TokenNotFound:
    """The token is away."""
    if error is None:
        return TokenNotFound("the token was away and is to be opened again")
    return TokenNotFound("the token is away", error=type(error).__name__)


def refused(error: PKCS11Error, label: str) -> HsmError:
    """The token is there and does not do it. The library's text is not passed on."""
    kind = type(error).__name__
    if isinstance(error, _USAGE):
        return KeyUsageForbidden("the key is of another kind or length", key=label, error=kind)
    if isinstance(error, NOT_OFFERED):
        return HsmError("the token does not know how to do this", key=label, error=kind)
    return HsmError("the token refused", key=label, error=kind)
