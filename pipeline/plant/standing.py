"""The inspector at a line, which outlives signers: it trusts those of now, card by card."""

from __future__ import annotations

from collections.abc import Callable

from ektp.cards import Expectation, QaVerdict
from ektp.ports import CardChannel, Inspector
from hsm.signers.roll import Roll

__all__ = ["StandingInspector"]


class StandingInspector:
    """Implements `ektp.ports.Inspector` by one that is made anew when the roll of signers changes.

    A signer that takes over in mid-batch is trusted from its first card on, and one that is revoked
    is not trusted any more. Raises what `roll` and `make` raise.
    """

    def __init__(self, roll: Callable[[], Roll], make: Callable[[], Inspector]) -> None:
        self._roll = roll
        self._make = make
        self._made: tuple[Roll, Inspector] | None = None

    def inspect(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """As `ektp.ports.Inspector.inspect`."""
        return self._of_now().inspect(channel, expected)

    def look(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """As `ektp.ports.Inspector.look`."""
        return self._of_now().look(channel, expected)

    def verify(self, channel: CardChannel, expected: Expectation | None = None) -> QaVerdict:
        """As `ektp.ports.Inspector.verify`."""
        return self._of_now().verify(channel, expected)

    def _of_now(self) -> Inspector:
        roll = self._roll()
        if self._made is None or self._made[0] != roll:
            self._made = roll, self._make()
        return self._made[1]
