"""What the papers show: frozen views, filled by the steps that know, drawn by the renderers.

No view can carry a citizen's number: NIKs come masked (`ektp.personal.mask_number`), and a text
with sixteen digits in a row is refused when the view is made. Names are `PersonalText`, so that a
view in a log or a traceback shows none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from itertools import groupby
from typing import Final

from ektp.accounting import BatchCount, MachineCount, StockCount
from ektp.cards import BlankKind, SpoilCause
from ektp.ids import AttemptId, BatchId, CardSerial, ConsignmentId, JobId, ParcelId
from ektp.lifecycle import CardState
from ektp.personal import PersonalText
from ektp.regions import Area
from pipeline.papers.guard import View, require_distinct, require_masked
from pipeline.papers.wording import DestructionMethod, OtherGround

__all__ = [
    "ConsignedParcel",
    "ConsignmentHandover",
    "DestroyedCard",
    "DestructionRecord",
    "MachineLine",
    "ManifestCard",
    "NoticeEntry",
    "NoticeList",
    "NoticeSplit",
    "ParcelLabel",
    "ParcelManifest",
    "Person",
    "ReconciliationSheet",
    "SpoilageReport",
    "SpoiledCard",
    "Stamp",
    "StockBulletin",
    "StockLine",
    "TransferLeg",
    "UnclaimedCard",
    "UnclaimedList",
    "UnexplainedCard",
    "View",
]

_MIN_WITNESSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp(View):
    """What stands around every paper: whose it is, its number, when and where it was printed.

    `zone` is the office's IANA zone; `simulated` marks papers of a home without real cards.
    """

    site: str
    number: str
    printed_at: datetime
    site_line: str = ""
    zone: str = "Asia/Jakarta"
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(View):
    """Who signs. What is empty is left as a dotted line to be written by hand."""

    name: str = ""
    position: str = ""
    organization: str = ""
    staff_number: str = ""
    address: str = ""


# --- parcels ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLabel(View):
    """The label on a sealed parcel. It shows no person.

    `route` names the stations from the maker to the office; `ordinal` of `parcels` counts the
    parcels of this office in the consignment.
    """

    parcel: ParcelId
    office: Area
    regency: str
    seal: str
    cards: int
    batches: tuple[BatchId, ...]
    route: tuple[str, ...]
    packed_at: datetime
    consignment: ConsignmentId | None = None
    ordinal: int = 1
    parcels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestCard(View):
    """A card in a parcel. Raises `ValueError` where the NIK is not masked."""

    job: JobId
    card: CardSerial
    nik: str
    name: PersonalText
    village: Area
    rw: str
    rt: str

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_masked(self.nik)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelManifest(View):
    """The cards of a parcel, in the order in which they lie in it.

    Raises `ValueError` where a card stands twice or a village's cards do not lie together.
    """

    parcel: ParcelId
    office: Area
    regency: str
    seal: str
    batches: tuple[BatchId, ...]
    packed_at: datetime
    cards: tuple[ManifestCard, ...]
    consignment: ConsignmentId | None = None
    packer: Person = Person()
    checker: Person = Person()

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((card.card for card in self.cards), "card")
        require_distinct((card.job for card in self.cards), "job")
        require_distinct(
            (code for code, _ in groupby(card.village.code for card in self.cards)), "village"
        )


# --- consignments ----------------------------------------------------------------------------


@unique
class TransferLeg(StrEnum):
    """Which hand-over of a consignment: from the maker to the city registry, or onward."""

    TO_REGENCY = "to_regency"
    TO_DISTRICT = "to_district"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignedParcel(View):
    """A parcel in a consignment."""

    parcel: ParcelId
    seal: str
    office: Area
    cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentHandover(View):
    """*Berita acara serah terima*: parcels pass from one hand to the next.

    `destination` is the regency or the kecamatan that receives. Raises `ValueError` where a parcel
    or a seal stands twice.
    """

    consignment: ConsignmentId
    leg: TransferLeg
    destination: Area
    parcels: tuple[ConsignedParcel, ...]
    handed_at: datetime
    place: str
    giver: Person
    receiver: Person
    witnesses: tuple[Person, ...] = (Person(), Person())
    courier: str = ""

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((parcel.parcel for parcel in self.parcels), "parcel")
        require_distinct((parcel.seal for parcel in self.parcels), "seal")


# --- spoiled and destroyed cards -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoiledCard(View):
    """A card that was spoiled. `card` is None where its chip never gave a serial."""

    card: CardSerial | None
    attempt: AttemptId
    job: JobId
    line: str
    spoiled_at: datetime
    cause: SpoilCause


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoilageReport(View):
    """Spoiled cards of a batch, or of a period (`batch` is None), out of `attempts` blanks fed."""

    batch: BatchId | None
    since: date
    until: date
    attempts: int
    cards: tuple[SpoiledCard, ...]
    reporter: Person = Person()
    reviewer: Person = Person()

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((card.attempt for card in self.cards), "attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyedCard(View):
    """A card that is destroyed. `since` is the day on which it was set aside.

    Raises `ValueError` for a lost card: nobody has it to destroy.
    """

    card: CardSerial
    ground: SpoilCause | OtherGround
    since: date

    def __post_init__(self) -> None:
        View.__post_init__(self)
        if self.ground is SpoilCause.LOST:
            msg = "a lost card cannot be destroyed"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestructionRecord(View):
    """*Berita acara pemusnahan*, one for every destruction (SE Mendagri 470.13/11176/SJ).

    Raises `ValueError` where a card stands twice, where there is no card or no officer, or where
    there are fewer than two witnesses.
    """

    cards: tuple[DestroyedCard, ...]
    destroyed_at: datetime
    place: str
    method: DestructionMethod
    officers: tuple[Person, ...]
    witnesses: tuple[Person, ...]
    batches: tuple[BatchId, ...] = ()

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((card.card for card in self.cards), "card")
        if not self.cards or not self.officers or len(self.witnesses) < _MIN_WITNESSES:
            msg = "a destruction needs cards, an officer and two witnesses"
            raise ValueError(msg)


# --- accounts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLine(View):
    """A machine's own counters for a batch."""

    line: str
    machine: str
    count: MachineCount


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine(View):
    """The stock identity for a kind of blank, at a place or over all."""

    kind: BlankKind
    count: StockCount
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedCard(View):
    """A card that a person must still decide on, or that nobody can show."""

    card: CardSerial | None
    job: JobId | None
    state: CardState
    last_seen: str
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationSheet(View):
    """The identities of a batch, or of all batches (`batch` is None), with their numbers.

    `contradictions` counts those of the open cards whose state contradicts what holds them.
    """

    batch: BatchId | None
    opened_at: datetime
    closed_at: datetime | None
    count: BatchCount
    machines: tuple[MachineLine, ...]
    stock: tuple[StockLine, ...]
    open_cards: tuple[UnexplainedCard, ...] = ()
    contradictions: int = 0
    operator: Person = Person()
    supervisor: Person = Person()
    auditor: Person = Person()

    @property
    def balanced(self) -> bool:
        """Whether every difference on the sheet is 0, and nothing contradicts itself."""
        return (
            self.count.difference == self.contradictions == 0
            and all(m.count.difference == m.count.unjournalled == 0 for m in self.machines)
            and all(line.count.difference == 0 for line in self.stock)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StockBulletin(View):
    """The public notice of the stock of blanks, from the start of `since` to `as_of`."""

    since: date
    as_of: datetime
    lines: tuple[StockLine, ...]
    keeper: Person = Person()
    head: Person = Person()


# --- to the citizens -------------------------------------------------------------------------


@unique
class NoticeSplit(StrEnum):
    """What has a sheet of its own to be posted."""

    VILLAGE = "village"
    RW = "rw"
    RT = "rt"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeEntry(View):
    """A citizen whose card has arrived: name and neighbourhood, nothing else."""

    name: PersonalText
    village: Area
    rw: str
    rt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeList(View):
    """Names to be posted where no phone number is known; they are sorted by village, RW and RT.

    Raises `ValueError` where there is nobody to be told.
    """

    office: Area
    entries: tuple[NoticeEntry, ...]
    collect_from: date
    collect_at: str
    hours: str = ""
    signer: Person = Person()

    def __post_init__(self) -> None:
        View.__post_init__(self)
        if not self.entries:
            msg = "a notice names at least one person"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedCard(View):
    """A card that waits at the office. Raises `ValueError` where the NIK is not masked."""

    job: JobId
    card: CardSerial
    nik: str
    name: PersonalText
    village: Area
    rw: str
    rt: str
    received_on: date
    notified_on: date | None = None

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_masked(self.nik)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedList(View):
    """The cards that nobody came for, for the counter's own use."""

    office: Area
    as_of: date
    cards: tuple[UnclaimedCard, ...]
    keeper: Person = Person()
    head: Person = Person()

    def __post_init__(self) -> None:
        View.__post_init__(self)
        require_distinct((card.card for card in self.cards), "card")
