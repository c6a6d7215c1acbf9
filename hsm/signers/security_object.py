"""EF.SOD: the LDS security object in a CMS SignedData (ICAO Doc 9303-10 clause 4.6.2).

Tag `77` around SignedData version 3; LDSSecurityObject version 0 with SHA-384; signed attributes
content-type, message-digest and signing-time; the document signer's certificate inside.
Written with asn1crypto, read back with the reader of `hsm._asn1`, which shares nothing with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

from asn1crypto.algos import DigestAlgorithm, SignedDigestAlgorithm
from asn1crypto.cms import (
    CMSAttribute,
    CMSAttributes,
    ContentInfo,
    EncapsulatedContentInfo,
    IssuerAndSerialNumber,
    SignedData,
    SignerIdentifier,
    SignerInfo,
    Time,
)
from asn1crypto.core import ParsableOctetString
from asn1crypto.x509 import Certificate

from ektp.errors import HsmError
from hsm._asn1 import (
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    Malformed,
    der,
    der_integer,
    der_oid,
    parse,
)
from hsm._cms_names import CONTENT_TYPE, MESSAGE_DIGEST, SIGNED_DATA
from hsm.keys import Curve, EcSigningKey
from hsm.pki.certificates import x509_time
from hsm.pki.chain import read_certificate
from hsm.pki.signatures import SIGNATURE_ALGORITHMS, digest_for, sign_der, verifies

__all__ = ["LDS_SECURITY_OBJECT", "check_security_object", "make_security_object"]

LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
"""id-icao-mrtd-security-ldsSecurityObject."""

_SOD_TAG: Final = 0x77
_SHA384: Final = "2.16.840.1.101.3.4.2.2"
_CONTEXT_0: Final = 0xA0
_LARGEST_NUMBER: Final = 16
_FEWEST: Final = 2


def make_security_object(
    data_groups: Mapping[int, bytes],
    key: EcSigningKey,
    *,
    certificate: bytes,
    label: str,
    now: datetime,
) -> bytes:
    """EF.SOD over the exact files by data group number. Raises `HsmError`.

    ValueError for fewer than two data groups, or a number that is none.
    """
    if len(data_groups) < _FEWEST or not all(0 < n <= _LARGEST_NUMBER for n in data_groups):
        msg = "a security object is over two or more of the data groups 1 to 16"
        raise ValueError(msg)
    content = _lds_security_object(data_groups)
    attributes = CMSAttributes(
        [
            CMSAttribute({"type": "content_type", "values": [LDS_SECURITY_OBJECT]}),
            CMSAttribute({"type": "message_digest", "values": [hashlib.sha384(content).digest()]}),
            CMSAttribute({"type": "signing_time", "values": [Time.load(x509_time(now).dump())]}),
        ]
    )
    # RFC 5652 clause 5.4: what is signed carries the tag SET OF, what is sent [0].
    signature = sign_der(key, attributes.dump(), label=label)
    signed_data = _signed_data(content, attributes, signature, Certificate.load(certificate))
    info = ContentInfo({"content_type": "signed_data", "content": signed_data})
    return der(_SOD_TAG, info.dump())


def check_security_object(
    content: bytes, data_groups: Mapping[int, bytes], *, certificate: bytes
) -> None:
    """That EF.SOD says what it should: every digest, every name, the signature.

    The certificate's own chain is `hsm.pki.chain`'s to prove. Raises `HsmError`.
    """
    try:
        _check(content, data_groups, certificate)
    except Malformed:
        _wrong("it cannot be read again")


def _lds_security_object(data_groups: Mapping[int, bytes]) -> bytes:
    digests = (
        der(
            SEQUENCE,
            der_integer(number),
            der(OCTET_STRING, hashlib.sha384(data_groups[number]).digest()),
        )
        for number in sorted(data_groups)
    )
    return der(SEQUENCE, der_integer(0), der(SEQUENCE, der_oid(_SHA384)), der(SEQUENCE, *digests))


def _signed_data(content: bytes, attributes: Any, signature: bytes, certificate: Any) -> Any:
    digest = DigestAlgorithm.load(der(SEQUENCE, der_oid(_SHA384)))
    signer = SignerInfo(
        {
            "version": "v1",
            "sid": SignerIdentifier(
                name="issuer_and_serial_number",
                value=IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                ),
            ),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": SignedDigestAlgorithm(
                {"algorithm": SIGNATURE_ALGORITHMS[Curve.P384]}
            ),
            "signature": signature,
        }
    )
    return SignedData(
        {
            "version": "v3",
            "digest_algorithms": [digest],
            "encap_content_info": EncapsulatedContentInfo(
                {"content_type": LDS_SECURITY_OBJECT, "content": ParsableOctetString(content)}
            ),
            "certificates": [certificate],
            "signer_infos": [signer],
        }
    )


def _check(raw: bytes, data_groups: Mapping[int, bytes], certificate: bytes) -> None:
    (info,) = parse(raw).parts(_SOD_TAG, 1)
    kind, outer = info.parts(SEQUENCE, 2)
    (signed_data,) = outer.parts(_CONTEXT_0, 1)
    version, digests, encapsulated, certificates, signers = signed_data.parts(SEQUENCE, 5)
    if kind.oid() != SIGNED_DATA or version.integer() != 3:
        _wrong("it is no SignedData of version 3")
    (announced,) = digests.parts(SET, 1)
    _expect_digest(announced)
    content_kind, wrapped = encapsulated.parts(SEQUENCE, 2)
    (octets,) = wrapped.parts(_CONTEXT_0, 1)
    content = octets.octets()
    if content_kind.oid() != LDS_SECURITY_OBJECT:
        _wrong("it holds another content")
    _check_digests(parse(content), data_groups)
    if [inside.raw for inside in certificates.parts(_CONTEXT_0, 1)] != [certificate]:
        _wrong("it holds another certificate")
    (signer,) = signers.parts(SET, 1)
    _check_signer(signer, content, certificate)


def _check_digests(security_object: Element, data_groups: Mapping[int, bytes]) -> None:
    version, algorithm, listed = security_object.parts(SEQUENCE, 3)
    _expect_digest(algorithm)
    stated: dict[int, bytes] = {}
    for entry in listed.parts(SEQUENCE, _FEWEST, _LARGEST_NUMBER):
        number, digest = entry.parts(SEQUENCE, 2)
        stated[number.integer()] = digest.octets()
    right = {number: hashlib.sha384(file).digest() for number, file in data_groups.items()}
    if version.integer() != 0 or stated != right:
        _wrong("a digest is not that of the file")


def _check_signer(signer: Element, content: bytes, certificate: bytes) -> None:
    version, sid, digest, attributes, algorithm, signature = signer.parts(SEQUENCE, 6)
    facts = read_certificate(certificate)
    issuer, serial_number = sid.parts(SEQUENCE, 2)
    if version.integer() != 1 or serial_number.integer() != facts.serial_number:
        _wrong("it names another signer")
    if issuer.raw != facts.issuer:
        _wrong("it names another issuer")
    _expect_digest(digest)
    expected = SignedDigestAlgorithm({"algorithm": SIGNATURE_ALGORITHMS[Curve.P384]}).dump()
    if algorithm.raw != expected:
        _wrong("it names another signature algorithm")
    values = dict(_attribute(item) for item in attributes.expect(_CONTEXT_0).children())
    if values.get(CONTENT_TYPE) != der_oid(LDS_SECURITY_OBJECT):
        _wrong("its content type is not signed")
    if values.get(MESSAGE_DIGEST) != der(OCTET_STRING, hashlib.sha384(content).digest()):
        _wrong("its message digest is not that of the content")
    signed = der(SET, attributes.content)
    if not verifies(facts.key, signature.octets(), digest_for(facts.key.curve, signed)):
        _wrong("its signature does not verify")


def _attribute(item: Element) -> tuple[str, bytes]:
    kind, values = item.parts(SEQUENCE, 2)
    (value,) = values.parts(SET, 1)
    return kind.oid(), value.raw


def _expect_digest(algorithm: Element) -> None:
    if algorithm.raw != der(SEQUENCE, der_oid(_SHA384)):
        _wrong("it names another digest algorithm")


def _wrong(what: str) -> NoReturn:
    raise HsmError("the security object is not what it should be", why=what)
