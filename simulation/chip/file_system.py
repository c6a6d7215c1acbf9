"""The files of a chip: master file, one application (DF), transparent EFs (ISO/IEC 7816-4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ektp.chip_profiles import MASTER_FILE
from simulation.chip.memory import NonVolatileMemory
from simulation.chip.security import AccessRule

__all__ = ["ElementaryFile", "FileExists", "FileSystem", "MemoryFull"]


class FileExists(Exception):
    """There is a file of that identifier."""


class MemoryFull(Exception):
    """The user memory has no room for the file and its header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementaryFile:
    """A transparent EF: where its `size` bytes begin in the cells, and its access rule.

    `parent` is the identifier of the directory that it lies under.
    """

    parent: int
    file_id: int
    address: int
    size: int
    rule: AccessRule


class FileSystem:
    """The master file and one application, with their elementary files one after the other.

    A file costs its size and a header. A new file reads as zeros. `application` is the identifier
    of the dedicated file, None until it is created.
    """

    __slots__ = ("_files", "_header_bytes", "_memory", "application")

    def __init__(self, memory: NonVolatileMemory, header_bytes: int) -> None:
        self._memory = memory
        self._header_bytes = header_bytes
        self._files: dict[tuple[int, int], ElementaryFile] = {}
        self.application: int | None = None

    def __iter__(self) -> Iterator[ElementaryFile]:
        return iter(self._files.values())

    def find(self, file_id: int, under: int) -> ElementaryFile | None:
        """The elementary file of that identifier in a directory."""
        return self._files.get((under, file_id))

    def create_application(self, file_id: int) -> None:
        """Make the dedicated file. Raises `FileExists`, `PowerLost`."""
        if self.application is not None:
            raise FileExists
        self._memory.commit()
        self.application = file_id

    def create(self, file_id: int, size: int, rule: AccessRule, under: int) -> ElementaryFile:
        """Make an elementary file. Raises `FileExists`, `MemoryFull`, `PowerLost`."""
        if (under, file_id) in self._files or file_id in (self.application, MASTER_FILE):
            raise FileExists
        address = self._end + self._header_bytes
        if address + size > len(self._memory.cells):
            raise MemoryFull
        self._memory.commit()
        file = ElementaryFile(parent=under, file_id=file_id, address=address, size=size, rule=rule)
        return self.restore(file)

    def restore(self, file: ElementaryFile) -> ElementaryFile:
        """Put a file back that was there when the chip's state was saved."""
        self._files[file.parent, file.file_id] = file
        return file

    def remove(self, file: ElementaryFile) -> None:
        """Forget a file and wipe its cells; part of a change that the caller has committed."""
        del self._files[file.parent, file.file_id]
        self._memory.cells[file.address : file.address + file.size] = bytes(file.size)

    def read(self, file: ElementaryFile, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`, fewer at the end of the file."""
        start = file.address + offset
        end = file.address + min(offset + length, file.size)
        return bytes(self._memory.cells[start:end])

    def update(self, file: ElementaryFile, offset: int, data: bytes) -> None:
        """Write within a file; the caller has checked its size.

        Raises `PowerLost` or `CellFailure` after the bytes that could be written.
        """
        self._memory.burn(file.address + offset, data)

    @property
    def _end(self) -> int:
        return max((file.address + file.size for file in self._files.values()), default=0)
