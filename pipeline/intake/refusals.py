"""Why a record is refused: one code for each kind, with what the source should do."""

from __future__ import annotations

from enum import Enum, unique

from ektp.errors import RecordRejected

__all__ = ["Refusal", "Warned"]


@unique
class Refusal(Enum):
    """The refusals of `contract/approved-record.md`: code and meaning."""

    NOT_JSON = ("REC-101", "the line is not one JSON object with distinct keys")
    WRONG_FORM = ("REC-102", "a field has the wrong form or type")
    FIELD_MISSING = ("REC-103", "a required field is missing")
    NOT_ASCII_DIGIT = ("REC-104", "a digit is not an ASCII digit")
    HIDDEN_CHARACTER = ("REC-105", "a control, bidirectional or zero-width character")
    NO_SUCH_DATE = ("REC-106", "a date that does not exist")
    BORN_IN_FUTURE = ("REC-107", "a birth in the future")
    NO_EXPIRY = ("REC-108", "a foreigner's card without an expiry date")
    NO_REASON = ("REC-109", "a replacement without a reason")
    NO_FACE = ("REC-110", "no portrait, or more than one")
    NO_SIGNATURE = ("REC-111", "no signature, or more than one")
    PORTRAIT_BROKEN = ("REC-112", "the portrait does not decode whole")
    PORTRAIT_SMALL = ("REC-113", "the portrait is under 240 × 320 pixels")
    PORTRAIT_LARGE = ("REC-114", "the portrait is over 25 megapixels")
    TEMPLATE_BROKEN = ("REC-115", "a fingerprint template is not a whole ISO/IEC 19794-2 record")
    DOES_NOT_FIT = ("REC-116", "a text does not fit on the card at the smallest legible size")
    GLYPH_MISSING = ("REC-117", "the card's font lacks a character")
    OFFICE_UNKNOWN = ("REC-118", "an unknown delivery office")
    NOT_APPROVED = ("REC-119", "the status is not approved")
    SECOND_REQUEST = ("REC-120", "a second live request for the same NIK")
    STOPPED = ("REC-121", "the person is on the stop list")
    CONTENT_DIFFERS = ("REC-122", "the request came before with other content")
    NIK_DIFFERS = ("REC-123", "personId and nik differ")
    LINE_TOO_LONG = ("REC-124", "the line is too long for a record")
    SIGNATURE_BROKEN = ("REC-125", "the signature image does not decode whole")
    CHIP_TOO_SMALL = ("REC-126", "the data exceed the chip's budget")

    @property
    def code(self) -> str:
        """The code that stands in every answer."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """What is wrong, in words."""
        return self.value[1]

    def error(self, **facts: str | int) -> RecordRejected:
        """The refusal of one record; facts are field names and numbers, never values."""
        return RecordRejected(self.code, self.meaning, **facts)


@unique
class Warned(Enum):
    """What real records have and what is told to the operator, without refusing."""

    NIK_DATE = "the NIK's date differs from the birth date"
    NIK_SEX = "the NIK's day differs from the sex"
    NIK_REGION = "the NIK's region differs from the address"
    SERIAL_ZERO = "the NIK's serial is 0000"
    ONE_WORD_NAME = "the name is one word"
    OCCUPATION = "the occupation is not on the official list"
