"""Proofs: the mutual authentication and the proof for TERMINATE, wrong ones first."""

from __future__ import annotations

import pytest

from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes, aes_cmac, pad
from simulation.chip.security import LifeCycle

from .script import a_closed_chip, file_id, key_block, send, sw


def selected() -> Chip:
    chip = a_closed_chip()
    assert sw(chip, "00A40000", file_id(0x7F0A)) == "9000"
    return chip


def token(challenge: bytes, block: bytes | None = None) -> bytes:
    keys = block or key_block()
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
    assert sw(chip, "00820000", token(challenge, bytes(range(88))), "28") == "6982"


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


def terminate(chip: Chip, proof: bytes | None = None) -> str:
    challenge = send(chip, "0084000008").data
    right = aes_cmac(key_block()[72:], b"\xff" + challenge)[:8]
    return sw(chip, "80F080FF", right if proof is None else proof)


def test_three_wrong_proofs_block_for_ever() -> None:
    chip = selected()
    for _ in range(3):
        assert terminate(chip, bytes(8)) == "6982"
    assert terminate(chip) == "6983"
    later = Chip.from_bytes(bytes(chip))
    assert terminate(later) == "6983"
    assert later.life_cycle is LifeCycle.SECURED


def test_the_count_of_wrong_proofs_survives_the_field() -> None:
    chip = selected()
    assert terminate(chip, bytes(8)) == "6982"
    chip = Chip.from_bytes(bytes(chip))
    for _ in range(2):
        assert terminate(chip, bytes(8)) == "6982"
    assert terminate(chip) == "6983"


def test_a_missing_or_misshapen_proof_does_not_count() -> None:
    chip = selected()
    for _ in range(4):
        assert sw(chip, "80F080FF") == "6982"
        assert sw(chip, "80F080FF", bytes(7)) == "6700"
        assert sw(chip, "80F080FF", bytes(8)) == "6985"
    assert terminate(chip) == "9000"


def test_a_proof_is_good_for_its_challenge_only() -> None:
    chip = selected()
    challenge = send(chip, "0084000008").data
    proof = aes_cmac(key_block()[72:], b"\xff" + challenge)[:8]
    assert terminate(chip, proof) == "6982"


def test_power_cut_in_terminate_is_no_free_guess() -> None:
    chip = selected()
    for _ in range(3):
        challenge = send(chip, "0084000008").data
        wrong = aes_cmac(key_block()[72:], b"\x0f" + challenge)[:8]
        chip.tear_after(1, 1)
        with pytest.raises(Exception, match="CHP-301"):
            send(chip, "80F080FF", wrong)
        chip.reset()
    assert terminate(chip) == "6983"
