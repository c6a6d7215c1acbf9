"""A test approver: signs a file of synthetic records as the national data centre would.

`NAME.jsonl.p7s` is a detached CMS SignedData (RFC 5652; DER; SHA-256; ECDSA on P-256) over the
exact bytes of `NAME.jsonl`. The approver's certificate is self-signed and stands beside the file as
`NAME.approver.pem`. The key is made for the occasion and never written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from asn1crypto import algos, cms, core, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from simulation.people.mix import PeopleMix
from simulation.people.records import Record, generate

__all__ = [
    "Approver",
    "SampleFiles",
    "approver_path",
    "file_chunks",
    "file_digest",
    "record_line",
    "write_sample",
]

_CHUNK_BYTES: Final = 1 << 20
_VALID_FROM: Final = datetime(2025, 1, 1, tzinfo=UTC)
_VALID_TO: Final = datetime(2036, 1, 1, tzinfo=UTC)
_SIGNED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFiles:
    """The files of a sample: records, signature, approver's certificate; and how many records."""

    file: Path
    signature: Path
    approver: Path
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """A signing key on P-256 and its self-signed certificate, valid 2025 to 2035."""

    key: ec.EllipticCurvePrivateKey
    certificate: certificates.Certificate

    @classmethod
    def create(
        cls,
        name: str = "EKTP TEST APPROVER",
        *,
        valid_from: datetime = _VALID_FROM,
        valid_to: datetime = _VALID_TO,
    ) -> Self:
        """A new approver with a new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = certificates.Name(
            [
                certificates.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
                certificates.NameAttribute(NameOID.ORGANIZATION_NAME, "SYNTHETIC PEOPLE"),
                certificates.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        usage = certificates.KeyUsage(
            digital_signature=True,
            content_commitment=True,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            certificates.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(certificates.random_serial_number())
            .not_valid_before(valid_from)
            .not_valid_after(valid_to)
            .add_extension(certificates.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                certificates.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(key=key, certificate=certificate)

    def __repr__(self) -> str:
        return f"Approver(serial={self.certificate.serial_number:x})"

    def certificate_pem(self) -> bytes:
        """The certificate, for an installation to pin."""
        return self.certificate.public_bytes(Encoding.PEM)

    def sign_file(self, path: Path, signed_at: datetime = _SIGNED_AT) -> Path:
        """Sign the exact bytes of a file into `FILE.p7s` and give its path.

        The file is read once, a megabyte at a time.
        """
        signature = path.with_name(path.name + ".p7s")
        signed = self.signed_data(file_digest(path), signed_at)
        signature.write_bytes(
            cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
        )
        return signature

    def signed_data(
        self, digest: bytes, signed_at: datetime, extra: tuple[cms.CMSAttribute, ...] = ()
    ) -> cms.SignedData:
        """A CMS SignedData without its content, over the content's SHA-256 digest.

        `extra` are signed attributes beside content type, message digest and signing time.
        """
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
                cms.CMSAttribute({"type": "signing_time", "values": [_signing_time(signed_at)]}),
                *extra,
            ]
        )
        certificate = x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {
                                "issuer": certificate.issuer,
                                "serial_number": certificate.serial_number,
                            }
                        )
                    }
                ),
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                # RFC 5652 section 5.4: the attributes are signed under the tag of a SET.
                "signature": self.key.sign(
                    attributes.untag().dump(force=True), ec.ECDSA(hashes.SHA256())
                ),
            }
        )
        return cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [sha256],
                "encap_content_info": {"content_type": "data"},
                "certificates": [certificate],
                "signer_infos": [signer],
            }
        )


def _signing_time(moment: datetime) -> cms.Time:
    # RFC 5652 section 11.3: UTCTime for the years 1950 to 2049.
    return cms.Time(name="utc_time", value=core.UTCTime(moment))


def file_digest(path: Path) -> bytes:
    """SHA-256 over a file's exact bytes, in constant memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def file_chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes, a megabyte at a time."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def approver_path(path: Path) -> Path:
    """Where the certificate of a file's approver stands: `NAME.jsonl` → `NAME.approver.pem`."""
    return path.with_name(path.name.removesuffix(".jsonl") + ".approver.pem")


def record_line(record: Record) -> bytes:
    """A record as its line of the file: compact JSON in UTF-8 with a line feed."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write_sample(
    path: Path,
    count: int,
    seed: int,
    mix: PeopleMix | None = None,
    *,
    progress: Callable[[int], None] | None = None,
    approver: Approver | None = None,
) -> SampleFiles:
    """Write `count` synthetic records to `path`, sign them, and put the certificate beside.

    Streams: neither records nor file are held in memory. `progress` is called with the number of
    records written so far. Without an `approver` one is made for this file.
    """
    approver = approver or Approver.create()
    with path.open("wb") as stream:
        for number, record in enumerate(generate(count, seed, mix=mix), start=1):
            stream.write(record_line(record))
            if progress is not None:
                progress(number)
    pem = approver_path(path)
    pem.write_bytes(approver.certificate_pem())
    return SampleFiles(file=path, signature=approver.sign_file(path), approver=pem, count=count)
