"""Contact sheets: pages, captions, true size, and the panels dot for dot."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from reportlab import rl_config

from ektp.errors import LayoutUnknown
from ektp.perso import Artwork
from ektp.printer_profiles import GEOMETRIES
from ektp.record import CardVariant
from personalization.artwork import contact_sheet_pdf, layout_for, render, render_sample
from tests.unit.personalization.artwork.people import a_record

GEOMETRY = GEOMETRIES["cr80-300-1016x648"]
WNI = render_sample(layout_for(CardVariant.WNI), GEOMETRY)
OA = render_sample(layout_for(CardVariant.OA), GEOMETRIES["cr80-300-1013x638"])


def sheet(items: list[tuple[str, Artwork]], lang: str = "id") -> tuple[int, list[str], bytes]:
    out = BytesIO()
    pages = contact_sheet_pdf(items, out, title="Lembar proof", lang=lang)
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return pages, texts, out.getvalue()


def test_a_language_that_nobody_asked_for() -> None:
    with pytest.raises(ValueError, match="id or en"):
        contact_sheet_pdf([], BytesIO(), title="x", lang="fr")


def test_what_cannot_be_shown_is_refused_and_nothing_stays_switched() -> None:
    before = rl_config.useA85
    broken = Artwork(layout="none", geometry=GEOMETRY.name, panels=())
    with pytest.raises(LayoutUnknown):
        contact_sheet_pdf([("J-1", broken)], BytesIO(), title="x")
    assert rl_config.useA85 == before


@pytest.mark.parametrize(("cards", "pages"), [(0, 1), (1, 1), (10, 1), (11, 2), (21, 3)])
def test_ten_to_a_page_and_each_page_knows_the_last(cards: int, pages: int) -> None:
    found, texts, _ = sheet([(f"J-{n:011d}", WNI if n % 2 else OA) for n in range(cards)])
    assert found == pages == len(texts)
    for number, text in enumerate(texts, start=1):
        assert f"halaman {number} dari {pages}" in " ".join(text.split())
    captions = [word for text in texts for word in text.split() if word.startswith("J-")]
    assert captions == [f"J-{n:011d}" for n in range(cards)]


def test_english_words() -> None:
    _, texts, _ = sheet([("J-1", WNI)], "en")
    assert "page 1 of 1" in " ".join(texts[0].split())
    assert "not an identity document" in texts[0]


def test_the_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    _, _, first = sheet([("J-1", WNI), ("J-2", OA)])
    _, _, second = sheet([("J-1", WNI), ("J-2", OA)])
    assert first == second
    contact_sheet_pdf([("J-1", WNI), ("J-2", OA)], tmp_path / "s.pdf", title="Lembar proof")
    assert (tmp_path / "s.pdf").read_bytes() == first


def test_items_are_taken_one_at_a_time() -> None:
    taken = []

    def jobs() -> object:
        for number in range(12):
            taken.append(number)
            yield f"J-{number}", WNI

    contact_sheet_pdf(jobs(), BytesIO(), title="x")  # type: ignore[arg-type]
    assert taken == list(range(12))


def test_a_card_is_shown_in_its_own_size_and_colours() -> None:
    record = a_record()
    artwork = render(record, layout_for(CardVariant.WNI), GEOMETRY)
    _, _, data = sheet([("J-1", artwork)])
    with pypdfium2.PdfDocument(data) as document:
        page = document[0].render(scale=150 / 72).to_pil()
    dots = 150 / 25.4
    # The photo's upper left corner is red, the card's ground is pale blue, the page is white.
    photo = page.getpixel((round((14.2 + 64) * dots), round((13 + 17) * dots)))
    ground = page.getpixel((round((14.2 + 2) * dots), round((13 + 30) * dots)))
    gutter = page.getpixel((round((14.2 + 85.6 + 1.5) * dots), round((13 + 30) * dots)))
    assert photo[0] > 150
    assert photo[2] < 90
    assert 200 < ground[0] < ground[2]
    assert gutter == (255, 255, 255)
    # The heading is black on the card: resin came through its mask.
    heading = page.crop(
        (round(33 * dots), round(15 * dots), round(80 * dots), round(22 * dots))
    ).convert("L")
    assert heading.getextrema()[0] < 40
    assert heading.getextrema()[1] > 200


def test_a_card_costs_the_file_little() -> None:
    _, _, one = sheet([("J-1", render(a_record(), layout_for(CardVariant.WNI), GEOMETRY))])
    _, _, two = sheet(
        [
            ("J-1", render(a_record(), layout_for(CardVariant.WNI), GEOMETRY)),
            ("J-2", render(a_record(name="ALI"), layout_for(CardVariant.WNI), GEOMETRY)),
        ]
    )
    assert len(two) - len(one) < 60_000
