"""The seam between the personalization and the way to the card.

All commands go through `PersonalizationChannel`: a plain `CardChannel` is one, and so is a secure
channel that wraps the same commands before it hands them on.
"""

from __future__ import annotations

from typing import Protocol

from ektp.apdu import CommandApdu, ResponseApdu, describe_sw
from ektp.errors import ApduRefused

__all__ = ["PersonalizationChannel", "sent"]


class PersonalizationChannel(Protocol):
    """What carries the commands of a personalization to one card."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command. Raises `CardAbsent`, or `SecureMessagingBroken` behind a wrapper."""
        ...


def sent(
    channel: PersonalizationChannel, command: CommandApdu, *, step: str, expected_sw: int = 0x9000
) -> ResponseApdu:
    """Send a command and insist on its status word.

    Raises `ApduRefused` with the instruction, the status word and the step.
    """
    response = channel.transmit(command)
    if response.sw != expected_sw:
        raise ApduRefused(ins=f"{command.ins:02X}", sw=describe_sw(response.sw), step=step)
    return response
