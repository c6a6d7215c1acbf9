"""The SAM's own refusals and its states."""

from __future__ import annotations

import functools
import operator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.ports import CardChannel, TrustedSigner
from simulation.chip.channel import ChipChannel
from simulation.chip.secure_messaging import SecureMessaging, TdesCbcMac
from simulation.sam.card import SamCardChannel, SimulatedSam
from simulation.sam.messaging import ReaderMessaging

from .script import OPEN_SECRET, SamReader, a_closed_chip, a_sam, apdu, file_id
from .worked_example import MASTER, SERIAL, printed_example

CC = printed_example()["CC"]
TOKEN_REQUEST = CC + bytes(8) + bytes(8)


def ask(sam: SimulatedSam, text: str, data: bytes = b"") -> str:
    return f"{sam.process(apdu(text, data)).sw:04X}"


def a_session() -> SamReader:
    reader = SamReader(ChipChannel(a_closed_chip()), a_sam())
    reader.authenticate()
    return reader


@pytest.mark.parametrize(
    "text", ["00FF000000", "00F1000100", "00F2000000", "00F3000000", "00F4000000", "00FA000000"]
)
def test_nothing_works_before_open(text: str) -> None:
    sam = a_sam()
    sam.reset()
    assert ask(sam, text) == "6985"


def test_open_takes_its_secret_only() -> None:
    sam = a_sam()
    assert ask(sam, "00F00000", bytes(32)) == "6982"
    assert ask(sam, "00FF000000") == "6985"
    assert ask(sam, "00F00000", OPEN_SECRET[:31]) == "6700"
    assert ask(sam, "00F00001", OPEN_SECRET) == "6A86"
    assert ask(sam, "00F00000", OPEN_SECRET) == "9000"
    assert ask(sam, "00FF000000") == "9000"


def test_the_module_tells_its_serial_and_whether_it_is_open() -> None:
    sam = a_sam(serial=b"SAM00001")
    assert sam.process(apdu("00F7000000")).data == b"SAM00001"
    assert sam.process(apdu("00F8000000")).data == b"\x01"
    sam.reset()
    assert sam.process(apdu("00F8000000")).data == b"\x00"
    assert ask(sam, "00F70000", b"\x00") == "6700"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80F00000", "6D00"),
        ("90F00000", "9000"),
        ("C0F00000", "6E00"),
        ("00A40000", "6D00"),
        ("00FD0000", "6D00"),
        ("00F20000", "6985"),
    ],
)
def test_other_commands_are_refused(text: str, expected: str) -> None:
    assert ask(a_sam(), text, bytes(40)) == expected


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("00F10001", TOKEN_REQUEST[:-1], "6700"),
        ("00F10001", TOKEN_REQUEST + b"\x00", "6700"),
        ("00F10001", b"\x02" + TOKEN_REQUEST[1:], "6A80"),
        ("00F10001", TOKEN_REQUEST[:9] + b"\x02" + TOKEN_REQUEST[10:], "6A88"),
        ("00F10000", TOKEN_REQUEST[:40], "6A80"),
        ("00F10002", TOKEN_REQUEST, "6A86"),
        ("00F10101", TOKEN_REQUEST, "6A86"),
    ],
)
def test_a_card_control_that_is_not_known_is_refused(text: str, data: bytes, expected: str) -> None:
    assert ask(a_sam(), text, data) == expected


@pytest.mark.parametrize("byte", [0, 31, 32, 39])
def test_a_card_that_proves_nothing_ends_the_session(byte: int) -> None:
    reader = SamReader(ChipChannel(a_closed_chip()), a_sam())
    reader.plain("00A40000", file_id(0x7F0A))
    token = reader.ask_sam("00F10001", CC + bytes(8) + reader.plain("0084000008"))
    answer = bytearray(reader.plain("00820000", token[:40], "28"))
    answer[byte] ^= 1
    assert ask(reader.sam, "00F20000", bytes(answer)) == "6982"
    answer[byte] ^= 1
    assert ask(reader.sam, "00F20000", bytes(answer)) == "6985"


def test_an_answer_to_another_token_is_refused() -> None:
    reader = SamReader(ChipChannel(a_closed_chip()), a_sam())
    reader.plain("00A40000", file_id(0x7F0A))
    token = reader.ask_sam("00F10001", CC + bytes(8) + reader.plain("0084000008"))
    answer = reader.plain("00820000", token[:40], "28")
    reader.ask_sam("00F10001", CC + bytes(16))
    assert ask(reader.sam, "00F20000", answer) == "6982"


def test_a_card_is_verified_once_per_session() -> None:
    assert ask(a_session().sam, "00F20000", bytes(40)) == "6985"


@pytest.mark.parametrize("plain", ["", "00A4", "00A400000501", "0CA40000026FF1", "00B00000000400"])
def test_what_is_no_short_plain_command_is_not_wrapped(plain: str) -> None:
    assert ask(a_session().sam, "00F30000", bytes.fromhex(plain)) == "6A80"


def test_a_command_too_long_to_protect_is_refused() -> None:
    assert ask(a_session().sam, "00F30000", bytes.fromhex("00D60000F0") + bytes(240)) == "6A80"


@pytest.mark.parametrize("bit", range(0, 8 * 16, 5))
def test_each_bit_of_a_protected_answer_counts(bit: int) -> None:
    reader = a_session()
    sealed = reader.ask_sam("00F30000", bytes.fromhex("00A40000026FF1"))
    answer = bytearray(bytes(reader.card.transmit(CommandApdu.from_bytes(sealed))))
    assert len(answer) == 16
    answer[bit // 8] ^= 0x80 >> bit % 8
    assert ask(reader.sam, "00F40000", bytes(answer)) == "6988"
    assert ask(reader.sam, "00F30000", bytes.fromhex("00A40000026FF1")) == "6985"


@pytest.mark.parametrize("answer", ["", "90", "9000", "6988"])
def test_an_answer_without_objects_is_refused(answer: str) -> None:
    assert ask(a_session().sam, "00F40000", bytes.fromhex(answer)) == "6988"


def test_forgetting_ends_the_session() -> None:
    reader = a_session()
    assert ask(reader.sam, "00FF000000") == "9000"
    assert ask(reader.sam, "00F30000", bytes.fromhex("00A40000026FF1")) == "6985"


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("00FA0100", b"", "6A86"),
        ("00FA0001", b"", "6A86"),
        ("00FA0000", b"\x00", "6700"),
        ("00FA0200", b"", "6985"),
        ("00FA0300", b"\x00", "6985"),
        ("00FA0400", b"", "6985"),
        ("00FA0600", bytes(79), "6700"),
        ("00FA0500", b"\x00", "6700"),
    ],
)
def test_file_commands_out_of_order_are_refused(text: str, data: bytes, expected: str) -> None:
    assert ask(a_session().sam, text, data) == expected


def test_there_is_no_verdict_without_a_signature_object() -> None:
    reader = a_session()
    reader.ask_sam("00FA000000")
    assert ask(reader.sam, "00FA040000") == "6985"


def test_nothing_is_hashed_after_the_last_answer() -> None:
    reader = a_session()
    reader.ask_sam("00FA000000")
    reader.ask_sam("00FA020000")
    assert reader.protected(apdu("00A40000", file_id(0x6FF1))).ok
    reader.ask_sam("00FA0300", b"still hashed: SELECT carried no data")
    assert reader.protected(apdu("00B0000010")).ok
    assert ask(reader.sam, "00FA0300", b"no more") == "6985"


def test_deciphering_asks_for_whole_blocks() -> None:
    reader = a_session()
    reader.ask_sam("00FA050000")
    assert reader.protected(apdu("00A40000", file_id(0x6FF4))).ok
    sealed = reader.ask_sam("00F30000", bytes(apdu("00B0000007")))
    answer = reader.card.transmit(CommandApdu.from_bytes(sealed))
    assert ask(reader.sam, "00F40000", bytes(answer)) == "6700"


def test_a_signature_object_of_another_chip_is_bad() -> None:
    reader = a_session()
    signature = reader.read(0x6FF6)
    assert signature[72:] == SERIAL
    reader.ask_sam("00FA000000")
    reader.ask_sam("00FA0600", signature[:72] + bytes(8))
    assert reader.ask_sam("00FA040000") == b"\x00\x01"


def test_a_reset_of_the_slot_asks_for_open_again() -> None:
    sam = a_sam()
    channel: CardChannel = SamCardChannel(sam)
    assert channel.transmit(apdu("00FF000000")) == ResponseApdu(b"", 0x9000)
    channel.reset()
    assert channel.transmit(apdu("00FF000000")).sw == 0x6985


def test_the_atr_has_a_right_checksum() -> None:
    atr = SamCardChannel(a_sam()).atr()
    assert atr[0] == 0x3B
    assert len(atr) == 3 + (atr[1] & 0x0F) + 1
    assert functools.reduce(operator.xor, atr[1:]) == 0


def test_keys_of_another_kind_are_a_mistake() -> None:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    other = ec.derive_private_key(5, ec.SECP384R1()).public_key().public_bytes(*form)
    signer = TrustedSigner(key_id=bytes(8), public_key=other)
    good = {"master_keys": {1: MASTER}, "open_secret": OPEN_SECRET}
    for wrong in (
        {"master_keys": {1: MASTER[:16]}},
        {"open_secret": b"short"},
        {"serial": b"short"},
        {"signers": [signer]},
    ):
        with pytest.raises(ValueError, match=r"has|have|P-256"):
            SimulatedSam(**{**good, **wrong})  # type: ignore[arg-type]


def test_no_key_shows_itself() -> None:
    assert repr(a_sam()) == "SimulatedSam(0000000000000000)"


def test_a_session_that_is_not_yet_proved_wraps_nothing() -> None:
    sam = a_sam()
    assert ask(sam, "00F10001", TOKEN_REQUEST) == "9000"
    for text in ("00F30000", "00F40000", "00FA0000"):
        assert ask(sam, text, bytes.fromhex("00A40000026FF1")) == "6985"


def the_cards_end() -> tuple[ReaderMessaging, SecureMessaging]:
    """A reader's and a card's end of one session, without either of them."""
    counter, seed = bytes(8), bytes(range(16))
    return ReaderMessaging(seed, counter), SecureMessaging(TdesCbcMac.from_seed(seed), counter)


@pytest.mark.parametrize(
    "objects",
    [
        "99026A82",
        "9901 90",
        "9902",
        "8701",
        "99029000 9701 10",
        "8709 02 0000000000000000 99029000",
        "8709 01 0000000000000000 99029000",
        "8708 01 00000000000000 99029000",
    ],
)
def test_a_well_sealed_answer_must_make_sense(objects: str) -> None:
    reader, card = the_cards_end()
    body = bytes.fromhex(objects)
    checksum = card._checksum(card._advance(), body)
    with pytest.raises(ValueError, match=r"\w"):
        reader.unwrap(ResponseApdu(body + b"\x8e\x08" + checksum, 0x9000))


def test_what_the_card_seals_the_reader_opens() -> None:
    reader, card = the_cards_end()
    for data, sw in ((b"", 0x6A82), (b"1234567", 0x9000), (b"12345678", 0x9000)):
        assert reader.unwrap(card.seal_response(ResponseApdu(data, sw))) == ResponseApdu(data, sw)
