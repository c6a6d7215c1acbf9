"""The proofs that a token gives when it is opened, and again after it was away.

Each key is the one that was made under its label, and masters stay inside.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden, SealBroken
from hsm.key_records import KeyRecord, RecordKind, check_value
from hsm.keys import TokenKeys

__all__ = ["assert_masters_inside", "prove_keys"]

_CHALLENGE_BYTES: Final = 32
_DIGESTS: Final[dict[int, hashes.HashAlgorithm]] = {
    32: hashes.SHA256(),
    48: hashes.SHA384(),
}


def assert_masters_inside(keys: TokenKeys, records: Mapping[str, KeyRecord]) -> None:
    """Each key of the house is SENSITIVE and not EXTRACTABLE (PKCS#11 v3.1 clauses 4.9 and 4.10).

    Raises `KeyUsageForbidden` naming the first that is not, `KeyNotFound` for one that is gone.
    """
    for label in records:
        kept = keys.attributes(label)
        if kept.extractable or not kept.sensitive:
            raise KeyUsageForbidden(
                "the token lets this key out",
                key=label,
                sensitive=kept.sensitive,
                extractable=kept.extractable,
            )


def prove_keys(keys: TokenKeys, records: Mapping[str, KeyRecord]) -> None:
    """Ask each key for what only the recorded one can do.

    A signing key signs a challenge, a decrypting one opens it, a secret shows its check value.
    Raises `HsmError` where another key stands under a label, `KeyNotFound` where none does.
    """
    held = frozenset(keys.labels())
    for label, record in records.items():
        if label not in held:
            raise KeyNotFound(key=label)
        try:
            proved = _PROOFS[record.kind](keys, label, record)
        except (KeyUsageForbidden, UnsupportedAlgorithm, ValueError):
            # A key of another kind, or a record that is no key.
            proved = False
        if not proved:
            raise HsmError("the key is not the one that was made under its label", key=label)


def _prove_secret(keys: TokenKeys, label: str, record: KeyRecord) -> bool:
    return hmac.compare_digest(check_value(keys, label, record.kind), record.value)


def _prove_signing(keys: TokenKeys, label: str, record: KeyRecord) -> bool:
    public_key = load_der_public_key(record.value)
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        return False
    length = public_key.curve.key_size // 8
    challenge = secrets.token_bytes(length)
    r_s = keys.ec_key(label).sign_digest(challenge)
    signature = encode_dss_signature(
        int.from_bytes(r_s[:length], "big"), int.from_bytes(r_s[length:], "big")
    )
    try:
        public_key.verify(signature, challenge, ec.ECDSA(Prehashed(_DIGESTS[length])))
    except InvalidSignature:
        return False
    return True


def _prove_decrypting(keys: TokenKeys, label: str, record: KeyRecord) -> bool:
    public_key = load_der_public_key(record.value)
    if not isinstance(public_key, rsa.RSAPublicKey):
        return False
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    # SHA-1 in OAEP, for every PKCS#11 library has it there; nothing rests on its collisions.
    digest = hashes.SHA1()  # noqa: S303 - see above
    cipher = public_key.encrypt(challenge, padding.OAEP(padding.MGF1(digest), digest, None))
    try:
        opened = keys.decrypt_oaep(label, cipher, digest="sha1", mask_digest="sha1")
    except SealBroken:
        return False
    return hmac.compare_digest(opened, challenge)


_PROOFS: Final = {
    RecordKind.AES: _prove_secret,
    RecordKind.HMAC: _prove_secret,
    RecordKind.SIGNS: _prove_signing,
    RecordKind.DECRYPTS: _prove_decrypting,
}
