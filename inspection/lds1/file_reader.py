"""Reads the files of an LDS chip (Doc 9303-10 clause 3.6): plain, or through a session.

What a file announces in its first bytes bounds what is read of it, and what it may announce is
bounded before anything more is asked for. A chip may say in several ways that a file is shorter
than was asked (6282, 6B00, 6Cxx, fewer bytes); a file that is shorter than it announces fails.
"""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from ektp.chip_profiles import ICAO_LDS1, MASTER_FILE, FileId
from inspection.faults import ChipFault, Refused
from inspection.lds1.files import LdsFile
from inspection.lds1.secure_messaging import SHORT_PLAIN_BYTES, Link
from inspection.lds1.tlv import encode, only, read_header

__all__ = ["FileReader", "FileRefused"]

_HEAD_BYTES: Final = 4
_LENGTH_PREFIX: Final = 2
_LAST_SHORT_OFFSET: Final = 0x7FFF
_OFFSET, _DISCRETIONARY = 0x54, 0x53
_WRONG_LE: Final = 0x6C
_GOOD: Final = (StatusWord.OK, StatusWord.END_OF_FILE)


class FileRefused(Refused):
    """The chip refuses a file: with what."""

    def __init__(self, evidence: str, sw: int) -> None:
        self.sw = sw
        super().__init__(evidence)


def _wrapped_bytes(count: int) -> int:
    """How long a discretionary data object of so many bytes is."""
    return len(encode(_DISCRETIONARY, bytes(count)))


class FileReader:
    """Selects and reads. `chunk`: bytes of one READ BINARY.

    Through a session short answers hold `SHORT_PLAIN_BYTES`; more than 256 asks with extended
    lengths, which is for chips that announce them.
    """

    def __init__(self, link: Link, chunk: int = SHORT_PLAIN_BYTES) -> None:
        self._link = link
        self._chunk = chunk

    def select_master_file(self) -> int:
        """SELECT `3F00`; the status word."""
        return self._select(0x00, bytes(MASTER_FILE)).sw

    def select_application(self) -> ResponseApdu:
        """SELECT by AID, `A0000002471001`."""
        return self._select(0x04, ICAO_LDS1.aid)

    def select(self, file_id: FileId) -> ResponseApdu:
        """SELECT of a file under the current dedicated file."""
        return self._select(0x02, bytes(file_id))

    def read(self, offset: int, count: int) -> ResponseApdu:
        """One READ BINARY of the selected file, as it is answered, with even or odd INS.

        What an odd INS answers is taken out of its data object. Raises `ChipFault` where it is
        not in one.
        """
        if offset <= _LAST_SHORT_OFFSET:
            return self._link.transmit(
                CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=count)
            )
        data = encode(_OFFSET, offset.to_bytes((offset.bit_length() + 7) // 8, "big"))
        answer = self._link.transmit(
            CommandApdu(0x00, 0xB1, 0x00, 0x00, data, le=_wrapped_bytes(count))
        )
        if answer.sw in _GOOD and answer.data:
            return ResponseApdu(only(answer.data, _DISCRETIONARY), answer.sw)
        return answer

    def read_file(self, file: LdsFile, limit: int) -> bytes:
        """The whole file, no more than `limit` bytes. Raises `FileRefused`, `ChipFault`."""
        selected = self.select(file.file_id)
        if not selected.ok or selected.data:
            evidence = f"SELECT {describe_sw(selected.sw)}, {len(selected.data)} bytes"
            raise FileRefused(evidence, selected.sw)
        content = bytearray()
        total: int | None = None
        while total is None or len(content) < total:
            if total is None:
                count = _HEAD_BYTES
            else:
                count = min(total - len(content), self._room(len(content)))
            part, ended = self._part(len(content), count)
            content += part
            if total is None:
                total = _announced(file, bytes(content), limit)
            if ended and (total is None or len(content) < total):
                raise ChipFault(f"ends after {len(content)} bytes of {total or _HEAD_BYTES}")
        return bytes(content[:total])

    def _room(self, offset: int) -> int:
        if offset <= _LAST_SHORT_OFFSET:
            return self._chunk
        return self._chunk - (_wrapped_bytes(self._chunk) - self._chunk)

    def _part(self, offset: int, count: int) -> tuple[bytes, bool]:
        """Some bytes, one at least, and whether the chip says that these were the last."""
        answer = self.read(offset, count)
        left = answer.sw & 0xFF
        if answer.sw >> 8 == _WRONG_LE and not answer.data and 0 < left < count:
            answer = self.read(offset, left)
        if answer.sw == StatusWord.WRONG_OFFSET:
            raise ChipFault(f"ends after {offset} bytes, {describe_sw(answer.sw)}")
        if answer.sw not in _GOOD:
            raise FileRefused(describe_sw(answer.sw), answer.sw)
        if not 0 < len(answer.data) <= count:
            raise ChipFault(f"{len(answer.data)} bytes at {offset} where {count} were asked")
        return answer.data, answer.sw == StatusWord.END_OF_FILE

    def _select(self, p1: int, data: bytes) -> ResponseApdu:
        return self._link.transmit(CommandApdu(0x00, 0xA4, p1, 0x0C, data))


def _announced(file: LdsFile, head: bytes, limit: int) -> int | None:
    """The size of the whole file by its first bytes; None where more of them are needed."""
    if file.tag is None:
        if len(head) < _LENGTH_PREFIX:
            return None
        total = _LENGTH_PREFIX + int.from_bytes(head[:_LENGTH_PREFIX], "big")
    else:
        header = read_header(head)
        if header is None:
            return None
        tag, length, begin = header
        if tag != file.tag:
            raise ChipFault(f"begins with {tag:X} where {file.tag:X} belongs")
        total = begin + length
    if total > limit:
        raise ChipFault(f"announces {total} bytes of {limit}")
    return total
