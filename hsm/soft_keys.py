"""The development token (`hsm.keys.TokenKeys`): software keys in one file sealed under a PIN.

It is no HSM: whoever holds folder and PIN holds the keys, and they stand in the memory of the
process that opened it; it says so in its attributes, and a production token is refused with it. Any
number of processes may have it open at once; opening needs to read only. What one of them makes,
the others see with their next call.

Taking the key file away is pulling the token out: every call is refused until `reopen`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from threading import RLock
from typing import ClassVar, Final, Self

from ektp.errors import HsmError, KeyUsageForbidden, TokenNotFound
from hsm import _soft_crypto as crypto
from hsm._files import exclusive_lock
from hsm._guard import forbid_core_dumps
from hsm._sealed_file import Seal
from hsm._soft_book import RSA, KeyBook, SoftKey
from hsm._soft_crypto import SoftEcKey, SoftRsaKey
from hsm.diversification import aes_cmac
from hsm.keys import Curve, EcSigningKey, KeyAttributes, SecretKind

__all__ = ["SoftKeys"]

_KEYS_FILE: Final = "keys"
_LOCK_FILE: Final = "keys.lock"
_AES_BYTES: Final = (16, 24, 32)

_Stamp = tuple[int, int, int]


class SoftKeys:
    """An open soft token (`hsm.keys.TokenKeys`)."""

    kind: ClassVar[str] = "soft"

    def __init__(self, folder: Path, seal: Seal, book: KeyBook, stamp: _Stamp) -> None:
        """For `create` and `open`."""
        self._folder = folder
        self._file = os.fspath(folder / _KEYS_FILE)
        self._seal = seal
        self._book = book
        self._stamp = stamp
        self._away = False
        self._lock = RLock()
        self._ec_keys: dict[str, SoftEcKey] = {}
        self._rsa_keys: dict[str, SoftRsaKey] = {}
        forbid_core_dumps()

    @classmethod
    def create(cls, folder: Path, pin: str) -> Self:
        """Make the folder (0700) with an empty token in it, and open it.

        Raises `HsmError` where a token is there already or the folder cannot be made.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as cause:
            raise HsmError("the token's folder cannot be made", errno=cause.errno or 0) from cause
        file = folder / _KEYS_FILE
        with exclusive_lock(folder / _LOCK_FILE):
            if file.exists():
                raise HsmError("this folder holds a token already")
            seal, book = Seal.new(pin), KeyBook()
            seal.write(file, bytes(book))
            return cls(folder, seal, book, _stamp(os.fspath(file)))

    @classmethod
    def open(cls, folder: Path, pin: str) -> Self:
        """Open it. Raises `TokenNotFound`: no token here, a wrong PIN, or an altered file."""
        file = folder / _KEYS_FILE
        # The stamp first: a file that is replaced in between is read again with the first call.
        stamp = _stamp(os.fspath(file))
        seal, plain = Seal.open(file, pin)
        return cls(folder, seal, KeyBook.from_bytes(plain), stamp)

    def __repr__(self) -> str:
        return "SoftKeys(***)"

    # --- what is there -----------------------------------------------------------------------

    def labels(self) -> Collection[str]:
        """The labels of all keys."""
        return tuple(self._now().keys)

    def attributes(self, label: str) -> KeyAttributes:
        """Neither sensitive nor kept inside: software keeps no secret from its process."""
        key = self._now().key(label)
        return KeyAttributes(sensitive=False, extractable=True, made_inside=key.made_inside)

    # --- made and destroyed ------------------------------------------------------------------

    def make_secret(self, label: str, kind: SecretKind, length: int) -> None:
        """Make a secret key of that many bytes. Raises `HsmError` where the label is taken."""
        _check_length(kind, length)
        self._add(label, SoftKey(kind=kind.value, value=secrets.token_bytes(length)))

    def import_secret(self, label: str, kind: SecretKind, value: bytes) -> None:
        """Put in a secret that was made elsewhere. Raises `HsmError` where the label is taken."""
        _check_length(kind, len(value))
        self._add(label, SoftKey(kind=kind.value, value=value, made_inside=False))

    def make_ec_key(self, label: str, curve: Curve) -> EcSigningKey:
        """Make a signing key. Raises `HsmError` where the label is taken."""
        self._add(label, SoftKey(kind=curve.value, value=crypto.new_ec_key(curve)))
        return self.ec_key(label)

    def make_rsa_key(self, label: str, bits: int) -> bytes:
        """Make an RSA key; its public key. Raises `HsmError` where the label is taken."""
        self._add(label, SoftKey(kind=RSA, value=crypto.new_rsa_key(bits)))
        return self._rsa(label).public_key

    def destroy(self, label: str) -> None:
        """Take a key out of the file. Raises `KeyNotFound`."""
        with self._lock, exclusive_lock(self._folder / _LOCK_FILE):
            self._now().key(label)
            rest = {name: key for name, key in self._book.keys.items() if name != label}
            self._write(KeyBook(rest))

    # --- used --------------------------------------------------------------------------------

    def ec_key(self, label: str) -> EcSigningKey:
        """A signing key that is there. Raises `KeyNotFound`, `KeyUsageForbidden`."""
        return _NamedEcKey(self, label, self._ec(label))

    def cmac(self, label: str, message: bytes) -> bytes:
        """AES-CMAC: 16 bytes."""
        return aes_cmac(self._secret(label, SecretKind.AES), message)

    def aes_cbc(self, label: str, blocks: bytes) -> bytes:
        """AES-CBC: IV zero, no padding, whole blocks of 16 bytes."""
        return crypto.aes_cbc(self._secret(label, SecretKind.AES), blocks)

    def hmac_sha256(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256: 32 bytes."""
        return hmac.digest(self._secret(label, SecretKind.HMAC), message, hashlib.sha256)

    def seal(self, label: str, nonce: bytes, plain: bytes, meaning: bytes) -> bytes:
        """AES-GCM: cipher text ‖ tag (16)."""
        return crypto.seal(self._secret(label, SecretKind.AES), nonce, plain, meaning)

    def unseal(self, label: str, nonce: bytes, sealed: bytes, meaning: bytes) -> bytes:
        """Back again. Raises `SealBroken`."""
        return crypto.unseal(self._secret(label, SecretKind.AES), nonce, sealed, meaning)

    def decrypt_oaep(self, label: str, cipher: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`."""
        return self._rsa(label).decrypt_oaep(cipher, digest=digest, mask_digest=mask_digest)

    def sign_digest(self, label: str, digest: bytes) -> bytes:
        """The r ‖ s by a signing key; refused like every call while the token is away."""
        return self._ec(label).sign_digest(digest)

    # --- away and back -----------------------------------------------------------------------

    def reopen(self) -> None:
        """Read the key file again, under the PIN of before. Raises `TokenNotFound`."""
        with self._lock:
            stamp = _stamp(self._file)
            book = self._read()
            self._take(book, stamp)
            self._away = False

    def close(self) -> None:
        """Let the keys go; every later call is refused."""
        with self._lock:
            self._away = True
            self._take(KeyBook(), self._stamp)

    # --- inside ------------------------------------------------------------------------------

    def _now(self) -> KeyBook:
        """The book as it is in the file now. Raises `TokenNotFound`."""
        if self._away:
            raise TokenNotFound("the token was away and is to be opened again")
        try:
            stamp = _stamp(self._file)
            if stamp != self._stamp:
                self._read_again(stamp)
        except TokenNotFound:
            self._away = True
            raise
        return self._book

    def _read_again(self, stamp: _Stamp) -> None:
        with self._lock:
            book = self._read()
            before = self._book.keys
            if any(book.keys.get(label, key) != key for label, key in before.items()):
                # Keys come and go, but none turns into another under its label.
                raise TokenNotFound("another token is in its place")
            self._take(book, stamp)

    def _read(self) -> KeyBook:
        return KeyBook.from_bytes(self._seal.read(Path(self._file)))

    def _take(self, book: KeyBook, stamp: _Stamp) -> None:
        self._book, self._stamp = book, stamp
        self._ec_keys.clear()
        self._rsa_keys.clear()

    def _add(self, label: str, key: SoftKey) -> None:
        with self._lock, exclusive_lock(self._folder / _LOCK_FILE):
            if label in self._now().keys:
                raise HsmError("the token has a key of this label already", key=label)
            self._write(KeyBook({**self._book.keys, label: key}))

    def _write(self, book: KeyBook) -> None:
        self._seal.write(Path(self._file), bytes(book))
        self._take(book, _stamp(self._file))

    def _secret(self, label: str, kind: SecretKind) -> bytes:
        key = self._now().key(label)
        if key.kind != kind.value:
            raise KeyUsageForbidden("the key is of another kind", key=label, kind=key.kind)
        return key.value

    def _ec(self, label: str) -> SoftEcKey:
        key = self._now().key(label)
        if key.kind not in set(Curve):
            raise KeyUsageForbidden("the key does not sign", key=label, kind=key.kind)
        with self._lock:
            if label not in self._ec_keys:
                self._ec_keys[label] = SoftEcKey(key.value)
            return self._ec_keys[label]

    def _rsa(self, label: str) -> SoftRsaKey:
        key = self._now().key(label)
        if key.kind != RSA:
            raise KeyUsageForbidden("the key does not decrypt", key=label, kind=key.kind)
        with self._lock:
            if label not in self._rsa_keys:
                self._rsa_keys[label] = SoftRsaKey(key.value)
            return self._rsa_keys[label]


class _NamedEcKey:
    """A signing key by its label: it is gone when the token is, and back when it is."""

    def __init__(self, keys: SoftKeys, label: str, key: SoftEcKey) -> None:
        self._keys = keys
        self._label = label
        self.curve = key.curve
        self.public_key = key.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """The r ‖ s over a digest."""
        return self._keys.sign_digest(self._label, digest)


def _check_length(kind: SecretKind, length: int) -> None:
    if (kind is SecretKind.AES and length not in _AES_BYTES) or length < _AES_BYTES[0]:
        msg = "an AES key has 16, 24 or 32 bytes, and no secret fewer than 16"
        raise ValueError(msg)


def _stamp(file: str) -> _Stamp:
    """Which file this is: replaced atomically, each has an inode and a time of its own."""
    try:
        status = os.stat(file)  # noqa: PTH116 - for each use of a key: a Path takes five times as long
    except OSError as cause:
        raise TokenNotFound("no key file can be read here", errno=cause.errno or 0) from None
    return status.st_ino, status.st_mtime_ns, status.st_size
