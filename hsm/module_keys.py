"""The keys of one SAM while it is issued, and the secret that opens an issued one.

`docs/chip-profile-ktp-el.md` section 9, Issuing. A module's key set is derived from the maker's
transport master for modules as a card's is (`docs/secure-channel.md` section 5); its package is
put together and sealed where keys are, and leaves only sealed.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ektp.errors import HsmError, KeyNotFound
from ektp.ids import CardSerial
from ektp.ports import TRANSPORT_KEY_VERSION, TrustedSigner
from hsm.diversification import aes_cmac, derive_key
from hsm.key_set import KeySet, diversified_key_set, seal_secret
from hsm.keys import KeyLabel, TokenKeys
from hsm.sam_channel import OPEN_SECRET_BYTES
from hsm.scp03 import Scp03Session

__all__ = ["ModuleKeysInHand", "derive_open_secret", "package_of"]

_KEY_BYTES: Final = 32
_OPEN_LABEL: Final = b"EKTP-SAM-OPEN"
_MOST: Final = 255
_HEAD: Final = struct.Struct(">I4s32s")
_CHALLENGE_BYTES: Final = 16


def derive_open_secret(keys: TokenKeys, module: CardSerial) -> bytes:
    """The 32 bytes that open one module: KDF (SP 800-108, counter mode) by SAM-OPEN-1.

    Label `EKTP-SAM-OPEN`, context the module's serial (8): a desk opens any module that is not
    revoked, and keeps no secret of it. Raises `HsmError` and its kinds.
    """
    prf = partial(keys.cmac, KeyLabel.SAM_OPEN.value)
    return derive_key(prf, label=_OPEN_LABEL, context=bytes(module), length=OPEN_SECRET_BYTES)


class ModuleKeysInHand:
    """One module's keys; every use after `forget` is refused.

    `read_masters` by version: empty for a module that goes out of use.
    """

    __slots__ = ("_key_set", "_masters", "_module", "_open_secret", "_signers")

    def __init__(
        self,
        keys: TokenKeys,
        module: CardSerial,
        read_masters: dict[int, bytes],
        signers: Sequence[TrustedSigner],
    ) -> None:
        """Raises `HsmError` where a read master is not the one that chips are made with."""
        for master in read_masters.values():
            _check_master(keys, master)
        self._module = module
        self._masters = read_masters
        self._signers = tuple(signers) if read_masters else ()
        self._open_secret = derive_open_secret(keys, module)
        self._key_set: KeySet | None = diversified_key_set(
            partial(keys.aes_cbc, KeyLabel.TRANSPORT_SAM.value),
            module,
            version=TRANSPORT_KEY_VERSION,
            key_bytes=_KEY_BYTES,
        )

    def __repr__(self) -> str:
        return f"ModuleKeysInHand({self._module})"

    def forget(self) -> None:
        """Let the keys go, and the sessions that were opened with them."""
        self._key_set = None
        self._masters = {}
        self._open_secret = b""

    def secure_channel(self, key_version: int) -> Scp03Session:
        """A session under the module's transport key set. Raises `KeyNotFound`."""
        if key_version != TRANSPORT_KEY_VERSION:
            raise KeyNotFound("no key set of this version", wanted=f"{key_version:02X}")
        return Scp03Session(self._in_hand, card=self._module, version=key_version)

    def sealed_package(self, version: int, valid_until: str) -> bytes:
        """The package, sealed under the module's DEK; `valid_until` as `YYYY-MM-DD`."""
        dek = self._in_hand().dek
        package = package_of(
            version=version,
            valid_until=date.fromisoformat(valid_until),
            open_secret=self._open_secret,
            read_masters=self._masters,
            signers=self._signers,
        )
        return seal_secret(dek, package)

    def counts(self) -> tuple[int, int]:
        """How many read masters and signers the package has."""
        return len(self._masters), len(self._signers)

    def _in_hand(self) -> KeySet:
        if self._key_set is None:
            raise HsmError("the module is no longer in hand", module=self._module)
        return self._key_set


def package_of(
    *,
    version: int,
    valid_until: date,
    open_secret: bytes,
    read_masters: dict[int, bytes],
    signers: Sequence[TrustedSigner],
) -> bytes:
    """The bytes of a package (section 9). `ValueError` for more than it holds."""
    if len(read_masters) > _MOST or len(signers) > _MOST:
        msg = "a package holds at most 255 masters and 255 signers"
        raise ValueError(msg)
    until = bytes.fromhex(valid_until.strftime("%Y%m%d"))
    parts = [_HEAD.pack(version, until, open_secret), bytes((len(read_masters),))]
    parts += [bytes((number,)) + master for number, master in read_masters.items()]
    parts += [bytes((len(signers),)), *(one.key_id + _point_of(one) for one in signers)]
    return b"".join(parts)


def _check_master(keys: TokenKeys, master: bytes) -> None:
    """The token cannot tell its read master, but can answer as only that one does."""
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    answer = keys.cmac(KeyLabel.READ.value, challenge)
    if not hmac.compare_digest(answer, aes_cmac(master, challenge)):
        raise HsmError("this is not the read master of the token", key=KeyLabel.READ.value)


def _point_of(signer: TrustedSigner) -> bytes:
    key = load_der_public_key(signer.public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise HsmError("a signer's key is not on P-256", key=signer.key_id.hex())
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
