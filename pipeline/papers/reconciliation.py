"""The reconciliation sheet, of a batch or of all: the identities in numbers, and what is open."""

from __future__ import annotations

from pipeline.papers.blocks import Signature, Term, equation, facts, signatures, verdict
from pipeline.papers.ink import BAD, Face
from pipeline.papers.sheet import Sheet
from pipeline.papers.stock import stock_tables, verdict_words
from pipeline.papers.tables import Column, Table
from pipeline.papers.views import ReconciliationSheet, Stamp
from pipeline.papers.wording import STATE, Bi, Lang
from pipeline.papers.words import group_digits, moment_text

__all__ = ["lay_out", "render_reconciliation_sheet"]

_TITLE = Bi("Lembar Pencocokan Batch", "Reconciliation sheet of a batch")
_TITLE_OF_ALL = Bi("Lembar Pencocokan", "Reconciliation sheet")
_MACHINES = (
    Column(Bi("Lini", "Line"), 19),
    Column(Bi("Mesin", "Machine"), 32),
    Column(Bi("Diumpan", "Fed"), 16, "right"),
    Column(Bi("Baki baik", "Good"), 16, "right"),
    Column(Bi("Baki tolak", "Rejects"), 16, "right"),
    Column(Bi("Hilang", "Lost"), 12.5, "right"),
    Column(Bi("Di dalam", "Inside"), 12.5, "right"),
    Column(Bi("Selisih", "Difference"), 19, "right", Face.BOLD),
    Column(Bi("Jurnal", "Journal"), 15, "right"),
    Column(Bi("Selisih jurnal", "Against journal"), 17, "right", Face.BOLD),
)
_OPEN = (
    Column(Bi("No.", "No."), 9, "right"),
    Column(Bi("Nomor seri chip", "Chip serial"), 33),
    Column(Bi("Nomor pekerjaan", "Job"), 29),
    Column(Bi("Keadaan", "State"), 28),
    Column(Bi("Terakhir terlihat", "Last seen"), 34),
    Column(Bi("Waktu", "Time"), 42),
)


def render_reconciliation_sheet(
    view: ReconciliationSheet, stamp: Stamp, *, lang: Lang = "id"
) -> bytes:
    """A reconciliation sheet as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: ReconciliationSheet, stamp: Stamp, lang: Lang) -> Sheet:
    """The sheet as drawing commands."""
    sheet = Sheet(
        stamp,
        view,
        kind="RECONCILIATION",
        title=_TITLE if view.batch else _TITLE_OF_ALL,
        lang=lang,
    )
    batch = view.batch or Bi("semua batch", "all batches").pick(lang)[0]
    closed = moment_text(view.closed_at, stamp.zone, lang) if view.closed_at else ""
    facts(
        sheet,
        [
            (Bi("Batch", "Batch"), batch),
            (Bi("Dibuka", "Opened"), moment_text(view.opened_at, stamp.zone, lang)),
            (Bi("Ditutup", "Closed"), closed),
        ],
    )
    words = verdict_words(good=view.balanced, waiting=len(view.open_cards))
    verdict(sheet, good=view.balanced, words=words)
    _batch(sheet, view)
    if view.machines:
        _machines(sheet, view, lang)
    if view.stock:
        sheet.heading(Bi("Persediaan blangko", "Stock of blanks"))
        stock_tables(sheet, view.stock, lang)
    _open_cards(sheet, view, stamp, lang)
    signatures(
        sheet,
        (
            Signature(Bi("Operator", "Operator"), view.operator),
            Signature(Bi("Penyelia", "Supervisor"), view.supervisor),
            Signature(Bi("Auditor", "Auditor"), view.auditor),
        ),
    )
    return sheet


def _batch(sheet: Sheet, view: ReconciliationSheet) -> None:
    count = view.count
    sheet.heading(Bi("Kartu dalam batch", "Cards of the batch"))
    equation(
        sheet,
        Term(Bi("Diambil", "Picked"), count.picked),
        (
            Term(Bi("Lulus", "Passed"), count.passed),
            Term(Bi("Rusak", "Spoiled"), count.spoiled),
            Term(Bi("Ditahan", "Held"), count.held),
            Term(Bi("Diragukan", "In doubt"), count.in_doubt),
            Term(Bi("Di mesin", "On machine"), count.on_machine),
        ),
        count.difference,
    )


def _machines(sheet: Sheet, view: ReconciliationSheet, lang: Lang) -> None:
    sheet.heading(Bi("Penghitung mesin", "Machine counters"))
    table = Table(sheet, _MACHINES)
    for line in view.machines:
        count = line.count
        numbers = (
            count.fed,
            count.good,
            count.rejected,
            count.lost,
            count.inside,
            count.difference,
            count.journal_fed,
            count.unjournalled,
        )
        wrong = bool(count.difference or count.unjournalled)
        table.row(
            (line.line, line.machine, *(group_digits(number, lang) for number in numbers)),
            color=BAD if wrong else None,
        )
    table.end()


def _open_cards(sheet: Sheet, view: ReconciliationSheet, stamp: Stamp, lang: Lang) -> None:
    sheet.heading(Bi("Kartu yang menunggu keputusan", "Cards that wait for a decision"))
    if not view.open_cards:
        sheet.both(["Tidak ada."], ["None."])
        return
    table = Table(sheet, _OPEN)
    for number, card in enumerate(view.open_cards, start=1):
        seen = moment_text(card.seen_at, stamp.zone, lang) if card.seen_at else "–"
        table.row(
            (
                str(number),
                card.card or "–",
                card.job or "–",
                STATE[card.state].pick(lang)[0],
                card.last_seen,
                seen,
            )
        )
    table.end()
