"""Object identifiers of CMS and what it is made of (RFC 5652, 5753, 5754, 8017, 5083, 5084)."""

from __future__ import annotations

from typing import Final

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
ENVELOPED_DATA: Final = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"

SHA1: Final = "1.3.14.3.2.26"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA384: Final = "2.16.840.1.101.3.4.2.2"
SHA512: Final = "2.16.840.1.101.3.4.2.3"

ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
ECDSA_SHA384: Final = "1.2.840.10045.4.3.3"
ECDSA_SHA512: Final = "1.2.840.10045.4.3.4"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
RSAES_OAEP: Final = "1.2.840.113549.1.1.7"
MGF1: Final = "1.2.840.113549.1.1.8"
P_SPECIFIED: Final = "1.2.840.113549.1.1.9"

AES_256_CBC: Final = "2.16.840.1.101.3.4.1.42"
AES_256_GCM: Final = "2.16.840.1.101.3.4.1.46"

SITE: Final = "1.3.6.1.4.1.55555.1.1"
SEQUENCE_NUMBER: Final = "1.3.6.1.4.1.55555.1.2"
EXPIRY: Final = "1.3.6.1.4.1.55555.1.3"
"""Our own signed attributes: addressee site, sequence number, expiry. The arc is a placeholder."""
