"""Simulated cards and modules on the wire: offered to pcscd through vpcd's virtual readers.

Each of them is a field that is looked at anew whenever the reader makes it, so that the machine of
a line may move cards in one process while another one serves its contactless station.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from ektp.cards import BlankKind
from ektp.chip_profiles import KTP_EL
from ektp.errors import NotFound
from ektp.ids import CardSerial, JobId
from ektp.ports import CardChannel
from ektp.record import CardVariant
from pipeline.home import SystemEntropy
from pipeline.plant.slots import Slots
from pipeline.plant.world import SimulatedSide, machine_of
from pipeline.settings import LineSettings
from pipeline.store import schema as db

if TYPE_CHECKING:
    from simulation.vpcd import StopSign

__all__ = ["Offer", "Wires"]

CardSource = Callable[[], CardChannel | None]

_AT_STATION_S: Final = 0.05
"""How often an empty station is looked at: the line waits for each card that comes to it."""
_IN_HAND_S: Final = 0.6
"""Longer than the 0.4 s between two looks of pcscd: a card that was taken away is seen to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What lies in a field: a blank, a card, a line's station or a SAM, and its name.

    `profile` is the chip's, None for a station: what stands there changes.
    """

    what: str
    name: str
    profile: str | None
    again_s: float = _IN_HAND_S
    source: CardSource = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wires:
    """What a simulated home can offer; in another, all raise `SimulationRefused`."""

    world: SimulatedSide
    slots: Slots

    @contextmanager
    def blank(self, profile: str) -> Iterator[Offer]:
        """A fresh blank of the world's maker, in nobody's ledger, in somebody's hand."""
        kind = BlankKind.for_variant(CardVariant.WNI, profile)
        serial = CardSerial.from_bytes(SystemEntropy().token_bytes(CardSerial.length_bytes))
        self.world.make_box(kind, [serial])
        with self._held("blank", serial) as offer:
            yield offer

    @contextmanager
    def card(self, serial: CardSerial) -> Iterator[Offer]:
        """A card that somebody can have in hand. Raises `NotFound`."""
        with self._held("card", serial) as offer:
            yield offer

    @contextmanager
    def card_of(self, job: JobId) -> Iterator[Offer]:
        """The card that a job has now. Raises `NotFound` where there is no job or no card."""
        with self.world.home.store.read() as connection:
            card = connection.scalar(select(db.jobs.c.card).where(db.jobs.c.job == job))
        if card is None:
            raise NotFound("there is no such job, or it has no card", job=job)
        with self._held("card", CardSerial(card)) as offer:
            yield offer

    @contextmanager
    def _held(self, what: str, serial: CardSerial) -> Iterator[Offer]:
        from simulation.world.fields import HandField  # noqa: PLC0415 - only where simulated

        with self.world.opened() as world:
            yield Offer(
                what=what,
                name=serial,
                profile=world.kind(serial).profile,
                source=HandField(world, serial),
            )

    @contextmanager
    def station(self, line: LineSettings) -> Iterator[Offer]:
        """Whatever card stands at the contactless station of a line's machine."""
        from simulation.world.fields import StationField  # noqa: PLC0415 - only where simulated

        with self.world.opened() as world:
            yield Offer(
                what="line",
                name=line.id,
                profile=None,
                again_s=_AT_STATION_S,
                source=StationField(world, machine_of(line)),
            )

    @contextmanager
    def module(self, serial: CardSerial | None) -> Iterator[Offer]:
        """A SAM of the world; without a serial the home's own. Raises `NotFound`."""
        if serial is None:
            own = self.slots.own_card()
            yield Offer(what="sam", name="sim", profile=KTP_EL.name, source=lambda: own)
            return
        with self.world.opened() as world:
            raw = bytes.fromhex(serial)
            world.modules.lend(raw)
            yield Offer(
                what="sam",
                name=serial,
                profile=KTP_EL.name,
                source=lambda: world.modules.lend(raw),
            )

    @staticmethod
    def serve(
        offer: Offer,
        host: str,
        port: int,
        *,
        stop: StopSign,
        on_offered: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Offer it to the virtual reader at `host:port` until `stop` says so.

        `on_offered` hears true when a connection stands and false when it ended: the card was taken
        away, or pcscd went. Where pcscd is not there, this waits for it.
        """
        from simulation.vpcd import serve  # noqa: PLC0415 - only where simulated

        serve(offer.source, host, port, stop=stop, again_s=offer.again_s, on_offered=on_offered)
