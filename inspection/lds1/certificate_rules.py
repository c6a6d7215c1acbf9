"""What Doc 9303-12 clause 7.1 asks of a document signer's certificate, and of a CSCA's.

Each function returns evidence or raises `ChipFault` with what is not as it must be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from inspection.faults import ChipFault
from inspection.lds1.certificates import (
    Certificate,
    country_of,
    moment,
    whole_bytes,
)
from inspection.lds1.public_keys import integer
from inspection.lds1.tlv import DataObject, data_objects, only

__all__ = [
    "AUTHORITY_KEY",
    "SUBJECT_KEY",
    "authority_key_of",
    "check_authority",
    "check_document_signer",
    "document_types",
    "is_authority",
    "subject_key_of",
    "usage_period",
]

SUBJECT_KEY: Final = bytes.fromhex("551D0E")
AUTHORITY_KEY: Final = bytes.fromhex("551D23")
_KEY_USAGE, _BASIC, _PERIOD = (bytes.fromhex(f"551D{arc:02X}") for arc in (0x0F, 0x13, 0x10))
_DOCUMENT_TYPES: Final = bytes.fromhex("67810801010602")
_UNDERSTOOD: Final = frozenset({_KEY_USAGE, _BASIC, _PERIOD})
"""Extensions that may be critical, because what they say is kept to."""

_SEQUENCE, _SET, _BITS, _OCTETS, _BOOLEAN, _PRINTABLE = 0x30, 0x31, 0x03, 0x04, 0x01, 0x13
_GENERALIZED_TIME: Final = 0x18
_V3: Final = 2
_SERIAL_BITS: Final = 20 * 8 - 1
_DIGITAL_SIGNATURE, _CERTIFICATES_AND_LISTS = 0x80, 0x06
_LAST_UTC_YEAR: Final = 2049


def subject_key_of(certificate: Certificate) -> bytes | None:
    """The identifier of its key; None where it has none. Raises `ChipFault`."""
    extension = certificate.extensions.get(SUBJECT_KEY)
    return None if extension is None else only(extension.value, _OCTETS)


def authority_key_of(certificate: Certificate) -> bytes:
    """The identifier of the key that signed it. Raises `ChipFault` where it does not say."""
    extension = certificate.extensions.get(AUTHORITY_KEY)
    if extension is None:
        raise ChipFault("no authority key identifier")
    if extension.critical:
        raise ChipFault("a critical authority key identifier")
    for item in data_objects(only(extension.value, _SEQUENCE)):
        if item.tag == 0x80 and item.value:
            return item.value
    raise ChipFault("an authority key identifier without key identifier")


def usage_period(certificate: Certificate) -> tuple[datetime | None, datetime | None]:
    """From when to when its key signs, as far as it says so. Raises `ChipFault`."""
    extension = certificate.extensions.get(_PERIOD)
    found: dict[int, datetime] = {}
    if extension is not None:
        for item in data_objects(only(extension.value, _SEQUENCE)):
            if item.tag not in (0x80, 0x81) or item.tag in found:
                raise ChipFault("a private key usage period that is none")
            found[item.tag] = moment(DataObject(_GENERALIZED_TIME, item.value, item.raw))
    return found.get(0x80), found.get(0x81)


def document_types(certificate: Certificate) -> tuple[str, ...] | None:
    """The document codes that it signs; None where it does not say. Raises `ChipFault`."""
    extension = certificate.extensions.get(_DOCUMENT_TYPES)
    if extension is None:
        return None
    fields = data_objects(only(extension.value, _SEQUENCE))
    if len(fields) != 2 or fields[1].tag != _SET:
        raise ChipFault("a list of document types that is none")
    items = data_objects(fields[1].value)
    if any(item.tag != _PRINTABLE for item in items):
        raise ChipFault("document types that are no texts")
    return tuple(item.value.decode("ascii", "replace") for item in items)


def is_authority(certificate: Certificate) -> bool:
    """Whether it says that it is a CA's."""
    try:
        return _constraints(certificate)
    except ChipFault:
        return False


def _constraints(certificate: Certificate) -> bool:
    extension = certificate.extensions.get(_BASIC)
    if extension is None:
        return False
    fields = data_objects(only(extension.value, _SEQUENCE))
    return bool(fields) and fields[0].tag == _BOOLEAN and fields[0].value == b"\xff"


def _key_usage(certificate: Certificate) -> int:
    """The first byte of key usage. Raises `ChipFault`."""
    extension = certificate.extensions.get(_KEY_USAGE)
    if extension is None:
        raise ChipFault("no key usage")
    if not extension.critical:
        raise ChipFault("a key usage that is not critical")
    bits = only(extension.value, _BITS)
    # A named bit list ends with its last bit that is set; all of ours are in one byte.
    if len(bits) != 2 or bits[0] > 7 or bits[1] & ((1 << bits[0]) - 1):
        raise ChipFault("a key usage of other bits")
    return whole_bytes(b"\x00" + bits[1:])[0]


def _common(certificate: Certificate) -> None:
    if certificate.version != _V3:
        raise ChipFault(f"version {certificate.version + 1}")
    if not 0 < certificate.serial_number.bit_length() <= _SERIAL_BITS:
        raise ChipFault(f"a serial number of {certificate.serial_number.bit_length()} bits")
    if certificate.inner_algorithm != certificate.outer_algorithm:
        raise ChipFault("two different signature algorithms")
    if country_of(certificate.issuer) != country_of(certificate.subject):
        raise ChipFault("issuer and subject of different countries")
    times = (certificate.not_before, certificate.not_after)
    for item, at in zip(certificate.times, times, strict=True):
        # UTCTime ends with the year 2049, and must be used up to there.
        if item.tag == _GENERALIZED_TIME and at.year <= _LAST_UTC_YEAR:
            raise ChipFault(f"the year {at.year} as GeneralizedTime")
    if certificate.not_after < certificate.not_before:
        raise ChipFault("a validity that ends before it begins")
    unknown = [
        name.hex()[:20]
        for name, extension in certificate.extensions.items()
        if extension.critical and name not in _UNDERSTOOD
    ]
    if unknown:
        raise ChipFault(f"critical extensions {' '.join(unknown[:4])}")


def check_document_signer(certificate: Certificate) -> str:
    """A document signer's (clause 7.1.1): it signs documents, and nothing else."""
    _common(certificate)
    authority_key_of(certificate)
    if _key_usage(certificate) != _DIGITAL_SIGNATURE:
        raise ChipFault("a key usage other than digitalSignature")
    if is_authority(certificate):
        raise ChipFault("a document signer that is a CA")
    usage_period(certificate)
    return f"{country_of(certificate.issuer)}, serial {certificate.title}"


def check_authority(certificate: Certificate) -> str:
    """A CSCA's or a link certificate: it signs certificates."""
    _common(certificate)
    if not _constraints(certificate) or not certificate.extensions[_BASIC].critical:
        raise ChipFault("no critical basic constraints of a CA")
    usage = _key_usage(certificate)
    if usage != _CERTIFICATES_AND_LISTS:
        raise ChipFault(f"a key usage {usage:02X} other than keyCertSign and cRLSign")
    path = data_objects(only(certificate.extensions[_BASIC].value, _SEQUENCE))[1:]
    if any(integer(item.value) != 0 for item in path):
        raise ChipFault("a path longer than to document signers")
    if subject_key_of(certificate) is None:
        raise ChipFault("no subject key identifier")
    return f"{country_of(certificate.subject)}, serial {certificate.title}"
