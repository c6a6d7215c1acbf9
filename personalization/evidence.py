"""What a chip can prove about how far its personalization came: the evidence of recovery.

After a crash nobody repeats a physical act blindly. The chip tells whether it is an untouched
blank, begun, written or closed, and for which attempt: an open chip by its marker, a closed one by
its card control. In OP_READY every file may be read (`docs/chip-profile-ktp-el.md` section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, unique
from typing import Final, Self

from ektp.apdu import StatusWord, describe_sw
from ektp.chip_profiles import KTP_EL, ChipProfile, FileId
from ektp.errors import ApduRefused, ChipError, IdInvalid
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.tlv import find_tlv
from personalization import commands
from personalization.binding import CARD_CONTROL_BYTES, CardControl, attempt_digest
from personalization.channel import PersonalizationChannel, sent

__all__ = [
    "ChipEvidence",
    "ChipLifeCycle",
    "Marker",
    "Progress",
    "read_card_control",
    "read_evidence",
    "read_life_cycle",
    "read_serial",
]

_CPLC_BYTES: Final = 42
_SERIAL_IN_CPLC: Final = slice(10, 18)
_DIGEST_BYTES: Final = 32


@unique
class ChipLifeCycle(Enum):
    """The card's life cycle (GlobalPlatform Card Specification, table 11-6)."""

    OP_READY = 0x01
    INITIALIZED = 0x07
    SECURED = 0x0F
    CARD_LOCKED = 0x7F
    TERMINATED = 0xFF


@unique
class Progress(StrEnum):
    """How far the personalization of a chip came."""

    BLANK = "blank"
    """Open, and no application: nothing was written."""
    BEGUN = "begun"
    """Open, with an application that lacks files."""
    WRITTEN = "written"
    """Open, and all files are there; whether they are whole, their digests tell."""
    CLOSED = "closed"
    """Closed: it was written whole, compared and closed."""
    TERMINATED = "terminated"
    """Of no use to anyone."""
    SILENT = "silent"
    """Nothing answers, or nothing that is a card of ours."""
    UNKNOWN = "unknown"
    """A card that does not tell: a life cycle of no profile, or a command refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The marker file of an open chip: whose it is to become."""

    job: JobId
    attempt: AttemptId

    @classmethod
    def from_bytes(cls, content: bytes) -> Self | None:
        """Read a marker; None where it was not written to its end."""
        job, _, attempt = content.rstrip(b"\x00").partition(b"\x00")
        try:
            return cls(
                job=JobId.parse(job.decode("ascii")),
                attempt=AttemptId.parse(attempt.decode("ascii")),
            )
        except (IdInvalid, UnicodeDecodeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipEvidence:
    """What a chip says of itself. `files` are the files of an open chip and their digests."""

    card: CardSerial | None
    life_cycle: ChipLifeCycle | None
    application: bool = False
    marker: Marker | None = None
    files: Mapping[FileId, bytes] = field(default_factory=dict)
    control: CardControl | None = None
    profile: ChipProfile = KTP_EL

    @property
    def progress(self) -> Progress:
        """How far the personalization came."""
        match self.life_cycle:
            case ChipLifeCycle.OP_READY if not self.application:
                return Progress.BLANK
            case ChipLifeCycle.OP_READY:
                whole = all(file.file_id in self.files for file in self.profile.files)
                return Progress.WRITTEN if whole else Progress.BEGUN
            case ChipLifeCycle.SECURED:
                return Progress.CLOSED
            case ChipLifeCycle.TERMINATED:
                return Progress.TERMINATED
            case _:
                return Progress.SILENT if self.card is None else Progress.UNKNOWN

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever written: open, and without the application."""
        return self.progress is Progress.BLANK

    @property
    def closed_for(self) -> bytes | None:
        """Of a closed chip: the attempt digest in its card control."""
        if self.control is None or self.progress is not Progress.CLOSED:
            return None
        return self.control.attempt_digest

    def belongs_to(self, attempt: AttemptId) -> bool:
        """Whether the chip names this attempt: in its marker, or in its card control."""
        if self.marker is not None:
            return self.marker.attempt == attempt
        return self.control is not None and self.control.attempt_digest == attempt_digest(attempt)

    def holds(self, digests: Mapping[FileId, bytes]) -> bool:
        """Whether an open chip holds exactly these files (`ChipImage.digests`)."""
        written = {id_: d for id_, d in self.files.items() if id_ != self.profile.marker.file_id}
        return bool(digests) and written == dict(digests)


def read_serial(channel: PersonalizationChannel) -> CardSerial | None:
    """The chip's serial from its CPLC; None where what it answers is no CPLC."""
    answer = sent(channel, commands.GET_CPLC, step="read CPLC").data
    cplc = _found(answer, 0x9F7F)
    if cplc is None or len(cplc) != _CPLC_BYTES:
        return None
    return CardSerial.from_bytes(cplc[_SERIAL_IN_CPLC])


def read_life_cycle(channel: PersonalizationChannel) -> ChipLifeCycle | None:
    """The chip's life cycle; None where it is none that GlobalPlatform knows."""
    answer = sent(channel, commands.GET_STATUS, step="read life cycle").data
    value = _found(answer, 0xE3, 0x9F70)
    try:
        return ChipLifeCycle(value[0]) if value is not None and len(value) == 1 else None
    except ValueError:
        return None


def read_card_control(
    channel: PersonalizationChannel, profile: ChipProfile = KTP_EL
) -> bytes | None:
    """The 51 bytes of card control, without their length; None where there is none.

    It may be read freely of an open chip and of a closed one.
    """
    file = profile.file("card_control")
    if not _selected(channel, profile.application) or not _selected(channel, file.file_id):
        return None
    answer = sent(channel, commands.read_binary(file.size_bytes), step="read card control").data
    if answer[:2] != CARD_CONTROL_BYTES.to_bytes(2, "big") or len(answer) != file.size_bytes:
        return None
    return answer[2:]


def read_evidence(channel: PersonalizationChannel, profile: ChipProfile = KTP_EL) -> ChipEvidence:
    """Ask a chip how far it came; changes nothing on it.

    Never raises for what a chip does: what it does not tell is missing from the evidence.
    """
    card = None
    try:
        card = read_serial(channel)
        return _examined(channel, profile, card)
    except ChipError:
        return ChipEvidence(card=card, life_cycle=None, profile=profile)


def _examined(
    channel: PersonalizationChannel, profile: ChipProfile, card: CardSerial | None
) -> ChipEvidence:
    life_cycle = read_life_cycle(channel)
    evidence = ChipEvidence(card=card, life_cycle=life_cycle, profile=profile)
    if life_cycle is ChipLifeCycle.SECURED:
        control = _control(read_card_control(channel, profile))
        return replace(evidence, application=control is not None, control=control)
    if life_cycle is not ChipLifeCycle.OP_READY or not _selected(channel, profile.application):
        return evidence
    return replace(
        evidence,
        application=True,
        marker=_read_marker(channel, profile),
        files=_read_digests(channel, profile),
        control=_control(read_card_control(channel, profile)),
    )


def _read_marker(channel: PersonalizationChannel, profile: ChipProfile) -> Marker | None:
    if not _selected(channel, profile.marker.file_id):
        return None
    command = commands.read_binary(profile.marker.size_bytes)
    return Marker.from_bytes(sent(channel, command, step="read marker").data)


def _read_digests(channel: PersonalizationChannel, profile: ChipProfile) -> dict[FileId, bytes]:
    digests = {}
    for file in (profile.marker, *profile.files):
        response = channel.transmit(commands.file_digest(file.file_id))
        if response.ok and len(response.data) == _DIGEST_BYTES:
            digests[file.file_id] = response.data
        elif response.sw != StatusWord.FILE_NOT_FOUND:
            raise ApduRefused(ins="B4", sw=describe_sw(response.sw), step="read evidence")
    return digests


def _selected(channel: PersonalizationChannel, file_id: FileId) -> bool:
    response = channel.transmit(commands.select(file_id))
    if response.ok or response.sw == StatusWord.FILE_NOT_FOUND:
        return response.ok
    raise ApduRefused(ins="A4", sw=describe_sw(response.sw), step="read evidence")


def _control(content: bytes | None) -> CardControl | None:
    try:
        return None if content is None else CardControl.from_bytes(content)
    except ValueError:
        return None


def _found(answer: bytes, *path: int) -> bytes | None:
    try:
        return find_tlv(answer, *path)
    except ValueError:
        return None
