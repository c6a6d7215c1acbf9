"""Secure access modules in their slots: which one it is, whether it may be used, what opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from ektp.errors import ModuleRefused
from ektp.ids import CardSerial
from ektp.ports import CardChannel, SamChannel
from hsm.token_client import TokenClient
from pipeline.home import Home
from pipeline.plant.readers import laid_on
from pipeline.plant.world import SIMULATED_READER, SimulatedSide
from pipeline.store import schema as db

if TYPE_CHECKING:
    from hsm.sam_issue import SamIssue
    from hsm.sam_loader import SamInfo

__all__ = ["OWN_SAM", "Slots"]

OWN_SAM: Final = "sim"
"""The slot of a simulated home's own module, which nobody issued."""

_OWN_SERIAL: Final = CardSerial.from_bytes(bytes(8))


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots that this home can reach."""

    home: Home
    token: TokenClient

    @contextmanager
    def sam(self, reader: str | None = None) -> Iterator[SamChannel | None]:
        """The module in a slot, ready to be opened.

        `reader` is a PC/SC reader by its name, `sim:SERIAL` for a module of the simulated world, or
        `sim` for a simulated home's own, which is taken without a name, too. None where no reader
        is named and there is no such module: what only a SAM can read is UNAVAILABLE then. Raises
        `ModuleRefused` for a module that was never issued here, was revoked, or is past its day;
        `ReaderUnavailable`, `CardAbsent`, `IdInvalid`, `NotFound`, `SimulationRefused`.
        """
        if reader is None and self.home.settings.simulation is None:
            yield None
        elif reader is None or reader == OWN_SAM:
            yield self._own()
        elif reader.startswith(SIMULATED_READER):
            serial = CardSerial.parse(reader.removeprefix(SIMULATED_READER))
            with SimulatedSide(self.home).module(bytes.fromhex(serial)) as channel:
                yield self._ready(channel)
        else:
            with laid_on(reader) as channel:
                yield self._ready(channel)

    @contextmanager
    def module(self, reader: str) -> Iterator[CardChannel]:
        """A module that is to be issued; `sim:SERIAL` is made where it is not there yet.

        Raises as `sam`, but for what a module may be used for.
        """
        if reader.startswith(SIMULATED_READER):
            serial = bytes.fromhex(CardSerial.parse(reader.removeprefix(SIMULATED_READER)))
            world = SimulatedSide(self.home)
            world.make_module(serial)
            with world.module(serial) as channel:
                yield channel
            return
        with laid_on(reader) as channel:
            yield channel

    def own_card(self) -> CardChannel:
        """A simulated home's own module, made anew. Raises `SimulationRefused`."""
        SimulatedSide(self.home).settings()
        return self._own_card(self.token.issue_simulated_sam())

    def _own(self) -> SamChannel:
        """The same, ready to be opened: what it is issued with is asked for once."""
        from hsm.sam_channel import CardSamChannel  # noqa: PLC0415 - only where chips are read

        SimulatedSide(self.home).settings()
        issue = self.token.issue_simulated_sam()
        return CardSamChannel(self._own_card(issue), issue.open_secret)

    @staticmethod
    def _own_card(issue: SamIssue) -> CardChannel:
        from simulation.sam.card import SamCardChannel, SimulatedSam  # noqa: PLC0415 - simulated

        return SamCardChannel(
            SimulatedSam(
                serial=bytes.fromhex(_OWN_SERIAL),
                master_keys={issue.read_master_version: issue.read_master_key},
                open_secret=issue.open_secret,
                signers=issue.signers,
            )
        )

    def _ready(self, channel: CardChannel) -> SamChannel:
        from hsm.sam_channel import CardSamChannel  # noqa: PLC0415 - only where chips are read
        from hsm.sam_loader import read_sam_info  # noqa: PLC0415 - see above

        return CardSamChannel(channel, self._secret(read_sam_info(channel)))

    def _secret(self, module: SamInfo) -> bytes:
        from hsm.sam_loader import open_secret  # noqa: PLC0415 - only where chips are read

        if module.serial == _OWN_SERIAL and self.home.settings.simulation is not None:
            return self.token.issue_simulated_sam().open_secret
        self._require_in_use(module)
        return open_secret(self.token, module.serial)

    def _require_in_use(self, module: SamInfo) -> None:
        """A module has no clock and no list: what it may not do any more, the station must know."""
        with self.home.store.read() as connection:
            row = connection.execute(
                select(db.sams.c.state, db.sams.c.version, db.sams.c.valid_until).where(
                    db.sams.c.sam == module.serial
                )
            ).one_or_none()
        if row is None:
            raise ModuleRefused("this module was not issued here", sam=module.serial)
        if row.state != "ISSUED":
            raise ModuleRefused("this module was revoked", sam=module.serial)
        if module.version != row.version:
            raise ModuleRefused(
                "the module does not hold what was issued to it last",
                sam=module.serial,
                held=module.version,
                issued=row.version,
            )
        if self.home.today().isoformat() > row.valid_until:
            raise ModuleRefused(
                "this module is past its day", sam=module.serial, valid_until=row.valid_until
            )
