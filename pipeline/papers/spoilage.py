"""The spoilage report: how many cards were spoiled, of what causes, on which lines, and which."""

from __future__ import annotations

from collections import Counter

from ektp.cards import SpoilCause
from pipeline.papers.blocks import Fact, Signature, facts, signatures
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Bar, Column, Table
from pipeline.papers.views import SpoilageReport, Stamp
from pipeline.papers.wording import (
    CIRCULAR_CLASS,
    CLASS_OF_CAUSE,
    GROUND,
    Bi,
    CircularClass,
    Lang,
    count_cards,
    in_words,
)
from pipeline.papers.words import (
    group_digits,
    local_time,
    long_date,
    number_in_words,
    share_text,
    short_date,
    short_time,
)

__all__ = ["lay_out", "render_spoilage_report"]

_CAUSES = (
    Column(Bi("Penyebab", "Cause"), 56),
    Column(Bi("Golongan menurut edaran", "Class of the circular"), 42),
    Column(Bi("Kartu", "Cards"), 14, "right"),
    Column(Bi("Bagian", "Share"), 16, "right"),
    Column(Bi("Grafik", "Chart"), 47),
)
_LINES = (
    Column(Bi("Lini cetak", "Print line"), 56),
    Column(Bi("Penyebab terbanyak", "Most frequent cause"), 56),
    Column(Bi("Kartu", "Cards"), 14, "right"),
    Column(Bi("Grafik", "Chart"), 49),
)
_CARDS = (
    Column(Bi("No.", "No."), 8, "right"),
    Column(Bi("Nomor seri chip", "Chip serial"), 30.5),
    Column(Bi("Percobaan", "Attempt"), 27),
    Column(Bi("Nomor pekerjaan", "Job"), 27),
    Column(Bi("Lini", "Line"), 14),
    Column(Bi("Waktu", "Time"), 28),
    Column(Bi("Penyebab", "Cause"), 40.5),
)


def render_spoilage_report(view: SpoilageReport, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """A spoilage report as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: SpoilageReport, stamp: Stamp, lang: Lang) -> Sheet:
    """The report as drawing commands."""
    sheet = Sheet(
        stamp,
        view,
        kind="SPOILAGE",
        title=Bi("Laporan KTP-el Rusak menurut Penyebab", "Spoiled cards by cause"),
        lang=lang,
    )
    facts(sheet, _facts(view, lang))
    _per_class(sheet, view, lang)
    if view.cards:
        _per_cause(sheet, view, lang)
        _per_line(sheet, view, lang)
        _list(sheet, view, stamp, lang)
    signatures(
        sheet,
        (
            Signature(Bi("Pelapor", "Reported by"), view.reporter),
            Signature(Bi("Mengetahui", "Seen by"), view.reviewer),
        ),
    )
    return sheet


def _facts(view: SpoilageReport, lang: Lang) -> list[Fact]:
    count = len(view.cards)
    period = f"{long_date(view.since, lang)} – {long_date(view.until, lang)}"
    if view.since == view.until:
        period = long_date(view.since, lang)
    rate = share_text(count, view.attempts, lang)
    return [
        (Bi("Batch", "Batch"), view.batch or Bi("semua batch", "all batches").pick(lang)[0]),
        (Bi("Masa", "Period"), period),
        (Bi("Blangko diumpankan", "Blanks fed"), group_digits(view.attempts, lang)),
        (Bi("Kartu rusak", "Spoiled"), count_cards(count, lang) + in_words(count, lang)),
        (Bi("Tingkat rusak", "Spoil rate"), rate),
        (
            Bi("Menurut edaran", "After circular"),
            "400.8.1.2/202241/Dukcapil",
        ),
    ]


def _per_class(sheet: Sheet, view: SpoilageReport, lang: Lang) -> None:
    found = Counter(CLASS_OF_CAUSE[card.cause] for card in view.cards)
    sheet.heading(Bi("Rekapitulasi menurut golongan edaran", "By class of the circular"))
    facts(
        sheet,
        [(CIRCULAR_CLASS[kind], group_digits(found[kind], lang)) for kind in CircularClass],
        columns=len(CircularClass),
    )


def _per_cause(sheet: Sheet, view: SpoilageReport, lang: Lang) -> None:
    found = Counter(card.cause for card in view.cards)
    order = {cause: place for place, cause in enumerate(SpoilCause)}
    ranked = sorted(found.items(), key=lambda item: (-item[1], order[item[0]]))
    most = ranked[0][1]
    sheet.heading(Bi("Menurut penyebab", "By cause"))
    table = Table(sheet, _CAUSES)
    for cause, count in ranked:
        table.row(
            (
                GROUND[cause].pick(lang)[0],
                CIRCULAR_CLASS[CLASS_OF_CAUSE[cause]].pick(lang)[0],
                group_digits(count, lang),
                share_text(count, len(view.cards), lang),
                Bar(count / most),
            ),
            keep_mm=SUM_MM if (cause, count) == ranked[-1] else 0,
        )
    _total(table, len(view.cards), lang)


def _total(table: Table, count: int, lang: Lang) -> None:
    note = number_in_words(count) if lang == "id" else ""
    table.sums(Bi("Jumlah seluruhnya", "Total"), count_cards(count, lang), note, strong=True)
    table.end()


def _per_line(sheet: Sheet, view: SpoilageReport, lang: Lang) -> None:
    found = Counter(card.line for card in view.cards)
    most = max(found.values())
    sheet.heading(Bi("Menurut lini cetak", "By print line"))
    table = Table(sheet, _LINES)
    for line, count in sorted(found.items()):
        causes = Counter(card.cause for card in view.cards if card.line == line)
        order = {cause: place for place, cause in enumerate(SpoilCause)}
        cause, times = min(causes.items(), key=lambda item: (-item[1], order[item[0]]))
        name = f"{GROUND[cause].pick(lang)[0]} ({group_digits(times, lang)})"
        table.row((line, name, group_digits(count, lang), Bar(count / most)))
    table.end()


def _list(sheet: Sheet, view: SpoilageReport, stamp: Stamp, lang: Lang) -> None:
    sheet.heading(Bi("Daftar kartu", "List of cards"))
    table = Table(sheet, _CARDS, counted=count_cards)
    for number, card in enumerate(view.cards, start=1):
        local = local_time(card.spoiled_at, stamp.zone)
        table.row(
            (
                str(number),
                card.card or Bi("tidak terbaca", "unreadable").pick(lang)[0],
                card.attempt,
                card.job,
                card.line,
                f"{short_date(local)} {short_time(local)}",
                GROUND[card.cause].pick(lang)[0],
            ),
            weight=1,
            keep_mm=SUM_MM if number == len(view.cards) else 0,
        )
    _total(table, len(view.cards), lang)
