"""Numbers and dates in Indonesian words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.papers import words

SCALE = {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12}
DIGIT = dict(
    zip(
        ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"),
        range(10),
        strict=True,
    )
)
ONE = {"sepuluh": 10, "sebelas": 11, "seratus": 100}


def number_of(text: str) -> int:
    """Read Indonesian number words: written against the grammar, not against the code."""
    total = part = digit = 0
    for word in text.split():
        if word == "seribu":
            total += 1000
        elif word in SCALE:
            total += (part + digit) * SCALE[word]
            part = digit = 0
        elif word in ONE:
            part += ONE[word]
        elif word in {"belas", "puluh", "ratus"}:
            part += digit + 10 if word == "belas" else digit * (10 if word == "puluh" else 100)
            digit = 0
        else:
            digit = DIGIT[word]
    return total + part + digit


@pytest.mark.parametrize("number", [10**15, -(10**15)])
def test_a_number_without_words_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="below"):
        words.number_in_words(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "nol"),
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (19, "sembilan belas"),
        (20, "dua puluh"),
        (32, "tiga puluh dua"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (250, "dua ratus lima puluh"),
        (1000, "seribu"),
        (1001, "seribu satu"),
        (2026, "dua ribu dua puluh enam"),
        (11_000, "sebelas ribu"),
        (101_000, "seratus satu ribu"),
        (1_000_000, "satu juta"),
        (
            1_378_146,
            "satu juta tiga ratus tujuh puluh delapan ribu seratus empat puluh enam",
        ),
        (2_000_000_000_000, "dua triliun"),
        (-3, "minus tiga"),
    ],
)
def test_numbers_are_written_as_people_say_them(number: int, text: str) -> None:
    assert words.number_in_words(number) == text


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_words_read_back_as_the_number(number: int) -> None:
    assert number_of(words.number_in_words(number)) == number


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (
            date(2026, 11, 21),
            "Sabtu tanggal dua puluh satu bulan November tahun dua ribu dua puluh enam",
        ),
        (date(2026, 1, 1), "Kamis tanggal satu bulan Januari tahun dua ribu dua puluh enam"),
        (
            date(1999, 12, 31),
            (
                "Jumat tanggal tiga puluh satu bulan Desember tahun seribu "
                "sembilan ratus sembilan puluh sembilan"
            ),
        ),
    ],
)
def test_dates_open_a_berita_acara(day: date, text: str) -> None:
    assert words.date_in_words(day) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Jakarta", "1 Januari 2027 01.30 WIB"),
        ("Asia/Pontianak", "1 Januari 2027 01.30 WIB"),
        ("Asia/Makassar", "1 Januari 2027 02.30 WITA"),
        ("Asia/Jayapura", "1 Januari 2027 03.30 WIT"),
        ("Asia/Kathmandu", "1 Januari 2027 00.15 UTC+0545"),
        ("UTC", "31 Desember 2026 18.30 UTC"),
    ],
)
def test_an_office_reads_its_own_time(zone: str, text: str) -> None:
    moment = datetime(2026, 12, 31, 18, 30, tzinfo=UTC)
    assert words.moment_text(moment, zone) == text


def test_a_moment_without_a_zone_is_refused() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        words.local_time(moment, "Asia/Jakarta")


def test_dates_and_figures_follow_the_language() -> None:
    day = date(2026, 8, 17)
    assert words.long_date(day) == "17 Agustus 2026"
    assert words.long_date(day, "en") == "17 August 2026"
    assert words.short_date(day) == "17-08-2026"
    assert words.group_digits(1234567) == "1.234.567"
    assert words.group_digits(-2000, "en") == "-2,000"
    assert words.share_text(1, 40) == "2,5 %"
    assert words.share_text(1, 40, "en") == "2.5 %"
    assert words.share_text(0, 0) == "–"


def test_every_weekday_and_month_has_its_own_name() -> None:
    for lang in ("id", "en"):
        assert len(set(words.WEEKDAYS[lang])) == 7
        assert len(set(words.MONTHS[lang])) == 12
    monday = date(2026, 1, 5)
    said = [words.date_in_words(monday + timedelta(days=n)).split()[0] for n in range(7)]
    assert said == list(words.WEEKDAYS["id"])
