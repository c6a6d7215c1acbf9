"""What a stop left: evidence about one card, and the one action that follows from it.

The chip proves encoding; position and counters corroborate and never acquit; nothing but a look
proves printing. What cannot be proved is spoiled where that harms nobody, else it waits for two
people. Nothing moves here before an operator has said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.cards import SpoilCause, Step
from ektp.printer_profiles import Station

__all__ = ["Action", "ChipSays", "Decision", "Evidence", "decide"]


@unique
class ChipSays(StrEnum):
    """What the chip of the card inside shows."""

    NOTHING = "nothing"
    UNTOUCHED = "untouched"
    HALF_WRITTEN = "half_written"
    CLOSED_FOR_THIS = "closed_for_this_attempt"
    ANOTHER_CARD = "another_card"


@unique
class Action(StrEnum):
    """What is done with an attempt that a stop left open."""

    VOID = "void"
    GO_ON = "go_on"
    SPOIL = "spoil"
    BOOK_SPOILED = "book_spoiled"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that can be known without moving anything."""

    step: Step
    """The last step in the journal."""
    outcome_known: bool
    """Whether its outcome was journalled."""
    inside: bool
    """Whether the machine has a card."""
    chip: ChipSays
    """What the card inside shows."""
    fed: bool
    """Whether the machine's feed counter went up since the intent."""
    good: bool
    """Whether its good tray's did."""
    rejected: bool
    """Whether its reject tray's did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An action, with the step to go on from or the cause to book, and the reason in words."""

    action: Action
    reason: str
    step: Step | None = None
    cause: SpoilCause | None = None


def decide(evidence: Evidence) -> Decision:
    """The one action for this evidence."""
    if evidence.inside and evidence.chip is ChipSays.ANOTHER_CARD:
        return _doubt("the card inside is not the one that the journal names")
    if evidence.step is Step.FEED and not evidence.outcome_known:
        return _after_feed(evidence)
    if evidence.step is Step.REJECT:
        return _after_reject(evidence)
    if evidence.step is Step.DELIVER and not evidence.outcome_known and not evidence.inside:
        return _doubt("the card left the machine and nobody saw where it lies")
    if not evidence.inside:
        return _doubt("the card is not in the machine")
    return _inside(evidence)


def _after_feed(evidence: Evidence) -> Decision:
    if not evidence.inside and not evidence.fed:
        return Decision(action=Action.VOID, reason="no card left the hopper")
    if not evidence.inside:
        return _doubt("a card left the hopper and is not in the machine")
    if evidence.chip is ChipSays.UNTOUCHED and evidence.fed:
        return _go_on(Step.PROVE, "the blank was fed and is untouched")
    if evidence.chip is ChipSays.NOTHING and evidence.fed:
        return _go_on(Step.PROVE, "the blank was fed and does not answer")
    return _doubt("a card is inside that this attempt did not feed")


def _after_reject(evidence: Evidence) -> Decision:
    if evidence.inside:
        return _spoil(SpoilCause.UNRESOLVED, "the reject is still inside")
    if evidence.rejected:
        # Booking a reject as spoiled acquits nobody: its chip was killed before it was moved.
        return Decision(
            action=Action.BOOK_SPOILED,
            cause=SpoilCause.UNRESOLVED,
            reason="the reject lies in the reject tray",
        )
    return _doubt("the reject left the machine, but not into the reject tray")


def _inside(evidence: Evidence) -> Decision:
    step, known, chip = evidence.step, evidence.outcome_known, evidence.chip
    if step in (Step.FEED, Step.PROVE):
        return _go_on(Step.PROVE, "the blank is inside and nothing was written")
    if step in (Step.BIND, Step.ENCODE):
        return _encoding(chip)
    if step is Step.READ:
        return _closed(chip, Step.READ, "encoded and not yet printed")
    if step is Step.PRINT and not known:
        # Half a print looks like a whole one to every counter.
        return _spoil(SpoilCause.PRINT_INTERRUPTED, "the stop fell into the printing")
    if step in (Step.PRINT, Step.REREAD, Step.DELIVER):
        return _printed(chip)
    raise AssertionError(step)


def _encoding(chip: ChipSays) -> Decision:
    if chip is ChipSays.UNTOUCHED:
        return _go_on(Step.PROVE, "nothing was written yet")
    if chip is ChipSays.CLOSED_FOR_THIS:
        return _go_on(Step.READ, "the chip proves that it was encoded and closed")
    return _spoil(SpoilCause.ENCODE_FAILED, "the encoding was cut short")


def _closed(chip: ChipSays, step: Step, reason: str) -> Decision:
    if chip is ChipSays.CLOSED_FOR_THIS:
        return _go_on(step, reason)
    return _spoil(SpoilCause.CHIP_INVALID, "the chip does not prove what the journal says")


def _printed(chip: ChipSays) -> Decision:
    if chip is ChipSays.NOTHING:
        # It may stand where no field reaches; the second reading decides, and it alone.
        return _go_on(Step.REREAD, "printed and still inside, out of the field")
    return _closed(chip, Step.REREAD, "printed and still inside")


def _go_on(step: Step, reason: str) -> Decision:
    return Decision(action=Action.GO_ON, step=step, reason=reason)


def _spoil(cause: SpoilCause, reason: str) -> Decision:
    return Decision(action=Action.SPOIL, cause=cause, reason=reason)


def _doubt(reason: str) -> Decision:
    return Decision(action=Action.DOUBT, reason=reason)


def moved(before: Mapping[str, int], now: Mapping[str, int], counter: str) -> bool:
    """Whether a counter went up since the intent."""
    return now.get(counter, 0) > before.get(counter, 0)


def is_inside(card_at: Station) -> bool:
    """Whether the machine holds a card."""
    return card_at is not Station.NONE
