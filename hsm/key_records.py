"""What each key was when it was made, written down beside the token: by it a key is known again.

Of a key pair the public key, of a secret its check value. The file (`records.json`) holds no
secret. Whoever can write both to it and to the token can exchange a key unseen here; what the keys
sign is still judged by its certificates.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from ektp.errors import HsmError
from hsm._files import exclusive_lock, write_atomically
from hsm.keys import Curve, EcSigningKey, KeyAttributes, SecretKind, TokenKeys

__all__ = ["KeyRecord", "KeyRecords", "RecordKind", "RecordedKeys", "check_value"]

_FILE: Final = "records.json"
_LOCK_FILE: Final = "records.lock"
_CHECK_BYTES: Final = 3


@unique
class RecordKind(StrEnum):
    """What was written down of a key, and so how it proves itself."""

    AES = "AES"
    HMAC = "HMAC"
    SIGNS = "EC"
    DECRYPTS = "RSA"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A check value (3 bytes), or a public key (DER SubjectPublicKeyInfo)."""

    kind: RecordKind
    value: bytes


class KeyRecords:
    """The records of a token's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._lock = folder / _LOCK_FILE

    def all(self) -> Mapping[str, KeyRecord]:
        """Each key's record by its label. Raises `HsmError` where they cannot be read."""
        try:
            raw = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as cause:
            raise HsmError("the record of keys cannot be read", errno=cause.errno or 0) from None
        try:
            return {
                label: KeyRecord(kind=RecordKind(kind), value=bytes.fromhex(value))
                for label, (kind, value) in json.loads(raw).items()
            }
        except (ValueError, AttributeError, TypeError):
            raise HsmError("the record of keys is damaged") from None

    def note(self, label: str, record: KeyRecord) -> None:
        """Write a new key down. Raises `HsmError`."""
        with exclusive_lock(self._lock):
            self._store({**self.all(), label: record})

    def strike(self, label: str) -> None:
        """A key that was destroyed proves nothing any more. Raises `HsmError`."""
        with exclusive_lock(self._lock):
            self._store({name: one for name, one in self.all().items() if name != label})

    def _store(self, records: Mapping[str, KeyRecord]) -> None:
        text = {label: [record.kind, record.value.hex()] for label, record in records.items()}
        write_atomically(self._file, json.dumps(text, indent=1).encode())


def check_value(keys: TokenKeys, label: str, kind: RecordKind) -> bytes:
    """A secret's check value: 3 bytes of AES-CMAC, or HMAC-SHA-256, over sixteen zeros."""
    compute = keys.cmac if kind is RecordKind.AES else keys.hmac_sha256
    return compute(label, bytes(16))[:_CHECK_BYTES]


class RecordedKeys:
    """A token whose every new key is written down (`hsm.keys.TokenKeys`)."""

    def __init__(self, keys: TokenKeys, folder: Path) -> None:
        self._keys = keys
        self.records = KeyRecords(folder)

    def labels(self) -> Collection[str]:
        """The labels of all secret and private keys."""
        return self._keys.labels()

    def attributes(self, label: str) -> KeyAttributes:
        """How a key is kept."""
        return self._keys.attributes(label)

    def make_secret(self, label: str, kind: SecretKind, length: int) -> None:
        """Make a secret key and write its check value down."""
        self._keys.make_secret(label, kind, length)
        self._note_secret(label, kind)

    def import_secret(self, label: str, kind: SecretKind, value: bytes) -> None:
        """Put in a secret and write its check value down."""
        self._keys.import_secret(label, kind, value)
        self._note_secret(label, kind)

    def make_ec_key(self, label: str, curve: Curve) -> EcSigningKey:
        """Make a signing key and write its public key down."""
        key = self._keys.make_ec_key(label, curve)
        self.records.note(label, KeyRecord(kind=RecordKind.SIGNS, value=key.public_key))
        return key

    def ec_key(self, label: str) -> EcSigningKey:
        """A signing key that is there."""
        return self._keys.ec_key(label)

    def make_rsa_key(self, label: str, bits: int) -> bytes:
        """Make an RSA key and write its public key down."""
        public_key = self._keys.make_rsa_key(label, bits)
        self.records.note(label, KeyRecord(kind=RecordKind.DECRYPTS, value=public_key))
        return public_key

    def cmac(self, label: str, message: bytes) -> bytes:
        """AES-CMAC under a secret key."""
        return self._keys.cmac(label, message)

    def aes_cbc(self, label: str, blocks: bytes) -> bytes:
        """AES-CBC under a secret key."""
        return self._keys.aes_cbc(label, blocks)

    def hmac_sha256(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256 under a secret key."""
        return self._keys.hmac_sha256(label, message)

    def seal(self, label: str, nonce: bytes, plain: bytes, meaning: bytes) -> bytes:
        """AES-GCM."""
        return self._keys.seal(label, nonce, plain, meaning)

    def unseal(self, label: str, nonce: bytes, sealed: bytes, meaning: bytes) -> bytes:
        """Back again. Raises `SealBroken`."""
        return self._keys.unseal(label, nonce, sealed, meaning)

    def decrypt_oaep(self, label: str, cipher: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`."""
        return self._keys.decrypt_oaep(label, cipher, digest=digest, mask_digest=mask_digest)

    def destroy(self, label: str) -> None:
        """Destroy a key for good and strike its record."""
        self._keys.destroy(label)
        self.records.strike(label)

    def reopen(self) -> None:
        """Open the token again."""
        self._keys.reopen()

    def close(self) -> None:
        """Log out and let go."""
        self._keys.close()

    def _note_secret(self, label: str, kind: SecretKind) -> None:
        record = RecordKind(kind.value)
        value = check_value(self._keys, label, record)
        self.records.note(label, KeyRecord(kind=record, value=value))
