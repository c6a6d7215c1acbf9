"""Software keys behind the ports of `hsm.keys`, and the book in which a soft token keeps them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from ektp.errors import KeyNotFound, SealBroken
from hsm.keys import KeyLabel

__all__ = ["KeyBook", "SoftEcKey", "SoftEnvelopeKey"]

_P256_BYTES: Final = 32
_OAEP_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class SoftEcKey:
    """An ECDSA P-256 key in this process's memory (`hsm.keys.EcSigningKey`)."""

    def __init__(self, private_key: bytes) -> None:
        key = load_der_private_key(private_key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyNotFound("the key is not of ECDSA")
        self._key = key
        self._public_key = key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self._public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """The r ‖ s over a SHA-256 digest, 64 bytes."""
        signature = self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        return b"".join(
            number.to_bytes(_P256_BYTES, "big") for number in decode_dss_signature(signature)
        )


class SoftEnvelopeKey:
    """An RSA key in this process's memory (`hsm.keys.EnvelopeKey`)."""

    def __init__(self, private_key: bytes, certificate: bytes) -> None:
        # The key comes out of a sealed file of our own: proving its primes again takes long.
        key = load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyNotFound("the key is not of RSA")
        self._key = key
        self._certificate = certificate

    @property
    def certificate(self) -> bytes:
        """The certificate (DER) that senders envelope to."""
        return self._certificate

    def decrypt_oaep(self, encrypted_key: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`."""
        scheme = padding.OAEP(
            padding.MGF1(_OAEP_HASHES[mask_digest]()), _OAEP_HASHES[digest](), None
        )
        try:
            return self._key.decrypt(encrypted_key, scheme)
        except ValueError:
            raise SealBroken("the key in the envelope does not decipher") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBook:
    """Everything that a soft token holds: secrets and private keys (PKCS #8), certificates."""

    created_at: datetime
    keys: dict[KeyLabel, bytes] = field(repr=False)
    certificates: dict[KeyLabel, bytes] = field(repr=False)

    def key(self, label: KeyLabel) -> bytes:
        """A secret, or a private key as PKCS #8. Raises `KeyNotFound`."""
        try:
            return self.keys[label]
        except KeyError:
            raise KeyNotFound(key=label.value) from None

    def certificate(self, label: KeyLabel) -> bytes:
        """A certificate (DER). Raises `KeyNotFound`."""
        try:
            return self.certificates[label]
        except KeyError:
            raise KeyNotFound("no certificate", key=label.value) from None

    def __bytes__(self) -> bytes:
        text = {
            "created_at": int(self.created_at.timestamp()),
            "keys": {label: _text(value) for label, value in self.keys.items()},
            "certificates": {label: _text(value) for label, value in self.certificates.items()},
        }
        return json.dumps(text).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `bytes(book)` wrote."""
        text = json.loads(raw)
        return cls(
            created_at=datetime.fromtimestamp(text["created_at"], UTC),
            keys=_values(text["keys"]),
            certificates=_values(text["certificates"]),
        )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _values(texts: dict[str, str]) -> dict[KeyLabel, bytes]:
    return {KeyLabel(label): base64.b64decode(text) for label, text in texts.items()}
