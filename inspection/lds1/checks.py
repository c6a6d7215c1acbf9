"""The checks of an `icao-lds1` card: their names, their meaning, their order."""

from __future__ import annotations

from typing import Final

from inspection.lds1.files import LDS_FILES

__all__ = ["LDS_CHECKS"]

LDS_CHECKS: Final[dict[str, str]] = {
    "chip.answers": "the chip answers until everything is read",
    "chip.serial": "its CPLC names the serial that is expected",
    "chip.life_cycle": "it is closed (SECURED)",
    "chip.application": "it has the application A0000002471001",
    "access.card_access": "EF.CardAccess offers what is possible, and something of it can be run",
    "access.forbidden_reads": "no file of the application is read before BAC or PACE",
    "access.forbidden_writes": "every command that writes is refused",
    "access.pace_can": "PACE with the CAN opens the chip",
    "access.pace_mrz": "PACE with the MRZ opens the chip",
    "access.bac": "BAC opens the chip",
    "access.no_downgrade": "a chip that offers PACE is opened by PACE, and DG14 offers the same",
    "access.marker_gone": "the marker of the personalization is gone",
    "access.session_reads": "inside a session a bare read is refused too",
    "access.session_writes": "inside a session a write is refused too",
    "channel.secure_messaging": "every protected answer verifies, and nothing comes bare",
    "channel.chip_authentication": "the chip agrees on new keys with its own and then uses them",
    "chip.active_authentication": "the chip signs a challenge with the key of DG15",
    **{
        f"file.{name}": f"{file.file_id} is whole, under its own tag, as long as it says"
        for name, file in LDS_FILES.items()
    },
}
"""Every check by name, in the order in which a verdict lists them."""
