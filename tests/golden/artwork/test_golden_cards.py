"""Golden cards: the layout commands exactly, the picture as an eye would compare it.

After a change that is meant: `EKTP_UPDATE_GOLDEN=1 python -m pytest tests/golden/artwork`, look at
each picture, and say in the commit why they changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from ektp.personal import Nik
from ektp.printer_profiles import print_geometry
from ektp.record import BELIEVER, ApprovedRecord, CardVariant, Sex
from personalization.artwork import compose, layout_for, proof_png, render, typeset
from tests.unit.personalization.artwork.people import a_record

HERE = Path(__file__).parent
COMMANDS = HERE / "commands.json"
UPDATE = os.environ.get("EKTP_UPDATE_GOLDEN") == "1"

WIDE, HID, FINE = "cr80-300-1016x648", "cr80-300-1013x638", "cr80-600-2032x1296"

# Squares of 8 dots are compared by their mean, so that a decoder's or a hinter's last bit does not
# count and a letter that moved, or another letter, does.
SQUARE = 8
MOST_IN_A_SQUARE = 20
MOST_ON_AVERAGE = 0.3

CASES: dict[str, tuple[str, Callable[[], ApprovedRecord]]] = {
    "wni": (WIDE, a_record),
    "wni-hid": (HID, a_record),
    "wni-fine": (FINE, a_record),
    "wni-longest": (
        WIDE,
        lambda: a_record(
            name="RADEN MAS PANJI SOSROKARTONO ADININGRAT KUSUMAWARDHANI PUTRI",
            address="KOMPLEK PERUMAHAN GRIYA SUKAJADI INDAH BLOK AA NO. 17 LR. MELATI",
            village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
            regency="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
            issue_place="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
        ),
    ),
    "wni-believer": (
        WIDE,
        lambda: a_record(
            name="O'NG", religion=BELIEVER, blood_type="-", birth_date=date(1986, 2, 1)
        ),
    ),
    "oa": (
        HID,
        lambda: a_record(
            CardVariant.OA,
            nik=Nik.parse("1671010503790000"),
            name="ANDRÉ VAN 'T HOFF",
            birth_place="ROTTERDAM",
            birth_date=date(1979, 3, 5),
            sex=Sex.MALE,
            religion="KRISTEN",
            marital_status="CERAI HIDUP",
            occupation="MARINE ENGINEER",
        ),
    ),
}


def commands(record: ApprovedRecord) -> dict[str, Any]:
    setting = typeset(record, layout_for(record.variant))
    return {
        "digest": setting.digest.hex(),
        "boxes": [
            f"{box.field} {box.role} {box.line}: {box.font} {box.size_pt:.1f} pt"
            f" at {box.x_mm:.3f}, {box.baseline_mm:.3f}"
            for box in setting.boxes
        ],
    }


@pytest.mark.parametrize("case", CASES)
def test_the_layout_commands_are_exactly_these(case: str) -> None:
    found = commands(CASES[case][1]())
    stored = json.loads(COMMANDS.read_text()) if COMMANDS.exists() else {}
    if UPDATE:
        stored[case] = found
        COMMANDS.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    assert found == stored[case]


@pytest.mark.parametrize("case", CASES)
def test_the_card_looks_as_it_did(case: str) -> None:
    geometry, make = CASES[case]
    record = make()
    artwork = render(record, layout_for(record.variant), print_geometry(geometry))
    golden = HERE / f"{case}.png"
    if UPDATE:
        golden.write_bytes(proof_png(artwork, rounded=False))
    with Image.open(golden) as expected:
        worst, mean = difference(compose(artwork), expected.convert("RGB"))
    assert worst <= MOST_IN_A_SQUARE
    assert mean <= MOST_ON_AVERAGE


def difference(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """The worst square and the mean of all, 0 to 255."""
    assert one.size == other.size
    grey = ImageChops.difference(one, other).convert("L")
    squares = (grey.width // SQUARE, grey.height // SQUARE)
    small = grey.resize(squares, Image.Resampling.BOX)
    values = small.tobytes()
    return max(values), sum(values) / len(values)


def test_the_comparison_sees_another_letter() -> None:
    """What the tolerance lets pass is less than one letter."""
    layout, geometry = layout_for(CardVariant.WNI), print_geometry(WIDE)
    one = compose(render(a_record(name="SITI RAHMAWATI"), layout, geometry))
    for other_name in ("SITI BAHMAWATI", "SITI RAHNAWATI", "SITI RAHMAWAT"):
        other = compose(render(a_record(name=other_name), layout, geometry))
        assert difference(one, other)[0] > MOST_IN_A_SQUARE
