"""Approvers, signed files and envelopes, built with asn1crypto: nothing of `hsm` is used here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ektp.errors import SealBroken

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
SITE = "ID-16.71"
OPENSSL = shutil.which("openssl")
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
OAEP_HASHES = {"sha1": hashes.SHA1(), **HASHES}  # noqa: S303 - OAEP's own default
LINES = b'{"credentialRequestId":"r-1"}\n{"credentialRequestId":"r-2"}\n'


class FixedClock:
    """A clock that stands until it is set."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Approver:
    """A key with a self-signed certificate."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes, digest: str, salt: int = 32) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = rsa_padding.PSS(rsa_padding.MGF1(HASHES[digest]), salt)
            return self.key.sign(message, pss, HASHES[digest])
        return self.key.sign(message, ec.ECDSA(HASHES[digest]))


@cache
def ec_key(name: str, curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """One key for each name, so that tests do not wait for keys."""
    curves = {
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
        "K-256": ec.SECP256K1(),
    }
    return ec.generate_private_key(curves[curve])


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def approver(
    name: str = "approver",
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    *,
    begins: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + timedelta(days=1),
    serial: int = 4711,
    ski: bool = True,
) -> Approver:
    key = key or ec_key(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if ski:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    return Approver(
        key,
        builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()),
    )


@dataclass
class Recipe:
    """How a signed file is to be made; every field is something to get wrong."""

    digest: str = "sha256"
    signed_digest: str | None = None
    attributes: bool = True
    content_type: str = "data"
    message_digest: bytes | None = None
    embed: bool = True
    by_key_id: bool = False
    extra: list[cms.CMSAttribute] = field(default_factory=list)
    twice: bool = False
    salt: int = 32
    announce: str | None = None
    signers: int = 1
    signature_algorithm: algos.SignedDigestAlgorithm | None = None


def signature_algorithm(
    by: Approver, digest: str, salt: int, mask: str | None = None
) -> algos.SignedDigestAlgorithm:
    if isinstance(by.key, rsa.RSAPrivateKey):
        parameters = algos.RSASSAPSSParams(
            {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
                "mask_gen_algorithm": algos.MaskGenAlgorithm(
                    {
                        "algorithm": "mgf1",
                        "parameters": algos.DigestAlgorithm({"algorithm": mask or digest}),
                    }
                ),
                "salt_length": salt,
            }
        )
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
    return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})


def signed(
    content: bytes, by: Approver, recipe: Recipe | None = None, *, detached: bool = True
) -> bytes:
    """A CMS SignedData over the content, in DER."""
    recipe = recipe or Recipe()
    digest = recipe.digest
    certificate = asn1_x509.Certificate.load(by.der)
    attributes = None
    message = content
    if recipe.attributes:
        digest_value = recipe.message_digest or hashlib.new(digest, content).digest()
        values = [
            cms.CMSAttribute({"type": "content_type", "values": [recipe.content_type]}),
            cms.CMSAttribute({"type": "message_digest", "values": [digest_value]}),
            *recipe.extra,
        ]
        if recipe.twice:
            values.append(cms.CMSAttribute({"type": "message_digest", "values": [digest_value]}))
        attributes = cms.CMSAttributes(values)
        message = attributes.dump()
        assert message[0] == 0x31
    sid = (
        cms.SignerIdentifier({"subject_key_identifier": certificate.key_identifier_value.native})
        if recipe.by_key_id
        else cms.SignerIdentifier(
            {
                "issuer_and_serial_number": {
                    "issuer": certificate.issuer,
                    "serial_number": certificate.serial_number,
                }
            }
        )
    )
    signer = {
        "version": "v3" if recipe.by_key_id else "v1",
        "sid": sid,
        "digest_algorithm": {"algorithm": digest},
        "signature_algorithm": recipe.signature_algorithm
        or signature_algorithm(by, recipe.signed_digest or digest, recipe.salt),
        "signature": by.sign(message, recipe.signed_digest or digest, recipe.salt),
    }
    if attributes is not None:
        signer["signed_attrs"] = attributes
    encapsulated = {"content_type": "data"}
    if not detached:
        encapsulated["content"] = content
    data = {
        "version": "v3" if recipe.by_key_id else "v1",
        "digest_algorithms": [{"algorithm": recipe.announce or digest}],
        "encap_content_info": encapsulated,
        "signer_infos": [cms.SignerInfo(signer)] * recipe.signers,
    }
    if recipe.embed:
        data["certificates"] = [certificate]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()


class SiteAttribute(core.Sequence):
    """An attribute of our own arc, whose values are put in as encoded."""

    _fields: ClassVar = [
        ("type", core.ObjectIdentifier),
        ("values", core.SetOf, {"spec": core.Any}),
    ]


def own_attribute(number: int, *values: core.Asn1Value) -> cms.CMSAttribute:
    encoded = SiteAttribute(
        {
            "type": f"1.3.6.1.4.1.55555.1.{number}",
            "values": core.SetOf([core.Any(value) for value in values], spec=core.Any),
        }
    )
    return cms.CMSAttribute.load(encoded.dump())


def address(
    site: str = SITE, sequence: int = 1, expires: datetime = NOW + timedelta(days=7)
) -> list[cms.CMSAttribute]:
    return [
        own_attribute(1, core.UTF8String(site)),
        own_attribute(2, core.Integer(sequence)),
        own_attribute(3, core.GeneralizedTime(expires)),
    ]


@dataclass
class Envelope:
    """How a signed file is to be enveloped."""

    cipher: str = "cbc"
    oaep: str = "sha256"
    content_type: str = "data"
    other_recipients_first: int = 0
    padding: str = "oaep"


def enveloped(inner: bytes, to: bytes, how: Envelope | None = None) -> bytes:
    """A CMS EnvelopedData (CBC) or AuthEnvelopedData (GCM), in DER; `to` is a certificate."""
    how = how or Envelope()
    content_key = os.urandom(32)
    recipients = [
        _recipient(content_key, approver(f"other {n}", rsa_key("other")).der, how)
        for n in range(how.other_recipients_first)
    ]
    recipients.append(_recipient(content_key, to, how))
    if how.cipher == "gcm":
        return _auth_enveloped(inner, content_key, recipients, how)
    iv = os.urandom(16)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(inner) + padder.finalize()) + encryptor.finalize()
    return cms.ContentInfo(
        {
            "content_type": "enveloped_data",
            "content": cms.EnvelopedData(
                {
                    "version": "v0",
                    "recipient_infos": recipients,
                    "encrypted_content_info": {
                        "content_type": how.content_type,
                        "content_encryption_algorithm": {
                            "algorithm": "aes256_cbc",
                            "parameters": iv,
                        },
                        "encrypted_content": sealed,
                    },
                }
            ),
        }
    ).dump()


def _recipient(content_key: bytes, to: bytes, how: Envelope) -> cms.RecipientInfo:
    certificate = asn1_x509.Certificate.load(to)
    public_key = x509.load_der_x509_certificate(to).public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    algorithm = OAEP_HASHES[how.oaep]
    if how.padding == "oaep":
        oaep = rsa_padding.OAEP(rsa_padding.MGF1(algorithm), algorithm, None)
        encrypted = public_key.encrypt(content_key, oaep)
        parameters = algos.RSAESOAEPParams(
            {
                "hash_algorithm": {"algorithm": how.oaep},
                "mask_gen_algorithm": {
                    "algorithm": "mgf1",
                    "parameters": {"algorithm": how.oaep},
                },
            }
        )
        transport = {"algorithm": "rsaes_oaep", "parameters": parameters}
    else:
        encrypted = public_key.encrypt(content_key, rsa_padding.PKCS1v15())
        transport = {"algorithm": "rsaes_pkcs1v15"}
    return cms.RecipientInfo(
        {
            "ktri": {
                "version": "v0",
                "rid": {
                    "issuer_and_serial_number": {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                },
                "key_encryption_algorithm": transport,
                "encrypted_key": encrypted,
            }
        }
    )


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = (len(content).bit_length() + 7) // 8
    length = (
        bytes((len(content),))
        if len(content) < 0x80
        else bytes((0x80 | size,)) + len(content).to_bytes(size, "big")
    )
    return bytes((tag,)) + length + content


def _auth_enveloped(
    inner: bytes, content_key: bytes, recipients: list[cms.RecipientInfo], how: Envelope
) -> bytes:
    # By hand: asn1crypto 1.5 has no AuthEnvelopedData.
    nonce = os.urandom(12)
    sealed = AESGCM(content_key).encrypt(nonce, inner, None)
    cipher = _tlv(
        0x30,
        core.ObjectIdentifier("2.16.840.1.101.3.4.1.46").dump(),
        _tlv(0x30, _tlv(0x04, nonce), _tlv(0x02, b"\x10")),
    )
    body = _tlv(
        0x30,
        core.Integer(0).dump(),
        _tlv(0x31, *(recipient.dump() for recipient in recipients)),
        _tlv(
            0x30,
            cms.ContentType(how.content_type).dump(),
            cipher,
            _tlv(0x80, sealed[:-16]),
        ),
        _tlv(0x04, sealed[-16:]),
    )
    oid = core.ObjectIdentifier("1.2.840.113549.1.9.16.1.23").dump()
    return _tlv(0x30, oid, _tlv(0xA0, body))


class RsaKeyInHand:
    """An `EnvelopeKey` over a plain RSA key."""

    def __init__(self, holder: Approver) -> None:
        assert isinstance(holder.key, rsa.RSAPrivateKey)
        self._key = holder.key
        self.certificate = holder.der

    def decrypt_oaep(self, encrypted_key: bytes, *, digest: str, mask_digest: str) -> bytes:
        try:
            return self._key.decrypt(
                encrypted_key,
                rsa_padding.OAEP(
                    rsa_padding.MGF1(OAEP_HASHES[mask_digest]), OAEP_HASHES[digest], None
                ),
            )
        except ValueError:
            raise SealBroken from None


def written(folder: Path, content: bytes, signature: bytes) -> tuple[Path, Path]:
    """NAME.jsonl and NAME.jsonl.p7s."""
    data, beside = folder / "prr.jsonl", folder / "prr.jsonl.p7s"
    data.write_bytes(content)
    beside.write_bytes(signature)
    return data, beside


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the openssl command in a folder."""
    assert OPENSSL
    return subprocess.run(
        [OPENSSL, *arguments], cwd=folder, capture_output=True, check=False, timeout=60
    )


def as_ber(der: bytes, depth: int, segment: int = 1000, keep: bytes = b"") -> bytes:
    """The same value with indefinite lengths down to a depth, octet strings in segments.

    `keep` is an element that stays as it is: a certificate is DER and nothing else.
    """
    tag, content, rest = _split(der)
    assert not rest
    if depth == 0 or der == keep:
        return der
    if tag == 0x04 and len(content) > segment:
        return b"\x24\x80" + _segments(content, segment) + b"\x00\x00"
    if tag == 0x80 and len(content) > segment:
        return b"\xa0\x80" + _segments(content, segment) + b"\x00\x00"
    if not tag & 0x20:
        return der
    inside = b""
    while content:
        _, _, behind = _split(content)
        inside += as_ber(content[: len(content) - len(behind)], depth - 1, segment, keep)
        content = behind
    return bytes((tag, 0x80)) + inside + b"\x00\x00"


def _segments(content: bytes, size: int) -> bytes:
    return b"".join(_tlv(0x04, content[at : at + size]) for at in range(0, len(content), size))


def _split(raw: bytes) -> tuple[int, bytes, bytes]:
    tag, first, at = raw[0], raw[1], 2
    if first >= 0x80:
        octets = first & 0x7F
        first = int.from_bytes(raw[2 : 2 + octets], "big")
        at = 2 + octets
    return tag, raw[at : at + first], raw[at + first :]
