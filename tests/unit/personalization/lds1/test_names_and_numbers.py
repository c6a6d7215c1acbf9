"""Transliteration, nationalities, document numbers and access numbers."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.errors import GlyphMissing
from personalization.artwork.fontface import load_face
from personalization.datafiles.lds1.countries import _names, nationality_code
from personalization.datafiles.lds1.numbers import can, document_number, is_document_number
from personalization.datafiles.lds1.transliteration import components, transliterated

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "icao-td1-mrz.json").read_text()
)
HOUSE_FACES = ("Vera.ttf", "VeraBd.ttf")


@pytest.mark.parametrize("text", ["李", "Иван", "محمد", "ก"])
def test_scripts_that_no_card_of_ours_carries(text: str) -> None:
    with pytest.raises(GlyphMissing, match="U\\+"):
        transliterated(text)


@pytest.mark.parametrize("vector", VECTORS["punctuation"], ids=lambda v: v["name"])
def test_punctuation_of_doc_9303(vector: dict[str, str]) -> None:
    assert transliterated(vector["name"]) == vector["zone"]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("H. M. ALI, S.H.", "H<M<ALI<SH"),
        ("O’NG", "ONG"),
        ("  SITI   NUR  ", "SITI<NUR"),
        ("-ALI-", "ALI"),
        ("ANDI 2", "ANDI<II"),
        ("R2D0", "RIID"),
        ("LEO 1998", "LEO<MCMXCVIII"),
        ("X 40000", "X<IV"),
        ("Straße", "STRASSE"),
        ("Müller-Ångström", "MUELLER<AANGSTROEM"),
        ("Ñoño", "NONO"),
        ("Æsir Þór Œuvre Øst Ĳssel", "AESIR<THOR<OEUVRE<OEST<IJSSEL"),
        ("ıI İi ﬁﬂ ª", "II<II<FIFL<A"),
        ("A\N{COMBINING RING ABOVE}", "AA"),
        ("Nguyễn", "NGUYEN"),
    ],
)
def test_names(name: str, zone: str) -> None:
    assert transliterated(name) == zone
    assert components(name) == tuple(zone.split("<"))


@pytest.mark.parametrize("source", HOUSE_FACES)
def test_every_letter_that_prints_has_a_transliteration(source: str) -> None:
    face = load_face(source)
    for code in range(0x20, 0x10000):
        character = chr(code)
        if face.lacks(character) is not None:
            continue
        plain = transliterated(f"A{character}B")
        assert re.fullmatch(r"[A-Z]+(<[A-Z]+)?", plain)
        if unicodedata.category(character) in {"Lu", "Ll", "Lo"}:
            assert len(plain) > 2
            assert "<" not in plain


@given(st.text(max_size=40))
def test_nothing_but_letters_and_single_fillers_comes_out(text: str) -> None:
    try:
        plain = transliterated(text)
    except GlyphMissing:
        return
    assert re.fullmatch(r"([A-Z]+(<[A-Z]+)*)?", plain)


@pytest.mark.parametrize(
    ("nationality", "code"),
    [
        ("", "XXX"),
        ("ATLANTIS", "XXX"),
        ("NETHERLANDS", "NLD"),
        ("the netherlands", "NLD"),
        ("Belanda", "NLD"),
        ("GERMANY", "D"),
        ("DEU", "D"),
        ("U.S.A.", "USA"),
        ("Côte d’Ivoire", "CIV"),
        ("BOSNIA & HERZEGOVINA", "BIH"),
        ("KOREA, REPUBLIC OF", "KOR"),
        ("Turkiye", "TUR"),
        ("TIMOR LESTE", "TLS"),
        ("STATELESS", "XXA"),
        ("WNI", "IDN"),
    ],
)
def test_nationalities(nationality: str, code: str) -> None:
    assert nationality_code(nationality) == code


def test_every_code_is_one_to_three_letters_and_names_itself() -> None:
    codes = set(_names().values())
    assert len(codes) == 253  # 249 of ISO 3166-1 with D for DEU, and EUE, RKS, XXA, XXB
    for code in codes:
        assert re.fullmatch(r"D|[A-Z]{3}", code)
        assert nationality_code(code) == code


@pytest.mark.parametrize("length", [0, 15, 17])
def test_too_little_or_too_much_chance(length: int) -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        document_number(bytes(length))
    with pytest.raises(ValueError, match="16 random bytes"):
        can(bytes(length))


@given(st.binary(min_size=16, max_size=16))
def test_numbers_have_their_form(chance: bytes) -> None:
    number = document_number(chance)
    assert is_document_number(number)
    assert re.fullmatch(r"[CFHJKLMNPRTVWXY][CFHJKLMNPRTVWXY0-9]{8}", number)
    assert re.fullmatch(r"[0-9]{6}", can(chance))


@pytest.mark.parametrize("text", ["", "C7R4KX2M", "77R4KX2M9", "C7R4KXOM9", "c7r4kx2m9"])
def test_what_is_no_number_of_ours(text: str) -> None:
    assert not is_document_number(text)


def test_each_character_and_each_digit_comes_as_often_as_the_others() -> None:
    random = Random(9303)  # noqa: S311 - the same draws each time
    draws = 6_000
    numbers = [document_number(random.randbytes(16)) for _ in range(draws)]
    assert len(set(numbers)) == draws
    for place, kinds in ((0, 15), (1, 25), (8, 25)):
        seen = Counter(number[place] for number in numbers)
        assert len(seen) == kinds
        assert max(seen.values()) < 1.5 * draws / kinds
        assert min(seen.values()) > draws / kinds / 1.5
    codes = [can(random.randbytes(16)) for _ in range(draws)]
    first = Counter(code[0] for code in codes)
    assert len(first) == 10
    assert min(first.values()) > draws / 10 / 1.5
