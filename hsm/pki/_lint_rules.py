"""The certificate profile of ICAO Doc 9303-12 clause 7.1.1 as data: extensions by their OIDs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

__all__ = [
    "BODY",
    "CRL",
    "EXTENSIONS",
    "NETSCAPE_ARC",
    "CertificateKind",
    "ExtensionRule",
    "Finding",
    "Presence",
]

BODY: Final = "Doc 9303-12 clause 7.1.1, certificate body"
CRL: Final = "Doc 9303-12 clause 7, CRL profile"
_EXTENSION: Final = "Doc 9303-12 clause 7.1.1, certificate extensions"


@unique
class CertificateKind(StrEnum):
    """The kinds of certificates that the profile tells apart.

    `KTP_EL_SIGNER` is a document signer of the profile `ktp-el`: our own rule lets its P-256 key
    stand by the curve's name.
    """

    CSCA = "CSCA"
    LINK = "link"
    LDS_SIGNER = "LDS document signer"
    KTP_EL_SIGNER = "ktp-el document signer"

    @property
    def is_authority(self) -> bool:
        """Whether it certifies others."""
        return self in {CertificateKind.CSCA, CertificateKind.LINK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that the profile does not allow: which clause and field, and what is wrong."""

    clause: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.field}: {self.what} ({self.clause})"


@unique
class Presence(StrEnum):
    """The letters of the profile's tables: mandatory, optional, must not be there."""

    MANDATORY = "m"
    OPTIONAL = "o"
    FORBIDDEN = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRule:
    """Where an extension must, may or must not be, and whether it is critical."""

    name: str
    csca: Presence
    link: Presence
    signer: Presence
    critical: bool = False
    clause: str = _EXTENSION

    def presence(self, kind: CertificateKind) -> Presence:
        """In a certificate of that kind."""
        if kind is CertificateKind.CSCA:
            return self.csca
        return self.link if kind is CertificateKind.LINK else self.signer


def _rule(name: str, letters: str, *, critical: bool = False) -> ExtensionRule:
    csca, link, signer = (Presence(letter) for letter in letters)
    return ExtensionRule(name=name, csca=csca, link=link, signer=signer, critical=critical)


EXTENSIONS: Final[dict[str, ExtensionRule]] = {
    "2.5.29.35": _rule("authorityKeyIdentifier", "omm"),
    "2.5.29.14": _rule("subjectKeyIdentifier", "mmo"),
    "2.5.29.15": _rule("keyUsage", "mmm", critical=True),
    "2.5.29.16": _rule("privateKeyUsagePeriod", "mmm"),
    "2.5.29.32": _rule("certificatePolicies", "ooo"),
    "2.5.29.33": _rule("policyMappings", "xxx"),
    "2.5.29.17": _rule("subjectAltName", "mmm"),
    "2.5.29.18": _rule("issuerAltName", "mmm"),
    "2.5.29.9": _rule("subjectDirectoryAttributes", "xxx"),
    "2.5.29.19": _rule("basicConstraints", "mmx", critical=True),
    "2.5.29.30": _rule("nameConstraints", "xxx"),
    "2.5.29.36": _rule("policyConstraints", "xxx"),
    "2.5.29.37": _rule("extKeyUsage", "xxx"),
    "2.5.29.31": _rule("cRLDistributionPoints", "mmm"),
    "2.5.29.54": _rule("inhibitAnyPolicy", "xxx"),
    "2.5.29.46": _rule("freshestCRL", "xxx"),
    "2.23.136.1.1.6.1": _rule("nameChange", "oox"),
    "2.23.136.1.1.6.2": _rule("documentType", "xxm"),
}
"""The table of the profile: self-signed CSCA, link, document signer."""

NETSCAPE_ARC: Final = "2.16.840.1.113730."
"""Netscape's extensions must not be there."""
