from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from ektp.chip_profiles import KTP_EL
from ektp.errors import (
    ChipImageTooLarge,
    ConfigurationError,
    FieldOverflow,
    GlyphMissing,
    ImageUnusable,
    LayoutUnknown,
)
from ektp.perso import PersoPackage
from ektp.personal import PersonalText
from ektp.printer_profiles import PrintGeometry, print_geometry
from ektp.record import ApprovedRecord, CardVariant, Finger
from personalization.datafiles.prepare import DATA_FILES
from personalization.prepare import precheck, prepare

Records = Callable[..., ApprovedRecord]
GEOMETRY = print_geometry("cr80-300-1016x648")


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (FieldOverflow, {"address": PersonalText("W" * 400)}),
        (GlyphMissing, {"name": PersonalText("\N{CJK UNIFIED IDEOGRAPH-4E00}")}),
        (ImageUnusable, {"portrait": b"no picture"}),
        (ImageUnusable, {"signature": b"no picture"}),
        (ImageUnusable, {"fingers": [(Finger.LEFT_INDEX, b"FMR")]}),
    ],
)
def test_precheck_refuses_what_prepare_would(
    a_record: Records, error: type[Exception], changes: dict[str, object]
) -> None:
    record = a_record(**changes)
    with pytest.raises(error) as early:
        precheck(record, GEOMETRY)
    with pytest.raises(error) as late:
        prepare(record, GEOMETRY)
    assert type(early.value) is type(late.value)


def test_a_template_that_is_too_long_is_found_before_anything_is_drawn(
    a_record: Records, template: Callable[..., bytes]
) -> None:
    long = template(7, 60, extended=bytes(40))
    with pytest.raises(ChipImageTooLarge):
        precheck(a_record(fingers=[(Finger.LEFT_INDEX, long)]), GEOMETRY)


def test_a_raster_that_is_too_coarse_and_a_profile_that_is_another_are_refused(
    a_record: Records,
) -> None:
    coarse = PrintGeometry(name="coarse", dpi=60, width_px=203, height_px=130)
    with pytest.raises(LayoutUnknown):
        prepare(a_record(), coarse)
    with pytest.raises(ConfigurationError):
        prepare(a_record(), GEOMETRY, replace(KTP_EL, name="other"))


@pytest.mark.parametrize("variant", CardVariant)
def test_a_package_has_artwork_and_files_and_survives_the_vault(
    a_record: Records, variant: CardVariant
) -> None:
    record = replace(a_record(), variant=variant)
    precheck(record, GEOMETRY)
    package = prepare(record, GEOMETRY)
    assert package.profile == KTP_EL.name
    assert package.artwork.geometry == GEOMETRY.name
    assert tuple(file.name for file in package.files) == DATA_FILES
    again = PersoPackage.from_bytes(bytes(package))
    assert again == package
    assert again.digest == package.digest == prepare(record, GEOMETRY).digest


def test_nobody_who_encodes_loads_the_libraries_that_draw() -> None:
    code = "import sys, personalization.encoding, personalization.prepare; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"PIL", "reportlab", "asn1crypto", "cryptography"} & set(modules)
