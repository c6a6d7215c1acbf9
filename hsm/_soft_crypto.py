"""What a soft token computes with its keys, in this process's memory."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from ektp.errors import KeyUsageForbidden, SealBroken
from hsm.keys import Curve

__all__ = [
    "SoftEcKey",
    "SoftRsaKey",
    "aes_cbc",
    "new_ec_key",
    "new_rsa_key",
    "seal",
    "unseal",
]

_AES_BLOCK: Final = 16
_RSA_EXPONENT: Final = 65_537
_CURVES: Final[dict[Curve, ec.EllipticCurve]] = {
    Curve.P256: ec.SECP256R1(),
    Curve.P384: ec.SECP384R1(),
}
_DIGESTS: Final[dict[Curve, hashes.HashAlgorithm]] = {
    Curve.P256: hashes.SHA256(),
    Curve.P384: hashes.SHA384(),
}
_OAEP_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def new_ec_key(curve: Curve) -> bytes:
    """A new private key as PKCS #8."""
    return _private_bytes(ec.generate_private_key(_CURVES[curve]))


def new_rsa_key(bits: int) -> bytes:
    """A new private key as PKCS #8; 3,072 bits take up to a second."""
    return _private_bytes(rsa.generate_private_key(public_exponent=_RSA_EXPONENT, key_size=bits))


class SoftEcKey:
    """An ECDSA key in this process's memory (`hsm.keys.EcSigningKey`)."""

    def __init__(self, private_key: bytes) -> None:
        """Raises `KeyUsageForbidden` where it is no key of the house's curves."""
        key = load_der_private_key(private_key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyUsageForbidden("the key is not of ECDSA")
        by_name = {known.name: curve for curve, known in _CURVES.items()}
        if key.curve.name not in by_name:
            raise KeyUsageForbidden("the key is on a curve that the house does not use")
        self._key = key
        self._curve = by_name[key.curve.name]
        self._public_key = _spki(key.public_key())

    @property
    def curve(self) -> Curve:
        """The curve that it is on."""
        return self._curve

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self._public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """The r ‖ s over a digest as long as the curve's field."""
        length = self._curve.coordinate_bytes
        if len(digest) != length:
            msg = f"{self._curve} signs a digest of {length} bytes"
            raise ValueError(msg)
        signature = self._key.sign(digest, ec.ECDSA(Prehashed(_DIGESTS[self._curve])))
        return b"".join(n.to_bytes(length, "big") for n in decode_dss_signature(signature))


class SoftRsaKey:
    """An RSA key in this process's memory."""

    def __init__(self, private_key: bytes) -> None:
        """Raises `KeyUsageForbidden` where it is none."""
        # The key comes out of a sealed file of our own: proving its primes again takes long.
        key = load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyUsageForbidden("the key is not of RSA")
        self._key = key

    @property
    def public_key(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return _spki(self._key.public_key())

    def decrypt_oaep(self, cipher: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`."""
        scheme = padding.OAEP(
            padding.MGF1(_OAEP_HASHES[mask_digest]()), _OAEP_HASHES[digest](), None
        )
        try:
            return self._key.decrypt(cipher, scheme)
        except ValueError:
            raise SealBroken("the key in the envelope does not decipher") from None


def aes_cbc(key: bytes, blocks: bytes) -> bytes:
    """AES-CBC, IV zero, no padding."""
    if len(blocks) % _AES_BLOCK:
        msg = "whole blocks of 16 bytes are enciphered"
        raise ValueError(msg)
    encryptor = Cipher(AES(key), modes.CBC(bytes(_AES_BLOCK))).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def seal(key: bytes, nonce: bytes, plain: bytes, meaning: bytes) -> bytes:
    """AES-GCM: cipher text ‖ tag (16)."""
    return AESGCM(key).encrypt(nonce, plain, meaning)


def unseal(key: bytes, nonce: bytes, sealed: bytes, meaning: bytes) -> bytes:
    """Back again. Raises `SealBroken`."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, meaning)
    except (InvalidTag, ValueError):
        raise SealBroken("it was altered, or sealed under another key") from None


def _spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _private_bytes(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
