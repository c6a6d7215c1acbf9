"""The style of the papers: an A4 sheet with its head, its foot and a cursor that walks down it.

Head: whose paper it is, title, document number, QR code of the content's digest. Foot: when it was
printed in the office's own time, the digest in short, page x of y. Everything a paper says stands
between them, in `Style`s that are named here.
"""

from __future__ import annotations

from typing import Final

from pipeline.papers.digest import document_digest, qr_text
from pipeline.papers.faces import fit, require_glyphs, wrap
from pipeline.papers.ink import (
    ACCENT,
    BAD,
    GREY,
    INK,
    RULE,
    Face,
    Ink,
    Line,
    Matrix,
    Page,
)
from pipeline.papers.pdf import PdfInfo, qr_rows, write_pdf
from pipeline.papers.typesetting import (
    BODY,
    LABEL,
    SECOND,
    Align,
    Runs,
    Style,
    break_runs,
    text_ink,
)
from pipeline.papers.views import Stamp, View
from pipeline.papers.wording import Bi, Lang
from pipeline.papers.words import moment_text

__all__ = ["Sheet", "printed_line"]

PAGE_WIDTH_MM: Final = 210.0
PAGE_HEIGHT_MM: Final = 297.0
# The left margin is wider: these papers are filed.
LEFT_MM: Final = 20.0
RIGHT_MM: Final = 195.0
TOP_MM: Final = 14.0
BOTTOM_MM: Final = 279.0
QR_MM: Final = 19.0


_HEADING: Final = Style(Face.BOLD, 9.2, ACCENT)
_TITLE: Final = Style(Face.BOLD, 13, ACCENT)
_SITE: Final = Style(Face.BOLD, 11.5, INK)
_FOOT: Final = Style(Face.PLAIN, 6.2, GREY)
_FOOT_STRONG: Final = Style(Face.BOLD, 6.2, INK)
_SIMULATED: Final = Style(Face.BOLD, 6.8, BAD)


def printed_line(stamp: Stamp, lang: Lang) -> str:
    """When and where a paper was printed, in the office's own time."""
    word = "Dicetak" if lang == "id" else "Printed"
    return f"{word} {moment_text(stamp.printed_at, stamp.zone, lang)}"


class Sheet:
    """A paper of one or more A4 pages while it is laid out."""

    def __init__(
        self,
        stamp: Stamp,
        content: View,
        *,
        kind: str,
        title: Bi,
        lang: Lang,
        personal: bool = False,
    ) -> None:
        self.stamp = stamp
        self.lang: Lang = lang
        self.left_mm = LEFT_MM
        self.right_mm = RIGHT_MM
        self.y_mm = TOP_MM
        self._kind = kind
        self._title = title
        self._personal = personal
        self._digest = document_digest(content, stamp.number)
        self._pages: list[Page] = []
        self.break_whole()

    # --- the cursor

    @property
    def width_mm(self) -> float:
        """From margin to margin."""
        return self.right_mm - self.left_mm

    @property
    def room_mm(self) -> float:
        """What is left of this page below the cursor."""
        return BOTTOM_MM - self.y_mm

    def need(self, height_mm: float) -> None:
        """Go to a new page where the height does not fit below the cursor."""
        if height_mm > self.room_mm:
            self.break_page()

    def skip(self, height_mm: float) -> None:
        """Leave some height empty."""
        self.y_mm += height_mm

    def break_page(self) -> None:
        """Begin a new page with a short head."""
        self._pages.append([])
        self._short_head()

    def break_whole(self) -> None:
        """Begin a new page with the whole head: for a part that is used by itself."""
        self._pages.append([])
        self._head()

    def _short_head(self) -> None:
        self.y_mm = TOP_MM - 2
        y = self.y_mm + _FOOT.rise_mm
        number = f"{self._number_word()} {self.stamp.number}"
        taken = self.text(number, self.right_mm, y, _FOOT, align="right")
        head = f"{self.stamp.site} · {self._title.pick(self.lang)[0]}"
        size = fit(head, _FOOT.face, _FOOT.size_pt, 2, self.width_mm - taken - 4)
        self.text(head, self.left_mm, y, Style(_FOOT.face, size, _FOOT.color))
        self.y_mm += 3.6
        self.rule(self.y_mm)
        self.y_mm += 5

    # --- ink

    def ink(self, *commands: Ink) -> None:
        """Draw on this page."""
        self._pages[-1].extend(commands)

    def rule(self, y_mm: float, *, width_pt: float = 0.5, color: str = RULE) -> None:
        """A line from margin to margin."""
        self.ink(Line(self.left_mm, y_mm, self.right_mm, y_mm, width_pt, color))

    def text(
        self, text: str, x_mm: float, y_mm: float, style: Style, *, align: Align = "left"
    ) -> float:
        """One line at a baseline; the width it took. Raises `GlyphMissing`."""
        piece = text_ink(text, x_mm, y_mm, style, align)
        if text:
            self.ink(piece)
        return piece.width_mm

    def lines(
        self, text: str, x_mm: float, room_mm: float, style: Style, *, align: Align = "left"
    ) -> None:
        """A text in as many lines as it takes, below the cursor."""
        anchor = {"left": x_mm, "center": x_mm + room_mm / 2, "right": x_mm + room_mm}[align]
        for line in wrap(text, style.face, style.size_pt, room_mm):
            self.text(line, anchor, self.y_mm + style.rise_mm, style, align=align)
            self.y_mm += style.line_mm

    def paragraph(self, runs: Runs, style: Style = BODY, *, indent_mm: float = 0.0) -> None:
        """A paragraph with bold parts, below the cursor; it may run on to the next page."""
        room = self.width_mm - indent_mm
        for line in break_runs(runs, style.size_pt, room):
            self.need(style.line_mm)
            x = self.left_mm + indent_mm
            for text, face in line:
                piece = Style(face, style.size_pt, style.color)
                x += self.text(text, x, self.y_mm + style.rise_mm, piece)
            self.y_mm += style.line_mm

    def both(self, id_runs: Runs, en_runs: Runs, *, indent_mm: float = 0.0, mark: str = "") -> None:
        """A paragraph in both languages: the leading one large, the other small below.

        `mark` stands before its first line, such as the number of a clause.
        """
        first, second = (id_runs, en_runs) if self.lang == "id" else (en_runs, id_runs)
        height = len(break_runs(first, BODY.size_pt, self.width_mm - indent_mm)) * BODY.line_mm
        self.need(min(height, 30))
        self.text(mark, self.left_mm + 1, self.y_mm + BODY.rise_mm, BODY)
        self.paragraph(first, BODY, indent_mm=indent_mm)
        self.paragraph(second, SECOND, indent_mm=indent_mm)
        self.y_mm += 1.6

    def heading(self, words: Bi, *, keep_mm: float = 20.0) -> None:
        """A heading of a part, which stays with what follows."""
        self.need(_HEADING.line_mm + keep_mm)
        first, second = words.pick(self.lang)
        self.y_mm += 1.5
        y = self.y_mm + _HEADING.rise_mm
        taken = self.text(first, self.left_mm, y, _HEADING)
        self.text(second, self.left_mm + taken + 2, y, SECOND)
        self.y_mm += _HEADING.line_mm + 1.0

    # --- head, foot, end

    def _number_word(self) -> str:
        return "Nomor" if self.lang == "id" else "Number"

    def _head(self) -> None:
        self.y_mm = TOP_MM
        room = self.width_mm - QR_MM - 6
        for text in (self.stamp.site, self.stamp.site_line, self.stamp.number):
            require_glyphs(text, Face.PLAIN, "stamp")
        text = qr_text(self._kind, self.stamp.number, self._digest)
        self.ink(Matrix(self.right_mm - QR_MM, TOP_MM - 3, QR_MM, qr_rows(text)))
        size = fit(self.stamp.site, _SITE.face, _SITE.size_pt, 8, room)
        self.lines(self.stamp.site, self.left_mm, room, Style(_SITE.face, size))
        if self.stamp.site_line:
            self.lines(self.stamp.site_line, self.left_mm, room, LABEL)
        if self.stamp.simulated:
            words = Bi("SIMULASI: orang tiruan, bukan dokumen resmi", "SIMULATION: no real people")
            self.y_mm += 0.8
            self.lines(" / ".join(words.pick(self.lang)), self.left_mm, room, _SIMULATED)
        self.y_mm = max(self.y_mm + 1.5, TOP_MM + QR_MM - 0.5)
        self.rule(self.y_mm, width_pt=1.6, color=INK)
        self.rule(self.y_mm + 0.9, width_pt=0.4, color=INK)
        self.y_mm += 6
        first, second = self._title.pick(self.lang)
        # The card's name keeps its small letters: KTP-el.
        capitals = first.upper().replace("KTP-EL", "KTP-el")
        self.lines(capitals, self.left_mm, self.width_mm, _TITLE, align="center")
        self.lines(second, self.left_mm, self.width_mm, SECOND, align="center")
        self.y_mm += 0.8
        number = f"{self._number_word()}: {self.stamp.number}"
        self.lines(number, self.left_mm, self.width_mm, BODY, align="center")
        self.y_mm += 2.5

    def _foot(self, number: int) -> Page:
        y = BOTTOM_MM + 4
        line = _FOOT.line_mm
        short = self._digest.hex()[:24]
        groups = " ".join(short[start : start + 4] for start in range(0, len(short), 4))
        total = len(self._pages)
        page = Bi(f"Halaman {number} dari {total}", f"Page {number} of {total}").pick(self.lang)
        foot: Page = [
            Line(self.left_mm, y, self.right_mm, y, 0.5, RULE),
            text_ink(printed_line(self.stamp, self.lang), self.left_mm, y + 3.2, _FOOT),
            text_ink(f"SHA-256 {groups} …", self.left_mm, y + 3.2 + line, _FOOT),
            text_ink(page[0], self.right_mm, y + 3.2, _FOOT_STRONG, "right"),
            text_ink(page[1], self.right_mm, y + 3.2 + line, _FOOT, "right"),
        ]
        if self._personal:
            words = Bi("Memuat data pribadi, simpan terkunci", "Personal data, keep locked")
            first, second = words.pick(self.lang)
            middle = (self.left_mm + self.right_mm) / 2 + 8
            foot.append(text_ink(first, middle, y + 3.2, _FOOT_STRONG, "center"))
            foot.append(text_ink(second, middle, y + 3.2 + line, _FOOT, "center"))
        return foot

    def laid_out(self) -> list[Page]:
        """The pages with their feet, now that the number of pages is known."""
        return [page + self._foot(number) for number, page in enumerate(self._pages, start=1)]

    def finish(self) -> bytes:
        """The paper as PDF."""
        first, _ = self._title.pick(self.lang)
        info = PdfInfo(
            title=f"{first} {self.stamp.number}",
            author=self.stamp.site,
            subject=f"{self._kind} SHA-256 {self._digest.hex()}",
            language=self.lang,
        )
        return write_pdf(
            self.laid_out(), width_mm=PAGE_WIDTH_MM, height_mm=PAGE_HEIGHT_MM, info=info
        )
