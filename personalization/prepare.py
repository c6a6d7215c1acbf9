"""Preparation: everything of a card that can be made before a blank is in hand.

Artwork needs a font and a raster, data files a chip profile; what comes out belongs to a job and to
no card yet.
"""

from __future__ import annotations

from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.perso import PersoPackage
from ektp.printer_profiles import PrintGeometry
from ektp.record import ApprovedRecord

__all__ = ["precheck", "prepare"]


def prepare(
    record: ApprovedRecord, geometry: PrintGeometry, profile: ChipProfile = KTP_EL
) -> PersoPackage:
    """The package of a record: artwork for a printer's raster, data files for a chip.

    Raises `FieldOverflow`, `GlyphMissing`, `ImageUnusable`, `ChipImageTooLarge` or `LayoutUnknown`.
    """
    # The libraries that draw are loaded by whoever prepares, not by whoever encodes.
    from personalization.artwork.layout_files import layout_for  # noqa: PLC0415 - see above
    from personalization.artwork.rendering import render  # noqa: PLC0415 - see above
    from personalization.datafiles.prepare import data_files  # noqa: PLC0415 - see above

    return PersoPackage(
        profile=profile.name,
        artwork=render(record, layout_for(record.variant, profile=profile.name), geometry),
        files=data_files(record, profile),
    )


def precheck(
    record: ApprovedRecord, geometry: PrintGeometry, profile: ChipProfile = KTP_EL
) -> None:
    """Whether a card could be made of a record, without making it: for intake.

    Raises what `prepare` would.
    """
    from personalization.artwork import typesetting  # noqa: PLC0415 - as in prepare
    from personalization.artwork.layout_files import layout_for  # noqa: PLC0415 - as in prepare
    from personalization.datafiles import prepare as datafiles  # noqa: PLC0415 - as in prepare

    typesetting.check(record, layout_for(record.variant, profile=profile.name), geometry)
    datafiles.check(record, profile)
