"""The development token: software keys in one file sealed under a PIN.

It does all that `ektp.ports.KeyService` asks and is no HSM: whoever holds folder and PIN holds the
keys, and they stand in this process's memory while it is open. A production home refuses it by its
`kind`. Any number of processes may have it open at once; opening needs to read only.

Folder: `keys` (sealed), `ds-1.count` (signatures made), and lock files that are empty.
"""

from __future__ import annotations

import hashlib
import hmac
import resource
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import ClassVar, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ektp.errors import HsmError, SealBroken
from ektp.ids import CardSerial
from ektp.ports import ChipKeys, Clock, KeyInfo, TrustedSigner
from hsm._sealed_file import Seal, exclusive_lock
from hsm._signature_count import SignatureCount
from hsm._soft_keys import KeyBook, SoftEcKey, SoftEnvelopeKey
from hsm.chip_keys import chip_keys_in_hand
from hsm.diversification import aes_cmac
from hsm.document_signer import EcdsaDocumentSigner
from hsm.inventory import key_inventory
from hsm.keys import DOCUMENT_SIGNER_RULE, EnvelopeKey, KeyLabel, key_id_of
from hsm.site_signature import sign_detached

__all__ = ["READ_MASTER_VERSION", "SamIssue", "SoftToken"]

READ_MASTER_VERSION: Final = 1
"""The version of the read master key that card control names."""

_KEYS_FILE: Final = "keys"
_COUNT_FILE: Final = "ds-1.count"
_LOCK_FILE: Final = "keys.lock"
_NONCE_BYTES: Final = 12
_DATA_KEY_BYTES: Final = (16, 24, 32)
# Format 1 under KEK number 1; authenticated together with what the value is.
_WRAP_HEAD: Final = b"\x01\x01"
_WRAP_MEANING: Final = b"EKTP vault data key"
# X.509 counts whole seconds, and a certificate begins before its first signature.
_HEAD_START: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamIssue:
    """What a simulated SAM is issued with. Keys in clear: a development token's only."""

    read_master_key: bytes = field(repr=False)
    read_master_version: int
    open_secret: bytes = field(repr=False)
    signers: tuple[TrustedSigner, ...]


class SoftToken:
    """An open soft token: `KeyService`, its document signer, its envelope key, its certificates."""

    kind: ClassVar[str] = "soft"

    def __init__(self, folder: Path, seal: Seal, book: KeyBook, clock: Clock) -> None:
        """For `create` and `open`."""
        self._folder = folder
        self._seal = seal
        self._book = book
        self._clock = clock
        self._count = SignatureCount(
            folder / _COUNT_FILE,
            label=KeyLabel.DOCUMENT_SIGNER.value,
            quota=DOCUMENT_SIGNER_RULE.quota or 0,
        )
        _forbid_core_dumps()

    @classmethod
    def create(cls, folder: Path, pin: str, clock: Clock) -> Self:
        """Make the folder (0700) and new keys in it, valid from now, and open it.

        The RSA key of envelopes is made when it is first asked for. Raises `HsmError` where a
        token is there already or the folder cannot be made.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as cause:
            raise HsmError("the token's folder cannot be made", errno=cause.errno or 0) from cause
        with exclusive_lock(folder / _LOCK_FILE):
            if (folder / _KEYS_FILE).exists():
                raise HsmError("this folder holds a token already")
            book = _keygen().generate(_begin(clock.now()))
            seal = Seal.new(pin)
            SignatureCount.begin(folder / _COUNT_FILE)
            seal.write(folder / _KEYS_FILE, bytes(book))
        return cls(folder, seal, book, clock)

    @classmethod
    def open(cls, folder: Path, pin: str, clock: Clock) -> Self:
        """Open it. Raises `TokenNotFound`: no token here, a wrong PIN, or an altered file."""
        seal, plain = Seal.open(folder / _KEYS_FILE, pin)
        return cls(folder, seal, KeyBook.from_bytes(plain), clock)

    def __repr__(self) -> str:
        return "SoftToken(***)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back signatures that were reserved and not made. Closing twice does nothing."""
        self._count.release()

    # --- ektp.ports.KeyService ---------------------------------------------------------------

    def wrap_data_key(self, data_key: bytes) -> bytes:
        """AES-256-GCM under KEK-1: format (1) ‖ KEK (1) ‖ nonce (12) ‖ cipher text ‖ tag (16)."""
        if len(data_key) not in _DATA_KEY_BYTES:
            msg = "a data key has 16, 24 or 32 bytes"
            raise ValueError(msg)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._kek.encrypt(nonce, data_key, _WRAP_MEANING + _WRAP_HEAD)
        return _WRAP_HEAD + nonce + sealed

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        """Unwrap it. Raises `SealBroken`."""
        head, nonce, sealed = wrapped[:2], wrapped[2:14], wrapped[14:]
        if head != _WRAP_HEAD:
            raise SealBroken("a wrapped key of another form or under another key")
        try:
            return self._kek.decrypt(nonce, sealed, _WRAP_MEANING + head)
        except (InvalidTag, ValueError):
            raise SealBroken("a wrapped data key was altered") from None

    def blind_index(self, value: bytes) -> bytes:
        """HMAC-SHA-256 under INDEX-1, 32 bytes."""
        return hmac.digest(self._book.key(KeyLabel.INDEX), value, hashlib.sha256)

    def chip_keys(self, card: CardSerial, card_control: bytes) -> AbstractContextManager[ChipKeys]:
        """The diversified keys of one chip, forgotten at the end of the block.

        `card_control` is the 51 bytes. Raises `KeyNotFound` for another version of the master key
        and `KeyUsageForbidden` for another chip's card control.
        """
        prf = partial(aes_cmac, self._book.key(KeyLabel.READ))
        return chip_keys_in_hand(prf, READ_MASTER_VERSION, card, card_control)

    def sign_as_site(self, document: bytes) -> bytes:
        """A detached CMS SignedData (DER) by SITE-1 over an outgoing file."""
        return sign_detached(
            document,
            self._site_key,
            certificate=self.site_certificate(),
            now=self._clock.now(),
        )

    def inventory(self) -> Sequence[KeyInfo]:
        """What the token holds; `left` counts the signatures that DS-1 may still make."""
        return key_inventory(self._book.keys, {KeyLabel.DOCUMENT_SIGNER: self._count.used()})

    # --- keys behind other ports -------------------------------------------------------------

    @cached_property
    def document_signer(self) -> EcdsaDocumentSigner:
        """DS-1 (`ektp.ports.DocumentSigner`)."""
        return EcdsaDocumentSigner(
            SoftEcKey(self._book.key(KeyLabel.DOCUMENT_SIGNER)),
            label=KeyLabel.DOCUMENT_SIGNER.value,
            rule=DOCUMENT_SIGNER_RULE,
            begins=self._book.created_at,
            count=self._count,
            clock=self._clock,
        )

    @cached_property
    def envelope_key(self) -> EnvelopeKey:
        """ENVELOPE-1 (`hsm.keys.EnvelopeKey`); made on first need, which writes the key file.

        Raises `HsmError` where it would have to be made and the folder cannot be written.
        """
        if KeyLabel.ENVELOPE not in self._book.keys:
            self._make_envelope_key()
        return SoftEnvelopeKey(
            self._book.key(KeyLabel.ENVELOPE), self._book.certificate(KeyLabel.ENVELOPE)
        )

    # --- what the token shows ----------------------------------------------------------------

    def trusted_signers(self) -> tuple[TrustedSigner, ...]:
        """The document signers whose chips are good: key id and public key (DER SPKI)."""
        key = SoftEcKey(self._book.key(KeyLabel.DOCUMENT_SIGNER))
        facts = {
            "label": KeyLabel.DOCUMENT_SIGNER.value,
            "begins": f"{self._book.created_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return (
            TrustedSigner(key_id=key_id_of(key.public_key), public_key=key.public_key, facts=facts),
        )

    def csca_certificate(self) -> bytes:
        """The development CSCA's certificate (DER)."""
        return self._book.certificate(KeyLabel.CSCA)

    def document_signer_certificate(self) -> bytes:
        """DS-1's certificate under it (DER)."""
        return self._book.certificate(KeyLabel.DOCUMENT_SIGNER)

    def site_certificate(self) -> bytes:
        """The certificate (DER) that receivers of our files pin."""
        return self._book.certificate(KeyLabel.SITE)

    def envelope_certificate(self) -> bytes:
        """The certificate (DER) that senders envelope to; made on first need."""
        return self.envelope_key.certificate

    def issue_simulated_sam(self) -> SamIssue:
        """What a simulated SAM needs, keys in clear: only a development token gives them out."""
        return SamIssue(
            read_master_key=self._book.key(KeyLabel.READ),
            read_master_version=READ_MASTER_VERSION,
            open_secret=self._book.key(KeyLabel.SAM_OPEN),
            signers=self.trusted_signers(),
        )

    # --- inside ------------------------------------------------------------------------------

    @cached_property
    def _kek(self) -> AESGCM:
        return AESGCM(self._book.key(KeyLabel.KEK))

    @cached_property
    def _site_key(self) -> SoftEcKey:
        return SoftEcKey(self._book.key(KeyLabel.SITE))

    def _make_envelope_key(self) -> None:
        path = self._folder / _KEYS_FILE
        with exclusive_lock(self._folder / _LOCK_FILE):
            # Another process may have made it since we opened.
            book = KeyBook.from_bytes(self._seal.read(path))
            if KeyLabel.ENVELOPE not in book.keys:
                book = _keygen().with_envelope_key(book, _begin(self._clock.now()))
                self._seal.write(path, bytes(book))
        self._book = book


def _begin(now: datetime) -> datetime:
    return now.replace(microsecond=0) - _HEAD_START


def _keygen() -> ModuleType:
    from hsm import _soft_keygen  # noqa: PLC0415 - most processes make no keys

    return _soft_keygen


def _forbid_core_dumps() -> None:
    """No core file of a process that holds keys; the hard limit stays for others to decide."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
