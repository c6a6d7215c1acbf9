"""No text leaves its page, lies over another or is cut, whatever the names and the counts are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import pytest

from ektp.errors import GlyphMissing
from ektp.personal import PersonalText
from pipeline.papers import label, views
from pipeline.papers.faces import fit, width_mm, wrap
from pipeline.papers.ink import MM_PER_POINT, Bars, Box, Face, Line, Matrix, Page, Text
from pipeline.papers.typesetting import Bold, break_runs

NAMES = (
    "manifest",
    "bast-regency",
    "bast-district",
    "spoilage",
    "destruction",
    "notice",
    "unclaimed",
)
SINGLES = ("reconciliation", "unbalanced", "stock", "ceremony")
SLACK_MM = 0.12
Rectangle = tuple[float, float, float, float]


def extent(ink: Text | Bars | Matrix) -> Rectangle:
    if isinstance(ink, Text):
        em = ink.size_pt * MM_PER_POINT
        return ink.x_mm, ink.y_mm - 0.73 * em, ink.x_mm + ink.width_mm, ink.y_mm + 0.2 * em
    if isinstance(ink, Bars):
        return ink.x_mm, ink.y_mm, ink.x_mm + ink.width_mm, ink.y_mm + ink.height_mm
    return ink.x_mm, ink.y_mm, ink.x_mm + ink.side_mm, ink.y_mm + ink.side_mm


def overlap(one: Rectangle, two: Rectangle) -> bool:
    return (
        min(one[2], two[2]) - max(one[0], two[0]) > SLACK_MM
        and min(one[3], two[3]) - max(one[1], two[1]) > SLACK_MM
    )


def assert_tidy(pages: Sequence[Page], right_mm: float, bottom_mm: float, edge_mm: float) -> None:
    for page in pages:
        placed = [(ink, extent(ink)) for ink in page if isinstance(ink, Text | Bars | Matrix)]
        placed.sort(key=lambda item: item[1][1])
        for number, (ink, box) in enumerate(placed):
            assert box[0] >= edge_mm - SLACK_MM, ink
            assert box[2] <= right_mm - edge_mm + SLACK_MM, ink
            assert box[1] >= 0, ink
            assert box[3] <= bottom_mm, ink
            for other, other_box in placed[number + 1 :]:
                if other_box[1] > box[3]:
                    break
                assert not overlap(box, other_box), (ink, other)


def texts(pages: Sequence[Page]) -> str:
    return "\n".join(ink.text for page in pages for ink in page if isinstance(ink, Text))


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("count", [1, 33, 250])
@pytest.mark.parametrize("name", NAMES)
def test_papers_of_any_length_are_tidy(
    samples: ModuleType, name: str, count: int, lang: str
) -> None:
    sheet = samples.lay_out(samples.a_paper(name, count), lang)
    assert_tidy(sheet.laid_out(), 210, 297, 14)


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("name", SINGLES)
def test_accounts_are_tidy(samples: ModuleType, name: str, lang: str) -> None:
    sheet = samples.lay_out(samples.a_paper(name), lang)
    assert_tidy(sheet.laid_out(), 210, 297, 14)


@pytest.mark.parametrize("count", [*range(18, 30), 42])
def test_no_page_break_leaves_something_out(samples: ModuleType, count: int) -> None:
    view = samples.a_manifest(count)
    pages = samples.lay_out(view).laid_out()
    assert_tidy(pages, 210, 297, 14)
    shown = [ink.text for page in pages for ink in page if isinstance(ink, Text)]
    assert [text for text in shown if text in {c.card for c in view.cards}] == [
        card.card for card in view.cards
    ]


def test_an_empty_report_says_so(samples: ModuleType) -> None:
    pages = samples.lay_out(samples.a_spoilage(0)).laid_out()
    assert_tidy(pages, 210, 297, 14)
    assert "0 kartu (nol)" in texts(pages)


def test_nothing_is_drawn_as_nothing(samples: ModuleType) -> None:
    empty = (
        replace(samples.a_manifest(1), cards=()),
        replace(samples.an_unclaimed(1), cards=()),
        replace(samples.a_handover(views.TransferLeg.TO_REGENCY, 1), parcels=(), witnesses=()),
        replace(samples.a_bulletin(), lines=()),
    )
    for view in empty:
        pages = samples.lay_out(view).laid_out()
        assert_tidy(pages, 210, 297, 14)
        assert re.search(r"\b0 (kartu|keping)", texts(pages))


@pytest.mark.parametrize("name", ["W" * 60, "A " * 30, "I" * 60])
def test_a_long_name_is_broken_and_never_cut(samples: ModuleType, name: str) -> None:
    manifest = samples.a_manifest(3)
    cards = tuple(replace(card, name=PersonalText(name.strip())) for card in manifest.cards)
    pages = samples.lay_out(replace(manifest, cards=cards)).laid_out()
    assert_tidy(pages, 210, 297, 14)
    letters = texts(pages).replace("\n", "").replace(" ", "")
    assert name.replace(" ", "")[:40] in letters


def test_long_offices_and_people_fit(samples: ModuleType) -> None:
    long = views.Person(
        name=samples.LONG_NAME,
        position="Kepala Bidang Pelayanan Pendaftaran Penduduk dan Pemanfaatan Data",
        organization="Dinas Kependudukan dan Pencatatan Sipil Kabupaten Kepulauan Siau Biaro",
        staff_number="19800101 200501 1 001",
        address="Jalan " + "Panjang Sekali " * 8,
    )
    stamp = samples.a_stamp(site=f"DINAS KEPENDUDUKAN DAN PENCATATAN SIPIL {samples.LONG_VILLAGE}")
    handover = samples.a_handover(views.TransferLeg.TO_DISTRICT, 3)
    handover = replace(handover, giver=long, receiver=long, witnesses=(long, long, long))
    assert_tidy(samples.lay_out(handover, stamp=stamp).laid_out(), 210, 297, 14)
    manifest = samples.a_manifest(2, packer=long, checker=long, batches=(samples.BATCH,) * 9)
    assert_tidy(samples.lay_out(manifest, stamp=stamp).laid_out(), 210, 297, 14)


def test_many_kinds_and_places_of_stock_fit(samples: ModuleType) -> None:
    bulletin = samples.a_bulletin()
    lines = tuple(
        replace(line, place=f"Gudang {number}") for number in range(4) for line in bulletin.lines
    )
    pages = samples.lay_out(replace(bulletin, lines=lines)).laid_out()
    assert_tidy(pages, 210, 297, 14)
    total = 4 * (1640 + 4000 + 200)
    assert f"{total:,}".replace(",", ".") in texts(pages)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_labels_are_tidy(samples: ModuleType, lang: label.Lang) -> None:
    labels = [samples.a_label(number) for number in range(16)]
    hard = replace(
        labels[0],
        office=samples.an_area("16.08.20", "BUAY PEMATANG RIBU RANAU TENGAH"),
        regency="KABUPATEN KEPULAUAN SIAU TAGULANDANG BIARO",
        route=(
            "Pusat Personalisasi Jakarta",
            "Dinas Kependudukan Kabupaten Kepulauan Siau Tagulandang Biaro",
            "Kecamatan Buay Pematang Ribu Ranau Tengah",
        ),
        seal="SEGEL-2026-00000123-PALEMBANG",
        batches=(samples.BATCH,) * 12,
        cards=2000,
        ordinal=117,
        parcels=250,
        consignment=None,
    )
    pages = label.lay_out([*labels, hard], samples.a_stamp(site="W" * 40), lang)
    assert_tidy(pages, 100, 150, 3)


def test_every_page_says_which_one_it_is(samples: ModuleType) -> None:
    pages = samples.lay_out(samples.a_manifest(250)).laid_out()
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert f"Halaman {number} dari {len(pages)}" in texts([page])
        assert f"Page {number} of {len(pages)}" in texts([page])
        assert "Dicetak 21 November 2026 12.04 WIB" in texts([page])


def test_a_table_repeats_its_head_and_carries_its_sum(samples: ModuleType) -> None:
    pages = samples.lay_out(samples.a_manifest(250)).laid_out()
    carried = []
    for page in pages[:-1]:
        shown = [ink.text for ink in page if isinstance(ink, Text)]
        assert "Nomor seri chip" in shown
        carried.append(shown[shown.index("Carried forward") + 1])
    brought = []
    for page in pages[1:]:
        shown = [ink.text for ink in page if isinstance(ink, Text)]
        brought.append(shown[shown.index("Brought forward") + 1])
        assert any(text.endswith("(lanjutan)") for text in shown) or "Jumlah" in str(shown)
    assert carried == brought
    figures = [int(text.split()[0]) for text in carried]
    assert figures == sorted(set(figures))
    assert figures[-1] < 250


def test_subtotals_add_up(samples: ModuleType) -> None:
    view = samples.a_manifest(250)
    shown = [
        ink.text
        for page in samples.lay_out(view).laid_out()
        for ink in page
        if isinstance(ink, Text)
    ]
    subtotals = [
        int(shown[place + 2].split()[0])
        for place, text in enumerate(shown)
        if text.startswith(("Jumlah Desa", "Jumlah Kelurahan"))
    ]
    assert len(subtotals) == 5
    assert sum(subtotals) == 250


def test_a_sum_never_stands_alone_on_a_page(samples: ModuleType) -> None:
    for count in range(24, 40):
        for page in samples.lay_out(samples.a_manifest(count)).laid_out():
            shown = [ink.text for ink in page if isinstance(ink, Text)]
            if "Jumlah seluruhnya" in shown:
                before = shown[: shown.index("Jumlah seluruhnya")]
                assert any(text.startswith("J-") for text in before), count


def test_a_name_that_the_faces_lack_is_refused_without_being_told(samples: ModuleType) -> None:
    manifest = samples.a_manifest(1)
    card = replace(manifest.cards[0], name=PersonalText("RAHASIA\N{JAVANESE LETTER KA}"))
    with pytest.raises(GlyphMissing) as caught:
        samples.lay_out(replace(manifest, cards=(card,)))
    assert "RAHASIA" not in str(caught.value)
    assert caught.value.facts["character"] == "U+A98F"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x00b", "a\N{RIGHT-TO-LEFT OVERRIDE}b"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(GlyphMissing):
        wrap(text, Face.PLAIN, 9, 50)


def test_latin_names_with_marks_are_drawn() -> None:
    assert wrap("JOSÉ ÑUÑO Ş. Ğ. İ. NUR’AINI", Face.BOLD, 9, 200) == ["JOSÉ ÑUÑO Ş. Ğ. İ. NUR’AINI"]


def test_fitting_shrinks_no_further_than_told() -> None:
    assert fit("short", Face.PLAIN, 9, 6, 100) == 9
    assert fit("w" * 100, Face.PLAIN, 9, 6, 20) == 6
    size = fit("w" * 30, Face.PLAIN, 9, 4, 40)
    assert 4 < size < 9
    assert width_mm("w" * 30, Face.PLAIN, size) <= 40


def test_paragraphs_keep_their_words_and_faces() -> None:
    runs = ["one two ", Bold("three four"), ", five ", Bold("six"), Bold("seven"), "."]
    lines = break_runs(runs, 9, 25)
    assert len(lines) > 1
    joined = " ".join("".join(text for text, _ in line).strip() for line in lines)
    assert joined == "one two three four, five sixseven."
    bold = "".join(text for line in lines for text, face in line if face is Face.BOLD)
    assert bold.replace(" ", "") == "threefoursixseven"


def test_lines_and_boxes_stay_on_the_page(samples: ModuleType) -> None:
    for name in (*NAMES, *SINGLES):
        for page in samples.lay_out(samples.a_paper(name)).laid_out():
            for ink in page:
                if isinstance(ink, Line):
                    assert 0 <= min(ink.x1_mm, ink.x2_mm) <= max(ink.x1_mm, ink.x2_mm) <= 210
                if isinstance(ink, Box):
                    assert ink.x_mm >= 0
                    assert ink.x_mm + ink.width_mm <= 210
                    assert ink.y_mm + ink.height_mm <= 297


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("witnesses", [0, 2, 3, 9])
def test_a_ceremony_of_any_company_is_tidy(samples: ModuleType, witnesses: int, lang: str) -> None:
    view = samples.a_ceremony(witnesses)
    keys = tuple(
        replace(key, label=f"{key.label}{number}") for number in range(9) for key in view.keys
    )
    named = replace(view.custodians[0], name=samples.LONG_NAME)
    crowded = replace(view, keys=keys, custodians=(named, *view.custodians[1:]))
    for each in (view, crowded, replace(view, components=(), checks=())):
        assert_tidy(samples.lay_out(each, lang).laid_out(), 210, 297, 14)


def test_a_ceremonys_paper_has_its_digest_in_full(samples: ModuleType) -> None:
    view = samples.a_ceremony()
    shown = texts(samples.lay_out(view).laid_out()).replace(" ", "").replace("\n", "")
    assert view.record.hex() in shown
    for key in view.keys:
        assert (key.check_value or key.key_id).hex().upper() in shown
    assert "Setiapkuncimembuktikandirinyadidalamtoken." in shown
