"""The label of a sealed parcel: 100 x 150 mm, read by people from two metres and by scanners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.papers.faces import fit, wrap
from pipeline.papers.ink import (
    ACCENT,
    BAD,
    GREY,
    INK,
    RULE,
    WHITE,
    Bars,
    Box,
    Face,
    Line,
    Matrix,
    Page,
)
from pipeline.papers.pdf import PdfInfo, code128_modules, qr_rows, write_pdf
from pipeline.papers.sheet import printed_line
from pipeline.papers.typesetting import Align, Style, text_ink
from pipeline.papers.views import ParcelLabel, Stamp
from pipeline.papers.wording import Bi, Lang, count_cards
from pipeline.papers.words import moment_text

__all__ = ["lay_out", "render_parcel_labels"]

WIDTH_MM: Final = 100.0
HEIGHT_MM: Final = 150.0
_EDGE: Final = 5.0
_ROOM: Final = WIDTH_MM - 2 * _EDGE
_RIGHT: Final = WIDTH_MM - _EDGE
_QUIET_MODULES: Final = 10
_SEAL_RULE: Final = Bi(
    "Jangan diterima bila segel rusak atau nomornya lain.",
    "Do not accept if the seal is broken or its number differs.",
)
_OPEN_RULE: Final = Bi(
    "Hanya dibuka di kantor kecamatan tujuan.", "Open at the office of destination only."
)


def render_parcel_labels(
    labels: Sequence[ParcelLabel], stamp: Stamp, *, lang: Lang = "id"
) -> bytes:
    """Labels of parcels as PDF, one on each page of 100 x 150 mm. Raises `GlyphMissing`."""
    pages = lay_out(labels, stamp, lang)
    title = "Label paket" if lang == "id" else "Parcel label"
    info = PdfInfo(
        title=f"{title} {stamp.number}",
        author=stamp.site,
        subject=" ".join(label.parcel for label in labels),
        language=lang,
    )
    return write_pdf(pages, width_mm=WIDTH_MM, height_mm=HEIGHT_MM, info=info)


def lay_out(labels: Sequence[ParcelLabel], stamp: Stamp, lang: Lang) -> list[Page]:
    """The labels as drawing commands."""
    total = len(labels)
    return [
        _Label(label, stamp, lang, f"{number}/{total}").page
        for number, label in enumerate(labels, start=1)
    ]


class _Label:
    """One label while it is laid out, from top to bottom."""

    def __init__(self, label: ParcelLabel, stamp: Stamp, lang: Lang, number: str) -> None:
        self.page: Page = []
        self._label = label
        self._stamp = stamp
        self._lang: Lang = lang
        self._head()
        self._address()
        self._route()
        self._facts()
        self._codes()
        self._foot(number)

    # --- helpers

    def _text(
        self, text: str, x_mm: float, y_mm: float, style: Style, align: Align = "left"
    ) -> float:
        piece = text_ink(text, x_mm, y_mm, style, align)
        self.page.append(piece)
        return piece.width_mm

    def _fitted(
        self, text: str, y_mm: float, style: Style, smallest_pt: float, lines: int
    ) -> float:
        """A text as large as it fits on that many lines; the baseline of the last one."""
        size = style.size_pt
        while size > smallest_pt and len(wrap(text, style.face, size, _ROOM)) > lines:
            size -= 0.5
        fitted = Style(style.face, size, style.color, style.leading)
        y = y_mm
        for line in wrap(text, style.face, size, _ROOM):
            y += fitted.line_mm
            self._text(line, _EDGE, y, fitted)
        return y

    def _label_of(self, words: Bi, x_mm: float, y_mm: float) -> None:
        first, second = words.pick(self._lang)
        taken = self._text(first, x_mm, y_mm, Style(Face.BOLD, 6, GREY))
        self._text(second, x_mm + taken + 1.2, y_mm, Style(Face.PLAIN, 5.4, GREY))

    # --- parts

    def _head(self) -> None:
        self.page.append(Box(0, 0, WIDTH_MM, 13, fill=BAD if self._stamp.simulated else ACCENT))
        first, second = Bi("PAKET TERSEGEL KTP-el", "SEALED PARCEL OF ID CARDS").pick(self._lang)
        self._text(first, _EDGE, 6.4, Style(Face.BOLD, 11, WHITE))
        note = "SIMULASI / SIMULATION" if self._stamp.simulated else second
        self._text(note, _EDGE, 10.4, Style(Face.PLAIN, 6.4, WHITE))
        count = f"{self._label.ordinal}/{self._label.parcels}"
        size = fit(count, Face.BOLD, 17, 8, 24)
        self._text(count, _RIGHT, 7.6, Style(Face.BOLD, size, WHITE), "right")
        first, _ = Bi("paket ke", "parcel").pick(self._lang)
        self._text(first, _RIGHT, 11.2, Style(Face.PLAIN, 5.6, WHITE), "right")

    def _address(self) -> None:
        self._label_of(Bi("KEPADA: KANTOR KECAMATAN", "TO: DISTRICT OFFICE"), _EDGE, 17)
        y = self._fitted(self._label.office.name.upper(), 16.5, Style(Face.BOLD, 23), 11, 2)
        y = self._fitted(self._label.regency, y + 0.6, Style(Face.PLAIN, 9), 6, 2)
        # The code stands low in its field, at the same place on every label.
        self._text(self._label.office.code, _EDGE, max(57.0, y + 11), Style(Face.BOLD, 38))

    def _route(self) -> None:
        self.page.append(Line(_EDGE, 60, _RIGHT, 60, 0.6, INK))
        self._label_of(Bi("RUTE", "ROUTE"), _EDGE, 63.4)
        # The stations share the width; the last one is where the parcel ends.
        gap = 4.0
        stations = self._label.route
        room = (_ROOM - gap * (len(stations) - 1)) / max(1, len(stations))
        for number, station in enumerate(stations):
            x = _EDGE + number * (room + gap)
            last = number == len(stations) - 1
            face = Face.BOLD if last else Face.PLAIN
            for row, line in enumerate(wrap(station, face, 6.6, room)[:3]):
                self._text(line, x, 66.8 + row * 2.8, Style(face, 6.6))
            if not last:
                self._text("›", x + room + gap / 2, 67.2, Style(Face.BOLD, 10, ACCENT), "center")
        self.page.append(Line(_EDGE, 74, _RIGHT, 74, 0.6, INK))

    def _facts(self) -> None:
        label = self._label
        # The manifest names all of them; here the first one does, with the number of the others.
        more = f" +{len(label.batches) - 1}" if len(label.batches) > 1 else ""
        batches = f"{label.batches[0]}{more}" if label.batches else "–"
        cells = (
            (Bi("ISI", "CONTENT"), count_cards(label.cards, self._lang), 0, 0),
            (Bi("NOMOR SEGEL", "SEAL NUMBER"), label.seal, 1, 0),
            (Bi("KIRIMAN", "CONSIGNMENT"), label.consignment or "–", 0, 1),
            (Bi("BATCH", "BATCH"), batches, 1, 1),
        )
        half = _ROOM / 2
        for words, value, column, row in cells:
            x, y = _EDGE + column * half, 75 + row * 12.5
            self._label_of(words, x + 1, y + 2.6)
            face = Face.BOLD
            size = fit(value, face, 14 if row == 0 else 9, 6, half - 3)
            for number, line in enumerate(wrap(value, face, size, half - 3)):
                self._text(line, x + 1, y + 8 + number * 2.8, Style(face, size))
        self.page.append(Line(_EDGE + half, 75, _EDGE + half, 99, 0.4, RULE))
        self.page.append(Line(_EDGE, 87.3, _RIGHT, 87.3, 0.4, RULE))
        self.page.append(Line(_EDGE, 99.5, _RIGHT, 99.5, 0.6, INK))

    def _codes(self) -> None:
        parcel = str(self._label.parcel)
        modules = code128_modules(parcel)
        module = _ROOM / (modules + 2 * _QUIET_MODULES)
        x = _EDGE + _QUIET_MODULES * module
        self.page.append(Bars(x, 101.5, modules * module, 15, parcel))
        self._text(parcel, WIDTH_MM / 2, 121.4, Style(Face.BOLD, 12), "center")
        rows = qr_rows(parcel)
        self.page.append(Matrix(_EDGE + 1, 124.5, 18, rows))
        x = _EDGE + 23
        self._label_of(Bi("DIKEMAS", "PACKED"), x, 126.4)
        packed = moment_text(self._label.packed_at, self._stamp.zone, self._lang)
        self._text(packed, x, 129.8, Style(Face.BOLD, 7.4))
        for words, y, style in (
            (_SEAL_RULE, 134.6, Style(Face.BOLD, 6.6, BAD)),
            (_OPEN_RULE, 140.8, Style(Face.BOLD, 6.6)),
        ):
            room = _RIGHT - x
            first, second = words.pick(self._lang)
            size = fit(first, style.face, style.size_pt, 4.5, room)
            self._text(first, x, y, Style(style.face, size, style.color))
            size = fit(second, Face.PLAIN, 5.8, 4.5, room)
            self._text(second, x, y + 2.9, Style(Face.PLAIN, size, GREY))

    def _foot(self, number: str) -> None:
        style = Style(Face.PLAIN, 5.2, GREY)
        printed = f"{printed_line(self._stamp, self._lang)} · Label {number}"
        taken = self._text(printed, _RIGHT, 148, style, "right")
        site = self._stamp.site
        size = fit(site, style.face, style.size_pt, 1, _ROOM - taken - 2)
        self._text(site, _EDGE, 148, Style(style.face, size, style.color))
