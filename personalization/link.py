"""The way of an APDU to the card: lengths, command chaining, answers in parts, and bytes counted.

What a chip can carry it says itself (`docs/secure-channel.md` section 4): in the historical bytes
of its ATS, which a PC/SC reader hands on within the ATR, and in its extended length information.
The secure channel lies above: what travels here is what was protected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Traffic
from ektp.errors import ApduRefused
from ektp.ports import CardChannel
from ektp.tlv import decode_tlv, find_tlv
from personalization import commands

__all__ = ["CardLink", "LinkLimits", "historical_bytes", "limits_of"]

_CATEGORY_COMPACT: Final = 0x80
_CARD_CAPABILITIES: Final = 0x7
_CAPABILITY_BYTES: Final = 3
_CHAINING_BIT: Final = 0x80
_EXTENDED_BIT: Final = 0x40

_SHORT_DATA: Final = 255
_SHORT_ANSWER: Final = 256
_CHAINED_CLA: Final = 0x10
_MOST_PIECES: Final = 4
"""Pieces of a chained command: a chip need not tell how much it can join, and few join more."""

_EXTENDED_OVERHEAD: Final = 4 + 3 + 2
_MAC_BYTES: Final = 8
_BLOCK: Final = 16
_MORE_DATA: Final = 0x61
_OTHER_LE: Final = 0x6C
_MOST_PARTS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """What a chip can carry; without anything told, short commands and answers.

    `largest_command`: bytes of a whole extended APDU, 0 where there are none.
    """

    chaining: bool = False
    largest_command: int = 0

    @property
    def extended(self) -> bool:
        """Whether extended lengths may be used."""
        return self.largest_command > 0

    @property
    def block_bytes(self) -> int:
        """How much plain data one protected command carries: enciphered, padded, with its MAC."""
        if self.extended:
            room = self.largest_command - _EXTENDED_OVERHEAD
        else:
            room = _SHORT_DATA * (_MOST_PIECES if self.chaining else 1)
        return max((room - _MAC_BYTES) // _BLOCK * _BLOCK, _BLOCK) - 1


class CardLink:
    """Carries commands of any length to a card, as its limits allow; a `PersonalizationChannel`."""

    def __init__(self, channel: CardChannel, limits: LinkLimits = LinkLimits()) -> None:
        self._channel = channel
        self.limits = limits
        self._purpose = "open"
        self._traffic: dict[str, Traffic] = {}

    @classmethod
    def of(cls, channel: CardChannel) -> Self:
        """A link with the limits that the chip tells. Raises `CardAbsent`."""
        link = cls(channel)
        link.limits = limits_of(channel.atr(), link.transmit)
        return link

    def begin(self, purpose: str) -> None:
        """Count what follows under this name."""
        self._purpose = purpose

    @property
    def traffic(self) -> dict[str, Traffic]:
        """What went over the air so far, by purpose."""
        return dict(self._traffic)

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command, in pieces where it must be, and bring its whole answer.

        Raises `CardAbsent`, `ApduRefused` for an answer without end, and `ValueError` for a
        command longer than `limits.block_bytes` allows.
        """
        response = self._sent(command)
        if response.sw >> 8 == _OTHER_LE:
            response = self._sent(replace(command, le=response.sw & 0xFF or _SHORT_ANSWER))
        return self._completed(response) if response.sw >> 8 == _MORE_DATA else response

    def _sent(self, command: CommandApdu) -> ResponseApdu:
        if not command.extended or self.limits.extended:
            return self._exchanged(command)
        if not self.limits.chaining:
            msg = "the command is longer than the chip can take"
            raise ValueError(msg)
        *pieces, last = _pieces(command)
        for piece in pieces:
            response = self._exchanged(piece)
            if not response.ok:
                return response
        return self._exchanged(last)

    def _completed(self, response: ResponseApdu) -> ResponseApdu:
        """The answer with what GET RESPONSE brings (ISO/IEC 7816-4 clause 11.5.1)."""
        data = response.data
        for _ in range(_MOST_PARTS):
            length = response.sw & 0xFF or _SHORT_ANSWER
            response = self._exchanged(CommandApdu(0x00, 0xC0, le=length))
            data += response.data
            if response.sw >> 8 != _MORE_DATA:
                return ResponseApdu(data, response.sw)
        raise ApduRefused("an answer without end", ins="C0", parts=_MOST_PARTS)

    def _exchanged(self, command: CommandApdu) -> ResponseApdu:
        response = self._channel.transmit(command)
        before = self._traffic.get(self._purpose, Traffic(apdus=0, sent_bytes=0, received_bytes=0))
        self._traffic[self._purpose] = Traffic(
            apdus=before.apdus + 1,
            sent_bytes=before.sent_bytes + len(bytes(command)),
            received_bytes=before.received_bytes + len(bytes(response)),
        )
        return response


def _pieces(command: CommandApdu) -> Iterator[CommandApdu]:
    """Command chaining (ISO/IEC 7816-4 clause 5.3.3): all but the last have the chaining bit."""
    for start in range(0, len(command.data), _SHORT_DATA):
        data = command.data[start : start + _SHORT_DATA]
        last = start + _SHORT_DATA >= len(command.data)
        cla = command.cla if last else command.cla | _CHAINED_CLA
        le = command.le if last else None
        yield CommandApdu(cla, command.ins, command.p1, command.p2, data, le)


# --- what a chip tells of itself ------------------------------------------------------------------


def limits_of(atr: bytes, ask: Callable[[CommandApdu], ResponseApdu]) -> LinkLimits:
    """What a chip can carry, from its ATR and, where need be, its own answer.

    The extended length information is asked for where the historical bytes promise extended
    lengths, and where there are no card capabilities to say anything.
    """
    capabilities = _capabilities(historical_bytes(atr))
    chaining = capabilities is not None and bool(capabilities & _CHAINING_BIT)
    if capabilities is not None and not capabilities & _EXTENDED_BIT:
        return LinkLimits(chaining=chaining)
    answer = ask(commands.GET_EXTENDED_LENGTHS)
    largest = _largest_command(answer.data) if answer.ok else 0
    return LinkLimits(chaining=chaining, largest_command=largest)


def historical_bytes(atr: bytes) -> bytes:
    """The historical bytes of an ATR (ISO/IEC 7816-3 clause 8.2); none of one that is cut off."""
    if len(atr) < 2:
        return b""
    count, present, position = atr[1] & 0x0F, atr[1] >> 4, 2
    while present:
        position += present.bit_count()
        # The last of TA, TB, TC and TD, where it is TD, says what follows.
        if not present & 0x8 or position > len(atr):
            break
        present = atr[position - 1] >> 4
    return atr[position : position + count]


def _capabilities(historical: bytes) -> int | None:
    """The third byte of the card capabilities (ISO/IEC 7816-4 clause 12.1.1.9), or None."""
    if historical[:1] != bytes((_CATEGORY_COMPACT,)):
        return None
    position = 1
    while position < len(historical):
        tag, length = historical[position] >> 4, historical[position] & 0x0F
        value = historical[position + 1 : position + 1 + length]
        if tag == _CARD_CAPABILITIES and len(value) == length:
            return value[2] if length >= _CAPABILITY_BYTES else 0
        position += 1 + length
    return None


def _largest_command(answer: bytes) -> int:
    """The first number of the extended length information; 0 where it makes no sense."""
    try:
        information = find_tlv(answer, 0x7F66)
        lengths = [] if information is None else list(decode_tlv(information))
    except ValueError:
        return 0
    if len(lengths) != 2 or any(tlv.tag != 0x02 or not tlv.value for tlv in lengths):
        return 0
    largest = min(int.from_bytes(lengths[0].value, "big"), 0xFFFF)
    return largest if largest > _EXTENDED_OVERHEAD + _SHORT_DATA else 0
