"""The signature object (`6FF6`): ECDSA on P-256 with SHA-256 over what was read back.

`docs/chip-profile-ktp-el.md` section 6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import ConfigurationError
from ektp.ports import TrustedSigner
from inspection.faults import ChipFault

__all__ = ["SIGNED_FILES", "SignatureObject", "TrustedKeys", "key_id_of", "signed_bytes"]

SIGNED_FILES: Final = (
    "biodata",
    "photo",
    "signature_image",
    "minutiae_1",
    "minutiae_2",
    "card_control",
)
"""The files under the signature, in its order; the chip serial comes last."""

_OBJECT_BYTES = 80


def key_id_of(public_key: bytes) -> bytes:
    """The id of a signer: the first 8 bytes of SHA-256 over its DER SubjectPublicKeyInfo."""
    return hashlib.sha256(public_key).digest()[:8]


def signed_bytes(contents: Mapping[str, bytes], serial: bytes) -> bytes:
    """The exact bytes under the signature, of contents by file name."""
    return b"".join(contents[name] for name in SIGNED_FILES) + serial


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureObject:
    """The 80 bytes of `6FF6`."""

    r: int
    s: int
    key_id: bytes
    serial: bytes

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """Read the content of `6FF6`. Raises `ChipFault`."""
        if len(content) != _OBJECT_BYTES:
            raise ChipFault(f"{len(content)} bytes of {_OBJECT_BYTES}")
        return cls(
            r=int.from_bytes(content[:32], "big"),
            s=int.from_bytes(content[32:64], "big"),
            key_id=content[64:72],
            serial=content[72:],
        )


class TrustedKeys:
    """The signers that an inspector trusts, by their ids.

    Raises `ConfigurationError` for a key that is not on P-256, or whose id is not its own.
    """

    def __init__(self, signers: Sequence[TrustedSigner]) -> None:
        self._keys = {signer.key_id: _load(signer) for signer in signers}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key_id: bytes) -> bool:
        return key_id in self._keys

    def verify(self, signature: SignatureObject, message: bytes) -> bool:
        """Whether the signature over the message is by the key that it names."""
        der = utils.encode_dss_signature(signature.r, signature.s)
        try:
            self._keys[signature.key_id].verify(der, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def _load(signer: TrustedSigner) -> ec.EllipticCurvePublicKey:
    facts = {"key_id": signer.key_id.hex()}
    if signer.key_id != key_id_of(signer.public_key):
        raise ConfigurationError("a trusted signer with an id that is not its key's", **facts)
    try:
        key = load_der_public_key(signer.public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError("a trusted signer's key cannot be read", **facts) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigurationError("a trusted signer's key is not on P-256", **facts)
    return key
