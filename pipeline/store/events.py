"""The journal's events, typed. A field holds an id, a digest, a count or a word; nothing personal.

Each class names its event (`card.issued`), the phase of its entries and which field is the entry's
subject. `pipeline.store.projections` says what each does to the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, dataclass_transform

from ektp.journal import Phase

EVENTS: dict[str, type[Event]] = {}
"""Event classes by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, or is about to."""

    name: ClassVar[str] = ""
    phase: ClassVar[Phase] = Phase.FACT
    subject_field: ClassVar[str] = ""

    @property
    def subject(self) -> str:
        """What the entry is about: one id."""
        return str(getattr(self, self.subject_field)) if self.subject_field else ""

    def to_data(self) -> dict[str, Any]:
        """JSON values of the fields."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return value


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def _event(
    name: str, subject: str = "", phase: Phase = Phase.FACT
) -> Callable[[type[Event]], type[Event]]:
    def register(cls: type[Event]) -> type[Event]:
        cls.name, cls.phase, cls.subject_field = name, phase, subject
        EVENTS[name] = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        return EVENTS[name]

    return register


# --- the home, its people, what it trusts ---------------------------------------------


@_event("home.created", "kind")
class HomeCreated(Event):
    """A home was made, simulated or for production."""

    kind: str
    zone: str


@_event("process.restarted", "command")
class ProcessRestarted(Event):
    """Work went on after a stop, on an operator's word."""

    command: str
    open_attempts: int


@_event("user.added", "user")
class UserAdded(Event):
    """A person may act here."""

    user: str
    roles: Sequence[str]


@_event("user.roles", "user")
class UserRolesChanged(Event):
    """A person's roles changed."""

    user: str
    roles: Sequence[str]


@_event("user.disabled", "user")
class UserDisabled(Event):
    """A person may act here no more."""

    user: str


@_event("approver.trusted", "fingerprint")
class ApproverTrusted(Event):
    """An approver's certificate was pinned."""

    fingerprint: str
    certificate: str


# --- keys ------------------------------------------------------------------------------


@_event("keys.ceremony", "act")
class CeremonyHeld(Event):
    """Two custodians made, changed or destroyed keys; `record` is the digest of what was written.

    `keys` are labels with their check values or key ids, in the form `LABEL=hex`.
    """

    act: str
    custodians: Sequence[str]
    keys: Sequence[str]
    record: str


@_event("signer.prepared", "signer")
class SignerPrepared(Event):
    """A document signer was made and certified; it takes over when its forerunner is used up."""

    signer: str
    certificate: str


@_event("signer.revoked", "signer")
class SignerRevoked(Event):
    """A document signer is trusted no more: it stands on the revocation list."""

    signer: str
    reason: str


@_event("sam.issued", "sam")
class SamIssued(Event):
    """A secure access module was loaded with read keys and the list of signers."""

    sam: str
    version: int
    holder: str
    signers: int
    valid_until: str
    request: str


@_event("sam.revoked", "sam")
class SamRevoked(Event):
    """A secure access module is opened no more."""

    sam: str
    reason: str
    request: str


@_event("office.added", "office")
class OfficeAdded(Event):
    """The installation added a delivery office."""

    office: str
    office_name: str
    regency: str
    province: str


@_event("stop.added", "reason")
class StopAdded(Event):
    """A person, by blind index, must not get a card."""

    holder: str
    reason: str


@_event("stop.removed", "reason")
class StopRemoved(Event):
    """A stop was lifted."""

    holder: str
    reason: str


@_event("request.made", "request")
class RequestMade(Event):
    """A two-person act was asked for."""

    request: str
    act: str
    arguments: Mapping[str, Any]


@_event("request.decided", "request")
class RequestDecided(Event):
    """The second person's word."""

    request: str
    approved: bool


# --- intake ---------------------------------------------


@_event("import.opened", "import_id")
class ImportOpened(Event):
    """A signed file was verified and is being read."""

    import_id: str
    file_digest: str
    approver: str
    sequence: int | None


@_event("job.accepted", "job")
class JobAccepted(Event):
    """A record was taken in: a card is owed."""

    job: str
    request: str
    request_digest: str
    import_id: str
    holder: str
    variant: str
    kind: str
    request_type: str
    reason: str | None
    priority: int
    approved_at: str
    office: str
    village: str
    rw: str
    rt: str
    has_phone: bool


@_event("record.refused", "import_id")
class RecordRefused(Event):
    """A line of a file was refused."""

    import_id: str
    line: int
    request: str | None
    code: str


@_event("file.refused", "file_digest")
class FileRefused(Event):
    """A whole file was refused; nothing of it is kept."""

    file_digest: str
    code: str


@_event("import.closed", "import_id")
class ImportClosed(Event):
    """A file was read to its end."""

    import_id: str
    accepted: int
    refused: int
    unchanged: int


# --- the vault ---------------------------------------------


@_event("vault.opened", "purpose")
class VaultOpened(Event):
    """Personal data were opened, for a purpose, and where a person had to say why, for a reason."""

    purpose: str
    jobs: Sequence[str]
    reason: str = ""


@_event("vault.purged", "rule")
class VaultPurged(Event):
    """Data keys were destroyed, and with them what they sealed."""

    rule: str
    jobs: Sequence[str]


# --- batches and jobs ---------------------------------------------


@_event("batch.opened", "batch")
class BatchOpened(Event):
    """A production lot was made."""

    batch: str
    office: str | None
    size: int


@_event("jobs.batched", "batch")
class JobsBatched(Event):
    """Jobs joined a batch, in their sort order."""

    batch: str
    jobs: Sequence[str]
    first: int


@_event("jobs.prepared", "batch")
class JobsPrepared(Event):
    """Artwork and data files were made; digests by job."""

    batch: str
    packages: Mapping[str, str]


@_event("batch.state", "batch")
class BatchState(Event):
    """A batch changed its state."""

    batch: str
    state: str
    reason: str


@_event("job.held", "job")
class JobHeld(Event):
    """A job waits for a person."""

    job: str
    reason: str


@_event("job.released", "job")
class JobReleased(Event):
    """A held job may go on: it is chosen again."""

    job: str
    reason: str


@_event("job.cancelled", "job")
class JobCancelled(Event):
    """A job was cancelled."""

    job: str
    reason: str


@_event("job.remade", "job")
class JobRemade(Event):
    """A card found bad after the line is made again."""

    job: str
    reason: str
    request: str


# --- the line ---------------------------------------------


@_event("line.added", "line")
class LineAdded(Event):
    """A print line was set up."""

    line: str
    driver: str
    address: str
    reader: str


@_event("line.removed", "line")
class LineRemoved(Event):
    """A print line was taken away."""

    line: str


@_event("line.state", "line")
class LineState(Event):
    """A line started, paused or stopped, and why."""

    line: str
    state: str
    reason: str


@_event("line.ordered", "line")
class LineOrdered(Event):
    """A person wants something of a line."""

    line: str
    wanted: str


@_event("lease.taken", "line")
class LeaseTaken(Event):
    """A controller took a machine, with a new fencing token."""

    line: str
    token: int


@_event("attempt.started", "attempt", Phase.INTENT)
class AttemptStarted(Event):
    """A blank is about to be fed for a job."""

    attempt: str
    job: str
    batch: str
    line: str
    number: int
    kind: str
    counters: Mapping[str, int]


@_event("step.intended", "attempt", Phase.INTENT)
class StepIntended(Event):
    """A step is about to be taken."""

    attempt: str
    step: str
    card: str | None
    counters: Mapping[str, int]
    note: str = ""
    terminated: bool = False
    """Of a reject: whether its chip was killed before it was moved."""


@_event("step.done", "attempt", Phase.OUTCOME)
class StepDone(Event):
    """A step was taken; what was seen."""

    attempt: str
    step: str
    card: str | None
    evidence: Mapping[str, Any]


@_event("attempt.bound", "attempt", Phase.OUTCOME)
class AttemptBound(Event):
    """A signature was made for one chip and one attempt."""

    attempt: str
    card: str
    signature: str
    signer_key: str
    digests: Mapping[str, str]
    document: str | None = None
    """Blind index of the document number, where the chip profile has one."""


@_event("key.change", "attempt", Phase.INTENT)
class KeyChangeIntended(Event):
    """A chip's transport keys are about to be replaced by its own, in one PUT KEY.

    `check_values`: of ENC, MAC and DEK, in hex. Which version answers afterwards tells whether it
    came to pass.
    """

    attempt: str
    card: str
    from_version: int
    to_version: int
    check_values: Sequence[str]


@_event("attempt.passed", "attempt", Phase.OUTCOME)
class AttemptPassed(Event):
    """The card is good and lies in the good tray."""

    attempt: str
    job: str
    card: str


@_event("attempt.spoiled", "attempt", Phase.OUTCOME)
class AttemptSpoiled(Event):
    """The card is spoiled and lies in the reject tray; its job is remade."""

    attempt: str
    job: str
    card: str | None
    cause: str
    terminated: bool
    bag: int | None
    evidence: Mapping[str, Any]


@_event("attempt.voided", "attempt", Phase.OUTCOME)
class AttemptVoided(Event):
    """Nothing was fed: no card was used."""

    attempt: str
    job: str
    reason: str


@_event("attempt.held", "attempt", Phase.OUTCOME)
class AttemptHeld(Event):
    """The verdict is HOLD: a person looks."""

    attempt: str
    job: str
    card: str
    reason: str


@_event("attempt.doubted", "attempt", Phase.OUTCOME)
class AttemptDoubted(Event):
    """Nobody knows what happened to the card."""

    attempt: str
    job: str
    card: str | None
    fed: bool
    reason: str
    evidence: Mapping[str, Any]


@_event("attempt.decided", "attempt")
class AttemptDecided(Event):
    """Two people decided on a card held or in doubt."""

    attempt: str
    job: str
    card: str | None
    decision: str
    cause: str | None
    request: str


# --- stock ---------------------------------------------


@_event("box.received", "box")
class BoxReceived(Event):
    """A box of blanks came, with the supplier's list of serials."""

    box: str
    kind: str
    cards: Sequence[str]
    manifest_digest: str


@_event("box.closed", "box")
class BoxClosed(Event):
    """A box was counted out: every blank of it is known to be used, destroyed or lost."""

    box: str
    states: Mapping[str, int]


@_event("blanks.issued", "line")
class BlanksIssued(Event):
    """Blanks went from the vault to a line."""

    line: str
    cards: Sequence[str]


@_event("blanks.returned", "line")
class BlanksReturned(Event):
    """Unused blanks went back to the vault."""

    line: str
    cards: Sequence[str]


@_event("blanks.counted", "place")
class BlanksCounted(Event):
    """A place was counted, blind."""

    place: str
    counted: int
    booked: int


@_event("bag.identified", "line")
class BagIdentified(Event):
    """An unreadable blank was named by elimination."""

    line: str
    bag: int
    card: str
    attempt: str


@_event("card.verified", "card")
class CardVerified(Event):
    """A finished card was read once more, at a desk."""

    card: str
    verdict: str
    failed: Sequence[str]


@_event("card.spoiled", "card")
class CardSpoiledLater(Event):
    """A card was found bad after the line, or before it."""

    card: str
    cause: str
    request: str


@_event("card.lost", "card")
class CardLost(Event):
    """A card is missing, with a case."""

    card: str
    case_id: int
    request: str


@_event("cards.sampled", "purpose")
class CardsSampled(Event):
    """Blanks were taken as samples."""

    cards: Sequence[str]
    purpose: str


@_event("cards.destroyed", "document")
class CardsDestroyed(Event):
    """Cards were destroyed before witnesses."""

    document: str
    cards: Sequence[str]
    place: str
    method: str
    witnesses: Sequence[str]
    request: str


@_event("seals.received", "first")
class SealsReceived(Event):
    """A range of seals came into stock."""

    first: str
    last: str
    seals: Sequence[str]


@_event("seal.voided", "seal")
class SealVoided(Event):
    """A seal was broken or lost unused."""

    seal: str
    reason: str


# --- packing and logistics ---------------------------------------------


@_event("parcel.packed", "parcel")
class ParcelPacked(Event):
    """Cards of one kecamatan were packed, in delivery order."""

    parcel: str
    office: str
    batch: str | None
    cards: Sequence[str]


@_event("parcel.sealed", "parcel")
class ParcelSealed(Event):
    """A parcel was closed with a numbered seal."""

    parcel: str
    seal: str


@_event("consignment.created", "consignment")
class ConsignmentCreated(Event):
    """Parcels were put on one journey."""

    consignment: str
    origin: str
    destination: str
    final: bool
    parcels: Sequence[str]
    cards: int


@_event("consignment.dispatched", "consignment")
class ConsignmentDispatched(Event):
    """A courier took a consignment."""

    consignment: str
    courier: str


@_event("consignment.received", "consignment")
class ConsignmentReceived(Event):
    """A consignment was received, parcel by parcel or card by card."""

    consignment: str
    parcels: Sequence[str]
    cards: Sequence[str]
    missing: Sequence[str]
    extra: Sequence[str]


@_event("handover.recorded", "job")
class HandoverRecorded(Event):
    """The citizen got the card; the old one is void."""

    job: str
    card: str
    office: str
    method: str
    old_card: str
    old_serial: str | None


@_event("case.opened", "about")
class CaseOpened(Event):
    """A discrepancy got a case."""

    case_id: int
    about: str
    kind: str


@_event("case.closed", "reason")
class CaseClosed(Event):
    """A case was closed."""

    case_id: int
    reason: str
