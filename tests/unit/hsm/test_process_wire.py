"""The wire to a key process: every value comes as it went, and nothing else is read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.perso import ChipKeyPair, ChipKeyUse
from ektp.ports import DocumentSignature, KeyInfo, SealedKeySet, SecurityObject, TrustedSigner
from hsm._process_wire import EndOfWire, Wire, WireMalformed, decode, encode
from hsm.sam_issue import SamIssue

SIGNER = TrustedSigner(key_id=b"12345678", public_key=b"spki", facts={"label": "DS-1"})
RECORDS = [
    CommandApdu(0x84, 0xD6, 0x01, 0x02, b"data", 256),
    CommandApdu(0x00, 0xB0, le=65536),
    ResponseApdu(b"answer", 0x9000),
    DocumentSignature(r_s=bytes(64), key_id=bytes(8)),
    SecurityObject(content=b"\x77", key_id=bytes(8)),
    SealedKeySet(version=0x31, body=b"body", check_values=(b"123", b"456", b"789")),
    ChipKeyPair(use=ChipKeyUse.CHIP_AUTHENTICATION, public_key=b"spki", handle=b"sealed"),
    KeyInfo(label="DS-1", kind="EC", use="sign", left=3, inside=False),
    SIGNER,
    SamIssue(read_master_key=bytes(32), read_master_version=1, open_secret=b"s", signers=(SIGNER,)),
]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.binary()
    | st.sampled_from(RECORDS),
    lambda inner: (
        st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(0, 99), inner)
    ),
    max_leaves=12,
)


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Wire]]:
    one, other = (Wire(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


# --- refused -------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_what_is_no_value_is_refused(raw: bytes) -> None:
    try:
        value = decode(raw)
    except WireMalformed:
        return
    assert encode(value)[:1] == raw[:1]


@given(PLAIN, st.data())
def test_a_cut_value_is_refused(value: object, data: st.DataObject) -> None:
    raw = encode(value)
    length = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(WireMalformed):
        decode(raw[:length])
    with pytest.raises(WireMalformed):
        decode(raw + b"N")


@pytest.mark.parametrize(
    "raw",
    [
        b"?" + bytes(8),
        b"s" + b"\x7f" * 8,
        b"b" + b"\xff" * 8,
        b"t" + (2).to_bytes(8, "big") + b"\xff\xff",
        b"r" + bytes(8) + b"t" + (7).to_bytes(8, "big") + b"Unknown",
        b"r" + (1).to_bytes(8, "big") + encode("KeyInfo") + b"N",
        b"r" + (2).to_bytes(8, "big") + encode("CommandApdu") + encode(999) + encode(1),
        (b"s" + (1).to_bytes(8, "big")) * 40 + b"N",
    ],
)
def test_a_value_that_cannot_be(raw: bytes) -> None:
    with pytest.raises(WireMalformed):
        decode(raw + bytes(64))


@pytest.mark.parametrize("value", [1.5, object(), {1, 2}, Exception("text"), [object()]])
def test_what_has_no_place_on_the_wire(value: object) -> None:
    with pytest.raises(TypeError, match="no place"):
        encode(value)


def test_an_integer_of_more_than_64_bits_has_none() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        encode(2**63)


def test_a_frame_that_is_too_long(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    with pytest.raises(ValueError, match="more than"):
        one.send(bytes((1 << 24) + 1), 1.0)
    one._end.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(WireMalformed):
        other.receive(1.0)


def test_a_silent_end_is_waited_for_no_longer_than_asked(ends: tuple[Wire, Wire]) -> None:
    with pytest.raises(TimeoutError):
        ends[0].receive(0.05)


def test_an_end_that_takes_nothing_is_not_waited_for(ends: tuple[Wire, Wire]) -> None:
    with pytest.raises(TimeoutError):
        ends[0].send(bytes(1 << 23), 0.05)


def test_a_closed_end(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    other.close()
    assert not other.open
    with pytest.raises(EndOfWire):
        one.receive(1.0)
    with pytest.raises(EndOfWire):
        one.send(b"", 1.0)


# --- done ----------------------------------------------------------------------------------------


@given(PLAIN)
def test_every_value_comes_as_it_went(value: object) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_keep_their_types(record: object) -> None:
    came = decode(encode(record))
    assert came == record
    assert type(came) is type(record)
    assert [type(getattr(came, name)) for name in type(record).__slots__] == [  # type: ignore[attr-defined]
        type(getattr(record, name))
        for name in type(record).__slots__  # type: ignore[attr-defined]
    ]


def test_frames_come_one_by_one_whatever_the_pieces(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    values = [b"x" * size for size in (0, 1, 70_000, 3, 1 << 20)]

    def send_all() -> None:
        for value in values:
            one.send(value, 10.0)

    sender = threading.Thread(target=send_all)
    sender.start()
    assert [other.receive(10.0) for _ in values] == values
    sender.join()
