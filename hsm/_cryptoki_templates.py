"""How keys are made in a PKCS#11 token: kept inside, for good, and for their own use only.

Attributes are those of PKCS#11 v3.1 clauses 4.8 to 4.10. None of these keys can be wrapped out,
nor wrap or derive another inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.mechanisms import KeyType

from hsm.keys import Curve, KeyLabel, SecretKind

__all__ = ["CURVE_PARAMETERS", "KEY_TYPES", "kept_inside", "secret_to_import", "secret_use"]

KEY_TYPES: Final = {SecretKind.AES: KeyType.AES, SecretKind.HMAC: KeyType.GENERIC_SECRET}
"""The key types of the kinds of secrets."""

CURVE_PARAMETERS: Final = {
    Curve.P256: bytes.fromhex("06082A8648CE3D030107"),
    Curve.P384: bytes.fromhex("06052B81040022"),
}
"""CKA_EC_PARAMS: the curve's object identifier (RFC 5480), DER."""

_SIGNS: Final = MechanismFlag.SIGN
_ENCRYPTS: Final = MechanismFlag.SIGN | MechanismFlag.ENCRYPT
_NEVER: Final = (Attribute.VERIFY, Attribute.WRAP, Attribute.UNWRAP, Attribute.DERIVE)
_ALL: Final = _ENCRYPTS | MechanismFlag.DECRYPT
# Every AES key computes its check value by CMAC; what else it may do is in `hsm.keys`.
_AES_USES: Final = {
    KeyLabel.KEK: _ALL,
    KeyLabel.READ: _SIGNS,
    KeyLabel.SAM_OPEN: _SIGNS,
    KeyLabel.TRANSPORT_128: _ENCRYPTS,
    KeyLabel.TRANSPORT_256: _ENCRYPTS,
    KeyLabel.TRANSPORT_SAM: _ENCRYPTS,
    KeyLabel.CARD_128: _ENCRYPTS,
    KeyLabel.CARD_256: _ENCRYPTS,
}


def secret_use(label: str, kind: SecretKind) -> MechanismFlag:
    """What a secret may be used for. A label that the house does not know may do all."""
    if kind is SecretKind.HMAC:
        return _SIGNS
    known: Mapping[str, MechanismFlag] = {one.value: use for one, use in _AES_USES.items()}
    return known.get(label, _ALL)


def kept_inside() -> dict[Attribute, Any]:
    """A key that stays: on the token, private, sensitive, not extractable, not to be changed."""
    return {
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.MODIFIABLE: False,
    }


def secret_to_import(label: str, kind: SecretKind, value: bytes) -> dict[Attribute, Any]:
    """The template of C_CreateObject for a secret that was made outside."""
    use = secret_use(label, kind)
    return {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KEY_TYPES[kind],
        Attribute.LABEL: label,
        Attribute.ID: label.encode(),
        Attribute.VALUE: value,
        Attribute.SIGN: bool(use & MechanismFlag.SIGN),
        Attribute.ENCRYPT: bool(use & MechanismFlag.ENCRYPT),
        Attribute.DECRYPT: bool(use & MechanismFlag.DECRYPT),
        **dict.fromkeys(_NEVER, False),
        **kept_inside(),
    }
