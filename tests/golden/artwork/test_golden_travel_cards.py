"""Golden cards of `icao-lds1`, both sides, finished as binding finishes them.

Updated and compared as in `test_golden_cards.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ektp.chip_profiles import ICAO_LDS1
from ektp.personal import Nik
from ektp.printer_profiles import Side, print_geometry
from ektp.record import BELIEVER, ApprovedRecord, CardVariant, Sex
from personalization.artwork import complete, compose, layout_for, proof_png, render, typeset
from personalization.datafiles.lds1.mrz import complete_mrz, mrz_lines
from tests.golden.artwork.test_golden_cards import (
    FINE,
    HID,
    MOST_IN_A_SQUARE,
    MOST_ON_AVERAGE,
    UPDATE,
    WIDE,
    difference,
)
from tests.unit.personalization.artwork.people import a_record

HERE = Path(__file__).parent
COMMANDS = HERE / "travel-commands.json"
NUMBER, CAN = "C7R4KX2M9", "048213"

CASES: dict[str, tuple[str, Callable[[], ApprovedRecord]]] = {
    "travel-wni": (WIDE, a_record),
    "travel-wni-fine": (FINE, a_record),
    "travel-wni-longest": (
        WIDE,
        lambda: a_record(
            name="RADEN MAS PANJI SOSROKARTONO ADININGRAT KUSUMAWARDHANI PUTRI",
            birth_place="KEPULAUAN SIAU TAGULANDANG BIARO",
            address="KOMPLEK PERUMAHAN GRIYA SUKAJADI INDAH BLOK AA NO. 17 LR. MELATI",
            village="KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN",
            regency="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
            issue_place="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
            religion=BELIEVER,
        ),
    ),
    "travel-oa": (
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
    setting = typeset(record, layout_for(record.variant, profile=ICAO_LDS1.name))
    return {
        "digest": setting.digest.hex(),
        "boxes": [
            f"{box.side} {box.field} {box.role} {box.line}: {box.font} {box.size_pt:.1f} pt"
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
    layout = layout_for(record.variant, profile=ICAO_LDS1.name)
    prepared = render(record, layout, print_geometry(geometry))
    mrz = complete_mrz(mrz_lines(record), NUMBER)
    artwork = complete(prepared, layout, document_number=NUMBER, can=CAN, mrz=mrz)
    golden = HERE / f"{case}.png"
    if UPDATE:
        golden.write_bytes(proof_png(artwork, rounded=False))
    with Image.open(golden) as expected:
        whole = expected.convert("RGB")
    height = print_geometry(geometry).height_px
    for side, top in ((Side.FRONT, 0), (Side.BACK, whole.height - height)):
        picture = whole.crop((0, top, whole.width, top + height))
        worst, mean = difference(compose(artwork, side=side), picture)
        assert worst <= MOST_IN_A_SQUARE
        assert mean <= MOST_ON_AVERAGE


def test_the_comparison_sees_another_letter_of_the_zone() -> None:
    layout, geometry = layout_for(CardVariant.WNI, profile=ICAO_LDS1.name), print_geometry(WIDE)
    prepared = render(a_record(), layout, geometry)
    mrz = complete_mrz(mrz_lines(a_record()), NUMBER)
    other = (mrz[0], mrz[1], mrz[2].replace("T", "I", 1))
    one, another = (
        compose(
            complete(prepared, layout, document_number=NUMBER, can=CAN, mrz=lines), side=Side.BACK
        )
        for lines in (mrz, other)
    )
    assert difference(one, another)[0] > MOST_IN_A_SQUARE
