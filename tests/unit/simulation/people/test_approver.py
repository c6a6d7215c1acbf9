"""The test approver's signature and the enveloped form, opened by other means than it was made."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import NameOID

from simulation.people.approver import Approver, file_digest, write_sample
from simulation.people.enveloping import EXPIRY_OID, SEQUENCE_OID, SITE_OID, envelope
from simulation.people.mix import PeopleMix
from simulation.people.places import office

_MIX = PeopleMix(offices=(office("16.71.01"),), portrait_px=(240, 320), portrait_quality=40)
_EXPIRES = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def approver() -> Approver:
    return Approver.create()


@pytest.fixture(scope="module")
def site_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SITE")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def _check(signed: cms.SignedData, content: bytes, certificate: x509.Certificate) -> None:
    """RFC 5652 section 5.4 in a few lines; raises where it does not verify."""
    (signer,) = signed["signer_infos"]
    attributes = {item["type"].dotted: item["values"][0].native for item in signer["signed_attrs"]}
    assert attributes["1.2.840.113549.1.9.4"] == hashlib.sha256(content).digest()
    assert attributes["1.2.840.113549.1.9.3"] == "data"
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(
        signer["signature"].native,
        signer["signed_attrs"].untag().dump(),
        ec.ECDSA(hashes.SHA256()),
    )


def _open_envelope(path: Path, key: rsa.RSAPrivateKey) -> bytes:
    enveloped = cms.ContentInfo.load(path.read_bytes(), strict=True)["content"]
    (recipient,) = enveloped["recipient_infos"]
    assert recipient.name == "ktri"
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    content_key = key.decrypt(recipient.chosen["encrypted_key"].native, oaep)
    described = enveloped["encrypted_content_info"]
    assert described["content_encryption_algorithm"]["algorithm"].native == "aes256_cbc"
    iv = described["content_encryption_algorithm"]["parameters"].native
    cipher = Cipher(algorithms.AES(content_key), modes.CBC(iv)).decryptor()
    plain = cipher.update(described["encrypted_content"].native) + cipher.finalize()
    assert plain[-plain[-1] :] == bytes([plain[-1]]) * plain[-1]
    return plain[: -plain[-1]]


def test_an_altered_file_does_not_verify(tmp_path: Path, approver: Approver) -> None:
    sample = write_sample(tmp_path / "F.jsonl", 2, 7, _MIX, approver=approver)
    signed = cms.ContentInfo.load(sample.signature.read_bytes())["content"]
    with pytest.raises(AssertionError):
        _check(signed, sample.file.read_bytes() + b" ", approver.certificate)
    with pytest.raises(InvalidSignature):
        _check(signed, sample.file.read_bytes(), Approver.create().certificate)


def test_the_recipient_must_have_an_rsa_key(tmp_path: Path, approver: Approver) -> None:
    (tmp_path / "F.jsonl").write_bytes(b"{}\n")
    certificate = _certificate(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="RSA"):
        envelope(
            tmp_path / "F.jsonl",
            certificate,
            site="S",
            sequence=1,
            expires_at=_EXPIRES,
            approver=approver,
        )


def test_an_expiry_needs_a_zone(
    tmp_path: Path, approver: Approver, site_key: rsa.RSAPrivateKey
) -> None:
    (tmp_path / "F.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ValueError, match="time zone"):
        envelope(
            tmp_path / "F.jsonl",
            _certificate(site_key),
            site="S",
            sequence=1,
            expires_at=_EXPIRES.replace(tzinfo=None),
            approver=approver,
        )


def test_a_sample_is_a_file_its_signature_and_a_certificate(
    tmp_path: Path, approver: Approver
) -> None:
    seen: list[int] = []
    path = tmp_path / "people.jsonl"
    sample = write_sample(path, 3, 7, _MIX, progress=seen.append, approver=approver)
    assert seen == [1, 2, 3]
    assert {p.name for p in tmp_path.iterdir()} == {
        "people.jsonl",
        "people.jsonl.p7s",
        "people.approver.pem",
    }
    assert sample.count == 3
    lines = path.read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["credentialRequestId"] for line in lines] == [
        f"SYN-7-{number:07d}" for number in range(3)
    ]
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).digest()
    info = cms.ContentInfo.load(sample.signature.read_bytes(), strict=True)
    assert info["content"]["encap_content_info"]["content"].native is None
    certificate = x509.load_pem_x509_certificate(sample.approver.read_bytes())
    _check(info["content"], path.read_bytes(), certificate)


def test_the_certificate_is_valid_round_the_epoch(approver: Approver) -> None:
    certificate = approver.certificate
    assert certificate.not_valid_before_utc < datetime(2026, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc > datetime(2035, 12, 30, tzinfo=UTC)
    certificate.verify_directly_issued_by(certificate)
    assert "key" not in repr(approver).lower()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 117, 118, 245, 65_530, 3 << 20])
def test_an_envelope_opens_to_what_was_signed(
    tmp_path: Path, approver: Approver, site_key: rsa.RSAPrivateKey, size: int
) -> None:
    path = tmp_path / "F.jsonl"
    path.write_bytes(bytes(number % 251 for number in range(251)) * (size // 251 + 1))
    content = path.read_bytes()[:size]
    path.write_bytes(content)
    target = envelope(
        path,
        _certificate(site_key),
        site="DISDUKCAPIL PALEMBANG",
        sequence=12,
        expires_at=_EXPIRES + timedelta(hours=1),
        approver=approver,
    )
    assert target.name == "F.jsonl.p7m"
    signed = cms.ContentInfo.load(_open_envelope(target, site_key), strict=True)["content"]
    assert signed["encap_content_info"]["content"].native == content
    _check(signed, content, approver.certificate)
    values = {
        item["type"].dotted: core.Asn1Value.load(item["values"][0].dump()).native
        for item in signed["signer_infos"][0]["signed_attrs"]
        if item["type"].dotted in (SITE_OID, SEQUENCE_OID, EXPIRY_OID)
    }
    assert values == {
        SITE_OID: "DISDUKCAPIL PALEMBANG",
        SEQUENCE_OID: 12,
        EXPIRY_OID: _EXPIRES + timedelta(hours=1),
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command on this machine")
def test_openssl_agrees(tmp_path: Path, approver: Approver, site_key: rsa.RSAPrivateKey) -> None:
    sample = write_sample(tmp_path / "F.jsonl", 2, 7, _MIX, approver=approver)
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    trust = ["-CAfile", str(sample.approver)]
    detached = ["-in", str(sample.signature), "-content", str(sample.file)]
    out = ["-out", str(tmp_path / "out")]
    subprocess.run([*verify, *trust, *detached, *out], check=True, capture_output=True)
    assert (tmp_path / "out").read_bytes() == sample.file.read_bytes()

    certificate = _certificate(site_key)
    (tmp_path / "site.pem").write_bytes(certificate)
    (tmp_path / "site.key").write_bytes(
        site_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    target = envelope(
        sample.file, certificate, site="S", sequence=1, expires_at=_EXPIRES, approver=approver
    )
    decrypt = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(target)]
    keys = ["-recip", str(tmp_path / "site.pem"), "-inkey", str(tmp_path / "site.key")]
    inner = str(tmp_path / "inner.der")
    subprocess.run([*decrypt, *keys, "-out", inner], check=True, capture_output=True)
    subprocess.run([*verify, *trust, "-in", inner, *out], check=True, capture_output=True)
    assert (tmp_path / "out").read_bytes() == sample.file.read_bytes()
