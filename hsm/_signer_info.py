"""One CMS signer: what it claims, and whether a pinned approver made it (RFC 5652 clause 5.3 f.).

ECDSA on P-256, P-384 or P-521, and RSASSA-PSS from 2,048 bits, with SHA-256, SHA-384 or SHA-512;
the hash of the content, of the attributes and of the signature is one and the same (RFC 5754).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from hsm import _cms_names as names
from hsm._asn1 import INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, Element, Malformed, der_set
from hsm._pinned import Pinned
from hsm._refusal import Refusal, refused

__all__ = [
    "DIGESTS",
    "SignerClaim",
    "algorithm_oid",
    "check_claim",
    "choose_signer",
    "read_claim",
    "single_value",
]

DIGESTS: Final[dict[str, str]] = {
    names.SHA256: "sha256",
    names.SHA384: "sha384",
    names.SHA512: "sha512",
}
"""The hashes that a signed file may use, by their object identifiers."""

_ECDSA: Final = {
    names.ECDSA_SHA256: "sha256",
    names.ECDSA_SHA384: "sha384",
    names.ECDSA_SHA512: "sha512",
}
_HASH_CLASSES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_CURVES: Final = (SECP256R1, SECP384R1, SECP521R1)
_SMALLEST_RSA_BITS: Final = 2_048
_LARGEST_SALT: Final = 512
_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
_KEY_IDENTIFIER: Final = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerClaim:
    """A SignerInfo, read and not yet believed.

    `salt_length` is None for ECDSA. `attributes` is None where nothing but the content is signed.
    """

    issuer_serial: tuple[bytes, int] | None
    subject_key_id: bytes | None
    digest: str
    salt_length: int | None
    attributes: Element | None = field(repr=False)
    signature: bytes = field(repr=False)


def read_claim(signer_info: Element) -> SignerClaim:
    """Read a SignerInfo. Raises `Malformed` and `EnvelopeSignatureInvalid` (algorithm)."""
    version, sid, digest_algorithm, *rest = signer_info.parts(SEQUENCE, 5, 7)
    attributes = rest.pop(0) if rest[0].tag == _CONTEXT_0 else None
    if len(rest) == 3 and rest[2].tag == _CONTEXT_1:
        rest.pop()  # unsigned attributes say nothing
    if len(rest) != 2 or version.integer() != (1 if sid.tag == SEQUENCE else 3):
        raise Malformed("a signer has other parts than it should")
    digest = DIGESTS.get(algorithm_oid(digest_algorithm))
    if digest is None:
        raise refused(Refusal.ALGORITHM, "the hash is none of SHA-256, SHA-384 and SHA-512")
    return SignerClaim(
        issuer_serial=_issuer_serial(sid) if sid.tag == SEQUENCE else None,
        subject_key_id=None if sid.tag == SEQUENCE else sid.expect(_KEY_IDENTIFIER).content,
        digest=digest,
        salt_length=_salt_length(rest[0], digest),
        attributes=attributes,
        signature=rest[1].octets(),
    )


def choose_signer(
    claim: SignerClaim, embedded: Sequence[bytes], pinned: Sequence[Pinned], now: datetime
) -> Pinned:
    """The pinned certificate that the claim names.

    Where certificates came along (`embedded`, DER), the pinned one must be among them, byte for
    byte. Raises `EnvelopeSignatureInvalid` (signer_not_pinned, signer_expired).
    """
    named = [
        candidate
        for candidate in pinned
        if _names(claim, candidate) and (not embedded or candidate.der in embedded)
    ]
    if not named:
        raise refused(Refusal.SIGNER_NOT_PINNED, "the signer is no pinned approver")
    for candidate in named:
        if candidate.not_before <= now <= candidate.not_after:
            return candidate
    raise refused(Refusal.SIGNER_EXPIRED, "the approver's certificate is not valid now")


def _names(claim: SignerClaim, candidate: Pinned) -> bool:
    if claim.issuer_serial is None:
        return claim.subject_key_id == candidate.subject_key_id
    return claim.issuer_serial == (candidate.issuer, candidate.serial)


def check_claim(
    claim: SignerClaim, signer: Pinned, content_digest: bytes
) -> Mapping[str, tuple[Element, ...]]:
    """Check the signature over the content's digest; the signed attributes by their identifiers.

    Raises `EnvelopeSignatureInvalid`.
    """
    if claim.attributes is None:
        _check_signature(claim, signer, content_digest)
        return {}
    attributes = _read_attributes(claim.attributes)
    if single_value(attributes, names.CONTENT_TYPE).oid() != names.DATA:
        raise refused(Refusal.ATTRIBUTES, "the signed content type is not data")
    if (
        single_value(attributes, names.MESSAGE_DIGEST).expect(OCTET_STRING).content
        != content_digest
    ):
        raise refused(Refusal.CONTENT, "the content is not what was signed")
    # RFC 5652 clause 5.4: signed is the DER of SET OF, whatever tag and order the file has.
    signed = der_set(SET, *(attribute.raw for attribute in claim.attributes.children()))
    _check_signature(claim, signer, hashlib.new(claim.digest, signed).digest())
    return attributes


def algorithm_oid(identifier: Element) -> str:
    """The algorithm of an AlgorithmIdentifier without parameters (absent or NULL)."""
    oid, parameters = _algorithm(identifier)
    if parameters is not None and (parameters.tag != NULL or parameters.content):
        raise Malformed("an algorithm has parameters that it should not have")
    return oid


def _algorithm(identifier: Element) -> tuple[str, Element | None]:
    oid, *parameters = identifier.parts(SEQUENCE, 1, 2)
    return oid.oid(), parameters[0] if parameters else None


def _issuer_serial(sid: Element) -> tuple[bytes, int]:
    issuer, serial = sid.parts(SEQUENCE, 2)
    number = int.from_bytes(serial.expect(INTEGER).content, "big", signed=True)
    return issuer.expect(SEQUENCE).raw, number


def _salt_length(identifier: Element, digest: str) -> int | None:
    """None for ECDSA with that hash, the salt's length for RSASSA-PSS; else a refusal."""
    oid, parameters = _algorithm(identifier)
    if oid in _ECDSA:
        if _ECDSA[oid] == digest and algorithm_oid(identifier):
            return None
    elif oid == names.RSASSA_PSS and parameters is not None:
        return _pss_salt(parameters, digest)
    raise refused(Refusal.ALGORITHM, "the signature is neither ECDSA nor RSA-PSS with that hash")


def _pss_salt(parameters: Element, digest: str) -> int:
    """RSASSA-PSS-params (RFC 8017 A.2.3) with one hash everywhere."""
    tagged: dict[int, Element] = {}
    for part in parameters.expect(SEQUENCE).children():
        inner = part.children()
        if part.tag in tagged or not _CONTEXT_0 <= part.tag <= _CONTEXT_0 + 3 or len(inner) != 1:
            raise Malformed("RSA-PSS parameters have other parts than they should")
        tagged[part.tag] = inner[0]
    hash_part, mask_part = tagged.get(_CONTEXT_0), tagged.get(_CONTEXT_1)
    salt_part, trailer = tagged.get(_CONTEXT_0 + 2), tagged.get(_CONTEXT_0 + 3)
    if hash_part is None or mask_part is None:
        raise refused(Refusal.ALGORITHM, "RSA-PSS with SHA-1")
    mask, mask_hash = _algorithm(mask_part)
    if (
        mask != names.MGF1
        or mask_hash is None
        or {DIGESTS.get(algorithm_oid(hash_part)), DIGESTS.get(algorithm_oid(mask_hash))}
        != {digest}
        or (trailer is not None and trailer.integer() != 1)
    ):
        raise refused(Refusal.ALGORITHM, "RSA-PSS with mixed hashes")
    salt = 20 if salt_part is None else salt_part.integer()
    if not 0 <= salt <= _LARGEST_SALT:
        raise refused(Refusal.ALGORITHM, "RSA-PSS with an absurd salt")
    return salt


def _read_attributes(attributes: Element) -> dict[str, tuple[Element, ...]]:
    found: dict[str, tuple[Element, ...]] = {}
    for attribute in attributes.children():
        name, values = attribute.parts(SEQUENCE, 2)
        kind = name.oid()
        if kind in found:
            raise refused(Refusal.ATTRIBUTES, "a signed attribute occurs twice")
        found[kind] = values.expect(SET).children()
    return found


def single_value(attributes: Mapping[str, tuple[Element, ...]], kind: str) -> Element:
    """The one value of a signed attribute. Raises `EnvelopeSignatureInvalid` (attributes)."""
    values = attributes.get(kind, ())
    if len(values) != 1:
        raise refused(Refusal.ATTRIBUTES, "a signed attribute is missing or has several values")
    return values[0]


def _check_signature(claim: SignerClaim, signer: Pinned, digest: bytes) -> None:
    algorithm = _HASH_CLASSES[claim.digest]()
    key, prehashed = signer.public_key, Prehashed(algorithm)
    try:
        if isinstance(key, EllipticCurvePublicKey):
            if claim.salt_length is not None or not isinstance(key.curve, _CURVES):
                raise refused(Refusal.ALGORITHM, "the approver's key does not fit the signature")
            key.verify(claim.signature, digest, ECDSA(prehashed))
        else:
            if claim.salt_length is None or key.key_size < _SMALLEST_RSA_BITS:
                raise refused(Refusal.ALGORITHM, "the approver's key does not fit the signature")
            pss = padding.PSS(padding.MGF1(algorithm), claim.salt_length)
            key.verify(claim.signature, digest, pss, prehashed)
    except InvalidSignature:
        raise refused(Refusal.SIGNATURE, "the signature does not verify") from None
