"""What a line works with: ports and services, put together by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from ektp.cards import BlankKind
from ektp.ids import AttemptId
from ektp.journal import Actor
from ektp.ports import CardChannel, CardPrinter, Clock, Inspector, KeyService
from personalization.profiles.shape import Personalization
from pipeline.store.store import Store
from pipeline.store.vault import Vault

__all__ = ["PrintLine", "ProfileBench", "Workshop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintLine:
    """One printer-encoder and where its kinds of blanks lie."""

    line: str
    printer: CardPrinter
    hoppers: Mapping[BlankKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileBench:
    """What is done with cards of one chip profile, and who checks them."""

    personalization: Personalization
    inspector: Inspector


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Everything but the machine. `benches` is asked by the name of a chip profile."""

    store: Store
    vault: Vault
    keys: KeyService
    benches: Mapping[str, ProfileBench]
    expect_single_card: Callable[[CardChannel], None]
    """Looks whether one card lies in the field, and one alone. Raises `CardsCollide`."""
    clock: Clock
    actor: Actor
    new_attempt: Callable[[], AttemptId]
    today: Callable[[], date]
    sleep: Callable[[float], None]
    poll_s: float = 1.0

    def bench(self, kind: BlankKind) -> ProfileBench:
        """What is done with a card on this kind of blank."""
        return self.benches[kind.profile]
