"""The manifest of a parcel: its cards in the order in which they lie, by village, with sums."""

from __future__ import annotations

from itertools import groupby

from pipeline.papers.blocks import Fact, Signature, facts, signatures
from pipeline.papers.ink import Face
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Column, Table, Tick
from pipeline.papers.typesetting import Bold
from pipeline.papers.views import ManifestCard, ParcelManifest, Stamp
from pipeline.papers.wording import Bi, Lang, count_cards, in_words, village_title
from pipeline.papers.words import group_digits, moment_text, number_in_words

__all__ = ["lay_out", "render_parcel_manifest"]

_COLUMNS = (
    Column(Bi("No.", "No."), 8, "right"),
    Column(Bi("Nomor pekerjaan", "Job"), 27),
    Column(Bi("Nomor seri chip", "Chip serial"), 30.5),
    Column(Bi("NIK (disamarkan)", "NIK (masked)"), 28),
    Column(Bi("Nama", "Name"), 54.5, "left", Face.BOLD),
    Column(Bi("RW/RT", "RW/RT"), 15, "center"),
    Column(Bi("Cek", "Check"), 12, "center"),
)


def render_parcel_manifest(view: ParcelManifest, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """A parcel's manifest as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: ParcelManifest, stamp: Stamp, lang: Lang) -> Sheet:
    """The manifest as drawing commands."""
    sheet = Sheet(
        stamp,
        view,
        kind="MANIFEST",
        title=Bi("Manifes Paket KTP-el", "Parcel manifest of ID cards"),
        lang=lang,
        personal=True,
    )
    facts(sheet, _facts(view, stamp, lang))
    table = Table(sheet, _COLUMNS, counted=count_cards)
    listed = 0
    for _, group in groupby(view.cards, key=lambda card: card.village.code):
        cards = list(group)
        _village(table, cards, listed + 1, lang)
        listed += len(cards)
    count = len(view.cards)
    note = number_in_words(count) if lang == "id" else ""
    table.sums(Bi("Jumlah seluruhnya", "Total"), count_cards(count, lang), note, strong=True)
    table.end()
    _closing(sheet, view)
    return sheet


def _facts(view: ParcelManifest, stamp: Stamp, lang: Lang) -> list[Fact]:
    count = len(view.cards)
    return [
        (Bi("Nomor paket", "Parcel"), view.parcel),
        (Bi("Nomor segel", "Seal"), view.seal),
        (Bi("Isi", "Content"), count_cards(count, lang) + in_words(count, lang)),
        (Bi("Kecamatan tujuan", "District"), f"{view.office.code} {view.office.name}"),
        (Bi("Kota/Kabupaten", "Regency"), view.regency),
        (Bi("Dikemas", "Packed"), moment_text(view.packed_at, stamp.zone, lang)),
        (Bi("Batch", "Batch"), ", ".join(view.batches)),
        (Bi("Nomor kiriman", "Consignment"), view.consignment or ""),
        (Bi("Desa/kelurahan", "Villages"), str(len({card.village.code for card in view.cards}))),
    ]


def _village(table: Table, cards: list[ManifestCard], first: int, lang: Lang) -> None:
    village = cards[0].village
    table.band(village_title(village), village.code)
    for number, card in enumerate(cards, start=first):
        last = card is cards[-1]
        table.row(
            (
                str(number),
                card.job,
                card.card,
                card.nik,
                card.name.reveal(),
                f"{card.rw}/{card.rt}",
                Tick.BOX,
            ),
            weight=1,
            # The sum of a village never stands alone on the next page.
            keep_mm=2 * SUM_MM if last else 0,
        )
    table.end_group()
    words = Bi(f"Jumlah {village_title(village)}", "Subtotal")
    table.sums(words, count_cards(len(cards), lang))


def _closing(sheet: Sheet, view: ParcelManifest) -> None:
    count = len(view.cards)
    sheet.need(62)
    sheet.both(
        [
            "Isi paket telah dihitung dan dicocokkan kartu demi kartu dengan daftar ini, sebanyak ",
            Bold(f"{group_digits(count)} ({number_in_words(count)}) kartu"),
            ", lalu paket ditutup dengan segel nomor ",
            Bold(view.seal),
            ".",
        ],
        [
            "The content was counted and compared with this list card by card: ",
            Bold(count_cards(count, "en")),
            "; then the parcel was closed with seal ",
            Bold(view.seal),
            ".",
        ],
    )
    sheet.skip(2)
    signatures(
        sheet,
        (
            Signature(Bi("Pengemas", "Packed by"), view.packer),
            Signature(Bi("Pemeriksa", "Checked by"), view.checker),
            Signature(Bi("Penerima di kecamatan", "Received at the district office")),
        ),
    )
