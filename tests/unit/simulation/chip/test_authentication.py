"""The mutual authentication of `ktp-el`: wrong tokens first."""

from __future__ import annotations

import pytest

from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes, pad

from .script import a_closed_chip, file_id, read_keys, send, sw


def selected() -> Chip:
    chip = a_closed_chip()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    return chip


def token(challenge: bytes, block: bytes | None = None) -> bytes:
    keys = block or read_keys()[1:]
    sealed = Tdes(keys[:24]).encrypt(bytes(8) + challenge + bytes(16))
    return sealed + Tdes(keys[24:48]).mac(pad(sealed))


def authenticate(chip: Chip, value: bytes | None = None) -> str:
    challenge = send(chip, "0084000008").data
    return sw(chip, "00820000", token(challenge) if value is None else value, "28")


def test_a_right_token_is_taken() -> None:
    assert authenticate(selected()) == "9000"


@pytest.mark.parametrize("byte", range(40))
def test_each_byte_of_the_token_counts(byte: int) -> None:
    chip = selected()
    bad = bytearray(token(send(chip, "0084000008").data))
    bad[byte] ^= 1
    assert sw(chip, "00820000", bytes(bad), "28") == "6982"


def test_a_token_over_another_challenge_or_under_other_keys_is_refused() -> None:
    chip = selected()
    assert authenticate(chip, token(bytes(8))) == "6982"
    challenge = send(chip, "0084000008").data
    assert sw(chip, "00820000", token(challenge, bytes(range(48))), "28") == "6982"


def test_a_challenge_is_good_once() -> None:
    chip = selected()
    challenge = send(chip, "0084000008").data
    assert sw(chip, "00820000", token(challenge), "28") == "9000"
    assert sw(chip, "00820000", token(challenge), "28") == "6985"


def test_a_challenge_does_not_outlive_the_field() -> None:
    chip = selected()
    challenge = send(chip, "0084000008").data
    chip.reset()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert sw(chip, "00820000", token(challenge), "28") == "6985"


def test_the_application_must_be_selected() -> None:
    assert authenticate(a_closed_chip()) == "6985"


@pytest.mark.parametrize(
    ("text", "data", "le", "expected"),
    [
        ("00820001", bytes(40), "28", "6A86"),
        ("00820000", bytes(39), "28", "6700"),
        ("00820000", bytes(40), "", "6700"),
        ("00820000", bytes(40), "27", "6700"),
        ("00820000", b"", "", "6700"),
    ],
)
def test_other_forms_are_refused_and_do_not_count(
    text: str, data: bytes, le: str, expected: str
) -> None:
    chip = selected()
    for _ in range(4):
        assert sw(chip, text, data, le) == expected
    assert authenticate(chip) == "9000"


def test_three_wrong_tokens_block_until_the_field_is_reset() -> None:
    chip = selected()
    for _ in range(3):
        assert authenticate(chip, bytes(40)) == "6982"
    assert authenticate(chip) == "6983"
    chip.reset()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    assert authenticate(chip) == "9000"


def test_a_right_token_makes_the_count_begin_again() -> None:
    chip = selected()
    for _ in range(2):
        assert authenticate(chip, bytes(40)) == "6982"
    assert authenticate(chip) == "9000"
    for _ in range(3):
        assert authenticate(chip, bytes(40)) == "6982"


def test_wrong_tokens_write_nothing() -> None:
    chip = selected()
    before = chip.writes
    assert authenticate(chip, bytes(40)) == "6982"
    assert chip.writes == before
