"""The stock bulletin: the identity of each kind of blank, as the offices must post it every day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from ektp.accounting import StockCount
from pipeline.papers.blocks import Signature, facts, signatures, verdict
from pipeline.papers.ink import BAD, GOOD, Face
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Column, Table
from pipeline.papers.views import Stamp, StockBulletin, StockLine
from pipeline.papers.wording import BLANK_KIND, Bi, Lang, count_cards, in_words
from pipeline.papers.words import group_digits, long_date, moment_text

__all__ = ["lay_out", "render_stock_bulletin", "stock_tables", "verdict_words"]

_INCOMING: Final = {
    "opening": Bi("Saldo awal", "Opening"),
    "received": Bi("Diterima dari pemasok", "Received"),
    "transferred_in": Bi("Masuk dari tempat lain", "Transferred in"),
}
_WHEREABOUTS: Final = {
    "vault": Bi("Di gudang aman", "In the vault"),
    "on_line": Bi("Di lini cetak, belum dipakai", "On the lines, unused"),
    "in_process": Bi("Dalam proses", "In process"),
    "passed_in_house": Bi("Lulus, belum dikirim", "Passed, in house"),
    "dispatched": Bi("Dikirim", "Dispatched"),
    "transferred_out": Bi("Keluar ke tempat lain", "Transferred out"),
    "returned_to_supplier": Bi("Dikembalikan ke pemasok", "Returned to supplier"),
    "sample": Bi("Sampel", "Samples"),
    "spoiled_not_destroyed": Bi("Rusak, belum dimusnahkan", "Spoiled, not yet destroyed"),
    "destroyed": Bi("Dimusnahkan", "Destroyed"),
    "lost": Bi("Hilang, dengan perkara", "Lost, with a case"),
}
_COLUMNS_A_TABLE: Final = 4


def render_stock_bulletin(view: StockBulletin, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """A stock bulletin as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: StockBulletin, stamp: Stamp, lang: Lang) -> Sheet:
    """The bulletin as drawing commands."""
    sheet = Sheet(
        stamp,
        view,
        kind="STOCK",
        title=Bi("Pengumuman Persediaan Blangko KTP-el", "Bulletin of the stock of blank ID cards"),
        lang=lang,
    )
    usable = sum(line.count.vault + line.count.on_line for line in view.lines)
    keping = "keping" if lang == "id" else "blanks"
    facts(
        sheet,
        [
            (Bi("Sejak", "From"), long_date(view.since, lang)),
            (Bi("Keadaan per", "As of"), moment_text(view.as_of, stamp.zone, lang)),
            (
                Bi("Siap dipakai", "Usable"),
                f"{group_digits(usable, lang)} {keping}{in_words(usable, lang)}",
            ),
        ],
    )
    stock_tables(sheet, view.lines, lang)
    good = all(line.count.difference == 0 for line in view.lines)
    verdict(sheet, good=good, words=verdict_words(good=good))
    signatures(
        sheet,
        (
            Signature(Bi("Penyimpan blangko", "Stock keeper"), view.keeper),
            Signature(Bi("Mengetahui", "Seen by"), view.head),
        ),
    )
    return sheet


def verdict_words(*, good: bool, waiting: int = 0) -> Bi:
    """How a count came out, and how many cards wait for a decision all the same."""
    words = (
        Bi("COCOK: selisih 0", "BALANCED: difference 0")
        if good
        else Bi("TIDAK COCOK: selisih harus dijelaskan", "NOT BALANCED: the difference is open")
    )
    if not waiting:
        return words
    return Bi(
        f"{words.id}; {count_cards(waiting, 'id')} menunggu keputusan",
        f"{words.en}; {count_cards(waiting, 'en')} waiting for a decision",
    )


def stock_tables(sheet: Sheet, lines: Sequence[StockLine], lang: Lang) -> None:
    """The stock identity, its terms from top to bottom and the kinds side by side.

    More kinds and places than fit side by side follow in further tables; the last one has the sum.
    """
    total = StockCount(
        **{
            field.name: sum(getattr(line.count, field.name) for line in lines)
            for field in fields(StockCount)
        }
    )
    shown = [(_title(line), line.count) for line in lines]
    if len(lines) > 1:
        shown.append((Bi("Jumlah", "Total"), total))
    for start in range(0, len(shown), _COLUMNS_A_TABLE):
        _table(sheet, shown[start : start + _COLUMNS_A_TABLE], lang)


def _title(line: StockLine) -> Bi:
    kind = BLANK_KIND[line.kind]
    return Bi(f"{kind.id} {line.place}".strip(), f"{kind.en} {line.place}".strip())


def _table(sheet: Sheet, shown: Sequence[tuple[Bi, StockCount]], lang: Lang) -> None:
    first = 83.0
    room = (sheet.width_mm - first) / len(shown)
    columns = [
        Column(Bi("Uraian", "Item"), first),
        *(Column(title, room, "right") for title, _ in shown),
    ]
    rows = len(_INCOMING) + len(_WHEREABOUTS) + 5
    sheet.need(min(rows * SUM_MM + 10, 200))
    table = Table(sheet, columns)
    counts = [count for _, count in shown]
    table.band(*Bi("Masuk", "In").pick(lang))
    _terms(table, _INCOMING, counts, lang)
    _sum_row(table, Bi("Jumlah masuk", "Total in"), [_sum(c, _INCOMING) for c in counts], lang)
    table.band(*Bi("Keberadaan", "Whereabouts").pick(lang))
    _terms(table, _WHEREABOUTS, counts, lang)
    found = [_sum(count, _WHEREABOUTS) for count in counts]
    _sum_row(table, Bi("Jumlah terbukukan", "Total accounted for"), found, lang)
    differences = [count.difference for count in counts]
    tone = BAD if any(differences) else GOOD
    _sum_row(table, Bi("SELISIH", "DIFFERENCE"), differences, lang, tone)
    table.end()


def _sum(count: StockCount, terms: dict[str, Bi]) -> int:
    return sum(getattr(count, name) for name in terms)


def _terms(table: Table, terms: dict[str, Bi], counts: Sequence[StockCount], lang: Lang) -> None:
    for name, words in terms.items():
        first, second = words.pick(lang)
        figures = [group_digits(getattr(count, name), lang) for count in counts]
        table.row((f"{first} / {second}", *figures))


def _sum_row(table: Table, words: Bi, numbers: Sequence[int], lang: Lang, color: str = "") -> None:
    first, second = words.pick(lang)
    figures = [group_digits(number, lang) for number in numbers]
    table.row((f"{first} / {second}", *figures), face=Face.BOLD, color=color or None)
