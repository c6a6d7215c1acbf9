"""Numbers and dates in Indonesian words, as official records write them beside the figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

__all__ = [
    "MONTHS",
    "WEEKDAYS",
    "date_in_words",
    "group_digits",
    "local_time",
    "long_date",
    "moment_text",
    "number_in_words",
    "share_text",
    "short_date",
    "short_time",
    "zone_name",
]

_UNITS: Final = (
    "nol",
    "satu",
    "dua",
    "tiga",
    "empat",
    "lima",
    "enam",
    "tujuh",
    "delapan",
    "sembilan",
    "sepuluh",
    "sebelas",
)
_SCALES: Final = (
    (10**12, "triliun"),
    (10**9, "miliar"),
    (10**6, "juta"),
    (10**3, "ribu"),
)
_LIMIT: Final = 10**15

MONTHS: Final = {
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
"""The months by language, January first."""

WEEKDAYS: Final = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
"""The days of the week by language, Monday first (as `date.weekday` counts them)."""


def number_in_words(number: int) -> str:
    """A whole number in Indonesian words: 32 is *tiga puluh dua*, 1.001 *seribu satu*.

    Raises `ValueError` from 10^15 (a thousand *triliun*) on.
    """
    if abs(number) >= _LIMIT:
        msg = "numbers are written out below 10^15 only"
        raise ValueError(msg)
    return f"minus {_words(-number)}" if number < 0 else _words(number)


def _words(number: int) -> str:
    for scale, name in _SCALES:
        if number >= scale:
            count, rest = divmod(number, scale)
            # One thousand is *seribu*; one million and above say *satu*.
            head = "seribu" if (count, name) == (1, "ribu") else f"{_words(count)} {name}"
            return _joined(head, rest)
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return _joined("seratus" if hundreds == 1 else f"{_UNITS[hundreds]} ratus", rest)
    if number >= 20:
        tens, rest = divmod(number, 10)
        return _joined(f"{_UNITS[tens]} puluh", rest)
    return _UNITS[number] if number < 12 else f"{_UNITS[number - 10]} belas"


def _joined(head: str, rest: int) -> str:
    return f"{head} {_words(rest)}" if rest else head


def date_in_words(day: date) -> str:
    """A date as a *berita acara* opens with it.

    *Sabtu tanggal dua puluh satu bulan November tahun dua ribu dua puluh enam*.
    """
    weekday = WEEKDAYS["id"][day.weekday()]
    month = MONTHS["id"][day.month - 1]
    return (
        f"{weekday} tanggal {number_in_words(day.day)} bulan {month} "
        f"tahun {number_in_words(day.year)}"
    )


def long_date(day: date, lang: str = "id") -> str:
    """A date with the month's name: *21 November 2026*, in either language."""
    return f"{day.day} {MONTHS[lang][day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """A date for a table cell: `21-11-2026`."""
    return day.strftime("%d-%m-%Y")


def short_time(moment: datetime) -> str:
    """A time of day as Indonesian offices write it: `14.05`. The moment is taken as it is."""
    return moment.strftime("%H.%M")


def local_time(moment: datetime, zone: str) -> datetime:
    """A moment in an office's IANA zone. Raises `ValueError` where the moment is not aware."""
    if moment.tzinfo is None:
        msg = "a paper shows aware moments only"
        raise ValueError(msg)
    return moment.astimezone(ZoneInfo(zone))


def zone_name(moment: datetime) -> str:
    """The name of a local moment's zone: WIB, WITA or WIT in Indonesia, else its offset."""
    name = moment.tzname() or ""
    return name if name.isalpha() else f"UTC{moment:%z}"


def moment_text(moment: datetime, zone: str, lang: str = "id") -> str:
    """A moment in an office's own time: *21 November 2026 14.05 WIB*."""
    local = local_time(moment, zone)
    return f"{long_date(local, lang)} {short_time(local)} {zone_name(local)}"


def group_digits(number: int, lang: str = "id") -> str:
    """A number with its thousands apart: `2.000` in Indonesian, `2,000` in English."""
    grouped = f"{number:,}"
    return grouped.replace(",", ".") if lang == "id" else grouped


def share_text(part: int, whole: int, lang: str = "id") -> str:
    """A share in per cent with one decimal: `2,5 %` in Indonesian, `2.5 %` in English.

    Of nothing, a share is written as a dash.
    """
    if whole == 0:
        return "–"
    text = f"{100 * part / whole:.1f} %"
    return text.replace(".", ",") if lang == "id" else text
