"""The wording of every paper, as a reader of the PDF gets it, against texts that people approved.

Write them anew with `EKTP_UPDATE_GOLDEN=1 pytest …/test_golden_text.py`, and look at the pictures.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest

from pipeline import papers

FOLDER = Path(__file__).parents[3] / "golden" / "papers"
CASES = {
    "label": lambda s: papers.render_parcel_labels([s.a_label(3)], s.a_stamp()),
    "manifest": lambda s: papers.render_parcel_manifest(s.a_manifest(12), s.a_stamp()),
    "manifest-en": lambda s: papers.render_parcel_manifest(s.a_manifest(1), s.a_stamp(), lang="en"),
    "bast-regency": lambda s: papers.render_consignment_handover(
        s.a_paper("bast-regency", 16), s.a_stamp()
    ),
    "bast-district": lambda s: papers.render_consignment_handover(
        s.a_paper("bast-district", 2), s.a_stamp(zone="Asia/Jayapura", simulated=False)
    ),
    "spoilage": lambda s: papers.render_spoilage_report(s.a_spoilage(12), s.a_stamp()),
    "destruction": lambda s: papers.render_destruction_record(s.a_destruction(12), s.a_stamp()),
    "reconciliation": lambda s: papers.render_reconciliation_sheet(
        s.a_reconciliation(), s.a_stamp()
    ),
    "unbalanced-en": lambda s: papers.render_reconciliation_sheet(
        s.a_reconciliation(missing=1), s.a_stamp(), lang="en"
    ),
    "stock": lambda s: papers.render_stock_bulletin(s.a_bulletin(), s.a_stamp()),
    "notice": lambda s: papers.render_notice_list(s.a_notice(12), s.a_stamp()),
    "ceremony": lambda s: papers.render_key_ceremony(s.a_ceremony(), s.a_stamp()),
    "ceremony-en": lambda s: papers.render_key_ceremony(
        s.a_ceremony(1, token=papers.KeyToken(kind="soft"), development=True, components=()),
        s.a_stamp(),
        lang="en",
    ),
    "unclaimed": lambda s: papers.render_unclaimed_list(s.an_unclaimed(12), s.a_stamp()),
}


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [
            document[number].get_textpage().get_text_bounded() for number in range(len(document))
        ]
    finally:
        document.close()
    lines = [line.rstrip() for page in pages for line in [*page.splitlines(), "----"]]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_the_wording_is_as_approved(samples: ModuleType, name: str) -> None:
    golden = FOLDER / f"{name}.txt"
    found = text_of(CASES[name](samples))
    if os.environ.get("EKTP_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")
