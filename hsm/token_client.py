"""The token as the rest of the house has it: all its ports, and no key in this process.

A key process (`hsm.process`) is started with the first use and serves this process alone. Threads
may share a client; a process that was forked gets a key process of its own.

How a line should take errors. `TokenNotFound` means that the token is away, or hangs: no card was
touched by it, the line waits for its operator, and the next call opens the token again and has all
keys prove themselves first (`heal`). Only words that change nothing are repeated here by
themselves, once; a signature is never asked for twice. What a card had in hand is lost when the key
process is: `HsmError`, and the card is decided by what it shows. `HsmError` "the key is not the one
that was made" means another token: the line stops.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

from ektp.chip_profiles import ChipProfile
from ektp.errors import HsmError, KeyNotFound, TokenNotFound
from ektp.ids import CardSerial
from ektp.ports import CardKeys, Clock, KeyInfo, TrustAnchors, TrustedSigner
from hsm._process_child import KeyProcess, KeyProcessGone
from hsm._remote_keys import RemoteCardKeys
from hsm._remote_signers import (
    RemoteAuthority,
    RemoteDocumentSigner,
    RemoteEnvelopeKey,
    RemoteSecurityObjectSigner,
)
from hsm.keys import EnvelopeKey, KeyLabel
from hsm.places import SIGNERS_FOLDER, TokenPlace
from hsm.sam_issue import SamIssue
from hsm.signers.registry import SignerRegistry

__all__ = ["TokenClient", "make_token"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_START_S: Final = 30.0
_MAKE_S: Final = 300.0
_ANSWER_S: Final = 10.0
_REPEATABLE: Final = frozenset(
    {
        "unwrap_data_key",
        "wrap_data_key",
        "blind_index",
        "inventory",
        "issue_simulated_sam",
        "open_secret",
        "decrypt_oaep",
    }
)
"""Words that change nothing and hold nothing: they may be said again to a token that came back."""


class TokenClient:
    """A token in a process of its own: `ektp.ports.KeyService`, signers, certificates."""

    def __init__(self, place: TokenPlace, clock: Clock, *, answer_s: float = _ANSWER_S) -> None:
        """Nothing is started or opened yet. `answer_s`: how long one call may take, in seconds."""
        self.place = place
        self._clock = clock
        self._answer_s = answer_s
        self._lock = RLock()
        self._process: KeyProcess | None = None
        self._away = False

    def __repr__(self) -> str:
        return f"TokenClient({self.place.kind})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def development(self) -> bool:
        """Whether keys may be in software."""
        return self.place.development

    @property
    def pid(self) -> int | None:
        """The key process that runs now, if one does."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the key process. A later use starts another."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            if process.owner == os.getpid():
                process.end(self._moment())
            else:
                process.leave()

    def heal(self) -> None:
        """Open a token that was away again, and have all its keys prove themselves.

        Raises `TokenNotFound` where it is still away, `HsmError` where it is another token.
        """
        with self._lock:
            self._away = True
            self._ready()

    def prove(self) -> None:
        """Have every key prove that it is the one that was made. Raises `HsmError`."""
        self.ask("prove")

    # --- ektp.ports.KeyService ---------------------------------------------------------------

    def wrap_data_key(self, data_key: bytes) -> bytes:
        """Wrap a vault data key under the key-encryption key."""
        wrapped: bytes = self.ask("wrap_data_key", data_key)
        return wrapped

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        """Unwrap it. Raises `SealBroken`."""
        data_key: bytes = self.ask("unwrap_data_key", wrapped)
        return data_key

    def blind_index(self, value: bytes) -> bytes:
        """A keyed 32-byte name of a value that cannot be guessed back without the token."""
        index: bytes = self.ask("blind_index", value)
        return index

    @contextmanager
    def card_keys(self, card: CardSerial, profile: ChipProfile) -> Iterator[CardKeys]:
        """The keys of one card, one card at a time; they stay in the key process."""
        process, number = self.hold("card_keys", str(card), profile.name)
        try:
            yield RemoteCardKeys(self, process, number)
        finally:
            # A key process that is gone has let them go already.
            with suppress(HsmError):
                self.ask_of(process, "card.end", number)

    def sign_as_site(self, document: bytes) -> bytes:
        """A detached CMS SignedData (DER) by SITE-1 over an outgoing file."""
        signed: bytes = self.ask("sign_as_site", document)
        return signed

    def inventory(self) -> Sequence[KeyInfo]:
        """What the token holds."""
        lines: tuple[KeyInfo, ...] = self.ask("inventory")
        return lines

    # --- keys behind other ports -------------------------------------------------------------

    @cached_property
    def document_signer(self) -> RemoteDocumentSigner:
        """Signs what goes into `ktp-el` chips (`ektp.ports.DocumentSigner`)."""
        return RemoteDocumentSigner(self)

    @cached_property
    def security_object_signer(self) -> RemoteSecurityObjectSigner:
        """Signs what goes into `icao-lds1` chips (`ektp.ports.SecurityObjectSigner`)."""
        return RemoteSecurityObjectSigner(self)

    @cached_property
    def authority(self) -> RemoteAuthority:
        """The CSCA's acts, in the key process (`hsm.signers.authority`)."""
        return RemoteAuthority(self)

    @property
    def envelope_key(self) -> EnvelopeKey:
        """ENVELOPE-1 (`hsm.keys.EnvelopeKey`)."""
        return RemoteEnvelopeKey(self, self.envelope_certificate())

    # --- what the token shows ----------------------------------------------------------------

    @cached_property
    def registry(self) -> SignerRegistry:
        """The signers of this token: states, periods, counts, certificates. It needs no key."""
        return SignerRegistry(self.place.folder / SIGNERS_FOLDER)

    def trusted_signers(self) -> tuple[TrustedSigner, ...]:
        """The signers of `ktp-el` chips that are good, from the registry."""
        from hsm.signers.trust import trusted_signers  # noqa: PLC0415 - takes long to load

        return trusted_signers(self.registry)

    def trust_anchors(self) -> TrustAnchors:
        """What a verifier of `icao-lds1` chips trusts, from the registry."""
        from hsm.signers.trust import trust_anchors  # noqa: PLC0415 - takes long to load

        return trust_anchors(self.registry)

    def trust_files(self) -> Mapping[str, bytes]:
        """All that others need to trust this installation, by file name."""
        from hsm.signers.trust import trust_files  # noqa: PLC0415 - takes long to load

        own = {"site.der": self.site_certificate(), "envelope.der": self.envelope_certificate()}
        return {**trust_files(self.registry), **own}

    def site_certificate(self) -> bytes:
        """The certificate (DER) that receivers of our files pin."""
        return self._certificate(KeyLabel.SITE)

    def envelope_certificate(self) -> bytes:
        """The certificate (DER) that senders envelope to."""
        return self._certificate(KeyLabel.ENVELOPE)

    def issue_simulated_sam(self) -> SamIssue:
        """What a simulated SAM needs, keys in clear. Raises `KeyUsageForbidden` in production."""
        issue: SamIssue = self.ask("issue_simulated_sam")
        return issue

    def _certificate(self, label: KeyLabel) -> bytes:
        try:
            return (self.place.folder / f"{label.value.lower()}.der").read_bytes()
        except OSError:
            raise KeyNotFound("no certificate", key=label.value) from None

    # --- the key process ---------------------------------------------------------------------

    def ask(self, word: str, *arguments: object) -> Any:
        """Have a word carried out; for this package. Raises what the token raises there."""
        with self._lock:
            process = self._ready()
            try:
                return self._exchange(process, word, arguments)
            except (TokenNotFound, KeyProcessGone) as away:
                # What hung once would hang again: that is for the caller to decide.
                hung = isinstance(away, TokenNotFound) and process is not self._process
                if hung or word not in _REPEATABLE:
                    raise
            return self._exchange(self._ready(), word, arguments)

    def ask_of(self, process: KeyProcess, word: str, *arguments: object) -> Any:
        """The same of what that process has in hand. Raises `HsmError` where it is gone."""
        with self._lock:
            if process is not self._process:
                raise HsmError("what was in hand went with its key process")
            return self._exchange(process, word, arguments)

    def hold(self, word: str, *arguments: object) -> tuple[KeyProcess, Any]:
        """A word whose answer names something that the key process has in hand."""
        with self._lock:
            answer = self.ask(word, *arguments)
            if self._process is None:
                raise HsmError("the key process is gone")
            return self._process, answer

    def _exchange(self, process: KeyProcess, word: str, arguments: Sequence[object]) -> Any:
        try:
            return process.ask(self._moment(), word, *arguments, within_s=self._answer_s)
        except TokenNotFound:
            self._away = True
            raise
        finally:
            if not process.alive:
                self._process, self._away = None, False

    def _ready(self) -> KeyProcess:
        """The key process with the token open and proved."""
        process = self._process
        if process is not None and process.owner != os.getpid():
            process.leave()
            process = self._process = None
        if process is None:
            self._away = False
            self._process = process = self._started()
        elif self._away:
            process = self._process = self._healed(process)
        return process

    def _started(self) -> KeyProcess:
        return _started(self._moment(), _START_S, "open", self.place.as_plain())

    def _healed(self, process: KeyProcess) -> KeyProcess:
        """The process with its token opened again; another one where it ended meanwhile."""
        try:
            process.ask(self._moment(), "heal", within_s=_START_S)
        except TokenNotFound:
            if not process.alive:
                self._process, self._away = None, False
            raise
        except KeyProcessGone:
            self._process, self._away = None, False
            return self._started()
        except HsmError:
            # Another token is there: nothing of this process is to be used any more.
            process.kill()
            self._process, self._away = None, False
            raise
        self._away = False
        return process

    def _moment(self) -> int:
        return (self._clock.now() - _EPOCH) // _MICROSECOND


def make_token(
    place: TokenPlace,
    clock: Clock,
    *,
    read_master: bytes | None = None,
    transport: Mapping[KeyLabel, bytes] | None = None,
) -> None:
    """Make all keys of the house in a token, in a key process (`hsm.initialisation`).

    A software token is made with its PIN beside it. Raises what `initialise` raises.
    """
    moment = (clock.now() - _EPOCH) // _MICROSECOND
    masters = {label.value: value for label, value in (transport or {}).items()}
    _started(moment, _MAKE_S, "initialise", place.as_plain(), read_master, masters).end(moment)


def _started(moment: int, within_s: float, word: str, *arguments: object) -> KeyProcess:
    process = KeyProcess()
    try:
        process.ask(moment, word, *arguments, within_s=within_s)
    except BaseException:
        process.kill()
        raise
    return process
