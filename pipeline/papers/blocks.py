"""Parts that several papers share: facts in a grid, parties, clauses, identities, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.papers.faces import fit, width_mm, wrap
from pipeline.papers.ink import BAD, BAND, GOOD, GREY, INK, RULE, WHITE, Box, Face, Line
from pipeline.papers.sheet import Sheet
from pipeline.papers.typesetting import BODY, LABEL, SECOND, Runs, Style
from pipeline.papers.views import Person
from pipeline.papers.wording import Bi
from pipeline.papers.words import group_digits

__all__ = [
    "Fact",
    "Signature",
    "Term",
    "clauses",
    "equation",
    "facts",
    "initials",
    "party",
    "signatures",
    "verdict",
]

Fact = tuple[Bi, str]
"""A label and its value."""

_BESIDE: Final = Style(Face.PLAIN, 5.8, GREY)
_VALUE: Final = Style(Face.BOLD, 8.6)
_ROLE: Final = Style(Face.BOLD, 7.8)
_OFFICE: Final = Style(Face.PLAIN, 7)
_NAME: Final = Style(Face.BOLD, 8)
_DOTS: Final = "." * 42
_NOBODY: Final = Person()
_SIGN_MM: Final = 17.0


def facts(sheet: Sheet, items: Sequence[Fact], *, columns: int = 3) -> None:
    """A grid of labelled values, row by row."""
    room = sheet.width_mm / columns
    for start in range(0, len(items), columns):
        cells = items[start : start + columns]
        # The other language stands beside the label where all of a row fit so, else below it.
        stacked = any(_beside_mm(sheet, label) > room - 3.6 for label, _ in cells)
        values = [wrap(value or "–", Face.BOLD, _VALUE.size_pt, room - 4) for _, value in cells]
        label_mm = LABEL.line_mm + (_BESIDE.line_mm if stacked else 0)
        height = 2.4 + label_mm + max(map(len, values)) * _VALUE.line_mm
        sheet.need(height)
        top = sheet.y_mm
        for number, ((label, _), lines) in enumerate(zip(cells, values, strict=True)):
            x = sheet.left_mm + number * room
            sheet.ink(Box(x, top, room, height, stroke=RULE, line_pt=0.4))
            _label(sheet, label, x + 1.8, top + 1.2, room - 3.6, stacked=stacked)
            for row, line in enumerate(lines):
                y = top + 1.4 + label_mm + row * _VALUE.line_mm + _VALUE.rise_mm
                sheet.text(line, x + 1.8, y, _VALUE)
        sheet.y_mm = top + height
    sheet.skip(4)


def _beside_mm(sheet: Sheet, label: Bi) -> float:
    first, second = label.pick(sheet.lang)
    return (
        width_mm(first, LABEL.face, LABEL.size_pt)
        + 1.4
        + width_mm(second, _BESIDE.face, _BESIDE.size_pt)
    )


def _label(
    sheet: Sheet, label: Bi, x_mm: float, top_mm: float, room_mm: float, *, stacked: bool
) -> None:
    first, second = label.pick(sheet.lang)
    y = top_mm + LABEL.rise_mm
    size = fit(first, LABEL.face, LABEL.size_pt, 4.5, room_mm)
    taken = sheet.text(first, x_mm, y, Style(LABEL.face, size, LABEL.color))
    if second == first:
        return
    if stacked:
        size = fit(second, _BESIDE.face, _BESIDE.size_pt, 4, room_mm)
        sheet.text(second, x_mm, y + _BESIDE.line_mm, Style(_BESIDE.face, size, GREY))
    else:
        sheet.text(second, x_mm + taken + 1.4, y, _BESIDE)


def party(sheet: Sheet, number: int, person: Person) -> None:
    """Who takes part in a record: name, number, position and office, numbered."""
    labels = (
        (Bi("Nama", "Name"), person.name),
        (Bi("NIP/NRP", "Staff no."), person.staff_number),
        (Bi("Jabatan", "Position"), person.position),
        (Bi("Instansi", "Office"), person.organization),
        (Bi("Alamat", "Address"), person.address),
    )
    # Who is not known yet is written in by hand; what is only not known of him is left out.
    shown = [(label, value) for label, value in labels if value or label.en in {"Name", "Position"}]
    sheet.need(len(shown) * BODY.line_mm)
    left = sheet.left_mm
    sheet.text(f"{number}.", left + 1, sheet.y_mm + BODY.rise_mm, BODY)
    for label, value in shown:
        first, second = label.pick(sheet.lang)
        y = sheet.y_mm + BODY.rise_mm
        taken = sheet.text(first, left + 7, y, BODY)
        sheet.text(second, left + 8.2 + taken, y, Style(Face.PLAIN, 5.8, GREY))
        sheet.text(":", left + 38, y, BODY)
        face = Face.BOLD if label.en == "Name" else Face.PLAIN
        style = Style(face, BODY.size_pt, leading=BODY.leading)
        sheet.lines(value or _DOTS, left + 40.5, sheet.width_mm - 40.5, style)
    sheet.skip(1)


def clauses(sheet: Sheet, items: Sequence[tuple[Runs, Runs]]) -> None:
    """Numbered clauses in both languages."""
    for number, (id_runs, en_runs) in enumerate(items, start=1):
        sheet.both(id_runs, en_runs, indent_mm=6, mark=f"{number}.")
    sheet.skip(1)


@dataclass(frozen=True, slots=True)
class Term:
    """A term of an identity: its name and its number."""

    words: Bi
    number: int


def equation(sheet: Sheet, whole: Term, parts: Sequence[Term], difference: int) -> None:
    """An identity as boxes in a row: the whole, its parts, and the difference, which stands out."""
    terms = [whole, *parts, Term(Bi("Selisih", "Difference"), difference)]
    gap = 4.0
    room = (sheet.width_mm - gap * (len(terms) - 1)) / len(terms)
    height = 17.0
    sheet.need(height + 3)
    top = sheet.y_mm
    for number, term in enumerate(terms):
        x = sheet.left_mm + number * (room + gap)
        last = number == len(terms) - 1
        tone = (GOOD if difference == 0 else BAD) if last else ""
        _term(sheet, term, x, top, room, height, tone)
        if not last:
            sign = "=" if number == 0 else "+"
            y = top + height / 2 + 1
            sheet.text(sign, x + room + gap / 2, y, Style(Face.BOLD, 10, GREY), align="center")
    sheet.y_mm = top + height + 3


def _term(
    sheet: Sheet,
    term: Term,
    x_mm: float,
    top_mm: float,
    room_mm: float,
    height_mm: float,
    tone: str,
) -> None:
    fill, stroke = (tone, tone) if tone else (BAND, RULE)
    ink, faint = (WHITE, WHITE) if tone else (INK, GREY)
    sheet.ink(Box(x_mm, top_mm, room_mm, height_mm, fill=fill, stroke=stroke, line_pt=0.8))
    middle = x_mm + room_mm / 2
    figure = group_digits(term.number, sheet.lang)
    size = fit(figure, Face.BOLD, 14, 6, room_mm - 2)
    sheet.text(figure, middle, top_mm + 7.4, Style(Face.BOLD, size, ink), align="center")
    for text, face, largest, y, color in (
        (term.words.pick(sheet.lang)[0], Face.BOLD, 7.0, 11.6, ink),
        (term.words.pick(sheet.lang)[1], Face.PLAIN, 5.8, 14.8, faint),
    ):
        size = fit(text, face, largest, 4, room_mm - 1.6)
        sheet.text(text, middle, top_mm + y, Style(face, size, color), align="center")


def verdict(sheet: Sheet, *, good: bool, words: Bi) -> None:
    """One line that says how it came out, in green or in red from margin to margin."""
    height = 10.5
    sheet.need(height + 3)
    tone = GOOD if good else BAD
    sheet.ink(Box(sheet.left_mm, sheet.y_mm, sheet.width_mm, height, fill=tone))
    first, second = words.pick(sheet.lang)
    sheet.text(first, sheet.left_mm + 3, sheet.y_mm + 5, Style(Face.BOLD, 9, WHITE))
    sheet.text(second, sheet.left_mm + 3, sheet.y_mm + 8.6, Style(Face.PLAIN, 6.4, WHITE))
    sheet.skip(height + 4)


@dataclass(frozen=True, slots=True)
class Signature:
    """A place to sign: in which part, and who. Not everybody who signs has a staff number."""

    role: Bi
    person: Person = _NOBODY
    numbered: bool = True


def signatures(sheet: Sheet, items: Sequence[Signature], *, columns: int = 3) -> None:
    """Places to sign, side by side; each row of them stays whole on one page."""
    columns = min(columns, len(items))
    room = sheet.width_mm / columns
    for start in range(0, len(items), columns):
        row = items[start : start + columns]
        height = max(_signature_mm(item, room - 6) for item in row)
        sheet.need(height)
        top = sheet.y_mm
        for number, item in enumerate(row):
            _signature(sheet, item, sheet.left_mm + number * room, top, room, height)
        sheet.y_mm = top + height + 3


def _office_lines(person: Person, room_mm: float) -> list[str]:
    texts = [text for text in (person.position, person.organization) if text]
    return [line for text in texts for line in wrap(text, _OFFICE.face, _OFFICE.size_pt, room_mm)]


def _name_lines(person: Person, room_mm: float) -> list[str]:
    return wrap(person.name, _NAME.face, _NAME.size_pt, room_mm) if person.name else [""]


def _signature_mm(item: Signature, room_mm: float) -> float:
    office = len(_office_lines(item.person, room_mm)) * _OFFICE.line_mm
    name = len(_name_lines(item.person, room_mm)) * _NAME.line_mm
    return _ROLE.line_mm + SECOND.line_mm + office + _SIGN_MM + name + 5


def _signature(
    sheet: Sheet, item: Signature, x_mm: float, top_mm: float, room_mm: float, height_mm: float
) -> None:
    first, second = item.role.pick(sheet.lang)
    middle = x_mm + room_mm / 2
    sheet.y_mm = top_mm
    for text, style in ((first, _ROLE), (second, SECOND)):
        sheet.lines(text, x_mm + 3, room_mm - 6, style, align="center")
    for line in _office_lines(item.person, room_mm - 6):
        sheet.lines(line, x_mm + 3, room_mm - 6, _OFFICE, align="center")
    names = _name_lines(item.person, room_mm - 6)
    # Names of one row stand on one line, whatever stands above them.
    sheet.y_mm = top_mm + height_mm - 5 - len(names) * _NAME.line_mm
    for name in names:
        sheet.lines(name, x_mm + 3, room_mm - 6, _NAME, align="center")
    y = top_mm + height_mm - 4.6
    half = min(room_mm / 2 - 5, 27)
    sheet.ink(Line(middle - half, y, middle + half, y, 0.6, INK))
    if not item.numbered:
        return
    number = f"NIP/NRP. {item.person.staff_number or '.' * 26}"
    sheet.text(number, middle, y + 3, Style(Face.PLAIN, 6.4, GREY), align="center")


def initials(sheet: Sheet, roles: Sequence[Bi]) -> None:
    """Small boxes in which those who signed the record initial its annex."""
    room = min(24.0, (sheet.width_mm - 22) / max(1, len(roles)))
    height = 12.0
    sheet.need(height + 3)
    top = sheet.y_mm
    first, second = Bi("Paraf", "Initials").pick(sheet.lang)
    sheet.text(first, sheet.left_mm, top + 4, _ROLE)
    sheet.text(second, sheet.left_mm, top + 7, SECOND)
    for number, role in enumerate(roles):
        x = sheet.left_mm + 20 + number * room
        sheet.ink(Box(x, top, room - 1.5, height, stroke=RULE, line_pt=0.6))
        sheet.text(role.pick(sheet.lang)[0], x + 1, top + 2.6, Style(Face.PLAIN, 5.4, GREY))
    sheet.y_mm = top + height + 3
