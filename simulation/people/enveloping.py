"""The production form of a file of records: signed, then enveloped to one installation.

`NAME.jsonl.p7m` is a CMS EnvelopedData (RFC 5652 section 6; AES-256-CBC; RSAES-OAEP with SHA-256,
RFC 3560) around a CMS SignedData that carries the records. Addressee site, sequence number and
expiry are signed attributes, so that nobody can send a file on to another site or send it twice.

Both layers are written with definite lengths as the file streams through: memory stays flat.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from asn1crypto import cms, core, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding

from simulation.people.approver import Approver, approver_path, file_chunks, file_digest

__all__ = ["EXPIRY_OID", "SEQUENCE_OID", "SITE_OID", "envelope"]

SITE_OID: Final = "1.3.6.1.4.1.55555.1.1"
"""Signed attribute: the addressee site (UTF8String)."""

SEQUENCE_OID: Final = "1.3.6.1.4.1.55555.1.2"
"""Signed attribute: the file's number in the sequence to that site (INTEGER)."""

EXPIRY_OID: Final = "1.3.6.1.4.1.55555.1.3"
"""Signed attribute: the moment after which the file must be refused (GeneralizedTime)."""

_BLOCK_BYTES: Final = 16
_AES_KEY_BYTES: Final = 32
_SIGNED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SEQUENCE_TAG: Final = 0x30
_EXPLICIT_0: Final = 0xA0
_IMPLICIT_PRIMITIVE_0: Final = 0x80
_OCTET_STRING: Final = 0x04


def envelope(
    path: Path,
    recipient_cert_pem: bytes,
    *,
    site: str,
    sequence: int,
    expires_at: datetime,
    approver: Approver,
    signed_at: datetime = _SIGNED_AT,
) -> Path:
    """Sign `path` for a site and envelope it to the site's RSA certificate, as `PATH.p7m`.

    The approver's certificate is written to `NAME.approver.pem`, as with a plain file. Raises
    `ValueError` where the recipient's key is not RSA or the expiry has no time zone.
    """
    recipient = certificates.load_pem_x509_certificate(recipient_cert_pem)
    if expires_at.tzinfo is None:
        msg = "an expiry needs a time zone"
        raise ValueError(msg)
    approver_path(path).write_bytes(approver.certificate_pem())
    signed = approver.signed_data(
        file_digest(path), signed_at, _addressee(site, sequence, expires_at)
    )
    key, iv = os.urandom(_AES_KEY_BYTES), os.urandom(_BLOCK_BYTES)
    head, tail = _around_content(signed, path.stat().st_size)
    plain_length = len(head) + path.stat().st_size + len(tail)
    target = path.with_name(path.name + ".p7m")
    with target.open("wb") as stream:
        stream.write(_envelope_head(recipient, key, iv, plain_length))
        for chunk in _encrypted(_joined(head, path, tail), key, iv):
            stream.write(chunk)
    return target


def _addressee(site: str, sequence: int, expires_at: datetime) -> tuple[cms.CMSAttribute, ...]:
    moment = expires_at.astimezone(UTC).replace(microsecond=0)
    values = (
        (SITE_OID, core.UTF8String(site)),
        (SEQUENCE_OID, core.Integer(sequence)),
        (EXPIRY_OID, core.GeneralizedTime(moment)),
    )
    return tuple(
        cms.CMSAttribute({"type": oid, "values": cms.SetOfAny([core.Any(value)])})
        for oid, value in values
    )


def _header(tag: int, length: int) -> bytes:
    """Tag and definite length (X.690 clause 8.1.3)."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def _nested(tags: tuple[int, ...], length: int) -> bytes:
    """The headers of elements that hold nothing but one another, the outermost first."""
    heads = b""
    for tag in reversed(tags):
        heads = _header(tag, length + len(heads)) + heads
    return heads


def _around_content(signed: cms.SignedData, length: int) -> tuple[bytes, bytes]:
    """What stands before and after the content in a ContentInfo with this SignedData."""
    content = _nested((_EXPLICIT_0, _OCTET_STRING), length)
    data_oid = core.ObjectIdentifier("1.2.840.113549.1.7.1").dump()
    encap = _header(_SEQUENCE_TAG, len(data_oid) + len(content) + length) + data_oid + content
    before = signed["version"].dump() + signed["digest_algorithms"].dump() + encap
    tail = signed["certificates"].dump() + signed["signer_infos"].dump()
    oid = core.ObjectIdentifier("1.2.840.113549.1.7.2").dump()
    inner = len(before) + length + len(tail)
    wrapped = _nested((_EXPLICIT_0, _SEQUENCE_TAG), inner)
    outer = _header(_SEQUENCE_TAG, len(oid) + len(wrapped) + inner)
    return b"".join((outer, oid, wrapped, before)), tail


def _envelope_head(
    recipient: certificates.Certificate, key: bytes, iv: bytes, plain_length: int
) -> bytes:
    """Everything of the EnvelopedData up to the first encrypted byte."""
    cipher_length = (plain_length // _BLOCK_BYTES + 1) * _BLOCK_BYTES
    encrypted = _header(_IMPLICIT_PRIMITIVE_0, cipher_length)
    algorithm = cms.EncryptionAlgorithm({"algorithm": "aes256_cbc", "parameters": iv}).dump()
    data_oid = core.ObjectIdentifier("1.2.840.113549.1.7.1").dump()
    described = data_oid + algorithm + encrypted
    content = _header(_SEQUENCE_TAG, len(described) + cipher_length) + described
    recipients = cms.RecipientInfos([_key_transport(recipient, key)]).dump()
    before = core.Integer(0).dump() + recipients + content
    oid = core.ObjectIdentifier("1.2.840.113549.1.7.3").dump()
    inner = len(before) + cipher_length
    wrapped = _nested((_EXPLICIT_0, _SEQUENCE_TAG), inner)
    outer = _header(_SEQUENCE_TAG, len(oid) + len(wrapped) + inner)
    return b"".join((outer, oid, wrapped, before))


def _key_transport(recipient: certificates.Certificate, key: bytes) -> cms.RecipientInfo:
    public = recipient.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        msg = "the recipient's key must be RSA"
        raise ValueError(msg)  # noqa: TRY004 - the wrong certificate, not the wrong type
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    certificate = x509.Certificate.load(recipient.public_bytes(Encoding.DER))
    sha256 = {"algorithm": "sha256"}
    return cms.RecipientInfo(
        "ktri",
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {
                            "issuer": certificate.issuer,
                            "serial_number": certificate.serial_number,
                        }
                    )
                }
            ),
            "key_encryption_algorithm": {
                "algorithm": "rsaes_oaep",
                "parameters": {
                    "hash_algorithm": sha256,
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
                },
            },
            "encrypted_key": public.encrypt(key, oaep),
        },
    )


def _joined(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    yield from file_chunks(path)
    yield tail


def _encrypted(plain: Iterator[bytes], key: bytes, iv: bytes) -> Iterator[bytes]:
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padder = PKCS7(_BLOCK_BYTES * 8).padder()
    for chunk in plain:
        yield cipher.update(padder.update(chunk))
    yield cipher.update(padder.finalize()) + cipher.finalize()
