"""A card made of paper: it answers from a printed script, and nothing but that script.

The third implementation of the channel, beside the real and the simulated card. A transcript is
what `PersonalizationScript.lines` or a `RecordingChannel` prints; it holds no personal data and no
key.
"""

from __future__ import annotations

from collections.abc import Iterable

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import ApduRefused, CardAbsent
from personalization.channel import PersonalizationChannel
from personalization.commands import INS_PUT_DATA, INS_PUT_KEY
from personalization.script import masked

__all__ = ["RecordingChannel", "TranscriptChannel"]

_ARROW = " -> "
_SECRET_INS = (INS_PUT_KEY, INS_PUT_DATA)


class RecordingChannel:
    """Hands commands on to a card and keeps each exchange as a masked line."""

    def __init__(self, channel: PersonalizationChannel) -> None:
        self._channel = channel
        self.lines: list[str] = []

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command and note what came."""
        response = self._channel.transmit(command)
        self.lines.append(masked(command, response, secret=command.ins in _SECRET_INS))
        return response


class TranscriptChannel:
    """Answers each command as the next line of a transcript says.

    Headings (lines without an answer) are passed over.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [line.strip() for line in lines if _ARROW in line]
        self._next = 0

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """The recorded answer.

        Raises `ApduRefused` for a command that the transcript does not have at this place, and
        `CardAbsent` after its end.
        """
        if self._next == len(self._lines):
            raise CardAbsent("the transcript is at its end", commands=self._next)
        said, _, answer = self._lines[self._next].partition(_ARROW)
        secret = command.ins in _SECRET_INS
        asked = masked(command, ResponseApdu(b"", 0), secret=secret).partition(_ARROW)[0]
        if asked != said:
            raise ApduRefused("not the command of the transcript", line=self._next + 1, ins=asked)
        self._next += 1
        *data, sw = answer.split()
        return ResponseApdu(bytes.fromhex("".join(data)), int(sw, 16))

    @property
    def left(self) -> int:
        """How many exchanges of the transcript were not used."""
        return len(self._lines) - self._next
