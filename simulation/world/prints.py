"""What was printed on cards: the panels that a machine received, and how far it laid them down.

A print is kept as the packed panels of the job, sealed, and a count of the panels that are on the
card. A card may have been printed more than once; its picture is all of its prints in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.perso import Artwork, Panel
from simulation.world.panels import unpack_artwork
from simulation.world.seal import WorldSeal
from simulation.world.storage import Storage

__all__ = ["Print", "PrintDamage", "PrintShelf", "PrintState", "PrintUnderWay"]


@unique
class PrintState(StrEnum):
    """How far a print is."""

    PRINTING = "printing"
    DONE = "done"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintDamage:
    """What goes wrong with a print.

    `stops_after`: the card jams after so many panels. `missing_panel` counts from 0 in the order of
    the artwork; `streak_permille` is the place of a dead element of the print head, in thousandths
    of the card's height. Of the last two the machine notices nothing.
    """

    stops_after: int | None = None
    missing_panel: int | None = None
    streak_permille: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintUnderWay:
    """A print that a machine has begun: which, on which card, and how far it is.

    `fate` is what the machine knows to come of it, in its own word.
    """

    number: int
    card: int
    panels: int
    laid: int
    stops_after: int | None
    fate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One print on one card: the panels that are on it, and the damage."""

    artwork: Artwork
    state: PrintState
    laid: int
    damage: PrintDamage

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panels that are on the card."""
        laid = self.artwork.panels[: self.laid]
        missing = self.damage.missing_panel
        return tuple(panel for index, panel in enumerate(laid) if index != missing)


class PrintShelf:
    """The prints of a world. Its methods run inside the caller's transaction."""

    def __init__(self, storage: Storage, seal: WorldSeal) -> None:
        self._storage = storage
        self._seal = seal

    def begin(
        self,
        card: int,
        machine: str,
        packed: bytes,
        *,
        panels: int,
        damage: PrintDamage,
        fate: str = "",
    ) -> PrintUnderWay:
        """A job, packed by `pack_artwork`, is downloaded into a machine with that card."""
        row = self._storage.rows("SELECT coalesce(max(id), 0) + 1 FROM prints")[0]
        number = int(row[0])
        self._storage.execute(
            "INSERT INTO prints VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
            (
                number,
                card,
                machine,
                PrintState.PRINTING.value,
                fate,
                panels,
                damage.stops_after,
                damage.missing_panel,
                damage.streak_permille,
                self._seal.seal(packed, _place(number)),
            ),
        )
        return PrintUnderWay(
            number=number,
            card=card,
            panels=panels,
            laid=0,
            stops_after=damage.stops_after,
            fate=fate,
        )

    def under_way(self, machine: str) -> PrintUnderWay | None:
        """The print that a machine has begun and not ended, if any."""
        query = (
            "SELECT id, card, panels, laid, stops_after, fate"
            " FROM prints WHERE machine = ? AND state = 'printing'"
        )
        row = self._storage.row(query, (machine,))
        if row is None:
            return None
        number, card, panels, laid, stops_after, fate = row
        return PrintUnderWay(
            number=number, card=card, panels=panels, laid=laid, stops_after=stops_after, fate=fate
        )

    def lay(self, number: int) -> None:
        """The next panel is on the card."""
        self._storage.execute("UPDATE prints SET laid = laid + 1 WHERE id = ?", (number,))

    def end(self, number: int, state: PrintState) -> None:
        """The print is done, or cut short for good."""
        self._storage.execute("UPDATE prints SET state = ? WHERE id = ?", (state.value, number))

    def of_card(self, card: int) -> list[Print]:
        """The prints on a card, oldest first. Raises `SealBroken`."""
        query = (
            "SELECT id, state, laid, stops_after, missing_panel, streak_permille, artwork"
            " FROM prints WHERE card = ? ORDER BY id"
        )
        return [
            Print(
                artwork=unpack_artwork(self._seal.unseal(sealed, _place(number))),
                state=PrintState(state),
                laid=laid,
                damage=PrintDamage(
                    stops_after=stops, missing_panel=missing, streak_permille=streak
                ),
            )
            for number, state, laid, stops, missing, streak, sealed in self._storage.rows(
                query, (card,)
            )
        ]


def _place(number: int) -> str:
    return f"prints/{number}/artwork"
