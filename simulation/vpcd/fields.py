"""What lies in the field of a virtual reader: asked anew whenever the reader makes its field."""

from __future__ import annotations

import random
from collections.abc import Callable

from ektp.ports import CardChannel

__all__ = ["CardSource", "any_of", "only"]

CardSource = Callable[[], CardChannel | None]
"""Gives the card that a new field finds, or none where the field is empty.

Called once before the reader is offered a card, and at each power-on or reset after the first: a
bench exchanges cards here, so that it need not wait for the 400 ms between two looks of pcscd. How
many fields pcscd makes is its own affair: it also takes power from a card that nobody uses.
"""


def only(card: CardChannel) -> CardSource:
    """One card that stays."""
    return lambda: card


def any_of(*cards: CardChannel, chance: random.Random) -> CardSource:
    """Several cards in one field: the reader chooses one of them, another one each time."""
    return lambda: chance.choice(cards)
