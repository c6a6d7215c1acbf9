"""A PKI of our own making: certificates, revocation lists and security objects in which any part
can be left out or be another, and which are signed all the same.

Written with the DER of these tests: what no honest library would write must be writable here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from ektp.ports import TrustAnchors
from inspection.lds1.tlv import encode
from tests.unit.inspection.lds1.helpers import der_int, oid, sequence, spki_of

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SIGNED_AT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Parts = Mapping[str, bytes | None]

HASHES = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "md5": hashes.MD5,
}
_DIGEST_OIDS = {
    "sha1": "2B0E03021A",
    "sha224": "608648016503040204",
    "sha256": "608648016503040201",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
    "md5": "2A864886F70D0205",
}
_ARCS = {"sha1": 1, "sha224": 1, "sha256": 2, "sha384": 3, "sha512": 4}
_BSI_ARCS = {"sha1": 1, "sha224": 2, "sha256": 3, "sha384": 4, "sha512": 5}
_RSA_ARCS = {"sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13, "md5": 4}
NULL = b"\x05\x00"
PREFIX = "2A864886F70D01010"


def digest_algorithm(name: str) -> bytes:
    return sequence(oid(bytes.fromhex(_DIGEST_OIDS[name])))


def signature_algorithm(kind: str, digest: str) -> bytes:
    """`ecdsa`, `bsi` (plain), `rsa` (v1.5), `plain-rsa` (the key's identifier), `pss`, `dsa`."""
    if kind == "ecdsa":
        name = "2A8648CE3D0401" if digest == "sha1" else f"2A8648CE3D04030{_ARCS[digest]}"
        return sequence(oid(bytes.fromhex(name)))
    if kind == "bsi":
        return sequence(oid(bytes.fromhex(f"04007F000701010401{_BSI_ARCS[digest]:02X}")))
    if kind == "rsa":
        return sequence(oid(bytes.fromhex(f"2A864886F70D0101{_RSA_ARCS[digest]:02X}")), NULL)
    if kind == "plain-rsa":
        return sequence(oid(bytes.fromhex("2A864886F70D010101")), NULL)
    if kind == "dsa":
        return sequence(oid(bytes.fromhex("2A8648CE380403")))
    algorithm = digest_algorithm(digest)
    mask = sequence(oid(bytes.fromhex("2A864886F70D010108")), algorithm)
    salt = der_int(HASHES[digest]().digest_size)
    parameters = sequence(encode(0xA0, algorithm), encode(0xA1, mask), encode(0xA2, salt))
    return sequence(oid(bytes.fromhex("2A864886F70D01010A")), parameters)


@cache
def ec_key(seed: int, curve: type[ec.EllipticCurve] = ec.SECP384R1) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(seed, curve())


@cache
def rsa_key(seed: int) -> rsa.RSAPrivateKey:
    assert seed
    return rsa.generate_private_key(65537, 2048)


def sign(key: Key, kind: str, digest: str, message: bytes) -> bytes:
    algorithm = HASHES[digest]()
    if isinstance(key, rsa.RSAPrivateKey):
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if kind == "pss":
            scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return key.sign(message, scheme, algorithm)
    der = key.sign(message, ec.ECDSA(algorithm))
    if kind != "bsi":
        return der
    half = (key.key_size + 7) // 8
    return b"".join(part.to_bytes(half, "big") for part in utils.decode_dss_signature(der))


def name(common: str, country: bytes | None = b"ID", tag: int = 0x13) -> bytes:
    parts = []
    if country is not None:
        parts.append(encode(0x31, sequence(oid(b"\x55\x04\x06"), encode(tag, country))))
    parts.append(encode(0x31, sequence(oid(b"\x55\x04\x03"), encode(0x0C, common.encode()))))
    return sequence(*parts)


def utc(moment: datetime) -> bytes:
    return encode(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized(moment: datetime, tag: int = 0x18) -> bytes:
    return encode(tag, moment.strftime("%Y%m%d%H%M%SZ").encode())


def years(begin: int, end: int) -> bytes:
    return sequence(utc(datetime(begin, 1, 1, tzinfo=UTC)), utc(datetime(end, 1, 1, tzinfo=UTC)))


def extension(name_hex: str, value: bytes, *, critical: bool = False) -> bytes:
    mark = b"\x01\x01\xff" if critical else b""
    return sequence(oid(bytes.fromhex(name_hex)), mark, encode(0x04, value))


def key_identifier(key: Key) -> bytes:
    return hashlib.sha256(spki_of(key)).digest()[:20]


def usage(bits: int, *, critical: bool = True) -> bytes:
    unused = (bits & -bits).bit_length() - 1
    return extension("551D0F", encode(0x03, bytes((unused, bits))), critical=critical)


def authority_key(key: Key) -> bytes:
    return extension("551D23", sequence(encode(0x80, key_identifier(key))))


def subject_key(key: Key) -> bytes:
    return extension("551D0E", encode(0x04, key_identifier(key)))


def usage_period(begin: datetime, end: datetime) -> bytes:
    return extension("551D10", sequence(generalized(begin, 0x80), generalized(end, 0x81)))


def document_types(*codes: str) -> bytes:
    items = b"".join(encode(0x13, code.encode()) for code in codes)
    return extension("67810801010602", sequence(der_int(0), encode(0x31, items)))


@dataclass(frozen=True, kw_only=True)
class Signing:
    """A key with the way in which it signs."""

    key: Key
    kind: str = "ecdsa"
    digest: str = "sha384"

    @property
    def algorithm(self) -> bytes:
        return signature_algorithm(self.kind, self.digest)

    def sign(self, message: bytes) -> bytes:
        return sign(self.key, self.kind, self.digest, message)


def joined(parts: Parts) -> bytes:
    return b"".join(part for part in parts.values() if part is not None)


def certificate(
    signing: Signing,
    body: Parts,
    extensions: Parts,
    *,
    body_changes: Parts | None = None,
    extension_changes: Parts | None = None,
    outer_changes: Parts | None = None,
) -> bytes:
    """A certificate whose parts are these, changed (None takes one away), signed afterwards."""
    inside = joined({**extensions, **(extension_changes or {})})
    fields = {
        "version": encode(0xA0, der_int(2)),
        "serial": der_int(0x4A11),
        "algorithm": signing.algorithm,
        **body,
        "extensions": encode(0xA3, sequence(inside)),
        **(body_changes or {}),
    }
    order = ("version", "serial", "algorithm", "issuer", "validity", "subject", "key")
    signed = sequence(
        *(part for key in (*order, "extensions") if (part := fields[key]) is not None)
    )
    outer = {
        "signed": signed,
        "algorithm": signing.algorithm,
        "signature": encode(0x03, b"\x00" + signing.sign(signed)),
        **(outer_changes or {}),
    }
    return sequence(joined(outer))


CSCA_NAME = name("CSCA")


def csca(
    signing: Signing,
    *,
    subject: Signing | None = None,
    validity: bytes | None = None,
    spki: bytes | None = None,
    serial: int = 1,
    extension_changes: Parts | None = None,
) -> bytes:
    """A CSCA's certificate: self-signed, or a link to `subject`."""
    own = subject or signing
    return certificate(
        signing,
        {
            "serial": der_int(serial),
            "issuer": CSCA_NAME,
            "validity": validity or years(2025, 2040),
            "subject": CSCA_NAME,
            "key": spki or spki_of(own.key),
        },
        {
            "authority": authority_key(signing.key),
            "subject": subject_key(own.key),
            "usage": usage(0x06),
            "basic": extension("551D13", sequence(b"\x01\x01\xff", der_int(0)), critical=True),
        },
        extension_changes=extension_changes,
    )


def signer(
    authority: Signing,
    own: Signing,
    *,
    body: Parts | None = None,
    extensions: Parts | None = None,
    outer: Parts | None = None,
) -> bytes:
    """A document signer's certificate."""
    return certificate(
        authority,
        {
            "issuer": CSCA_NAME,
            "validity": years(2026, 2037),
            "subject": name("LDS-1"),
            "key": spki_of(own.key),
        },
        {
            "authority": authority_key(authority.key),
            "subject": subject_key(own.key),
            "usage": usage(0x80),
            "period": usage_period(
                datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
            ),
            "types": document_types("ID", "P"),
        },
        body_changes=body,
        extension_changes=extensions,
        outer_changes=outer,
    )


def revocation_list(
    authority: Signing,
    *serials: int,
    this_update: datetime = SIGNED_AT,
    next_update: datetime | None = datetime(2026, 4, 1, tzinfo=UTC),
    extensions: bytes = b"",
) -> bytes:
    entries = b"".join(sequence(der_int(serial), utc(this_update)) for serial in serials)
    signed = sequence(
        der_int(1),
        authority.algorithm,
        CSCA_NAME,
        utc(this_update),
        b"" if next_update is None else utc(next_update),
        sequence(entries) if entries else b"",
        encode(0xA0, sequence(extensions)) if extensions else b"",
    )
    return sequence(signed, authority.algorithm, encode(0x03, b"\x00" + authority.sign(signed)))


LDS_OBJECT = bytes.fromhex("678108010101")


def hashes_of(groups: Mapping[int, bytes], digest: str) -> dict[int, bytes]:
    return {number: hashlib.new(digest, content).digest() for number, content in groups.items()}


def security_object(
    hashed: Mapping[int, bytes],
    digest: str = "sha384",
    *,
    version: bytes | None = None,
    algorithm: bytes | None = None,
    entries: bytes | None = None,
    lds_version: bytes = b"",
) -> bytes:
    listed = b"".join(
        sequence(der_int(number), encode(0x04, value)) for number, value in sorted(hashed.items())
    )
    return sequence(
        der_int(0) if version is None else version,
        digest_algorithm(digest) if algorithm is None else algorithm,
        encode(0x30, listed if entries is None else entries),
        lds_version,
    )


def attribute(arc: int, value: bytes) -> bytes:
    return sequence(oid(bytes.fromhex(f"2A864886F70D0109{arc:02X}")), encode(0x31, value))


@dataclass(frozen=True, kw_only=True)
class Sod:
    """What goes into EF.SOD; each mapping changes parts by name, None takes one away."""

    content: bytes
    certificate: bytes
    signing: Signing
    data: Parts = field(default_factory=dict)
    info: Parts = field(default_factory=dict)
    attributes: Parts = field(default_factory=dict)
    identifier: bytes | None = None
    inside: bool = True

    def der(self) -> bytes:
        digest = self.signing.digest
        attributes = {
            "type": attribute(3, oid(LDS_OBJECT)),
            "digest": attribute(4, encode(0x04, hashlib.new(digest, self.content).digest())),
            "time": attribute(5, utc(SIGNED_AT)),
            **self.attributes,
        }
        signed = joined(attributes)
        info = {
            "version": der_int(1),
            "signer": sequence(CSCA_NAME, der_int(0x4A11)),
            "digest": digest_algorithm(digest),
            "attributes": encode(0xA0, signed),
            "algorithm": self.signing.algorithm,
            "signature": encode(0x04, self.signing.sign(encode(0x31, signed))),
            **self.info,
        }
        data = {
            "version": der_int(3),
            "digests": encode(0x31, digest_algorithm(digest)),
            "content": sequence(oid(LDS_OBJECT), encode(0xA0, encode(0x04, self.content))),
            "certificates": encode(0xA0, self.certificate) if self.inside else None,
            "signers": encode(0x31, sequence(joined(info))),
            **self.data,
        }
        signed_data = sequence(joined(data))
        outer = sequence(oid(bytes.fromhex("2A864886F70D010702")), encode(0xA0, signed_data))
        return encode(0x77, outer)


AUTHORITY = Signing(key=ec_key(0xC5CA))
SIGNER = Signing(key=ec_key(0xD5))
CSCA = csca(AUTHORITY)
DS = signer(AUTHORITY, SIGNER)
ANCHORS = TrustAnchors(certificates=(CSCA,), revocation_lists=(revocation_list(AUTHORITY),))
