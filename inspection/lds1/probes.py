"""Tries what a closed `icao-lds1` chip must refuse, and nothing that does harm where it does not.

UPDATE writes the byte that stands there, CREATE names a file that exists, PUT KEY and PUT DATA
carry nothing that could be one, SET STATUS asks for the state that the chip is in.
"""

from __future__ import annotations

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from inspection.faults import ChipFault
from inspection.guarded import GuardedChip
from inspection.lds1.file_reader import FileReader
from inspection.lds1.files import APPLICATION_FILES, CARD_ACCESS, COM, MARKER, LdsFile
from inspection.lds1.secure_messaging import Link, SecureChannel

__all__ = [
    "check_marker_gone",
    "check_reads_refused",
    "check_session_reads",
    "check_session_writes",
    "check_writes_refused",
]

_PROBE_BYTES = 8
_ERRORS = frozenset(range(0x64, 0x70)) - {0x6C}
"""First bytes of status words that say no (ISO/IEC 7816-4 table 6); 6Cxx says: ask again."""

_CARD_ACCESS_BEGINS = b"\x31"
_SHUT = StatusWord.SECURITY_STATUS_NOT_SATISFIED
_CLOSED = StatusWord.CONDITIONS_NOT_SATISFIED


def _refused(response: ResponseApdu) -> bool:
    return response.sw >> 8 in _ERRORS and not response.data


def _open_in_plain(chip: GuardedChip, reader: FileReader, file: LdsFile) -> str | None:
    """How a file can be had that should not, if it can."""
    sfi = int(file.file_id) & 0x1F
    by_short = chip.transmit(CommandApdu(0x00, 0xB0, 0x80 | sfi, 0x00, le=_PROBE_BYTES))
    if not _refused(by_short):
        return f"{file.file_id} by its short identifier {describe_sw(by_short.sw)}"
    selected = reader.select(file.file_id)
    if selected.sw in (_SHUT, StatusWord.FILE_NOT_FOUND) and not selected.data:
        return None
    if not selected.ok or selected.data:
        return f"{file.file_id} SELECT {describe_sw(selected.sw)}"
    response = reader.read(0, _PROBE_BYTES)
    if response.sw == _SHUT and not response.data:
        return None
    return f"{file.file_id} {describe_sw(response.sw)}"


def check_reads_refused(chip: GuardedChip) -> str:
    """No file of the selected application is read in plain form. Raises `ChipFault`, naming them.

    6982, or 6A82 for a file that is not there.
    """
    reader = FileReader(chip)
    found = (_open_in_plain(chip, reader, file) for file in APPLICATION_FILES)
    open_files = [evidence for evidence in found if evidence is not None]
    if open_files:
        raise ChipFault(", ".join(open_files))
    return f"{len(APPLICATION_FILES)} files: {describe_sw(_SHUT)}"


def _writes(first: bytes) -> dict[str, CommandApdu]:
    file_id = bytes(CARD_ACCESS.file_id)
    create = bytes.fromhex("800200088201018302") + file_id + bytes.fromhex("860100")
    return {
        "UPDATE BINARY": CommandApdu(0x00, 0xD6, 0x00, 0x00, first),
        "CREATE FILE": CommandApdu(0x00, 0xE0, 0x00, 0x00, bytes((0x62, len(create))) + create),
        "PUT KEY": CommandApdu(0x80, 0xD8, 0x30, 0x81, b"\x00"),
        "PUT DATA": CommandApdu(0x00, 0xDA, 0x01, 0x02, b"\x00"),
        "SET STATUS": CommandApdu(0x80, 0xF0, 0x80, 0x0F),
        "FILE DIGEST": CommandApdu(0x80, 0xB4, 0x00, 0x00, file_id, le=0x20),
    }


def check_writes_refused(chip: GuardedChip) -> str:
    """Each command of the writing phase is refused: 6985. Raises `ChipFault` naming the others."""
    reader = FileReader(chip)
    reader.select_master_file()
    selected = reader.select(CARD_ACCESS.file_id)
    first = reader.read(0, 1)
    if not selected.ok or selected.data or not first.ok or first.data != _CARD_ACCESS_BEGINS:
        evidence = f"SELECT {describe_sw(selected.sw)}, READ BINARY {describe_sw(first.sw)}"
        raise ChipFault(f"{CARD_ACCESS.file_id}: {evidence}")
    wrong = []
    writes = _writes(first.data)
    for name, command in writes.items():
        response = chip.transmit(command)
        if response.sw != _CLOSED or response.data:
            wrong.append(f"{name} {describe_sw(response.sw)}")
    if wrong:
        raise ChipFault(", ".join(wrong))
    return f"{len(writes)} commands: {describe_sw(_CLOSED)}"


def check_marker_gone(link: Link) -> str:
    """The marker is not there: 6A82. Raises `ChipFault`, `ChannelBroken`."""
    response = FileReader(link).select(MARKER)
    if response.sw != StatusWord.FILE_NOT_FOUND:
        raise ChipFault(f"SELECT {describe_sw(response.sw)}")
    return describe_sw(response.sw)


def check_session_writes(chip: GuardedChip, channel: SecureChannel, com: bytes) -> str:
    """The first byte of EF.COM cannot be written over, with itself. The session ends with it.

    A chip may refuse bare, where it has no such command in a session: the status word decides.
    Raises `ChipFault`, `ChannelBroken`.
    """
    selected = FileReader(channel).select(COM.file_id)
    if not selected.ok:
        raise ChipFault(f"{COM.file_id} SELECT {describe_sw(selected.sw)}")
    command = CommandApdu(0x00, 0xD6, 0x00, 0x00, com[:1])
    sw = chip.transmit(channel.last(command)).sw
    if sw >> 8 not in _ERRORS:
        raise ChipFault(f"UPDATE BINARY {describe_sw(sw)}")
    return f"UPDATE BINARY {describe_sw(sw)}"


def check_session_reads(chip: GuardedChip) -> str:
    """A bare READ BINARY is refused though a session is open. Raises `ChipFault`."""
    response = FileReader(chip).read(0, _PROBE_BYTES)
    if not _refused(response):
        raise ChipFault(describe_sw(response.sw))
    return describe_sw(response.sw)
