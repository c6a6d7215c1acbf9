"""How long keys sign and certificates hold (ICAO Doc 9303-12, key usage and validity periods).

A document signer signs for 92 days and its certificate holds until the last document that it signed
expires: ten years after. The CSCA signs for five years and its certificate outlives the last
document signer that it certified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Final

from ektp.errors import KeyUsageForbidden
from hsm.keys import DOCUMENT_SIGNER_RULE

__all__ = ["Validity", "authority_validity", "document_signer_validity", "service_validity"]

# X.509 counts whole seconds, and a certificate begins strictly before its first signature.
_HEAD_START: Final = timedelta(minutes=1)
_SIGNER_USE: Final = DOCUMENT_SIGNER_RULE.period or timedelta(days=92)
_AUTHORITY_USE_YEARS: Final = 5
_DOCUMENT_YEARS: Final = 10
_SERVICE_YEARS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """A certificate holds from `begins` to `expires`; its key signs from `begins` to `use_ends`.

    The key signs before the second `use_ends` and not at it.
    """

    begins: datetime
    use_ends: datetime
    expires: datetime


def authority_validity(now: datetime) -> Validity:
    """Of a CSCA certificate made now. Raises `KeyUsageForbidden` for a clock gone wild."""
    begins = _begin(now)
    use_ends = _years_after(begins, _AUTHORITY_USE_YEARS)
    # The last document signer may be certified in the last second of the CSCA key's use.
    last_signer_ends = _after(use_ends, _SIGNER_USE)
    expires = _years_after(last_signer_ends, _DOCUMENT_YEARS)
    return Validity(begins=begins, use_ends=use_ends, expires=expires)


def document_signer_validity(now: datetime, *, not_before: datetime) -> Validity:
    """Of a document signer certificate made now under a CSCA key that begins at `not_before`.

    Raises `KeyUsageForbidden` as above.
    """
    begins = max(_begin(now), not_before)
    use_ends = _after(begins, _SIGNER_USE)
    expires = _years_after(use_ends, _DOCUMENT_YEARS)
    return Validity(begins=begins, use_ends=use_ends, expires=expires)


def service_validity(now: datetime) -> Validity:
    """Of the site's own certificates. Raises `KeyUsageForbidden` as above."""
    begins = _begin(now)
    ends = _years_after(begins, _SERVICE_YEARS)
    return Validity(begins=begins, use_ends=ends, expires=ends)


def _begin(now: datetime) -> datetime:
    try:
        return now.astimezone(UTC).replace(microsecond=0) - _HEAD_START
    except OverflowError:
        raise _wild() from None


def _after(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        raise _wild() from None


def _years_after(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        if moment.year + years > MAXYEAR:
            raise _wild() from None
        # 29 February has no anniversary in most years.
        return moment.replace(year=moment.year + years, month=3, day=1)


def _wild() -> KeyUsageForbidden:
    return KeyUsageForbidden("the clock shows a time at which no certificate can be made")
