"""A small token in memory, EC keys only, and certificates made with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.errors import HsmError, KeyNotFound
from hsm.keys import Curve, EcSigningKey
from hsm.pki.certificates import (
    SigningAuthority,
    authority_certificate,
    document_signer_certificate,
    link_certificate,
)
from hsm.pki.names import DEVELOPMENT
from hsm.pki.periods import authority_validity, document_signer_validity
from hsm.pki.signatures import public_key_of

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


class FixedClock:
    """A clock that stands until it is set."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class MemoryKey:
    """An EC key in memory (`hsm.keys.EcSigningKey`)."""

    def __init__(self, curve: Curve) -> None:
        kind = ec.SECP256R1() if curve is Curve.P256 else ec.SECP384R1()
        self.private = ec.generate_private_key(kind)
        self.curve = curve
        self.public_key = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.signatures = 0

    def sign_digest(self, digest: bytes) -> bytes:
        self.signatures += 1
        algorithm = {32: SHA256(), 48: SHA384()}[len(digest)]
        numbers = decode_dss_signature(self.private.sign(digest, ec.ECDSA(Prehashed(algorithm))))
        size = self.curve.coordinate_bytes
        return b"".join(number.to_bytes(size, "big") for number in numbers)


class LyingKey:
    """A key whose signatures are over something else."""

    def __init__(self, honest: EcSigningKey) -> None:
        self._honest = honest
        self.curve = honest.curve
        self.public_key = honest.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self._honest.sign_digest(bytes(len(digest)))


class MemoryKeys:
    """As much of `hsm.keys.TokenKeys` as a PKI needs."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}

    def labels(self) -> tuple[str, ...]:
        return tuple(self.held)

    def make_ec_key(self, label: str, curve: Curve) -> MemoryKey:
        if label in self.held:
            raise HsmError("the label is taken", key=label)
        self.held[label] = MemoryKey(curve)
        return self.held[label]

    def ec_key(self, label: str) -> Any:
        try:
            return self.held[label]
        except KeyError:
            raise KeyNotFound(key=label) from None


@dataclass(frozen=True)
class Pki:
    """Two CSCA keys with a link between them, and a signer of each kind."""

    first: SigningAuthority
    second: SigningAuthority
    csca: bytes
    csca_2: bytes
    link: bytes
    lds: bytes
    lds_2: bytes
    ktp_el: bytes
    later: datetime


@cache
def pki(*, explicit: bool = True) -> Pki:
    later = NOW + timedelta(days=1_000)
    first = SigningAuthority(
        issuer=DEVELOPMENT, key=MemoryKey(Curve.P384), label="CSCA-1", explicit=explicit
    )
    second = replace(first, key=MemoryKey(Curve.P384), label="CSCA-2")
    return Pki(
        first=first,
        second=second,
        csca=authority_certificate(first, authority_validity(NOW)),
        csca_2=authority_certificate(second, authority_validity(later)),
        link=link_certificate(first, second.public_key, authority_validity(later)),
        lds=signer(first, Curve.P384, NOW),
        lds_2=signer(second, Curve.P384, later),
        ktp_el=signer(first, Curve.P256, NOW),
        later=later,
    )


def signer(authority: SigningAuthority, curve: Curve, now: datetime) -> bytes:
    return document_signer_certificate(
        authority,
        public_key_of(MemoryKey(curve), label="DS"),
        common_name="LDS-1" if curve is Curve.P384 else "DS-1",
        validity=document_signer_validity(now, not_before=NOW - timedelta(minutes=1)),
        named=curve is Curve.P256,
    )


def resigned(der: bytes, authority: SigningAuthority, change: Any) -> bytes:
    """The certificate after a change to its body, signed again by an authority."""
    from hsm.pki.signatures import sign_der  # noqa: PLC0415 - kept beside its one use

    certificate = Certificate.load(der)
    certificate["tbs_certificate"]["version"].native  # noqa: B018 - parses before the change
    change(certificate["tbs_certificate"])
    certificate["signature_value"] = sign_der(
        authority.key, certificate["tbs_certificate"].dump(force=True), label=authority.label
    )
    return certificate.dump(force=True)
