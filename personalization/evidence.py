"""What a chip can prove about how far its personalization came: the evidence of recovery.

After a crash nobody repeats a physical act blindly. The chip tells without any key whether it is an
untouched blank, begun or closed, under which key set, and for which attempt: an open chip by its
marker, a closed one by its card control (`docs/secure-channel.md` sections 2 and 7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum, unique
from typing import Final, Self

from ektp.apdu import CommandApdu, StatusWord, describe_sw
from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.errors import ApduRefused, ChipError, IdInvalid
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, CardChannel
from ektp.tlv import decode_tlv, find_tlv
from personalization import commands
from personalization.card_control import CARD_CONTROL_BYTES, CardControl, attempt_digest
from personalization.channel import PersonalizationChannel, sent
from personalization.link import CardLink

__all__ = [
    "ChipEvidence",
    "ChipLifeCycle",
    "KeyInformation",
    "Marker",
    "Progress",
    "read_card_control",
    "read_evidence",
    "read_key_information",
    "read_life_cycle",
    "read_serial",
]

_CPLC_BYTES: Final = 42
_SERIAL_IN_CPLC: Final = slice(10, 18)
_AES: Final = 0x88
_KEY_IDS: Final = {1, 2, 3}
_KEY_ENTRY_BYTES: Final = 4


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
    """Open, no application, and the maker's keys: nothing was written."""
    BEGUN = "begun"
    """Open, with an application or with keys of ours."""
    CLOSED = "closed"
    """Closed: it was written whole, compared and closed."""
    TERMINATED = "terminated"
    """Of no use to anyone."""
    SILENT = "silent"
    """Nothing answers, or nothing that is a card of ours."""
    UNKNOWN = "unknown"
    """A card that does not tell: a life cycle or keys of no profile, or a command refused."""


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
class KeyInformation:
    """The key set that a chip holds: its version, and the length of each of its AES keys."""

    version: int
    key_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipEvidence:
    """What a chip says of itself. `key_version` is that of the key set that it holds."""

    card: CardSerial | None
    life_cycle: ChipLifeCycle | None
    key_version: int | None = None
    application: bool = False
    marker: Marker | None = None
    control: CardControl | None = None

    @property
    def progress(self) -> Progress:
        """How far the personalization came."""
        match self.life_cycle:
            case ChipLifeCycle.OP_READY if self.application or self.keys_changed:
                return Progress.BEGUN
            case ChipLifeCycle.OP_READY if self.key_version == TRANSPORT_KEY_VERSION:
                return Progress.BLANK
            case ChipLifeCycle.SECURED:
                return Progress.CLOSED
            case ChipLifeCycle.TERMINATED:
                return Progress.TERMINATED
            case _:
                return Progress.SILENT if self.card is None else Progress.UNKNOWN

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever written: open, empty, under the maker's keys."""
        return self.progress is Progress.BLANK

    @property
    def keys_changed(self) -> bool:
        """Whether the card's own key set is there: what decides a PUT KEY that was cut off."""
        return self.key_version == CARD_KEY_VERSION

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


def read_evidence(channel: CardChannel, profile: ChipProfile = KTP_EL) -> ChipEvidence:
    """Ask a chip how far it came; needs no key and changes nothing on it.

    Never raises for what a chip does: what it does not tell is missing from the evidence.
    """
    link = CardLink(channel)
    evidence = ChipEvidence(card=None, life_cycle=None)
    try:
        evidence = replace(evidence, card=read_serial(link))
        evidence = replace(evidence, life_cycle=read_life_cycle(link))
        if evidence.life_cycle in (ChipLifeCycle.OP_READY, ChipLifeCycle.SECURED):
            return _examined(link, profile, evidence)
    except ChipError:
        return replace(evidence, life_cycle=None)
    return evidence


def _examined(
    link: PersonalizationChannel, profile: ChipProfile, evidence: ChipEvidence
) -> ChipEvidence:
    held = read_key_information(link)
    control = _control(read_card_control(link, profile))
    evidence = replace(evidence, key_version=held.version if held else None, control=control)
    if evidence.life_cycle is ChipLifeCycle.SECURED:
        return replace(evidence, application=control is not None)
    if not _selected(link, commands.select_application(profile)):
        return evidence
    return replace(evidence, application=True, marker=_read_marker(link, profile))


# --- single answers ------------------------------------------------------------------------------


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


def read_key_information(channel: PersonalizationChannel) -> KeyInformation | None:
    """The key set of a chip that is not terminated; None where it is no set of three AES keys.

    Section 2: `E0` { `C0` id ‖ version ‖ `88` ‖ length, three times }.
    """
    answer = sent(channel, commands.GET_KEY_INFORMATION, step="read key information").data
    try:
        entries = [
            tlv.value for tlv in decode_tlv(find_tlv(answer, 0xE0) or b"") if tlv.tag == 0xC0
        ]
    except ValueError:
        return None
    if len(entries) != len(_KEY_IDS) or any(len(entry) != _KEY_ENTRY_BYTES for entry in entries):
        return None
    kinds = {entry[1:] for entry in entries}
    if {entry[0] for entry in entries} != _KEY_IDS or len(kinds) != 1:
        return None
    version, kind, length = kinds.pop()
    return KeyInformation(version=version, key_bytes=length) if kind == _AES else None


def read_card_control(
    channel: PersonalizationChannel, profile: ChipProfile = KTP_EL
) -> bytes | None:
    """The 51 bytes of card control, without their length; None where there is none.

    It may be read freely of an open chip and of a closed one.
    """
    file = profile.file("card_control")
    above = (
        commands.SELECT_MASTER_FILE if file.in_master_file else commands.select_application(profile)
    )
    if not _selected(channel, above) or not _selected(channel, commands.select(file.file_id)):
        return None
    answer = sent(channel, commands.read_binary(file.size_bytes), step="read card control").data
    if answer[:2] != CARD_CONTROL_BYTES.to_bytes(2, "big") or len(answer) != file.size_bytes:
        return None
    return answer[2:]


def _read_marker(channel: PersonalizationChannel, profile: ChipProfile) -> Marker | None:
    if not _selected(channel, commands.select(profile.marker.file_id)):
        return None
    command = commands.read_binary(profile.marker.size_bytes)
    return Marker.from_bytes(sent(channel, command, step="read marker").data)


def _selected(channel: PersonalizationChannel, command: CommandApdu) -> bool:
    response = channel.transmit(command)
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
