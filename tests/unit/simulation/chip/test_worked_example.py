"""The simulated chip and SAM answer section 10 of the chip profile byte for byte."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ids import CardSerial
from ektp.ports import TrustedSigner
from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes, aes_cmac, derive_key
from simulation.sam.card import SimulatedSam

from .script import (
    OPEN_SECRET,
    RULES,
    SECURE,
    Scripted,
    apdu,
    create_application,
    create_file,
    file_id,
    key_block,
    send,
    updates,
)
from .worked_example import (
    CONTENT,
    DOCUMENT,
    MASTER,
    MINUTIAE,
    OPENSSL,
    SERIAL,
    printed_example,
    table,
)

EXAMPLE = printed_example()


@pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")
def test_openssl_computes_the_table_as_printed() -> None:
    assert table() in DOCUMENT.read_text(encoding="utf-8")


def example_chip() -> Chip:
    random = Scripted(EXAMPLE["RND.ICC"], EXAMPLE["K.ICC"])
    chip = Chip.blank(CardSerial.from_bytes(SERIAL), random=random)
    commands = [create_application(), apdu("80D80101", key_block())]
    for number, rule in RULES.items():
        content = {0x6FF0: b"\x00\x33" + EXAMPLE["CC"], 0x6FF1: CONTENT}.get(number, bytes(8))
        commands += [create_file(number, len(content), rule), *updates(content)]
    for command in (*commands, SECURE):
        assert chip.process(command).ok
    chip.reset()
    return chip


@pytest.mark.parametrize(
    ("name", "label", "length"),
    [
        ("K_ENC", b"EKTP-ENC", 24),
        ("K_MAC", b"EKTP-MAC", 24),
        ("K_FILE", b"EKTP-FILE", 24),
        ("K_ADM", b"EKTP-ADM", 16),
    ],
)
def test_keys_are_derived(name: str, label: bytes, length: int) -> None:
    assert derive_key(MASTER, label, EXAMPLE["SHA-256(CC)[0:16]"], length) == EXAMPLE[name]


def test_a_file_is_protected_by_itself() -> None:
    stored = Tdes(EXAMPLE["K_FILE"]).encrypt(MINUTIAE)
    assert (EXAMPLE["`6FF4` plain, 8 bytes"], EXAMPLE["`6FF4` as stored"]) == (MINUTIAE, stored)


def test_the_chip_answers_the_example() -> None:
    chip = example_chip()
    assert send(chip, "00A40000", file_id(0x7F0A)).ok
    assert send(chip, "0084000008").data == EXAMPLE["RND.ICC"]
    assert send(chip, "00820000", EXAMPLE["token"], "28").data == EXAMPLE["answer"]
    for command, answer in (
        ("SELECT `6FF1`, protected", "its answer"),
        ("READ BINARY, 8 bytes, protected", 'its answer, with `0006` ‖ `"3171"`'),
    ):
        response = chip.process(CommandApdu.from_bytes(EXAMPLE[command]))
        assert bytes(response) == EXAMPLE[answer]


def test_the_sam_speaks_the_example() -> None:
    random = Scripted(EXAMPLE["RND.IFD"], EXAMPLE["K.IFD"])
    signers: list[TrustedSigner] = []
    sam = SimulatedSam(
        master_keys={1: MASTER}, open_secret=OPEN_SECRET, signers=signers, random=random
    )

    def ask(text: str, data: bytes) -> bytes:
        response = sam.process(apdu(text, data))
        assert response.ok
        return response.data

    ask("00F00000", OPEN_SECRET)
    token = ask("00F10001", EXAMPLE["CC"] + bytes(8) + EXAMPLE["RND.ICC"])
    assert token == EXAMPLE["token"] + b"\x28"
    ask("00F20000", EXAMPLE["answer"])
    wrapped = ask("00F30000", bytes.fromhex("00A40000026FF1"))
    assert wrapped == EXAMPLE["SELECT `6FF1`, protected"]
    assert ask("00F40000", EXAMPLE["its answer"]) == b"\x90\x00"
    wrapped = ask("00F30000", bytes.fromhex("00B0000008"))
    assert wrapped == EXAMPLE["READ BINARY, 8 bytes, protected"]
    answer = ask("00F40000", EXAMPLE['its answer, with `0006` ‖ `"3171"`'])
    assert ResponseApdu.from_bytes(answer) == ResponseApdu(CONTENT, 0x9000)


def test_the_proof_of_the_example_terminates_the_chip() -> None:
    chip = example_chip()
    assert send(chip, "0084000008").data == EXAMPLE["RND.ICC"]
    proof = EXAMPLE["TERMINATE proof for RND.ICC"]
    assert aes_cmac(EXAMPLE["K_ADM"], b"\xff" + EXAMPLE["RND.ICC"])[:8] == proof
    assert send(chip, "80F080FF", proof).ok
    assert send(chip, "00A40000", file_id(0x7F0A)).sw == 0x6985
