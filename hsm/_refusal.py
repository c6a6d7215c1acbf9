"""Why a signed file is refused, in one word that is safe to show."""

from __future__ import annotations

from enum import StrEnum, unique

from ektp.errors import EnvelopeNotForUs, EnvelopeSignatureInvalid

__all__ = ["Refusal", "not_for_us", "refused"]


@unique
class Refusal(StrEnum):
    """The `reason` fact of `EnvelopeSignatureInvalid` and `EnvelopeNotForUs`."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    SIGNER_NOT_PINNED = "signer_not_pinned"
    SIGNER_EXPIRED = "signer_expired"
    ATTRIBUTES = "attributes"
    CONTENT = "content"
    SIGNATURE = "signature"
    RECIPIENT = "recipient"
    UNADDRESSED = "unaddressed"
    SITE = "site"
    SEQUENCE = "sequence"
    EXPIRED = "expired"


def refused(reason: Refusal, detail: str) -> EnvelopeSignatureInvalid:
    """A file whose signature does not hold."""
    return EnvelopeSignatureInvalid(detail, reason=reason.value)


def not_for_us(reason: Refusal, detail: str, **facts: str | int) -> EnvelopeNotForUs:
    """A file that is not for this site now."""
    return EnvelopeNotForUs(detail, reason=reason.value, **facts)
