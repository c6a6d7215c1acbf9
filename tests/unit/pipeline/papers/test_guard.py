"""What no paper may show is refused when its content is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import ModuleType

import pytest

from ektp.cards import SpoilCause
from ektp.ids import CardSerial
from ektp.lifecycle import CardState
from ektp.personal import PersonalText, mask_number
from pipeline.papers import views
from pipeline.papers.wording import (
    BLANK_KIND,
    CIRCULAR_CLASS,
    CLASS_OF_CAUSE,
    GROUND,
    METHOD,
    STATE,
    CircularClass,
    DestructionMethod,
    OtherGround,
    village_title,
)

NIK = "1671014501900000"


@pytest.mark.parametrize(
    "text",
    [
        NIK,
        f"NIK {NIK}.",
        "1671 0145 0190 0000",
        "1671-0145-0190-0000",
        "167101.450190.0000",
        f"a{NIK}b",
    ],
)
def test_no_text_carries_a_citizens_number(samples: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match="sixteen digits") as caught:
        samples.a_stamp(site=text)
    assert NIK not in str(caught.value)


def test_nor_does_a_name_or_a_part_of_a_view(samples: ModuleType) -> None:
    card = samples.a_manifest(1).cards[0]
    with pytest.raises(ValueError, match="sixteen digits"):
        replace(card, name=PersonalText(f"SITI {NIK}"))
    with pytest.raises(ValueError, match="sixteen digits"):
        replace(samples.a_label(), route=("Pusat", NIK))


@pytest.mark.parametrize(
    "nik", [NIK, "1671********00000", "****************", "", "16710145********"]
)
def test_a_nik_stands_in_the_house_mask(samples: ModuleType, nik: str) -> None:
    card = samples.a_manifest(1).cards[0]
    with pytest.raises(ValueError, match=r"digits|mask"):
        replace(card, nik=nik)
    late = samples.an_unclaimed(1).cards[0]
    with pytest.raises(ValueError, match=r"digits|mask"):
        replace(late, nik=nik)
    assert replace(card, nik=mask_number(NIK)).nik == "1671********0000"


def test_a_chip_serial_without_letters_and_a_staff_number_are_allowed(samples: ModuleType) -> None:
    digits = CardSerial.parse("1234567890123456")
    card = replace(samples.a_manifest(1).cards[0], card=digits)
    assert card.card == "1234567890123456"
    assert views.Person(staff_number="198001012005011001").staff_number.isdigit()


def test_moments_are_aware(samples: ModuleType) -> None:
    naive = samples.NOON.replace(tzinfo=None)
    assert isinstance(naive, datetime)
    with pytest.raises(ValueError, match="aware"):
        samples.a_stamp(printed_at=naive)


def test_views_hide_names_in_logs_and_tracebacks(samples: ModuleType) -> None:
    manifest = samples.a_manifest(33)
    assert samples.LONG_NAME not in repr(manifest)
    assert "SITI" not in repr(samples.an_unclaimed(33).cards)


def test_nothing_stands_twice(samples: ModuleType) -> None:
    manifest = samples.a_manifest(4)
    first = manifest.cards[0]
    for twice in (
        (first, replace(first, job=manifest.cards[1].job)),
        (first, replace(first, card=manifest.cards[1].card)),
    ):
        with pytest.raises(ValueError, match="twice"):
            replace(manifest, cards=twice)
    handover = samples.a_handover(views.TransferLeg.TO_REGENCY, 2)
    one, two = handover.parcels
    for pair in ((one, one), (one, replace(two, seal=one.seal))):
        with pytest.raises(ValueError, match="twice"):
            replace(handover, parcels=pair)
    record = samples.a_destruction(2)
    with pytest.raises(ValueError, match="twice"):
        replace(record, cards=(record.cards[0],) * 2)
    report = samples.a_spoilage(2)
    with pytest.raises(ValueError, match="twice"):
        replace(report, cards=(report.cards[0],) * 2)
    unclaimed = samples.an_unclaimed(2)
    with pytest.raises(ValueError, match="twice"):
        replace(unclaimed, cards=(unclaimed.cards[0],) * 2)


def test_the_cards_of_a_village_lie_together(samples: ModuleType) -> None:
    manifest = samples.a_manifest(10)
    first, *others = manifest.cards
    with pytest.raises(ValueError, match="village stands twice"):
        replace(manifest, cards=(*others, first))


def test_a_destruction_has_cards_an_officer_and_two_witnesses(samples: ModuleType) -> None:
    record = samples.a_destruction(1, witnesses=2)
    for change in (
        {"witnesses": record.witnesses[:1]},
        {"officers": ()},
        {"cards": ()},
    ):
        with pytest.raises(ValueError, match="two witnesses"):
            replace(record, **change)


def test_a_notice_names_somebody(samples: ModuleType) -> None:
    with pytest.raises(ValueError, match="at least one"):
        replace(samples.a_notice(1), entries=())


def test_a_lost_card_cannot_be_destroyed(samples: ModuleType) -> None:
    card = samples.a_destruction(1).cards[0]
    with pytest.raises(ValueError, match="lost"):
        replace(card, ground=SpoilCause.LOST)


def test_every_word_of_the_house_has_its_words_on_paper() -> None:
    assert set(GROUND) == {*SpoilCause, *OtherGround}
    assert set(CLASS_OF_CAUSE) == set(SpoilCause)
    assert set(CIRCULAR_CLASS) == set(CircularClass)
    assert set(METHOD) == set(DestructionMethod)
    assert set(STATE) == set(CardState)
    for table in (GROUND, CIRCULAR_CLASS, METHOD, STATE, BLANK_KIND):
        assert all(words.id and words.en for words in table.values())


def test_the_circulars_terms_are_used() -> None:
    terms = {words.id for words in CIRCULAR_CLASS.values()}
    assert {"Gagal encode", "Gagal cetak", "Rusak", "Perubahan elemen data"} <= terms


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("16.71.04.1001", "Kelurahan X"),
        ("16.71.04.2001", "Desa X"),
        ("91.01.01.3001", "Desa Adat X"),
        ("16.71.04.9001", "Desa/Kelurahan X"),
    ],
)
def test_a_villages_code_says_its_kind(samples: ModuleType, code: str, title: str) -> None:
    assert village_title(samples.an_area(code, "X")) == title


def test_a_ceremony_takes_two_custodians_and_nothing_twice(samples: ModuleType) -> None:
    view = samples.a_ceremony()
    with pytest.raises(ValueError, match="two custodians"):
        replace(view, custodians=view.custodians[:1])
    with pytest.raises(ValueError, match="stands twice"):
        replace(view, keys=view.keys * 2)
    with pytest.raises(ValueError, match="stands twice"):
        replace(view, components=view.components * 2)
    with pytest.raises(ValueError, match="sixteen digits"):
        replace(view, place=NIK)


def test_a_serial_of_sixteen_digits_is_no_citizens_number(samples: ModuleType) -> None:
    assert samples.a_ceremony().token.serial.isdigit()
