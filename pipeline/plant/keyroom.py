"""Acts upon keys: two custodians give their words, the token does the deed, the journal keeps both.

Request and approval stand in the journal before the token is touched; what came of it is an event
of its own. A deed that failed left an approval without its event: it is asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from ektp.errors import KeyUsageForbidden, NotFound, SecondPersonRequired
from ektp.ids import CardSerial
from ektp.journal import Actor
from ektp.ports import CardChannel, KeyInfo
from hsm.keys import KeyLabel
from hsm.token_client import TokenClient
from pipeline.governed import carry_out
from pipeline.home import Home, SystemEntropy
from pipeline.people import Act, decide_request, request_act
from pipeline.plant.tokens import token_place
from pipeline.store import schema as db
from pipeline.store.events import (
    CeremonyHeld,
    Event,
    SamIssued,
    SamRevoked,
    SignerPrepared,
    SignerRevoked,
)

if TYPE_CHECKING:
    from hsm.ceremony import ComponentFile
    from hsm.ceremony_record import CeremonyRecord

__all__ = ["Ceremony", "Components", "KeyRoom", "SamLine", "Words"]

Components = Sequence[tuple[Path, str]]
"""Component files, each with the passphrase of its custodian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The two custodians who are in the room, each of them proved."""

    first: Actor
    second: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What the two agreed on: where, before whom, and which masters come as components.

    `passphrases` are the custodians' own, in the order of `Words`. `given`: masters that come as
    components, by label: the makers' (`TRANSPORT-128`, …), and `READ-1` where it exists already.
    """

    place: str
    out: Path
    passphrases: tuple[str, str]
    witnesses: tuple[str, ...] = ()
    given: Mapping[str, Components] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamLine:
    """A secure access module in a list."""

    sam: str
    version: int
    holder: str
    state: str
    signers: int
    valid_until: str
    issued_at: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class KeyRoom:
    """Where keys are made, rotated and revoked, and modules issued."""

    home: Home
    token: TokenClient

    # --- both words -------------------------------------------------------------------------

    def _agreed(self, words: Words, act: Act, arguments: Mapping[str, Any]) -> str:
        """Both words on an act; the request's id. Raises `SecondPersonRequired`, `NotAllowed`."""
        if words.first.principal == words.second.principal:
            raise SecondPersonRequired(user=words.first.principal)
        request = request_act(self.home.store, SystemEntropy(), words.first, act, arguments)
        decide_request(self.home.store, words.second, request, carry_out)
        return str(request)

    def _record(self, actor: Actor, event: Event) -> None:
        with self.home.store.transaction(actor) as tx:
            tx.record(event)

    # --- ceremonies -------------------------------------------------------------------------

    def hold_ceremony(self, words: Words, ceremony: Ceremony) -> CeremonyRecord:
        """Make all keys of an empty token before its custodians; the record, also in `out`.

        Raises what `hsm.ceremony.hold_ceremony` raises.
        """
        from hsm import ceremony as room  # noqa: PLC0415 - once in a token's life

        arguments = {
            "place": ceremony.place,
            "witnesses": list(ceremony.witnesses),
            "components": str(ceremony.out.name),
        }
        self._agreed(words, Act.MAKE_KEYS, arguments)
        people = (words.first.principal, words.second.principal)
        record = room.hold_ceremony(
            token_place(self.home),
            self.home.clock,
            room.CeremonyPlan(
                place=ceremony.place,
                custodians=[
                    room.Custodian(name=name, passphrase=word)
                    for name, word in zip(people, ceremony.passphrases, strict=True)
                ],
                components=ceremony.out,
                witnesses=ceremony.witnesses,
                given={KeyLabel(label): _files(files) for label, files in ceremony.given.items()},
            ),
        )
        (ceremony.out / f"ceremony-{record.digest.hex()[:16]}.json").write_bytes(bytes(record))
        self._record(
            words.second,
            CeremonyHeld(
                act="make_keys",
                custodians=people,
                keys=[f"{key.label}={key.check_value or key.key_id}" for key in record.keys],
                record=record.digest.hex(),
            ),
        )
        return record

    # --- signers ----------------------------------------------------------------------------

    def rotate(self, words: Words, family: str, *, at_once: bool) -> str:
        """Prepare the next document signer, or put it in the place of the current one; its label.

        `family`: the name of a chip profile, or `csca` for a new CSCA key with its link
        certificate.
        """
        from hsm.signers.roll import SignerFamily  # noqa: PLC0415 - only where keys are rotated

        authority = self.token.authority
        if family == "csca":
            self._agreed(words, Act.ROTATE_CSCA, {})
            label = authority.roll_over()
        else:
            signer = {"ktp-el": SignerFamily.KTP_EL, "icao-lds1": SignerFamily.LDS}[family]
            self._agreed(words, Act.ROTATE_SIGNER, {"family": family, "at_once": at_once})
            label = authority.rotate(signer) if at_once else authority.prepare_next(signer)
        digest = hashlib.sha256(self.token.registry.certificate(label)).hexdigest()
        self._record(words.second, SignerPrepared(signer=label, certificate=digest))
        return label

    def revoke_signer(self, words: Words, label: str, reason: str) -> None:
        """Take a document signer's certificate back. Raises `KeyNotFound`."""
        from hsm.signers.roll import RevocationReason  # noqa: PLC0415 - see above

        self._agreed(words, Act.REVOKE_SIGNER, {"signer": label, "reason": reason})
        self.token.authority.revoke(label, RevocationReason(reason))
        self._record(words.second, SignerRevoked(signer=label, reason=reason))

    def inventory(self) -> Sequence[KeyInfo]:
        """What the token holds."""
        return self.token.inventory()

    # --- modules ----------------------------------------------------------------------------

    def sams(self) -> list[SamLine]:
        """The modules that were issued here, the newest first."""
        with self.home.store.read() as connection:
            rows = connection.execute(
                select(db.sams).order_by(db.sams.c.issued_at.desc(), db.sams.c.sam)
            ).all()
        return [SamLine(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's own name

    def issue_sam(
        self,
        words: Words,
        channel: CardChannel,
        *,
        holder: str,
        valid_until: date,
        components: Components = (),
    ) -> SamLine:
        """Load a module with read keys and the list of signers, one version on.

        Raises what `hsm.sam_loader.issue_sam` raises, and `KeyUsageForbidden` for a revoked module.
        """
        from hsm import sam_loader  # noqa: PLC0415 - only where modules are issued

        told = sam_loader.read_sam_info(channel)
        self._expect_usable(str(told.serial))
        version = max(told.version, self._last_version()) + 1
        request = self._agreed(
            words, Act.ISSUE_SAM, {"sam": told.serial, "holder": holder, "version": version}
        )
        issued = sam_loader.issue_sam(
            channel,
            self.token,
            version=version,
            valid_until=valid_until,
            components=_files(components),
            expected=told.serial,
        )
        self._record(
            words.second,
            SamIssued(
                sam=issued.serial,
                version=issued.version,
                holder=holder,
                signers=issued.signers,
                valid_until=issued.valid_until.isoformat(),
                request=request,
            ),
        )
        return self._sam(str(issued.serial))

    def revoke_sam(self, words: Words, sam: CardSerial, reason: str) -> SamLine:
        """Open a module no more: its secret is not given out again. Raises `NotFound`."""
        self._sam(str(sam))
        request = self._agreed(words, Act.REVOKE_SAM, {"sam": sam, "reason": reason})
        self._record(words.second, SamRevoked(sam=sam, reason=reason, request=request))
        return self._sam(str(sam))

    def _sam(self, serial: str) -> SamLine:
        for line in self.sams():
            if line.sam == serial:
                return line
        raise NotFound("no such module was issued here", sam=serial)

    def _expect_usable(self, serial: str) -> None:
        if any(line.sam == serial and line.state == "REVOKED" for line in self.sams()):
            raise KeyUsageForbidden("this module was revoked", sam=serial)

    def _last_version(self) -> int:
        with self.home.store.read() as connection:
            return int(connection.scalar(select(func.max(db.sams.c.version))) or 0)


def _files(components: Components) -> list[ComponentFile]:
    from hsm.ceremony import ComponentFile  # noqa: PLC0415 - only where components are given

    return [ComponentFile(path=path, passphrase=word) for path, word in components]
