"""*Berita acara pemusnahan*: each destroyed card by its serial, how, where and before whom.

SE Mendagri 470.13/11176/SJ of 13 December 2018: damaged and invalid cards are recorded and burnt,
with a record for every destruction.
"""

from __future__ import annotations

from collections import Counter

from pipeline.papers.blocks import Signature, initials, party, signatures
from pipeline.papers.handover import opening
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Column, Table, Tick
from pipeline.papers.typesetting import Bold
from pipeline.papers.views import DestructionRecord, Stamp
from pipeline.papers.wording import GROUND, METHOD, Bi, Lang, count_cards
from pipeline.papers.words import group_digits, number_in_words, short_date

__all__ = ["lay_out", "render_destruction_record"]

CIRCULAR = "Surat Edaran Menteri Dalam Negeri Nomor 470.13/11176/SJ tanggal 13 Desember 2018"
CIRCULAR_EN = "circular 470.13/11176/SJ of the Minister of Home Affairs of 13 December 2018"
_GROUNDS = (
    Column(Bi("No.", "No."), 9, "right"),
    Column(Bi("Penyebab", "Cause"), 80),
    Column(Bi("Jumlah keping", "Cards"), 26, "right"),
    Column(Bi("Terbilang", "In words"), 60),
)
_CARDS = (
    Column(Bi("No.", "No."), 12, "right"),
    Column(Bi("Nomor seri chip", "Chip serial"), 42),
    Column(Bi("Penyebab", "Cause"), 74),
    Column(Bi("Disisihkan", "Set aside"), 29),
    Column(Bi("Dihitung", "Counted"), 18, "center"),
)


def render_destruction_record(view: DestructionRecord, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """A destruction record as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: DestructionRecord, stamp: Stamp, lang: Lang) -> Sheet:
    """The record as drawing commands: the act and its signatures, then the list of cards."""
    sheet = Sheet(
        stamp,
        view,
        kind="PEMUSNAHAN",
        title=Bi(
            "Berita Acara Pemusnahan KTP-el Rusak atau Invalid",
            "Record of the destruction of damaged or invalid ID cards",
        ),
        lang=lang,
    )
    sheet.both(*opening(view.destroyed_at, stamp.zone, view.place))
    for number, officer in enumerate(view.officers, start=1):
        party(sheet, number, officer)
    _statement(sheet, view)
    _per_ground(sheet, view, lang)
    _closing(sheet, view)
    sheet.break_page()
    _list(sheet, view, lang)
    return sheet


def _statement(sheet: Sheet, view: DestructionRecord) -> None:
    count = len(view.cards)
    method, method_en = METHOD[view.method]
    batches = f" dari batch {', '.join(view.batches)}" if view.batches else ""
    batches_en = f" of batch {', '.join(view.batches)}" if view.batches else ""
    sheet.both(
        [
            f"berdasarkan {CIRCULAR}, telah melaksanakan pemusnahan dengan cara ",
            Bold(method),
            " terhadap ",
            Bold(f"{group_digits(count)} ({number_in_words(count)}) keping"),
            (
                f" blangko dan KTP-el rusak atau invalid{batches}, dengan disaksikan oleh para "
                "saksi yang turut menandatangani berita acara ini, dengan rincian sebagai "
                "berikut:"
            ),
        ],
        [
            f"under {CIRCULAR_EN}, have destroyed by ",
            Bold(method_en),
            " ",
            Bold(count_cards(count, "en")),
            f"{batches_en}, damaged or invalid, before the witnesses who sign below:",
        ],
    )


def _per_ground(sheet: Sheet, view: DestructionRecord, lang: Lang) -> None:
    found = Counter(card.ground for card in view.cards)
    table = Table(sheet, _GROUNDS)
    shown = [(ground, found[ground]) for ground in GROUND if found[ground]]
    for number, (ground, count) in enumerate(shown, start=1):
        words = number_in_words(count)
        table.row(
            (str(number), _both(GROUND[ground], lang), group_digits(count, lang), words),
            keep_mm=SUM_MM if number == len(shown) else 0,
        )
    _total(table, len(view.cards), lang)


def _both(words: Bi, lang: Lang) -> str:
    first, second = words.pick(lang)
    return f"{first} / {second}" if first != second else first


def _total(table: Table, count: int, lang: Lang) -> None:
    note = number_in_words(count)
    table.sums(Bi("Jumlah seluruhnya", "Total"), count_cards(count, lang), note, strong=True)
    table.end()


def _closing(sheet: Sheet, view: DestructionRecord) -> None:
    sheet.need(66)
    sheet.both(
        [
            (
                "Sebelum dimusnahkan, seluruh keping telah dihitung dan dicocokkan satu per satu "
                "dengan daftar pada lampiran, yang merupakan bagian tidak terpisahkan dari berita "
                "acara ini. Setelah pemusnahan tidak satu keping pun dapat dipergunakan lagi. "
                "Demikian berita acara ini dibuat dengan sebenarnya untuk dipergunakan "
                "sebagaimana mestinya."
            )
        ],
        [
            (
                "Before the destruction every card was counted and compared one by one with the "
                "annexed list, which is part of this record; afterwards none can be used again. "
                "The Indonesian text prevails."
            )
        ],
    )
    sheet.skip(2)
    officers = [
        Signature(Bi(f"Petugas {number}", f"Officer {number}"), person)
        for number, person in enumerate(view.officers, start=1)
    ]
    witnesses = [
        Signature(Bi(f"Saksi {number}", f"Witness {number}"), person)
        for number, person in enumerate(view.witnesses, start=1)
    ]
    signatures(sheet, officers)
    signatures(sheet, witnesses)


def _list(sheet: Sheet, view: DestructionRecord, lang: Lang) -> None:
    sheet.heading(Bi("Lampiran: daftar keping yang dimusnahkan", "Annex: the cards destroyed"))
    table = Table(sheet, _CARDS, counted=count_cards)
    for number, card in enumerate(view.cards, start=1):
        table.row(
            (
                str(number),
                card.card,
                GROUND[card.ground].pick(lang)[0],
                short_date(card.since),
                Tick.BOX,
            ),
            weight=1,
            keep_mm=SUM_MM if number == len(view.cards) else 0,
        )
    _total(table, len(view.cards), lang)
    # Officers and witnesses initial the list, too.
    officer, witness = Bi("Petugas", "Officer"), Bi("Saksi", "Witness")
    initials(sheet, [officer] * len(view.officers) + [witness] * len(view.witnesses))
