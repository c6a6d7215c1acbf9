"""Acts upon keys: two custodians give their words, the token does the deed, the journal keeps both.

The record of the ceremony stays in the token's folder, too; the journal has its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from sqlalchemy import select

from ektp.errors import (
    ComponentRefused,
    ConfigurationError,
    HsmError,
    KeyNotFound,
    KeyUsageForbidden,
    NotFound,
)
from hsm.ceremony_record import CeremonyKey, CeremonyRecord, WrittenComponent
from hsm.keys import KeyLabel
from hsm.places import TokenKind
from hsm.token_client import TokenClient
from pipeline.home import Home
from pipeline.people import Act
from pipeline.plant.custody import Components, Words, agree, component_files, note
from pipeline.plant.keylines import KeyLine, key_lines
from pipeline.plant.samroom import SamRoom
from pipeline.plant.tokens import token_place
from pipeline.store import schema as db
from pipeline.store.events import CeremonyHeld, SignerPrepared, SignerRevoked

__all__ = [
    "Ceremony",
    "CeremonyKey",
    "CeremonyRecord",
    "KeyRoom",
    "Words",
    "WrittenComponent",
    "record_name",
]

_RECORD: Final = "ceremony.json"
_HELD: Final = "keys.ceremony"
_OWNER_ONLY: Final = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What the two agreed on: where, before whom, and which masters come as components.

    `passphrases` are the custodians' own for the new components of READ-1, in the order of `Words`;
    none where its components are among the `given`. `given`: masters that come as components, by
    label: the makers' (`TRANSPORT-128`, …), and `READ-1` where it exists already.
    """

    place: str
    out: Path
    passphrases: tuple[str, str] | None = None
    witnesses: tuple[str, ...] = ()
    given: Mapping[str, Components] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyRoom:
    """Where keys are made, rotated and revoked."""

    home: Home
    token: TokenClient

    @property
    def modules(self) -> SamRoom:
        """Where secure access modules are issued."""
        return SamRoom(self.home, self.token)

    def lines(self) -> list[KeyLine]:
        """What the token holds, and how much of each key's use is left."""
        return key_lines(self.token, self.home.clock.now())

    # --- ceremonies -------------------------------------------------------------------------

    def require_new(self) -> None:
        """Raises `KeyUsageForbidden` where the keys of this home were made already."""
        if token_place(self.home).kind is TokenKind.SOFT:
            raise KeyUsageForbidden("a token of software has its keys from the making of its home")
        held = self._held()
        if held is not None:
            raise KeyUsageForbidden("the keys of this home were made already", record=held)

    def require_label(self, label: str) -> None:
        """Raises `ComponentRefused` for a master that no ceremony takes components of."""
        from hsm.initialisation import TRANSPORT_MASTERS  # noqa: PLC0415 - only in ceremonies

        known = (KeyLabel.READ, *TRANSPORT_MASTERS)
        if label not in known:
            raise ComponentRefused("no such master", key=label, known="/".join(known))

    def hold_ceremony(self, words: Words, ceremony: Ceremony) -> CeremonyRecord:
        """Make all keys of an empty token before its custodians; the record, also in `out`.

        Raises what `require_new` and `hsm.ceremony.hold_ceremony` raise, and `ConfigurationError`
        where `out` cannot be written.
        """
        from hsm import ceremony as room  # noqa: PLC0415 - once in a token's life

        self.require_new()
        # Before any key is made: what cannot be written down is not begun.
        _require_writable(ceremony.out)
        arguments = {
            "place": ceremony.place,
            "witnesses": list(ceremony.witnesses),
            "components": str(ceremony.out.name),
        }
        agree(self.home, words, Act.MAKE_KEYS, arguments)
        phrases = ceremony.passphrases or ("", "")
        plan = room.CeremonyPlan(
            place=ceremony.place,
            custodians=[
                room.Custodian(name=name, passphrase=word)
                for name, word in zip(words.people, phrases, strict=True)
            ],
            components=ceremony.out,
            witnesses=ceremony.witnesses,
            given={
                KeyLabel(label): component_files(files) for label, files in ceremony.given.items()
            },
        )
        record = room.hold_ceremony(token_place(self.home), self.home.clock, plan)
        _write(self.home.token_folder / _RECORD, bytes(record))
        event = CeremonyHeld(
            act=Act.MAKE_KEYS.value,
            custodians=words.people,
            keys=[f"{key.label}={key.check_value or key.key_id}" for key in record.keys],
            record=record.digest.hex(),
        )
        note(self.home, words, event)
        _write(ceremony.out / record_name(record), bytes(record))
        return record

    def record(self) -> CeremonyRecord:
        """The record of the ceremony, as it was written down.

        Raises `NotFound` where none was held here, `HsmError` where it is not the one that the
        journal knows.
        """
        held = self._held()
        if held is None:
            raise NotFound("no key ceremony was held in this home")
        try:
            raw = (self.home.token_folder / _RECORD).read_bytes()
        except OSError as failed:
            raise HsmError("the record of the ceremony cannot be read", record=held) from failed
        record = CeremonyRecord.from_bytes(raw)
        if hashlib.sha256(raw).hexdigest() != held or record.digest.hex() != held:
            raise HsmError("the record is not the one that the journal knows", record=held)
        return record

    def _held(self) -> str | None:
        """The SHA-256 of the record of the ceremony that made this home's keys."""
        with self.home.store.read() as connection:
            entries = connection.scalars(
                select(db.journal.c.data).where(db.journal.c.event == _HELD)
            ).all()
        made = [facts for facts in map(_facts, entries) if facts["act"] == Act.MAKE_KEYS]
        return str(made[-1]["record"]) if made else None

    # --- signers ----------------------------------------------------------------------------

    def rotate(self, words: Words, family: str, *, at_once: bool) -> str:
        """Prepare the next document signer, or put it in the place of the current one; its label.

        `family`: the name of a chip profile, or `csca` for a new CSCA key with its link
        certificate.
        """
        from hsm.signers.roll import SignerFamily  # noqa: PLC0415 - only where keys are rotated

        authority = self.token.authority
        if family == "csca":
            agree(self.home, words, Act.ROTATE_CSCA, {})
            label = authority.roll_over()
        else:
            signer = {"ktp-el": SignerFamily.KTP_EL, "icao-lds1": SignerFamily.LDS}[family]
            arguments = {"family": family, "at_once": at_once}
            agree(self.home, words, Act.ROTATE_SIGNER, arguments)
            label = authority.rotate(signer) if at_once else authority.prepare_next(signer)
        digest = hashlib.sha256(self.token.registry.certificate(label)).hexdigest()
        note(self.home, words, SignerPrepared(signer=label, certificate=digest))
        return label

    def renew_revocation_list(self) -> None:
        """Issue the CRL anew where it is older than 30 days, and the CSCA is in this token.

        Where it is not, the list stays as old as it is, and whoever verifies says so.
        """
        with suppress(KeyUsageForbidden):
            self.token.authority.fresh_list()

    def revoke_signer(self, words: Words, label: str, reason: str) -> None:
        """Take a document signer's certificate back.

        Raises `KeyNotFound`, and `KeyUsageForbidden` for one that is revoked already.
        """
        from hsm.signers.roll import RevocationReason, SignerState  # noqa: PLC0415 - see above

        signer = self.token.registry.roll().signer(label)
        if signer is None:
            raise KeyNotFound("no such signer", key=label)
        if signer.state is SignerState.REVOKED:
            raise KeyUsageForbidden("it was revoked already", key=label)
        agree(self.home, words, Act.REVOKE_SIGNER, {"signer": label, "reason": reason})
        self.token.authority.revoke(label, RevocationReason(reason))
        note(self.home, words, SignerRevoked(signer=label, reason=reason))


def record_name(record: CeremonyRecord) -> str:
    """The name of a record's file."""
    return f"ceremony-{record.digest.hex()[:16]}.json"


def _facts(data: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(data)
    return facts


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as probe:
            probe.write(b" ")
    except OSError as failed:
        raise ConfigurationError("the folder cannot be written", folder=folder.name) from failed


def _write(file: Path, content: bytes) -> None:
    try:
        file.touch(mode=0o600)
        file.write_bytes(content)
    except OSError as failed:
        raise ConfigurationError("the record cannot be written", file=file.name) from failed
