"""*Berita acara serah terima* (BAST): sealed parcels pass from one hand to the next, in writing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.papers.blocks import Signature, clauses, party, signatures
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import SUM_MM, Column, Table, Tick
from pipeline.papers.typesetting import Bold, Runs
from pipeline.papers.views import ConsignmentHandover, Person, Stamp, TransferLeg
from pipeline.papers.wording import Bi, Lang, count_cards, count_parcels
from pipeline.papers.words import (
    WEEKDAYS,
    date_in_words,
    group_digits,
    local_time,
    long_date,
    number_in_words,
    short_date,
    short_time,
    zone_name,
)

__all__ = ["lay_out", "opening", "render_consignment_handover"]

FIRST = Bold("PIHAK PERTAMA")
SECOND = Bold("PIHAK KEDUA")
FIRST_EN = Bold("THE FIRST PARTY")
SECOND_EN = Bold("THE SECOND PARTY")
_TITLE = {
    TransferLeg.TO_REGENCY: Bi(
        "Berita Acara Serah Terima Paket KTP-el",
        "Record of handover of ID card parcels to the city registry",
    ),
    TransferLeg.TO_DISTRICT: Bi(
        "Berita Acara Serah Terima Paket KTP-el ke Kecamatan",
        "Record of handover of ID card parcels to the district office",
    ),
}
_COLUMNS = (
    Column(Bi("No.", "No."), 9, "right"),
    Column(Bi("Nomor paket", "Parcel"), 30),
    Column(Bi("Nomor segel", "Seal"), 32),
    Column(Bi("Kecamatan tujuan", "District"), 56),
    Column(Bi("Kartu", "Cards"), 14, "right"),
    Column(Bi("Segel utuh", "Seal intact"), 15, "center"),
    Column(Bi("Keterangan", "Remark"), 19),
)


def render_consignment_handover(
    view: ConsignmentHandover, stamp: Stamp, *, lang: Lang = "id"
) -> bytes:
    """A handover record as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def opening(moment: datetime, zone: str, place: str) -> tuple[Runs, Runs]:
    """The sentence with which a *berita acara* begins: day, date in words, time and place."""
    local = local_time(moment, zone)
    clock = f"pukul {short_time(local)} {zone_name(local)}"
    weekday = WEEKDAYS["en"][local.weekday()]
    return (
        [
            "Pada hari ini, ",
            Bold(date_in_words(local)),
            (
                f" ({short_date(local)}), {clock}, bertempat di {place}, "
                "kami yang bertanda tangan di bawah ini:"
            ),
        ],
        [
            (
                f"On this day, {weekday} {long_date(local, 'en')}, at {local:%H:%M} "
                f"{zone_name(local)}, in {place}, we the undersigned:"
            )
        ],
    )


def lay_out(view: ConsignmentHandover, stamp: Stamp, lang: Lang) -> Sheet:
    """The record as drawing commands."""
    sheet = Sheet(stamp, view, kind="BAST", title=_TITLE[view.leg], lang=lang)
    sheet.both(*opening(view.handed_at, stamp.zone, view.place))
    _party(sheet, 1, view.giver, FIRST, FIRST_EN)
    _party(sheet, 2, view.receiver, SECOND, SECOND_EN)
    _statement(sheet, view)
    _parcels(sheet, view, lang)
    clauses(sheet, _clauses(view.leg))
    _closing(sheet, view)
    return sheet


def _party(sheet: Sheet, number: int, person: Person, word: Bold, word_en: Bold) -> None:
    party(sheet, number, person)
    sheet.both(["selanjutnya disebut ", word, ";"], ["hereinafter ", word_en, ";"], indent_mm=7)


def _totals(view: ConsignmentHandover) -> tuple[int, int]:
    return len(view.parcels), sum(parcel.cards for parcel in view.parcels)


def _statement(sheet: Sheet, view: ConsignmentHandover) -> None:
    parcels, cards = _totals(view)
    district = "Kecamatan " if view.leg is TransferLeg.TO_DISTRICT else ""
    courier = f", diangkut oleh {view.courier}," if view.courier else ""
    courier_en = f", carried by {view.courier}," if view.courier else ""
    sheet.both(
        [
            FIRST,
            " menyerahkan kepada ",
            SECOND,
            ", dan ",
            SECOND,
            " menerima dari ",
            FIRST,
            " kiriman nomor ",
            Bold(view.consignment),
            f" untuk {district}{view.destination.name} ({view.destination.code}){courier} berupa ",
            Bold(f"{group_digits(parcels)} ({number_in_words(parcels)}) paket tersegel"),
            " berisi ",
            Bold(f"{group_digits(cards)} ({number_in_words(cards)}) keping KTP-el"),
            ", dengan rincian sebagai berikut:",
        ],
        [
            FIRST_EN,
            " hands to ",
            SECOND_EN,
            ", who receives it, consignment ",
            Bold(view.consignment),
            f" for {district}{view.destination.name} ({view.destination.code}){courier_en} of ",
            Bold(f"{count_parcels(parcels, 'en')}, sealed, with {count_cards(cards, 'en')}"),
            ", as listed:",
        ],
    )


def _parcels(sheet: Sheet, view: ConsignmentHandover, lang: Lang) -> None:
    table = Table(sheet, _COLUMNS, counted=count_cards)
    for number, parcel in enumerate(view.parcels, start=1):
        last = number == len(view.parcels)
        table.row(
            (
                str(number),
                parcel.parcel,
                parcel.seal,
                f"{parcel.office.code} {parcel.office.name}",
                group_digits(parcel.cards, lang),
                Tick.BOX,
                "",
            ),
            weight=parcel.cards,
            keep_mm=SUM_MM if last else 0,
        )
    parcels, cards = _totals(view)
    figure = f"{count_parcels(parcels, lang)} · {count_cards(cards, lang)}"
    note = f"{number_in_words(cards)} kartu" if lang == "id" else ""
    table.sums(Bi("Jumlah seluruhnya", "Total"), figure, note, strong=True)
    table.end()


def _clauses(leg: TransferLeg) -> Sequence[tuple[Runs, Runs]]:
    common: list[tuple[Runs, Runs]] = [
        (
            [
                "Setiap paket diserahkan dalam keadaan tertutup dan tersegel. ",
                SECOND,
                (
                    " telah memeriksa nomor dan keutuhan segel setiap paket sebelum menandatangani "
                    "berita acara ini."
                ),
            ],
            [
                (
                    "Each parcel is handed over closed and sealed; the second party has checked "
                    "the number and the soundness of each seal before signing."
                )
            ],
        ),
        (
            [
                (
                    "Paket yang segelnya rusak atau nomornya berbeda tidak diterima, dicatat pada "
                    "kolom keterangan, dan dikembalikan kepada "
                ),
                FIRST,
                ".",
            ],
            [
                (
                    "A parcel whose seal is broken or differs is not accepted, is noted under "
                    "remarks and goes back to the first party."
                )
            ],
        ),
        (
            [
                (
                    "Sejak berita acara ini ditandatangani, tanggung jawab atas paket yang "
                    "diterima beralih dari "
                ),
                FIRST,
                " kepada ",
                SECOND,
                ".",
            ],
            [
                (
                    "With the signatures the responsibility for the accepted parcels passes from "
                    "the first party to the second."
                )
            ],
        ),
    ]
    return [*common, _LAST_CLAUSE[leg]]


_LAST_CLAUSE: dict[TransferLeg, tuple[Runs, Runs]] = {
    TransferLeg.TO_REGENCY: (
        [
            SECOND,
            (
                " meneruskan setiap paket kepada kecamatan tujuan tanpa membukanya, dengan berita "
                "acara serah terima tersendiri."
            ),
        ],
        [
            (
                "The second party passes each parcel on to its district unopened, under a handover "
                "record of its own."
            )
        ],
    ),
    TransferLeg.TO_DISTRICT: (
        [
            SECOND,
            (
                " membuka paket di hadapan dua orang petugas, mencocokkan isinya dengan manifes "
                "paket, dan menyerahkan KTP-el hanya kepada penduduk yang bersangkutan setelah "
                "sidik jarinya cocok (Permendagri Nomor 8 Tahun 2016)."
            ),
        ],
        [
            (
                "The second party opens the parcels before two officers, compares them with their "
                "manifests, and gives each card to its holder only, after the fingerprint has "
                "matched."
            )
        ],
    ),
}


def _closing(sheet: Sheet, view: ConsignmentHandover) -> None:
    sheet.need(64)
    sheet.both(
        [
            (
                "Demikian berita acara ini dibuat dengan sebenarnya dalam rangkap 2 (dua) yang "
                "sama kekuatannya, untuk dipergunakan sebagaimana mestinya."
            )
        ],
        [
            (
                "Made truthfully in two copies of equal force, to be used as is fitting. "
                "The Indonesian text prevails."
            )
        ],
    )
    sheet.skip(2)
    signatures(
        sheet,
        (
            Signature(Bi("PIHAK PERTAMA", "First party (handed over)"), view.giver),
            Signature(Bi("PIHAK KEDUA", "Second party (received)"), view.receiver),
        ),
    )
    witnesses = [
        Signature(Bi(f"Saksi {number}", f"Witness {number}"), person)
        for number, person in enumerate(view.witnesses, start=1)
    ]
    if witnesses:
        signatures(sheet, witnesses)
