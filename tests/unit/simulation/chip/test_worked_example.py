"""The simulated chip and SAM answer section 10 of the chip profile byte for byte."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ports import TrustedSigner
from simulation.chip.card import Chip
from simulation.chip.crypto import Tdes, derive_key
from simulation.chip.maker import derive_key_set
from simulation.sam.card import SimulatedSam

from .script import (
    OPEN_SECRET,
    RULES,
    SECURE,
    Scripted,
    a_blank,
    apdu,
    file_id,
    inside,
    plain_files,
    send,
    write,
)
from .worked_example import (
    CONTENT,
    DOCUMENT,
    MARKER,
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
    chip = a_blank(random=random)
    plain = plain_files()
    files = {number: bytes(8) for number in RULES} | {0x6FF0: plain[0x6FF0], 0x6FF1: CONTENT}
    assert write(chip, files).process(SECURE).ok
    chip.reset()
    return chip


SESSION = {
    "INITIALIZE UPDATE": "the chip's answer, first session of its life",
    "EXTERNAL AUTHENTICATE": None,
    "CREATE FILE `7F0A`, wrapped": "the answer to it",
    "CREATE FILE `6FFE`, wrapped": None,
    "UPDATE BINARY of the marker, wrapped": "the answer to that",
    "PUT KEY, wrapped": "the answer to PUT KEY, wrapped",
}


def test_the_chip_answers_the_session_of_the_example() -> None:
    chip = a_blank()
    for command, answer in SESSION.items():
        response = chip.process(CommandApdu.from_bytes(EXAMPLE[command]))
        assert response.ok
        if answer is not None:
            assert bytes(response) == EXAMPLE[answer]
    assert send(chip, "00A40000", file_id(0x7F0A)).ok
    assert send(chip, "00A40000", file_id(0x6FFE)).ok
    assert send(chip, "00B0000020").data == MARKER
    assert chip.key_version == 0x31
    sealed = EXAMPLE["secret `01`, sealed for PUT DATA"]
    assert inside(chip).process(apdu("00DA0101", sealed)).ok
    assert chip._state.secrets == {0x01: EXAMPLE["secret `01`"]}


@pytest.mark.parametrize(
    ("master", "version"), [("transport master, AES-128", 0x30), ("card master, AES-128", 0x31)]
)
def test_key_sets_are_derived(master: str, version: int) -> None:
    made = derive_key_set(EXAMPLE[master], SERIAL, version)
    expected = [EXAMPLE[f"{name} `{version:02X}`"] for name in ("ENC", "MAC", "DEK")]
    assert [made.enc, made.mac, made.dek] == expected


@pytest.mark.parametrize(
    ("name", "label", "length"),
    [
        ("K_ENC", b"EKTP-ENC", 24),
        ("K_MAC", b"EKTP-MAC", 24),
        ("K_FILE", b"EKTP-FILE", 24),
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
