"""The notice to be posted where no phone number is known, and the list of cards nobody came for."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from pipeline.papers.blocks import Signature, facts, signatures
from pipeline.papers.ink import Face
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Column, Table
from pipeline.papers.typesetting import Bold, Style
from pipeline.papers.views import (
    NoticeEntry,
    NoticeList,
    NoticeSplit,
    Stamp,
    UnclaimedCard,
    UnclaimedList,
)
from pipeline.papers.wording import Bi, Lang, count_cards, in_words, village_title
from pipeline.papers.words import group_digits, long_date, number_in_words, short_date

__all__ = [
    "lay_out_notices",
    "lay_out_unclaimed",
    "render_notice_list",
    "render_unclaimed_list",
]

# Read by people who stand before a notice board.
_POSTED: Final = Style(Face.PLAIN, 10.5, leading=1.35)
_NAMES: Final = (
    Column(Bi("No.", "No."), 14, "right"),
    Column(Bi("Nama", "Name"), 125, "left", Face.BOLD),
    Column(Bi("RW", "RW"), 18, "center"),
    Column(Bi("RT", "RT"), 18, "center"),
)
_UNCLAIMED: Final = (
    Column(Bi("No.", "No."), 8, "right"),
    Column(Bi("Nomor seri chip", "Chip serial"), 30.5),
    Column(Bi("NIK (disamarkan)", "NIK (masked)"), 28),
    Column(Bi("Nama", "Name"), 45.5, "left", Face.BOLD),
    Column(Bi("RW/RT", "RW/RT"), 15, "center"),
    Column(Bi("Diterima", "Received"), 17.5),
    Column(Bi("Diberi tahu", "Notified"), 17.5),
    Column(Bi("Hari", "Days"), 13, "right"),
)
_AGES: Final = (
    (30, Bi("Sampai 30 hari", "Up to 30 days")),
    (90, Bi("31–90 hari", "31–90 days")),
    (180, Bi("91–180 hari", "91–180 days")),
    (None, Bi("Lebih dari 180 hari", "Over 180 days")),
)


def render_notice_list(
    view: NoticeList, stamp: Stamp, *, lang: Lang = "id", split: NoticeSplit = NoticeSplit.RW
) -> bytes:
    """The notices of an office as PDF. Raises `GlyphMissing`."""
    return lay_out_notices(view, stamp, lang, split).finish()


def render_unclaimed_list(view: UnclaimedList, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """The list of unclaimed cards as PDF. Raises `GlyphMissing`."""
    return lay_out_unclaimed(view, stamp, lang).finish()


def _place(entry: NoticeEntry, split: NoticeSplit) -> tuple[str, ...]:
    whole = (entry.village.code, entry.rw, entry.rt)
    return whole[: {NoticeSplit.VILLAGE: 1, NoticeSplit.RW: 2, NoticeSplit.RT: 3}[split]]


def lay_out_notices(view: NoticeList, stamp: Stamp, lang: Lang, split: NoticeSplit) -> Sheet:
    """The notices as drawing commands: each neighbourhood begins a sheet with the whole head."""
    sheet = Sheet(
        stamp,
        view,
        kind="NOTICE",
        title=Bi("Pengumuman Pengambilan KTP-el", "Notice: ID cards ready for collection"),
        lang=lang,
    )
    entries = sorted(view.entries, key=lambda entry: (entry.village.code, entry.rw, entry.rt))
    for number, (_, group) in enumerate(groupby(entries, key=lambda e: _place(e, split))):
        if number:
            sheet.break_whole()
        _notice(sheet, view, list(group), split)
    return sheet


def _notice(sheet: Sheet, view: NoticeList, entries: list[NoticeEntry], split: NoticeSplit) -> None:
    lang = sheet.lang
    first = entries[0]
    where = [village_title(first.village)]
    where += [f"RW {first.rw}"] if split is not NoticeSplit.VILLAGE else []
    where += [f"RT {first.rt}"] if split is NoticeSplit.RT else []
    facts(
        sheet,
        [
            (Bi("Untuk warga", "For the residents of"), ", ".join(where)),
            (Bi("Kecamatan", "District"), f"{view.office.name} ({view.office.code})"),
            (Bi("Tempat pengambilan", "Collect at"), view.collect_at),
            (
                Bi("Mulai tanggal", "From"),
                f"{long_date(view.collect_from, lang)}{', ' if view.hours else ''}{view.hours}",
            ),
        ],
        columns=2,
    )
    sheet.both(
        [
            "KTP-el warga di bawah ini sudah selesai. Silakan datang ",
            Bold("sendiri"),
            (
                " membawa KTP lama atau surat keterangan dan kartu keluarga; sidik jari "
                "dicocokkan. Pengambilan "
            ),
            Bold("tidak dipungut biaya"),
            " dan tidak dapat diwakilkan.",
        ],
        [
            (
                "The ID cards of these residents are ready. Come in person with the old card or "
                "letter and the family card; your fingerprint is compared. Collection is free of "
                "charge."
            )
        ],
    )
    sheet.skip(2)
    table = Table(sheet, _NAMES, cell=_POSTED)
    for number, entry in enumerate(entries, start=1):
        keep = SUM_MM if number == len(entries) else 0
        table.row((str(number), entry.name.reveal(), entry.rw, entry.rt), keep_mm=keep)
    note = number_in_words(len(entries)) if lang == "id" else ""
    table.sums(Bi("Jumlah", "Total"), count_cards(len(entries), lang), note, strong=True)
    table.end()
    signatures(
        sheet,
        (
            Signature(Bi("Ketua RT/RW", "Head of the neighbourhood"), numbered=False),
            Signature(Bi("Kantor kecamatan", "District office"), view.signer),
        ),
    )


def lay_out_unclaimed(view: UnclaimedList, stamp: Stamp, lang: Lang) -> Sheet:
    """The list as drawing commands."""
    sheet = Sheet(
        stamp,
        view,
        kind="UNCLAIMED",
        title=Bi("Daftar KTP-el yang Belum Diambil", "ID cards not yet collected"),
        lang=lang,
        personal=True,
    )
    count = len(view.cards)
    facts(
        sheet,
        [
            (Bi("Kecamatan", "District"), f"{view.office.code} {view.office.name}"),
            (Bi("Keadaan per", "As of"), long_date(view.as_of, lang)),
            (Bi("Belum diambil", "Unclaimed"), count_cards(count, lang) + in_words(count, lang)),
        ],
    )
    facts(sheet, _ages(view, lang), columns=4)
    table = Table(sheet, _UNCLAIMED, counted=count_cards)
    listed = 0
    for _, group in groupby(view.cards, key=lambda card: card.village.code):
        cards = list(group)
        _village(table, view, cards, listed + 1, lang)
        listed += len(cards)
    note = number_in_words(count) if lang == "id" else ""
    table.sums(Bi("Jumlah seluruhnya", "Total"), count_cards(count, lang), note, strong=True)
    table.end()
    signatures(
        sheet,
        (
            Signature(Bi("Petugas loket", "Counter"), view.keeper),
            Signature(Bi("Mengetahui", "Seen by"), view.head),
        ),
    )
    return sheet


def _days(view: UnclaimedList, card: UnclaimedCard) -> int:
    return (view.as_of - card.received_on).days


def _ages(view: UnclaimedList, lang: Lang) -> list[tuple[Bi, str]]:
    shown: list[tuple[Bi, str]] = []
    above = -1
    for limit, words in _AGES:
        inside = [
            card
            for card in view.cards
            if _days(view, card) > above and (limit is None or _days(view, card) <= limit)
        ]
        shown.append((words, group_digits(len(inside), lang)))
        above = limit or above
    return shown


def _village(
    table: Table, view: UnclaimedList, cards: list[UnclaimedCard], first: int, lang: Lang
) -> None:
    village = cards[0].village
    table.band(village_title(village), village.code)
    for number, card in enumerate(cards, start=first):
        table.row(
            (
                str(number),
                card.card,
                card.nik,
                card.name.reveal(),
                f"{card.rw}/{card.rt}",
                short_date(card.received_on),
                short_date(card.notified_on) if card.notified_on else "–",
                group_digits(_days(view, card), lang),
            ),
            weight=1,
            keep_mm=2 * SUM_MM if card is cards[-1] else 0,
        )
    table.end_group()
    table.sums(Bi(f"Jumlah {village_title(village)}", "Subtotal"), count_cards(len(cards), lang))
