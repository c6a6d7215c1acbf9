"""The PDFs: equal to the byte, of the right size, readable as text, with codes that scan."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest
import zxingcpp
from reportlab import rl_config

import pipeline.papers
from ektp.ids import ParcelId
from pipeline.papers import (
    document_digest,
    file_name,
    render_consignment_handover,
    render_destruction_record,
    render_notice_list,
    render_parcel_labels,
    render_parcel_manifest,
    render_reconciliation_sheet,
    render_spoilage_report,
    render_stock_bulletin,
    render_unclaimed_list,
    views,
)
from pipeline.papers.digest import qr_text
from pipeline.papers.pdf import code128_modules, qr_rows

RENDERERS: dict[str, Callable[..., bytes]] = {
    "manifest": render_parcel_manifest,
    "bast-regency": render_consignment_handover,
    "bast-district": render_consignment_handover,
    "spoilage": render_spoilage_report,
    "destruction": render_destruction_record,
    "notice": render_notice_list,
    "unclaimed": render_unclaimed_list,
    "reconciliation": render_reconciliation_sheet,
    "unbalanced": render_reconciliation_sheet,
    "stock": render_stock_bulletin,
}
POINT_MM = 25.4 / 72


def page_texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [
            document[number].get_textpage().get_text_bounded() for number in range(len(document))
        ]
    finally:
        document.close()


def page_sizes(pdf: bytes) -> set[tuple[int, int]]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        sizes = [document.get_page_size(number) for number in range(len(document))]
    finally:
        document.close()
    return {(round(width * POINT_MM), round(height * POINT_MM)) for width, height in sizes}


def codes(pdf: bytes, dpi: int, page: int = 0) -> dict[str, str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[page].render(scale=dpi / 72).to_pil()
    finally:
        document.close()
    return {str(found.format): found.text for found in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("name", RENDERERS)
def test_equal_content_gives_equal_bytes(samples: ModuleType, name: str, lang: str) -> None:
    view, stamp = samples.a_paper(name), samples.a_stamp()
    first = RENDERERS[name](view, stamp, lang=lang)
    assert RENDERERS[name](samples.a_paper(name), samples.a_stamp(), lang=lang) == first
    later = samples.a_stamp(number="470/0124/KTP-el/2026")
    assert RENDERERS[name](view, later, lang=lang) != first
    assert page_sizes(first) == {(210, 297)}


@pytest.mark.parametrize("name", RENDERERS)
def test_a_papers_qr_code_names_its_content(samples: ModuleType, name: str) -> None:
    view, stamp = samples.a_paper(name), samples.a_stamp()
    pdf = RENDERERS[name](view, stamp)
    digest = document_digest(view, stamp.number)
    (text,) = codes(pdf, 150).values()
    kind = text.split(":")[1]
    assert text == qr_text(kind, stamp.number, digest)
    short = digest.hex()[:8]
    for page in page_texts(pdf):
        assert f"{short[:4]} {short[4:]}" in page


def test_a_digest_is_of_the_content_and_not_of_the_printing(samples: ModuleType) -> None:
    manifest = samples.a_manifest(5)
    number = samples.a_stamp().number
    same = document_digest(samples.a_manifest(5), number)
    assert document_digest(manifest, number) == same
    assert document_digest(manifest, "470/9") != same
    card = replace(manifest.cards[0], rt="099")
    changed = replace(manifest, cards=(card, *manifest.cards[1:]))
    assert document_digest(changed, number) != same
    reordered = replace(manifest, cards=tuple(reversed(manifest.cards)))
    assert document_digest(reordered, number) != same


def test_papers_show_no_citizens_number(samples: ModuleType) -> None:
    for name in ("manifest", "unclaimed"):
        pdf = RENDERERS[name](samples.a_paper(name), samples.a_stamp())
        text = "\n".join(page_texts(pdf))
        assert text.count("********") == 33
        assert not re.search(r"(?<![0-9A-F])[0-9]{16}(?![0-9A-F])", text)


def test_a_posted_notice_shows_names_and_neighbourhoods_only(samples: ModuleType) -> None:
    text = "\n".join(page_texts(render_notice_list(samples.a_notice(33), samples.a_stamp())))
    assert "****" not in text
    assert "J-" not in text
    for entry in samples.a_notice(33).entries:
        assert entry.name.reveal().split()[0] in text


@pytest.mark.parametrize(("split", "sheets"), [("village", 5), ("rw", 7), ("rt", 12)])
def test_each_neighbourhood_has_a_notice_of_its_own(
    samples: ModuleType, split: str, sheets: int
) -> None:
    pdf = render_notice_list(
        samples.a_notice(33), samples.a_stamp(), split=views.NoticeSplit(split)
    )
    texts = page_texts(pdf)
    assert len(texts) == sheets
    assert all("PENGUMUMAN PENGAMBILAN KTP-el" in text for text in texts)
    assert sum(int(n) for text in texts for n in re.findall(r"(\d+) kartu", text)) == 33


@pytest.mark.parametrize("dpi", [150, 203, 300])
def test_a_label_scans_as_code_128_and_as_qr(samples: ModuleType, dpi: int) -> None:
    labels = [samples.a_label(number) for number in range(3)]
    pdf = render_parcel_labels(labels, samples.a_stamp())
    assert page_sizes(pdf) == {(100, 150)}
    for page, label in enumerate(labels):
        found = codes(pdf, dpi, page)
        assert set(found.values()) == {label.parcel}
        assert len(found) == 2
        assert ParcelId.parse(next(iter(found.values()))) == label.parcel


def test_a_label_says_what_people_need_and_no_person(samples: ModuleType) -> None:
    (text,) = page_texts(render_parcel_labels([samples.a_label(1)], samples.a_stamp()))
    for part in ("SEBERANG ULU", "16.71.02", "SGL-0100201", "33 kartu", "1/2", samples.BATCH):
        assert part in text
    assert samples.CONSIGNMENT in text
    assert "****" not in text


def test_other_batches_of_a_label_are_counted(samples: ModuleType) -> None:
    label = replace(samples.a_label(), batches=(samples.BATCH, samples.BATCH, samples.BATCH))
    (text,) = page_texts(render_parcel_labels([label], samples.a_stamp()))
    assert f"{samples.BATCH} +2" in text


def test_both_handovers_say_who_gives_and_who_receives(samples: ModuleType) -> None:
    for leg, word in (
        (views.TransferLeg.TO_REGENCY, "tanpa membukanya"),
        (views.TransferLeg.TO_DISTRICT, "sidik"),
    ):
        pdf = render_consignment_handover(samples.a_handover(leg), samples.a_stamp())
        text = " ".join("\n".join(page_texts(pdf)).split())
        assert "Sabtu tanggal dua puluh satu bulan November tahun dua ribu dua puluh enam" in text
        assert "16 (enam belas) paket tersegel" in text
        assert "632 (enam ratus tiga puluh dua) keping" in text
        assert word in text
        assert "PIHAK PERTAMA" in text
        assert "Saksi 2" in text


def test_a_destruction_names_the_circular_the_method_and_each_card(samples: ModuleType) -> None:
    record = samples.a_destruction(40)
    pdf = render_destruction_record(record, samples.a_stamp())
    text = " ".join("\n".join(page_texts(pdf)).split())
    assert "470.13/11176/SJ" in text
    assert "dibakar" in text
    assert "Saksi 3" in text
    for card in record.cards:
        assert text.count(card.card) == 1


def test_a_sheet_that_does_not_balance_says_so(samples: ModuleType) -> None:
    good = page_texts(render_reconciliation_sheet(samples.a_reconciliation(), samples.a_stamp()))
    assert "COCOK: selisih 0; 1 kartu menunggu keputusan" in good[0]
    assert "TIDAK COCOK" not in good[0]
    view = samples.a_reconciliation(missing=3)
    assert not view.balanced
    assert "TIDAK COCOK" in page_texts(render_reconciliation_sheet(view, samples.a_stamp()))[0]


def test_a_machine_that_fed_more_than_the_journal_knows_unbalances(samples: ModuleType) -> None:
    view = samples.a_reconciliation()
    machine = view.machines[0]
    count = replace(machine.count, journal_fed=machine.count.journal_fed - 1)
    assert view.balanced
    assert not replace(view, machines=(replace(machine, count=count),)).balanced
    stock = view.stock[0]
    short = replace(stock, count=replace(stock.count, vault=stock.count.vault - 1))
    assert not replace(view, stock=(short,)).balanced


def test_sheets_without_machines_stock_or_open_cards_are_drawn(samples: ModuleType) -> None:
    view = replace(samples.a_reconciliation(), machines=(), stock=(), open_cards=())
    (text,) = page_texts(render_reconciliation_sheet(view, samples.a_stamp()))
    assert "Tidak ada." in text


def test_a_spoilage_report_counts_by_cause_and_lists_each_card(samples: ModuleType) -> None:
    report = samples.a_spoilage(33)
    pdf = render_spoilage_report(report, samples.a_stamp())
    text = "\n".join(page_texts(pdf))
    for card in report.cards:
        assert card.attempt in text
    assert "2,3 %" in text
    assert "tidak terbaca" in text
    period = replace(report, batch=None, until=report.since)
    assert "semua batch" in page_texts(render_spoilage_report(period, samples.a_stamp()))[0]


def test_only_a_simulated_home_says_simulation(samples: ModuleType) -> None:
    real = samples.a_stamp(simulated=False, site_line="")
    for stamp, said in ((samples.a_stamp(), True), (real, False)):
        text = page_texts(render_stock_bulletin(samples.a_bulletin(), stamp))[0]
        assert ("SIMULASI" in text) is said
        label = page_texts(render_parcel_labels([samples.a_label()], stamp))[0]
        assert ("SIMULASI" in label) is said


def test_the_streams_are_binary_and_the_fonts_are_inside(samples: ModuleType) -> None:
    pdf = render_stock_bulletin(samples.a_bulletin(), samples.a_stamp())
    assert b"ASCII85" not in pdf
    assert rl_config.useA85 == 0
    assert b"/FontFile2" in pdf
    assert b"BitstreamVeraSans" in pdf
    assert b"/Lang" in pdf


def test_parcels_of_a_consignment_are_drawn_in_time(samples: ModuleType) -> None:
    manifests = [samples.a_manifest(33 + number) for number in range(16)]
    labels = [samples.a_label(number) for number in range(16)]
    started = time.process_time()
    for manifest, label in zip(manifests, labels, strict=True):
        render_parcel_manifest(manifest, samples.a_stamp())
        render_parcel_labels([label], samples.a_stamp())
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("manifest", "manifest-{parcel}.pdf"),
        ("bast-regency", "bast-{consignment}-16.71.pdf"),
        ("bast-district", "bast-{consignment}-16.71.04.pdf"),
        ("spoilage", "spoilage-{batch}.pdf"),
        ("destruction", "destruction-2026-11-21-470-0123-KTP-el-2026.pdf"),
        ("reconciliation", "reconciliation-{batch}.pdf"),
        ("stock", "stock-2026-11-21.pdf"),
        ("notice", "notice-16.71.04-2026-11-23.pdf"),
        ("unclaimed", "unclaimed-16.71.04-2026-11-21.pdf"),
    ],
)
def test_file_names_hold_ids_codes_and_days(samples: ModuleType, name: str, file: str) -> None:
    expected = file.format(
        parcel=samples.PARCEL, consignment=samples.CONSIGNMENT, batch=samples.BATCH
    )
    assert file_name(samples.a_paper(name), samples.a_stamp()) == expected


def test_file_names_of_labels_and_periods(samples: ModuleType) -> None:
    label = samples.a_label()
    assert file_name(label, samples.a_stamp()) == f"label-{label.parcel}.pdf"
    period = replace(samples.a_spoilage(1), batch=None)
    assert file_name(period, samples.a_stamp()) == "spoilage-2026-11-20-2026-11-21.pdf"


def test_a_file_name_cannot_leave_its_folder(samples: ModuleType) -> None:
    stamp = samples.a_stamp(number="../../etc/pass wd")
    name = file_name(samples.a_destruction(1), stamp)
    assert Path(name).name == name
    assert ".." not in name


def test_a_part_of_a_paper_has_no_file_name(samples: ModuleType) -> None:
    with pytest.raises(ValueError, match="no paper"):
        file_name(samples.a_manifest(1).cards[0], samples.a_stamp())


def test_codes_are_of_the_size_that_is_laid_out() -> None:
    # 11 modules a character with start and check, 13 for the stop: ISO/IEC 15417.
    assert code128_modules("P-AR5Y141DZ6V") >= 11 * 15 + 13
    rows = qr_rows("P-AR5Y141DZ6V")
    assert len(rows) == len(rows[0]) == 21
    assert {module for row in rows for module in row} == {0, 1}


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, pipeline.papers as p\n"
        "p.Stamp, p.file_name\n"
        "sys.exit('reportlab' in sys.modules or 'segno' in sys.modules)"
    )
    folder = Path(pipeline.papers.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=False).returncode == 0


def test_every_exported_name_is_there() -> None:
    for name in pipeline.papers.__all__:
        assert getattr(pipeline.papers, name) is not None
    with pytest.raises(AttributeError):
        _ = pipeline.papers.render_nothing
