"""Taking in a file: verified whole first, then line by line, in group commits.

A line stands or falls for itself. The file is streamed: what is in memory is one group of lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection, select

from ektp.cards import BlankKind
from ektp.chip_profiles import chip_profile
from ektp.errors import RecordRejected
from ektp.ids import JobId
from ektp.journal import Actor, utc_text
from ektp.lifecycle import JobState
from ektp.ports import Entropy, KeyService
from ektp.printer_profiles import print_geometry
from pipeline.home import new_id
from pipeline.intake.offices import find_office
from pipeline.intake.parse import ParsedRecord, parse_line, request_of
from pipeline.intake.refusals import Refusal, Warned
from pipeline.intake.stop_list import holder_of
from pipeline.settings import PreparationSettings
from pipeline.store import schema as db
from pipeline.store.events import ImportClosed, ImportOpened, JobAccepted, RecordRefused
from pipeline.store.store import Store, Transaction
from pipeline.store.vault import Part, Vault

__all__ = ["CheckedLine", "ImportReport", "Importer", "Refused", "VerifiedSource"]

_GROUP = 200


class SourceLine(Protocol):
    """A line of a verified file, from 1; without content where it is too long."""

    @property
    def number(self) -> int:
        """Its number in the file."""
        ...

    @property
    def content(self) -> bytes:
        """Its bytes, without the line feed."""
        ...

    @property
    def too_long(self) -> bool:
        """Whether it is over the limit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSource:
    """A file whose signature was verified: its digest, its signer, and its lines."""

    sha256: bytes
    signer: bytes
    sequence: int | None
    lines: Callable[[], Iterable[SourceLine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that was refused."""

    line: int
    request: str | None
    code: str
    reason: str


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """How a file went."""

    import_id: str
    accepted: int = 0
    unchanged: int = 0
    refusals: list[Refused] = field(default_factory=list)
    warnings: Counter[Warned] = field(default_factory=Counter)

    @property
    def refused(self) -> int:
        """How many lines were refused."""
        return len(self.refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLine:
    """A line after the checks that need no store: the record, or why it is refused."""

    number: int
    request: str | None
    parsed: ParsedRecord | None
    refusal: tuple[str, str] | None

    def whole(self) -> ParsedRecord:
        """The record. Raises `RecordRejected` where the line was refused."""
        if self.parsed is None:
            code, reason = self.refusal or Refusal.NOT_JSON.value
            raise RecordRejected(code, reason)
        return self.parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Takes in verified files."""

    store: Store
    vault: Vault
    keys: KeyService
    entropy: Entropy
    actor: Actor
    cards: PreparationSettings
    """What cards will be made for: every record is checked against it."""
    today: date

    def take_in(
        self,
        source: VerifiedSource,
        *,
        pool: Executor | None = None,
        on_line: Callable[[int], None] = lambda _count: None,
    ) -> ImportReport:
        """Read a verified file to its end. Raises `FileChanged` where it changed meanwhile."""
        report = ImportReport(import_id=new_id(JobId, self.entropy).replace("J-", "I-"))
        with self.store.transaction(self.actor) as tx:
            tx.record(
                ImportOpened(
                    import_id=report.import_id,
                    file_digest=source.sha256.hex(),
                    approver=source.signer.hex(),
                    sequence=source.sequence,
                )
            )
        for group in _groups(source.lines()):
            checked = self._check(group, pool)
            with self.store.transaction(self.actor) as tx:
                for line in checked:
                    self._take(tx, line, report)
            on_line(len(group))
        with self.store.transaction(self.actor) as tx:
            tx.record(
                ImportClosed(
                    import_id=report.import_id,
                    accepted=report.accepted,
                    refused=report.refused,
                    unchanged=report.unchanged,
                )
            )
        return report

    def _check(self, group: Sequence[SourceLine], pool: Executor | None) -> Sequence[CheckedLine]:
        lines = [(line.number, line.content, line.too_long) for line in group]
        if pool is None:
            return _check_lines(lines, self.today, self.cards)
        size = 25
        parts = [lines[first : first + size] for first in range(0, len(lines), size)]
        results = pool.map(
            _check_lines, parts, [self.today] * len(parts), [self.cards] * len(parts)
        )
        return [line for part in results for line in part]

    def _take(self, tx: Transaction, line: CheckedLine, report: ImportReport) -> None:
        try:
            self._accept(tx, line.whole(), report)
        except RecordRejected as refused:
            tx.record(
                RecordRefused(
                    import_id=report.import_id,
                    line=line.number,
                    request=line.request,
                    code=refused.refusal_code,
                )
            )
            report.refusals.append(
                Refused(
                    line=line.number,
                    request=line.request,
                    code=refused.refusal_code,
                    reason=refused.reason,
                )
            )

    def _accept(self, tx: Transaction, parsed: ParsedRecord, report: ImportReport) -> None:
        record = parsed.record
        if self._came_before(tx.connection, record.request_id, parsed.digest):
            report.unchanged += 1
            return
        if find_office(tx.connection, record.delivery_office) is None:
            raise Refusal.OFFICE_UNKNOWN.error(office=record.delivery_office)
        holder = holder_of(self.keys, record.nik)
        self._check_person(tx.connection, holder)
        job = new_id(JobId, self.entropy)
        bio = record.biographic
        tx.record(
            JobAccepted(
                job=job,
                request=record.request_id,
                request_digest=parsed.digest,
                import_id=report.import_id,
                holder=holder,
                variant=record.variant,
                kind=BlankKind.for_variant(record.variant, self.cards.profile),
                request_type=record.request_type,
                reason=record.reason,
                priority=record.priority,
                approved_at=utc_text(record.approved_at),
                office=record.delivery_office,
                village=bio.village.code,
                rw=bio.rw,
                rt=bio.rt,
                has_phone=bio.phone is not None,
            )
        )
        self.vault.seal(tx, job, {Part.BIOGRAPHIC: parsed.biographic, Part.RECORD: parsed.content})
        report.accepted += 1
        report.warnings.update(parsed.warnings)

    @staticmethod
    def _came_before(connection: Connection, request: str, digest: str) -> bool:
        known = connection.scalar(
            select(db.jobs.c.request_digest).where(db.jobs.c.request == request)
        )
        if known is not None and known != digest:
            raise Refusal.CONTENT_DIFFERS.error()
        return known is not None

    @staticmethod
    def _check_person(connection: Connection, holder: str) -> None:
        stop = connection.scalar(
            select(db.stop_list.c.reason).where(db.stop_list.c.holder == holder)
        )
        if stop is not None:
            raise Refusal.STOPPED.error(stop=stop)
        live = connection.scalar(
            select(db.jobs.c.job).where(
                db.jobs.c.holder == holder,
                db.jobs.c.state.not_in([JobState.HANDED_OVER.value, JobState.CANCELLED.value]),
            )
        )
        if live is not None:
            raise Refusal.SECOND_REQUEST.error(live=live)


def _groups(lines: Iterable[SourceLine]) -> Iterator[list[SourceLine]]:
    iterator = iter(lines)
    while group := list(islice(iterator, _GROUP)):
        yield group


def _check_lines(
    lines: Sequence[tuple[int, bytes, bool]], today: date, cards: PreparationSettings
) -> list[CheckedLine]:
    """In a worker, or here: the checks that need no store. Blank lines are no records."""
    return [
        _check_line(number, content, today, cards, too_long=too_long)
        for number, content, too_long in lines
        if too_long or content.strip()
    ]


def _check_line(
    number: int, content: bytes, today: date, cards: PreparationSettings, *, too_long: bool
) -> CheckedLine:
    try:
        if too_long:
            raise Refusal.LINE_TOO_LONG.error()
        parsed = parse_line(
            content,
            today=today,
            geometry=print_geometry(cards.geometry),
            profile=chip_profile(cards.profile),
        )
    except RecordRejected as refused:
        return CheckedLine(
            number=number,
            request=None if too_long else request_of(content),
            parsed=None,
            refusal=(refused.refusal_code, refused.reason),
        )
    return CheckedLine(number=number, request=parsed.record.request_id, parsed=parsed, refusal=None)
