"""Which application stands on a chip, by its profile."""

from __future__ import annotations

from ektp.chip_profiles import ICAO_LDS1
from simulation.chip.commands import Application
from simulation.chip.context import CardContext
from simulation.chip.ktp_el import KtpEl

__all__ = ["application_for"]


def application_for(context: CardContext) -> Application:
    """The read side of the chip's profile."""
    if context.profile.name == ICAO_LDS1.name:
        # Loaded where such a chip is, so that a `ktp-el` chip costs no elliptic curves.
        from simulation.chip.lds1 import Lds1  # noqa: PLC0415 - see above

        return Lds1(context)
    return KtpEl(context)
