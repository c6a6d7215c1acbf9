"""What the commands of one chip share: its state, what is proved, what is selected, its chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import MASTER_FILE, ChipProfile
from ektp.chip_profiles import ElementaryFile as ProfileFile
from ektp.ports import Entropy
from simulation.chip.commands import (
    CommandRefused,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.file_system import ElementaryFile
from simulation.chip.rights import Operation, refusal
from simulation.chip.security import READ_CONDITIONS, LifeCycle, SecurityStatus
from simulation.chip.state import ChipState

__all__ = ["CardContext", "Selection"]

_CHALLENGE_BYTES: Final = 8


@dataclass(slots=True)
class Selection:
    """The current directory and the current elementary file; gone with the field.

    `in_session` says that the file was selected within the application's secure messaging.
    """

    directory: int = MASTER_FILE
    file: ElementaryFile | None = None
    in_session: bool = False

    def forget(self) -> None:
        """Back to the master file, and no file."""
        self.directory = MASTER_FILE
        self.file = None
        self.in_session = False


@dataclass(slots=True, kw_only=True)
class CardContext:
    """One chip, as its commands see it."""

    state: ChipState
    security: SecurityStatus = field(default_factory=SecurityStatus)
    selection: Selection = field(default_factory=Selection)
    random: Entropy

    @property
    def profile(self) -> ChipProfile:
        """The profile that the chip was made for."""
        return self.state.model.profile

    @property
    def open(self) -> bool:
        """Whether the chip is still being written."""
        return self.state.life_cycle is LifeCycle.OP_READY

    def give_challenge(self, command: CommandApdu) -> ResponseApdu:
        """GET CHALLENGE (ISO/IEC 7816-4): 8 random bytes, good for one proof."""
        require_parameters(command)
        require_data(command, 0)
        require_le(command, _CHALLENGE_BYTES)
        self.security.challenge = self.random.token_bytes(_CHALLENGE_BYTES)
        return answer(self.security.challenge)

    def require(self, operation: Operation) -> None:
        """Refuse an operation that life cycle or way do not allow (`rights.refusal`)."""
        sw = refusal(operation, self.state.life_cycle, self.security.way)
        if sw is not None:
            raise CommandRefused(sw)

    def choose_directory(self, directory: int) -> None:
        """Select a directory; no elementary file is selected then."""
        self.selection.directory = directory
        self.choose(None)

    def choose(self, file: ElementaryFile | None) -> None:
        """Select an elementary file, or none, by the way of the command in hand."""
        self.selection.file = file
        self.selection.in_session = self.security.protected

    def find(self, file_id: int) -> ElementaryFile:
        """The file of that identifier in the current directory; refuses with 6A82."""
        file = self.state.files.find(file_id, self.selection.directory)
        if file is None:
            raise CommandRefused(StatusWord.FILE_NOT_FOUND)
        return file

    def parent_of(self, named: ProfileFile) -> int:
        """The directory in which the profile has a file."""
        return MASTER_FILE if named.in_master_file else self.profile.application

    def is_marker(self, file_id: int, under: int) -> bool:
        """Whether this is the profile's marker."""
        return (file_id, under) == (self.profile.marker.file_id, self.profile.application)

    def require_read(self, file: ElementaryFile) -> None:
        """Refuse with 6982 the read of a file whose rule does not hold for the command in hand."""
        if self.open and self.is_marker(file.file_id, file.parent):
            return
        condition = READ_CONDITIONS[self.state.life_cycle][file.rule]
        if not self.security.satisfies(condition):
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def read(self, file: ElementaryFile, offset: int, length: int) -> bytes:
        """The content of a file from `offset`; refuses with 6B00 from its end on."""
        if offset >= file.size:
            raise CommandRefused(StatusWord.WRONG_OFFSET)
        return self.state.files.read(file, offset, length)
