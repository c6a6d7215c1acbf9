"""Tries what a closed chip must refuse, and nothing that could do harm where it does not.

Nothing is sent that would change a chip in hand: UPDATE writes the byte that stands there, CREATE
names a file that exists, PUT KEY carries no key, SET STATUS asks for the state that the chip is in.
"""

from __future__ import annotations

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from ektp.chip_profiles import ChipProfile, ElementaryFile, ReadAccess
from inspection.faults import ChipFault
from inspection.guarded import GuardedChip
from inspection.reader import PlainReader

__all__ = ["check_marker_gone", "check_reads_refused", "check_writes_refused"]

_PROBE_BYTES = 8


def _refused_as(sw: StatusWord, response: ResponseApdu) -> bool:
    return response.sw == sw and not response.data


def check_reads_refused(reader: PlainReader, files: tuple[ElementaryFile, ...]) -> str:
    """Each file is there and does not read in plain: 6982. Raises `ChipFault` naming the files."""
    open_files = []
    for file in files:
        sw = reader.select(file.file_id)
        if sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
            continue
        if sw != StatusWord.OK:
            open_files.append(f"{file.file_id} SELECT {describe_sw(sw)}")
            continue
        response = reader.read(0, _PROBE_BYTES)
        if not _refused_as(StatusWord.SECURITY_STATUS_NOT_SATISFIED, response):
            open_files.append(f"{file.file_id} {describe_sw(response.sw)}")
    if open_files:
        raise ChipFault(", ".join(open_files))
    names = ", ".join(str(file.file_id) for file in files)
    return f"{names}: {describe_sw(StatusWord.SECURITY_STATUS_NOT_SATISFIED)}"


def check_marker_gone(reader: PlainReader, profile: ChipProfile) -> str:
    """The marker file is not there: 6A82. Raises `ChipFault`."""
    sw = reader.select(profile.marker.file_id)
    if sw != StatusWord.FILE_NOT_FOUND:
        raise ChipFault(describe_sw(sw))
    return describe_sw(sw)


def _writes(file: ElementaryFile, first: bytes) -> dict[str, CommandApdu]:
    create = bytes.fromhex("800200088201018302") + bytes(file.file_id) + bytes.fromhex("860100")
    return {
        "UPDATE BINARY": CommandApdu(0x00, 0xD6, 0x00, 0x00, first),
        "CREATE FILE": CommandApdu(0x00, 0xE0, 0x00, 0x00, bytes((0x62, len(create))) + create),
        "PUT KEY": CommandApdu(0x80, 0xD8, 0x01, 0x01, b"\x00"),
        "SET STATUS": CommandApdu(0x80, 0xF0, 0x80, 0x0F),
        "FILE DIGEST": CommandApdu(0x80, 0xB4, 0x00, 0x00, bytes(file.file_id), le=0x20),
    }


def check_writes_refused(chip: GuardedChip, profile: ChipProfile) -> str:
    """Each command of the writing phase is refused: 6985. Raises `ChipFault` naming the others."""
    reader = PlainReader(chip)
    # The photograph where it is free, else card control.
    file = [file for file in profile.files if file.read is ReadAccess.FREE][-1]
    sw = reader.select(file.file_id)
    first = reader.read(0, 1)
    if sw != StatusWord.OK or not first.ok or len(first.data) != 1:
        raise ChipFault(f"{file.file_id} {describe_sw(sw)}, {describe_sw(first.sw)}")
    wrong = []
    writes = _writes(file, first.data)
    for name, command in writes.items():
        response = chip.transmit(command)
        if not _refused_as(StatusWord.CONDITIONS_NOT_SATISFIED, response):
            wrong.append(f"{name} {describe_sw(response.sw)}")
    if wrong:
        raise ChipFault(", ".join(wrong))
    return f"{len(writes)} commands: {describe_sw(StatusWord.CONDITIONS_NOT_SATISFIED)}"
