"""The keys of a token behind any PKCS#11 library (`hsm.keys.TokenKeys`), by python-pkcs11.

The token is found by label and serial, never by slot. All calls go through one session under one
lock: a key process serves one caller at a time, and PKCS#11 libraries differ in what threads may do
(`hsm._cryptoki_library`). Keys are made SENSITIVE, not EXTRACTABLE, and for their own use only.

Mechanisms that a token must offer: CKM_AES_CMAC, CKM_AES_CBC and CKM_AES_GCM (with our nonce),
CKM_SHA256_HMAC, CKM_ECDSA on P-256 and P-384, and of RSA either CKM_RSA_PKCS_OAEP with the digest
that a sender used or CKM_RSA_X_509, whose block is then decoded here (SoftHSM knows SHA-1 only).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from pkcs11.constants import Attribute, MechanismFlag
from pkcs11.exceptions import AttributeTypeInvalid, PKCS11Error
from pkcs11.mechanisms import MGF, GCMParams, KeyType, Mechanism

from ektp.errors import HsmError, KeyUsageForbidden, SealBroken
from hsm._cryptoki_errors import NOT_OFFERED, is_away
from hsm._cryptoki_public import ec_public_key, rsa_public_key
from hsm._cryptoki_session import OpenToken, TokenIdentity, TokenName
from hsm._cryptoki_templates import (
    CURVE_PARAMETERS,
    KEY_TYPES,
    kept_inside,
    secret_to_import,
    secret_use,
)
from hsm._guard import forbid_core_dumps
from hsm._oaep import decode_oaep
from hsm._pin_guard import PinGuard
from hsm.keys import Curve, EcSigningKey, KeyAttributes, SecretKind

__all__ = ["Pkcs11Keys", "TokenIdentity", "open_guarded"]

_BLOCK: Final = 16
_TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_AES_BYTES: Final = (16, 24, 32)
_OAEP_DIGESTS: Final = {
    "sha1": (Mechanism.SHA_1, MGF.SHA1),
    "sha256": (Mechanism.SHA256, MGF.SHA256),
    "sha384": (Mechanism.SHA384, MGF.SHA384),
    "sha512": (Mechanism.SHA512, MGF.SHA512),
}


class Pkcs11Keys:
    """The keys of an open PKCS#11 token (`hsm.keys.TokenKeys`)."""

    kind: ClassVar[str] = "pkcs11"

    def __init__(self, token: OpenToken) -> None:
        """For `open`."""
        self._token = token
        forbid_core_dumps()

    @classmethod
    def open(cls, module: str, label: str, pin: str, *, serial: str = "") -> Self:
        """Open the token with that label (and serial) behind the library file `module`.

        Raises `TokenNotFound`: no such library or token, or its PIN is wrong or locked (a wrong
        one is never tried twice); `HsmError` where several tokens answer to the name.
        """
        return cls(OpenToken(TokenName(module=module, label=label, serial=serial), pin))

    def __repr__(self) -> str:
        return f"Pkcs11Keys({self._token!r})"

    @property
    def identity(self) -> TokenIdentity:
        """What the token says that it is."""
        return self._token.identity

    # --- what is there -----------------------------------------------------------------------

    def labels(self) -> Collection[str]:
        """The labels of all secret and private keys."""
        with self._token.in_use():
            return tuple(dict.fromkeys(key[Attribute.LABEL] for key in self._token.find()))

    def attributes(self, label: str) -> KeyAttributes:
        """As the token says; `made_inside` means: and was never out, nor could have been."""
        with self._token.in_use(label):
            key = self._token.key(label)
            return KeyAttributes(
                sensitive=bool(key[Attribute.SENSITIVE]),
                extractable=bool(key[Attribute.EXTRACTABLE]),
                made_inside=all(
                    _flag(key, one)
                    for one in (
                        Attribute.LOCAL,
                        Attribute.ALWAYS_SENSITIVE,
                        Attribute.NEVER_EXTRACTABLE,
                    )
                ),
            )

    # --- made and destroyed ------------------------------------------------------------------

    def make_secret(self, label: str, kind: SecretKind, length: int) -> None:
        """Make a secret key of so many bytes inside. Raises `HsmError` where the label is taken."""
        _check_length(kind, length)
        with self._token.to_write(label) as session:
            self._check_free(label)
            session.generate_key(
                KEY_TYPES[kind],
                8 * length,
                label=label,
                id=label.encode(),
                store=True,
                capabilities=secret_use(label, kind),
                template=kept_inside(),
            )
            self._check_alone(label)

    def import_secret(self, label: str, kind: SecretKind, value: bytes) -> None:
        """Put a secret in (C_CreateObject); the token then says that it was not made inside."""
        _check_length(kind, len(value))
        with self._token.to_write(label) as session:
            self._check_free(label)
            session.create_object(secret_to_import(label, kind, value))
            self._check_alone(label)

    def make_ec_key(self, label: str, curve: Curve) -> EcSigningKey:
        """Make a signing key inside. Raises `HsmError` where the label is taken."""
        with self._token.to_write(label) as session:
            self._check_free(label)
            parameters = session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: CURVE_PARAMETERS[curve]}, local=True
            )
            parameters.generate_keypair(
                mechanism=Mechanism.EC_KEY_PAIR_GEN,
                label=label,
                id=label.encode(),
                store=True,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                private_template=kept_inside(),
            )
            self._check_alone(label)
        return self.ec_key(label)

    def make_rsa_key(self, label: str, bits: int) -> bytes:
        """Make an RSA key for decryption inside; its public key (DER SubjectPublicKeyInfo)."""
        with self._token.to_write(label) as session:
            self._check_free(label)
            session.generate_keypair(
                KeyType.RSA,
                bits,
                label=label,
                id=label.encode(),
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                private_template=kept_inside(),
            )
            self._check_alone(label)
            return rsa_public_key(self._token.key(label))

    def destroy(self, label: str) -> None:
        """Destroy a key and what stands beside it under its label. Raises `KeyNotFound`."""
        with self._token.to_write(label) as session:
            self._token.key(label)
            for one in list(session.get_objects({Attribute.LABEL: label, Attribute.TOKEN: True})):
                one.destroy()
            self._token.forget(label)

    # --- used --------------------------------------------------------------------------------

    def ec_key(self, label: str) -> EcSigningKey:
        """A signing key that is there. Raises `KeyNotFound`, `KeyUsageForbidden`."""
        with self._token.in_use(label):
            self._able(label, KeyType.EC, "sign")
            curve, public_key = ec_public_key(self._token.public_key(label), label)
            return _EcKey(self, label, curve, public_key)

    def sign_digest(self, label: str, digest: bytes) -> bytes:
        """The r ‖ s by a signing key (CKM_ECDSA)."""
        with self._token.in_use(label):
            sign = self._able(label, KeyType.EC, "sign")
            return bytes(sign(digest, mechanism=Mechanism.ECDSA))

    def cmac(self, label: str, message: bytes) -> bytes:
        """AES-CMAC: 16 bytes."""
        with self._token.in_use(label):
            sign = self._able(label, KeyType.AES, "sign")
            return bytes(sign(message, mechanism=Mechanism.AES_CMAC))

    def aes_cbc(self, label: str, blocks: bytes) -> bytes:
        """AES-CBC: IV zero, no padding, whole blocks of 16 bytes."""
        if len(blocks) % _BLOCK:
            msg = "whole blocks of 16 bytes are enciphered"
            raise ValueError(msg)
        with self._token.in_use(label):
            encrypt = self._able(label, KeyType.AES, "encrypt")
            return bytes(
                encrypt(blocks, mechanism=Mechanism.AES_CBC, mechanism_param=bytes(_BLOCK))
            )

    def hmac_sha256(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256: 32 bytes."""
        with self._token.in_use(label):
            sign = self._able(label, KeyType.GENERIC_SECRET, "sign")
            return bytes(sign(message, mechanism=Mechanism.SHA256_HMAC))

    def seal(self, label: str, nonce: bytes, plain: bytes, meaning: bytes) -> bytes:
        """AES-GCM: cipher text ‖ tag (16)."""
        with self._token.in_use(label):
            return self._gcm(label, "encrypt", nonce, plain, meaning)

    def unseal(self, label: str, nonce: bytes, sealed: bytes, meaning: bytes) -> bytes:
        """Back again. Raises `SealBroken`."""
        with self._token.in_use(label):
            self._able(label, KeyType.AES, "decrypt")
            if len(nonce) != _NONCE_BYTES or len(sealed) < _TAG_BYTES:
                raise SealBroken("it was altered, or sealed under another key")
            try:
                return self._gcm(label, "decrypt", nonce, sealed, meaning)
            except PKCS11Error as error:
                # Libraries say this in many ways, of which some mean a token in trouble, too: one
                # that can seal can unseal.
                if is_away(error):
                    raise
                self._gcm(label, "encrypt", secrets.token_bytes(_NONCE_BYTES), b"", b"")
                raise SealBroken("it was altered, or sealed under another key") from None

    def decrypt_oaep(self, label: str, cipher: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`, `HsmError` where the token has no way for it."""
        parameters = (_OAEP_DIGESTS[digest][0], _OAEP_DIGESTS[mask_digest][1], None)
        with self._token.in_use(label):
            decrypt = self._able(label, KeyType.RSA, "decrypt")
            try:
                return self._opened(
                    label,
                    cipher,
                    lambda: decrypt(
                        cipher, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters
                    ),
                )
            except NOT_OFFERED:
                encoded = self._opened(
                    label, cipher, lambda: decrypt(cipher, mechanism=Mechanism.RSA_X_509)
                )
        return decode_oaep(encoded, digest=digest, mask_digest=mask_digest)

    # --- away and back -----------------------------------------------------------------------

    def reopen(self) -> None:
        """Initialise the library again and log in under the PIN of before.

        Raises `TokenNotFound`: still away, another token in its place, or another PIN.
        """
        self._token.reopen()

    def close(self) -> None:
        """Log out and let go; every later call is refused."""
        self._token.close()

    # --- inside ------------------------------------------------------------------------------

    def _able(self, label: str, kind: KeyType, act: str) -> Callable[..., bytes]:
        """What a key of that kind does, if it was made for it. Raises `KeyUsageForbidden`."""
        key = self._token.key(label)
        if key.key_type != kind:
            raise KeyUsageForbidden("the key is of another kind", key=label)
        # python-pkcs11 gives a key the methods that its attributes allow.
        method: Callable[..., bytes] | None = getattr(key, act, None)
        if method is None:
            raise KeyUsageForbidden("the key was not made for this", key=label)
        return method

    def _gcm(self, label: str, act: str, nonce: bytes, content: bytes, meaning: bytes) -> bytes:
        if len(nonce) != _NONCE_BYTES:
            msg = "a nonce has 12 bytes"
            raise ValueError(msg)
        run = self._able(label, KeyType.AES, act)
        parameters = GCMParams(nonce, meaning, 8 * _TAG_BYTES)
        return bytes(run(content, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))

    def _opened(self, label: str, cipher: bytes, decrypt: Callable[[], bytes]) -> bytes:
        """What the RSA key makes of it. Raises `SealBroken`, where the token is well."""
        key = self._token.key(label)
        if len(cipher) != len(key[Attribute.MODULUS]):
            raise SealBroken("the key in the envelope does not decipher")
        try:
            return bytes(decrypt())
        except NOT_OFFERED:
            raise
        except PKCS11Error as error:
            if is_away(error):
                raise
            # Fails with its own error where the token is in trouble.
            key[Attribute.KEY_TYPE]
            raise SealBroken("the key in the envelope does not decipher") from None

    def _check_free(self, label: str) -> None:
        if self._token.find(label):
            raise HsmError("the token has a key of this label already", key=label)

    def _check_alone(self, label: str) -> None:
        """PKCS#11 does not keep labels apart: two processes may have made one at once."""
        if len(self._token.find(label)) != 1:
            raise HsmError("the token has several keys of this label", key=label)


def open_guarded(module: str, label: str, serial: str, pin: str, folder: Path) -> Pkcs11Keys:
    """Open a token; a PIN that it took for a wrong one is not shown to it again by any process.

    `folder` keeps the mark of such a PIN. Raises what `Pkcs11Keys.open` raises.
    """
    guard = PinGuard(folder)
    guard.check(pin)
    name = TokenName(module=module, label=label, serial=serial)
    keys = Pkcs11Keys(OpenToken(name, pin, on_pin_refused=partial(guard.note, pin)))
    guard.clear()
    return keys


class _EcKey:
    """A signing key by its label: gone when the token is, and back when it is."""

    def __init__(self, keys: Pkcs11Keys, label: str, curve: Curve, public_key: bytes) -> None:
        self._keys = keys
        self._label = label
        self.curve = curve
        self.public_key = public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """The r ‖ s over a digest as long as the curve's field."""
        if len(digest) != self.curve.coordinate_bytes:
            msg = f"{self.curve} signs a digest of {self.curve.coordinate_bytes} bytes"
            raise ValueError(msg)
        return self._keys.sign_digest(self._label, digest)


def _flag(key: Any, attribute: Attribute) -> bool:
    try:
        return bool(key[attribute])
    except AttributeTypeInvalid:
        # A token that does not tell is not believed.
        return False


def _check_length(kind: SecretKind, length: int) -> None:
    if (kind is SecretKind.AES and length not in _AES_BYTES) or length < _AES_BYTES[0]:
        msg = "an AES key has 16, 24 or 32 bytes, and no secret fewer than 16"
        raise ValueError(msg)
