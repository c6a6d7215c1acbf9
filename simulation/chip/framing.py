"""Long commands and long answers: command chaining, extended lengths, `61xx` and GET RESPONSE.

ISO/IEC 7816-4 clauses 5.3.3 and 5.3.4; docs/secure-channel.md section 4. The layer stands before
secure messaging: what is chained is the protected command, and what is cut the protected answer.
"""

from __future__ import annotations

from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from simulation.chip.features import ChipFeatures

__all__ = ["CHAINING_BIT", "Framing", "without_chaining"]

CHAINING_BIT: Final = 0x10
_FIRST_CLASSES: Final = 0x60  # both bits are 0 in the classes where 10 means chaining
_EXTENDED_OVERHEAD: Final = 4 + 3 + 2
_MOST_DATA: Final = 0xFFFF
_SHORT_ANSWER: Final = 256
_GET_RESPONSE: Final = (0x00, 0xC0)
_MORE: Final = 0x6100
_DONE: Final = ResponseApdu(b"", StatusWord.OK)


def without_chaining(cla: int) -> int:
    """The class byte without its chaining bit, where it has one."""
    return cla if cla & _FIRST_CLASSES else cla & ~CHAINING_BIT


class Framing:
    """What is left of a chain of commands, and what is left of an answer.

    `own_chaining` are the commands that take the links of a chain by themselves.
    """

    def __init__(self, features: ChipFeatures, own_chaining: frozenset[tuple[int, int]]) -> None:
        self._features = features
        self._own_chaining = own_chaining
        self._chain: list[CommandApdu] = []
        self._rest: ResponseApdu | None = None

    def reset(self) -> None:
        """The field went away."""
        self._chain = []
        self._rest = None

    def receive(self, command: CommandApdu) -> CommandApdu | ResponseApdu:
        """The whole command; or the answer, where it is none yet or cannot be taken."""
        if (command.cla, command.ins) == _GET_RESPONSE:
            return self._get_response(command)
        self._rest = None
        if command.extended and not self._fits(command):
            return self._refuse(StatusWord.WRONG_LENGTH)
        plain_cla = without_chaining(command.cla)
        if plain_cla == command.cla:
            return self._last(command)
        if (plain_cla & 0x80, command.ins) in self._own_chaining:
            self._chain = []
            return command
        if not self._features.chaining:
            return self._refuse(StatusWord.CLA_NOT_SUPPORTED)
        return self._link(command)

    def send(self, command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        """As much of the answer as the command asked for, and `61xx` where there is more."""
        longest = self._features.longest_answer
        limit = longest if command.extended else _SHORT_ANSWER
        limit = longest if command.le is None else min(limit, command.le)
        return self._cut(response, limit)

    def _fits(self, command: CommandApdu) -> bool:
        size = _EXTENDED_OVERHEAD + len(command.data)
        return self._features.extended and size <= self._features.largest_command

    def _refuse(self, sw: StatusWord) -> ResponseApdu:
        self._chain = []
        return ResponseApdu(b"", sw)

    def _link(self, command: CommandApdu) -> ResponseApdu:
        if self._chain and _head(self._chain[0]) != _head(command):
            return self._refuse(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._chain.append(command)
        if sum(len(link.data) for link in self._chain) > _MOST_DATA:
            return self._refuse(StatusWord.WRONG_LENGTH)
        return _DONE

    def _last(self, command: CommandApdu) -> CommandApdu | ResponseApdu:
        chain, self._chain = self._chain, []
        # Another command than the chain's gives the chain up.
        if not chain or _head(chain[0]) != _head(command):
            return command
        data = b"".join(link.data for link in (*chain, command))
        if len(data) > _MOST_DATA:
            return self._refuse(StatusWord.WRONG_LENGTH)
        cla, ins, p1, p2 = _head(command)
        return CommandApdu(cla, ins, p1, p2, data, command.le)

    def _get_response(self, command: CommandApdu) -> ResponseApdu:
        rest, self._rest = self._rest, None
        self._chain = []
        if rest is None:
            return ResponseApdu(b"", StatusWord.CONDITIONS_NOT_SATISFIED)
        if command.p1 or command.p2:
            return ResponseApdu(b"", StatusWord.INCORRECT_P1_P2)
        return self.send(command, rest)

    def _cut(self, response: ResponseApdu, limit: int) -> ResponseApdu:
        if len(response.data) <= limit:
            return response
        self._rest = ResponseApdu(response.data[limit:], response.sw)
        left = len(self._rest.data)
        # SW2 of 00 says: 256 or more.
        return ResponseApdu(response.data[:limit], _MORE | (left if left < _SHORT_ANSWER else 0))


def _head(command: CommandApdu) -> tuple[int, int, int, int]:
    return without_chaining(command.cla), command.ins, command.p1, command.p2
