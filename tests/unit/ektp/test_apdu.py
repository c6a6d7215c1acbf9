"""Commands and responses: every case of ISO/IEC 7816-3 there and back, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw

BYTE = st.integers(0, 255)
DATA = st.one_of(
    st.binary(max_size=300), st.sampled_from([b"", b"x" * 255, b"x" * 256, b"x" * 65535])
)
LE = st.one_of(st.none(), st.integers(1, 65536), st.sampled_from([1, 255, 256, 257, 65535, 65536]))


@given(BYTE, BYTE, BYTE, BYTE, DATA, LE)
def test_a_command_reads_back(
    cla: int, ins: int, p1: int, p2: int, data: bytes, le: int | None
) -> None:
    command = CommandApdu(cla, ins, p1, p2, data, le)
    assert CommandApdu.from_bytes(bytes(command)) == command


@pytest.mark.parametrize(
    ("data", "le", "coded"),
    [
        (b"", None, ""),
        (b"", 1, "01"),
        (b"", 256, "00"),
        (b"", 257, "000101"),
        (b"", 65536, "000000"),
        (b"\xaa", None, "01aa"),
        (b"\xaa", 256, "01aa00"),
        (b"\xaa", 257, "000001aa0101"),
        (b"\xaa", 65536, "000001aa0000"),
    ],
)
def test_the_coding_of_the_cases(data: bytes, le: int | None, coded: str) -> None:
    assert bytes(CommandApdu(0, 0xB0, 0, 0, data, le)).hex() == "00b00000" + coded


def test_256_bytes_of_data_need_extended_lengths() -> None:
    assert not CommandApdu(0, 0xD6, data=bytes(255)).extended
    assert CommandApdu(0, 0xD6, data=bytes(256)).extended
    assert bytes(CommandApdu(0, 0xD6, data=bytes(256)))[4:7].hex() == "000100"


@given(st.binary(max_size=400))
@example(b"\x00" * 4 + b"\x00\x00\x00\x00")
@example(b"\x00" * 4 + b"\x05abc")
@example(b"\x00" * 4 + b"\x00\x00\x05abc")
@example(b"\x00" * 4 + b"\x00\x00")
@example(b"\x00" * 3)
def test_any_bytes_are_one_command_or_none(raw: bytes) -> None:
    try:
        command = CommandApdu.from_bytes(raw)
    except ValueError:
        return
    # Extended lengths may be longer than they need be; what is read is the same.
    assert CommandApdu.from_bytes(bytes(command)) == command


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "00a404",
        "00a4040005",
        "00a40400000000",
        "00a4040000000000",
        "00a40400000002aa",
        "00a4040001aa0000",
    ],
)
def test_lengths_that_do_not_add_up_are_refused(raw: str) -> None:
    if raw in {"00a4040005", "00a40400000000"}:
        assert CommandApdu.from_bytes(bytes.fromhex(raw)).le in (5, 65536)
        return
    with pytest.raises(ValueError, match="bytes"):
        CommandApdu.from_bytes(bytes.fromhex(raw))


@pytest.mark.parametrize(
    "arguments",
    [
        (256, 0),
        (0, -1),
        (0, 0, 256),
        (0, 0, 0, 256),
        (0, 0, 0, 0, b"", 0),
        (0, 0, 0, 0, b"", 65537),
    ],
)
def test_what_no_command_can_be_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="is"):
        CommandApdu(*arguments)  # type: ignore[arg-type]


def test_too_much_data_is_refused() -> None:
    with pytest.raises(ValueError, match="Lc"):
        CommandApdu(0, 0, data=bytes(65536))


@given(st.binary(max_size=50), st.integers(0, 65535))
def test_a_response_reads_back(data: bytes, sw: int) -> None:
    response = ResponseApdu(data, sw)
    assert ResponseApdu.from_bytes(bytes(response)) == response
    assert response.ok == (sw == 0x9000)


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_less_than_a_status_word_is_no_response(raw: bytes) -> None:
    with pytest.raises(ValueError, match="status word"):
        ResponseApdu.from_bytes(raw)


def test_neither_shows_its_data() -> None:
    assert "SECRET" not in repr(CommandApdu(0, 0xD6, data=b"SECRET"))
    assert b"SECRET".hex() not in repr(CommandApdu(0, 0xD6, data=b"SECRET")).lower()
    assert repr(ResponseApdu(b"SECRET", 0x9000)) == "ResponseApdu(6 bytes, 9000 OK)"


def test_status_words_are_named_where_they_are_known() -> None:
    assert describe_sw(0x6A82) == "6A82 FILE_NOT_FOUND"
    assert describe_sw(0x6A99) == "6A99"
    assert len({int(word) for word in StatusWord}) == len(StatusWord)
