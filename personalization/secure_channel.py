"""The personalization channel (`docs/secure-channel.md`): commands in SCP03, one opening, one try.

The keys stay behind `ektp.ports.SecureChannelSession`; here are the order of things and the rule
that a card which did not prove itself is sent nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ports import SecureChannelSession
from personalization.channel import PersonalizationChannel

__all__ = ["SecureChannel", "prove_card"]

_ANY_LENGTH = 256


def prove_card(link: PersonalizationChannel, session: SecureChannelSession) -> CommandApdu:
    """INITIALIZE UPDATE, and the card's cryptogram checked; gives EXTERNAL AUTHENTICATE, unsent.

    Raises `CardNotAuthentic` and `CardAbsent`. Nothing is written, no failure is counted.
    """
    return session.external_authenticate(link.transmit(session.initialize_update()))


class SecureChannel:
    """An open session over a link; a `PersonalizationChannel` itself."""

    def __init__(self, link: PersonalizationChannel, session: SecureChannelSession) -> None:
        self._link = link
        self._session = session

    @classmethod
    def open(cls, link: PersonalizationChannel, session: SecureChannelSession) -> Self:
        """Open a session, at level `33`.

        One try: a card counts three wrong ones and then blocks for ever. Raises
        `CardNotAuthentic` where either side does not prove itself.
        """
        session.check_authenticated(link.transmit(prove_card(link, session)))
        return cls(link, session)

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command within the session.

        Raises `SecureMessagingBroken`, after which nothing more goes through.
        """
        if command.le is None:
            # Every answer has its checksum: a command that asks for nothing would get it by
            # GET RESPONSE.
            command = replace(command, le=_ANY_LENGTH)
        return self._session.unwrap(self._link.transmit(self._session.wrap(command)))
