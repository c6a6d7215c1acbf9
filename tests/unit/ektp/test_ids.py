"""Ids: Crockford's alphabet, its misread letters, its check; and chip serials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.errors import IdInvalid
from ektp.ids import (
    AttemptId,
    BatchId,
    CardSerial,
    ConsignmentId,
    Identifier,
    JobId,
    ParcelId,
    RequestId,
)

KINDS = (JobId, BatchId, ParcelId, ConsignmentId, AttemptId, RequestId)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ENTROPY = st.binary(min_size=8, max_size=8)


def _an_id(kind: type[Identifier], chance: bytes) -> Identifier:
    number = int.from_bytes(chance, "big")
    while (made := kind.from_entropy(number.to_bytes(8, "big"))) is None:
        number = (number + 1) % 2**64
    return made


IDS = st.builds(_an_id, st.sampled_from(KINDS), ENTROPY)


@given(IDS)
def test_an_id_has_its_form_and_reads_back(made: Identifier) -> None:
    assert len(made) == 13
    assert made[:2] == type(made).prefix + "-"
    assert set(made[2:]) <= set(ALPHABET)
    assert type(made).parse(made) == made


@given(IDS)
def test_an_id_is_read_as_people_write_it(made: Identifier) -> None:
    kind = type(made)
    assert kind.parse(f"  {made.lower()}\n") == made
    misread = made[:2] + made[2:].replace("0", "O").replace("1", "l")
    assert kind.parse(misread) == made
    assert kind.parse(made[:2] + made[2:].replace("1", "I").replace("0", "o")) == made


@given(IDS, st.data())
def test_every_single_wrong_character_is_found(made: Identifier, data: st.DataObject) -> None:
    position = data.draw(st.integers(2, len(made) - 1))
    others = [character for character in ALPHABET if character != made[position]]
    for other in others:
        with pytest.raises(IdInvalid):
            type(made).parse(made[:position] + other + made[position + 1 :])


@given(IDS, st.integers(2, 11))
def test_two_neighbours_exchanged_are_found(made: Identifier, at: int) -> None:
    swapped = made[:at] + made[at + 1] + made[at] + made[at + 2 :]
    if swapped != made:
        with pytest.raises(IdInvalid):
            type(made).parse(swapped)


@given(IDS)
def test_an_id_of_one_kind_is_none_of_another(made: Identifier) -> None:
    for kind in KINDS:
        if kind is not type(made):
            with pytest.raises(IdInvalid) as refused:
                kind.parse(made)
            assert refused.value.facts["noun"] == kind.noun


@given(st.text(max_size=20))
def test_no_other_text_is_an_id_and_none_is_shown(text: str) -> None:
    for kind in (*KINDS, CardSerial):
        with pytest.raises(IdInvalid) as refused:
            kind.parse(text)
        assert len(text.strip()) < 4 or text.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "J", "J-", "-", "J-0123456789", "J-U123456789U", "J--1234567890"]
)
def test_no_id_is_refused(text: str) -> None:
    with pytest.raises(IdInvalid):
        JobId.parse(text)


@given(ENTROPY)
def test_a_check_outside_the_alphabet_is_drawn_again(chance: bytes) -> None:
    number = int.from_bytes(chance, "big") & (2**50 - 1)
    assert (JobId.from_entropy(chance) is None) == (number % 37 >= 32)


@given(st.binary(min_size=8, max_size=8))
def test_a_serial_is_eight_bytes_in_capital_hex(raw: bytes) -> None:
    serial = CardSerial.from_bytes(raw)
    assert bytes(serial) == raw
    assert CardSerial.parse(serial.lower()) == serial


@given(st.binary(max_size=12).filter(lambda raw: len(raw) != 8))
def test_other_lengths_are_no_serial(raw: bytes) -> None:
    with pytest.raises(IdInvalid):
        CardSerial.from_bytes(raw)
    with pytest.raises(IdInvalid):
        CardSerial.parse(raw.hex())
