"""The approved record: what the data centre cleared for printing (PRINT_READY_RECORD).

OSIA 7.1 `CredentialRequest` in the house's types; `shared/contract` fixes the wire form. Values are
as approved: never cut, never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique

from ektp.personal import FamilyCardNumber, Nik, PersonalBytes, PersonalText
from ektp.regions import Area, OfficeCode

__all__ = [
    "BELIEVER",
    "LIFELONG",
    "ApprovedRecord",
    "Biographic",
    "CardVariant",
    "Finger",
    "FingerTemplate",
    "ReplacementReason",
    "RequestType",
    "Sex",
]

LIFELONG = "SEUMUR HIDUP"
"""What stands on a citizen's card in place of an expiry date."""

BELIEVER = "KEPERCAYAAN TERHADAP TUHAN YANG MAHA ESA"
"""The value under which the label *Agama* becomes *Kepercayaan* (MK 97/PUU-XIV/2016)."""


@unique
class CardVariant(StrEnum):
    """The blank: a citizen's is blue, a resident foreigner's orange; they never mix."""

    WNI = "WNI"
    OA = "OA"


@unique
class RequestType(StrEnum):
    """Why a card is asked for (OSIA `requestType`)."""

    FIRST_ISSUANCE = "FIRST_ISSUANCE"
    RENEWAL = "RENEWAL"
    REPLACEMENT = "REPLACEMENT"
    OTHER = "OTHER"


@unique
class ReplacementReason(StrEnum):
    """Why a card is replaced."""

    LOST = "LOST"
    DAMAGED = "DAMAGED"
    DATA_CHANGE = "DATA_CHANGE"
    MOVED = "MOVED"
    CARD_DEFECT = "CARD_DEFECT"


@unique
class Sex(StrEnum):
    """*Jenis kelamin*."""

    MALE = "LAKI-LAKI"
    FEMALE = "PEREMPUAN"


@unique
class Finger(StrEnum):
    """The two fingers that a KTP-el carries, and their ISO/IEC 19794-2 position codes."""

    RIGHT_INDEX = "RIGHT_INDEX"
    LEFT_INDEX = "LEFT_INDEX"

    @property
    def position(self) -> int:
        """The finger position code of ISO/IEC 19794-2 table 2."""
        return 2 if self is Finger.RIGHT_INDEX else 7


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerTemplate:
    """Minutiae of one finger: a whole ISO/IEC 19794-2:2005 record."""

    finger: Finger
    record: PersonalBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Biographic:
    """What stands on the card and in the chip's biodata file."""

    nik: Nik
    kk: FamilyCardNumber | None
    name: PersonalText
    birth_place: PersonalText
    birth_date: date
    sex: Sex
    blood_type: str
    address: PersonalText
    rt: str
    rw: str
    village: Area
    district: Area
    regency: Area
    province: Area
    religion: str
    marital_status: str
    occupation: str
    citizenship: str
    valid_until: date | None
    issue_place: str
    issue_date: date
    phone: PersonalText | None

    def __repr__(self) -> str:
        return f"Biographic(nik={self.nik!r})"

    @property
    def validity_text(self) -> str:
        """*Berlaku Hingga* as printed: SEUMUR HIDUP, or DD-MM-YYYY."""
        return LIFELONG if self.valid_until is None else f"{self.valid_until:%d-%m-%Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedRecord:
    """One approved request for one card."""

    request_id: str
    variant: CardVariant
    request_type: RequestType
    reason: ReplacementReason | None
    priority: int
    approved_at: datetime
    delivery_office: OfficeCode
    parent_credential: str | None
    biographic: Biographic
    portrait: PersonalBytes
    signature: PersonalBytes
    fingers: tuple[FingerTemplate, ...]

    @property
    def nik(self) -> Nik:
        """The citizen's number."""
        return self.biographic.nik
