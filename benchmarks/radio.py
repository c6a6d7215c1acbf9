"""How long APDUs take over the air: a model of ISO/IEC 14443, computed from their lengths alone.

Blocks (ISO/IEC 14443-4, clause 7): an APDU travels in I-blocks of PCB (1) ‖ data ‖ CRC (2), without
CID and NAD. A frame holds 256 bytes at most (FSC and FSD), so that a block carries 253; each block
of a chain but the last is answered by an R(ACK) block of 3 bytes.

Type A (ISO/IEC 14443-3, clause 6.2): nine bits a byte, with its parity; one bit of start; two bits
of end from the reader, one from the card; 1172/fc between frames in either direction.

Type B (ISO/IEC 14443-3, clause 7.1): ten etu a byte, one start and one stop bit, and extra guard
time (EGT) between characters, none here unless said; start of frame 12 etu, end of frame 10 etu;
before the card's frame TR0 = 64/fs and TR1 = 80/fs, before the reader's TR2 = 10 etu of 106 kbit/s
+ 32/fs, with fs = fc/16.

All of these are the least that the standard asks for. Not in the model: how long a chip computes
and writes its memory (and the waiting time extensions by which it asks for more), activation, and
what a reader's driver adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

__all__ = ["BIT_RATES", "CARRIER_HZ", "Exchange", "RadioLink", "Signalling"]

CARRIER_HZ: Final = 13_560_000
"""fc; all times of the model are whole periods of it."""

BIT_RATES: Final = {106: 128, 212: 64, 424: 32, 848: 16}
"""Bit rates in kbit/s by their usual names, and the carrier periods of one bit (etu)."""

_SUBCARRIER_PERIODS: Final = 16
_PCB_AND_CRC: Final = 3
_FRAME_DELAY_A: Final = 1172
_ANSWER_DELAY_B: Final = (64 + 80) * _SUBCARRIER_PERIODS
_COMMAND_DELAY_B: Final = 10 * 128 + 32 * _SUBCARRIER_PERIODS

Exchange = tuple[int, int]
"""Bytes of a command APDU, and of its answer with the status word."""


@unique
class Signalling(StrEnum):
    """The two types of ISO/IEC 14443."""

    A = "A"
    B = "B"


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioLink:
    """A reader and a card at one bit rate, the same in both directions.

    `kbit_s`: a key of `BIT_RATES`. `frame_bytes`: FSC and FSD. `egt_etu`: extra guard time of type
    B after each character.
    """

    signalling: Signalling
    kbit_s: int
    frame_bytes: int = 256
    egt_etu: int = 0

    def __post_init__(self) -> None:
        if self.kbit_s not in BIT_RATES or self.frame_bytes <= _PCB_AND_CRC or self.egt_etu < 0:
            msg = "a bit rate of ISO/IEC 14443, a frame that carries something, no less than no EGT"
            raise ValueError(msg)

    def seconds(self, exchanges: Iterable[Exchange]) -> float:
        """How long these exchanges take, one after another."""
        return sum(self.periods(*lengths) for lengths in exchanges) / CARRIER_HZ

    def bare_seconds(self, count: int) -> float:
        """How long the bits of so many bytes take, with nothing around them."""
        return 8 * count * BIT_RATES[self.kbit_s] / CARRIER_HZ

    def periods(self, command: int, answer: int) -> int:
        """Carrier periods from the first bit of a command until the next one may begin."""
        return sum(
            self._frame(length, from_reader=from_reader) + self._delay_after(from_reader)
            for from_reader, length in self.frames(command, answer)
        )

    def frames(self, command: int, answer: int) -> Iterator[tuple[bool, int]]:
        """The frames of an exchange: whether the reader sends it, and its bytes, CRC included."""
        yield from self._chain(command, from_reader=True)
        yield from self._chain(answer, from_reader=False)

    def _chain(self, length: int, *, from_reader: bool) -> Iterator[tuple[bool, int]]:
        room = self.frame_bytes - _PCB_AND_CRC
        while length > room:
            yield from_reader, self.frame_bytes
            yield not from_reader, _PCB_AND_CRC
            length -= room
        yield from_reader, length + _PCB_AND_CRC

    def _frame(self, length: int, *, from_reader: bool) -> int:
        etu = BIT_RATES[self.kbit_s]
        if self.signalling is Signalling.A:
            return (1 + 9 * length + (2 if from_reader else 1)) * etu
        return (12 + (10 + self.egt_etu) * length + 10) * etu

    def _delay_after(self, from_reader: bool) -> int:
        if self.signalling is Signalling.A:
            return _FRAME_DELAY_A
        return _ANSWER_DELAY_B if from_reader else _COMMAND_DELAY_B
