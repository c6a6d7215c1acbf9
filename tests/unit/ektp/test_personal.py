"""Personal values mask themselves wherever Python would show them."""

from __future__ import annotations

import logging
import pickle
import traceback
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.personal import FamilyCardNumber, Nik, PersonalBytes, PersonalText, mask_number
from ektp.record import ApprovedRecord
from tests.builders import a_record

NIK = "1671015708850000"
MASKED = "1671********0000"
NAME = "SITI RAHMAWATI"
PICTURE = b"\xff\xd8 a face"

VALUES = [
    (Nik(NIK), NIK, MASKED),
    (FamilyCardNumber(NIK), NIK, MASKED),
    (PersonalText(NAME), NAME, "***"),
    (PersonalBytes(PICTURE), repr(PICTURE)[2:-1], "<9 bytes>"),
]


@pytest.mark.parametrize(("value", "secret", "mask"), VALUES, ids=lambda v: type(v).__name__)
def test_no_way_of_showing_shows_it(value: object, secret: str, mask: str) -> None:
    shown = [
        str(value),
        repr(value),
        f"{value}",
        f"{value!r}",
        f"{value!s:>40}",
        "%s %r" % (value, value),  # noqa: UP031 - this is a way of showing
        "{} {!r}".format(value, value),  # noqa: UP032 - this too
        str([value]),
        str({"a": value}),
        repr((value,)),
    ]
    assert all(secret not in text for text in shown)
    assert all(mask in text for text in shown)


@pytest.mark.parametrize(("value", "secret", "mask"), VALUES, ids=lambda v: type(v).__name__)
def test_neither_log_nor_traceback_shows_it(value: object, secret: str, mask: str) -> None:
    stream = StringIO()
    logger = logging.Logger("test")  # noqa: LOG001 - one of its own, no handler is shared
    logger.addHandler(logging.StreamHandler(stream))
    try:
        raise ValueError(value)  # noqa: TRY301 - the value is the point
    except ValueError:
        logger.exception("failed for %s", value)
        trace = traceback.format_exc()
    assert secret not in stream.getvalue() + trace
    assert mask in trace


@given(st.text(max_size=20))
def test_a_number_that_is_none_is_refused_without_being_shown(text: str) -> None:
    if len(text) == 16 and text.isascii() and text.isdigit():
        return
    for kind in (Nik, FamilyCardNumber):
        with pytest.raises(ValueError, match="sixteen ASCII digits") as refused:
            kind.parse(text)
        assert len(text) < 5 or text not in str(refused.value)


@pytest.mark.parametrize("digit", ["١", "१", "６", "²"])
def test_digits_of_other_scripts_are_no_nik(digit: str) -> None:
    with pytest.raises(ValueError, match="sixteen"):
        Nik(NIK[:-1] + digit)


def test_reveal_gives_the_value_itself() -> None:
    for value, secret in ((Nik(NIK), NIK), (PersonalText(NAME), NAME)):
        assert value.reveal() == secret
    assert PersonalBytes(PICTURE).reveal() == PICTURE
    assert len(PersonalBytes(PICTURE)) == 9


def test_a_nik_is_read_in_its_three_parts() -> None:
    nik = Nik(NIK)
    assert (nik.region, nik.birth_digits, nik.serial) == ("167101", "570885", "0000")


def test_values_are_values() -> None:
    assert Nik(NIK) == Nik(NIK)
    assert len({Nik(NIK), Nik(NIK), Nik("0" * 16)}) == 2
    assert Nik(NIK) != FamilyCardNumber(NIK)
    assert pickle.loads(pickle.dumps(PersonalText(NAME))) == PersonalText(NAME)  # noqa: S301


@given(st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_the_mask_keeps_four_and_four(digits: str) -> None:
    assert mask_number(digits) == digits[:4] + "*" * 8 + digits[-4:]
    assert len(mask_number(digits)) == 16


def _values(record: ApprovedRecord) -> list[str]:
    bio = record.biographic
    return [
        record.nik.reveal(),
        bio.name.reveal(),
        bio.address.reveal(),
        bio.birth_place.reveal(),
        bio.kk.reveal() if bio.kk else "-no kk-",
        bio.phone.reveal() if bio.phone else "-no phone-",
        repr(record.portrait.reveal()[:20])[2:-1],
    ]


def test_a_whole_record_shows_nobody() -> None:
    record = a_record()
    for text in (repr(record), str(record), repr(record.biographic), f"{replace(record)}"):
        assert not [value for value in _values(record) if value in text]
