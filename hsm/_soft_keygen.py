"""Making the keys and certificates of a soft token. Apart, for X.509 takes long to import."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hsm._soft_keys import KeyBook
from hsm.certificates import (
    csca_certificate,
    document_signer_certificate,
    self_signed_certificate,
)
from hsm.keys import KeyLabel

__all__ = ["generate", "with_envelope_key"]

_SECRET_BYTES: Final = 32
_RSA_BITS: Final = 3_072
_SECRETS: Final = (KeyLabel.KEK, KeyLabel.INDEX, KeyLabel.READ, KeyLabel.SAM_OPEN)
_PAIRS: Final = (KeyLabel.CSCA, KeyLabel.DOCUMENT_SIGNER, KeyLabel.SITE)


def generate(begins: datetime) -> KeyBook:
    """New keys, all but the slow one of the envelopes."""
    pairs = {label: ec.generate_private_key(ec.SECP256R1()) for label in _PAIRS}
    csca_key = pairs[KeyLabel.CSCA]
    csca = csca_certificate(csca_key, begins)
    document_signer = document_signer_certificate(
        pairs[KeyLabel.DOCUMENT_SIGNER], csca, csca_key, begins
    )
    return KeyBook(
        created_at=begins,
        keys={
            **{label: secrets.token_bytes(_SECRET_BYTES) for label in _SECRETS},
            **{label: _private_bytes(key) for label, key in pairs.items()},
        },
        certificates={
            KeyLabel.CSCA: csca,
            KeyLabel.DOCUMENT_SIGNER: document_signer,
            KeyLabel.SITE: self_signed_certificate("SITE-1", pairs[KeyLabel.SITE], begins),
        },
    )


def with_envelope_key(book: KeyBook, begins: datetime) -> KeyBook:
    """The same with a new RSA key for envelopes; takes up to a second or so."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
    certificate = self_signed_certificate("ENVELOPE-1", key, begins)
    return replace(
        book,
        keys={**book.keys, KeyLabel.ENVELOPE: _private_bytes(key)},
        certificates={**book.certificates, KeyLabel.ENVELOPE: certificate},
    )


def _private_bytes(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
