"""What a SAM is issued with: one package, loaded whole (chip profile, section 9)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ektp.ports import TrustedSigner

__all__ = ["MASTER_KEY_BYTES", "OPEN_SECRET_BYTES", "SamPackage", "point_of"]

OPEN_SECRET_BYTES: Final = 32
MASTER_KEY_BYTES: Final = 32
_HEAD: Final = struct.Struct(f">I4s{OPEN_SECRET_BYTES}s")
_MASTER: Final = struct.Struct(f">B{MASTER_KEY_BYTES}s")
_SIGNER: Final = struct.Struct(">8s65s")
_MOST: Final = 255
_LAST_VERSION: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SamPackage:
    """Version, validity, OPEN secret, read master keys by version, and trusted signers.

    `signers`: the point of each key on P-256, uncompressed (65), by its key id (8). A package
    without master keys takes the module out of use. `ValueError` for parts of another size or kind.
    """

    version: int
    valid_until: date
    open_secret: bytes
    master_keys: Mapping[int, bytes]
    signers: Mapping[bytes, bytes]

    def __post_init__(self) -> None:
        right = (
            0 <= self.version <= _LAST_VERSION
            and len(self.open_secret) == OPEN_SECRET_BYTES
            and len(self.master_keys) <= _MOST
            and len(self.signers) <= _MOST
            and all(0 < version <= 0x7F for version in self.master_keys)
            and all(len(key) == MASTER_KEY_BYTES for key in self.master_keys.values())
            and all(len(key_id) == 8 for key_id in self.signers)
        )
        if not right:
            msg = "a part of the package has another size than it must have"
            raise ValueError(msg)
        self.public_keys()

    def __repr__(self) -> str:
        return f"SamPackage(version={self.version})"

    def public_keys(self) -> dict[bytes, ec.EllipticCurvePublicKey]:
        """The signers' keys by key id. `ValueError` for a point that is not on the curve."""
        curve = ec.SECP256R1()
        read = ec.EllipticCurvePublicKey.from_encoded_point
        return {key_id: read(curve, point) for key_id, point in self.signers.items()}

    def __bytes__(self) -> bytes:
        until = bytes.fromhex(self.valid_until.strftime("%Y%m%d"))
        masters = [_MASTER.pack(*item) for item in self.master_keys.items()]
        signers = [_SIGNER.pack(*item) for item in self.signers.items()]
        head = _HEAD.pack(self.version, until, self.open_secret)
        counts = bytes((len(masters),)), bytes((len(signers),))
        return b"".join((head, counts[0], *masters, counts[1], *signers))

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read a package. `ValueError` where a part is missing, doubled, too long or impossible."""
        try:
            version, until, open_secret = _HEAD.unpack_from(packed)
            masters, position = _table(packed, _HEAD.size, _MASTER)
            signers, position = _table(packed, position, _SIGNER)
        except (struct.error, IndexError) as cause:
            msg = "the package is cut off"
            raise ValueError(msg) from cause
        package = cls(
            version=version,
            valid_until=date.fromisoformat(until.hex()),
            open_secret=open_secret,
            master_keys=masters,
            signers=signers,
        )
        if position != len(packed) or bytes(package) != packed:
            msg = "something is doubled, or follows the package"
            raise ValueError(msg)
        return package


def point_of(signer: TrustedSigner) -> bytes:
    """The uncompressed point of a signer's key. `ValueError` for a key that is not on P-256."""
    key = load_der_public_key(signer.public_key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    msg = "a signer's public key is on P-256"
    raise ValueError(msg)


def _table(packed: bytes, position: int, row: struct.Struct) -> tuple[dict[Any, bytes], int]:
    count = packed[position]
    start = position + 1
    end = start + count * row.size
    if end > len(packed):
        msg = "the package is cut off"
        raise ValueError(msg)
    return dict(row.iter_unpack(packed[start:end])), end
