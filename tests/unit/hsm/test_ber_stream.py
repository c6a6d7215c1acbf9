"""The streaming reader of BER and the elements it is made of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from hsm._asn1 import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    Malformed,
    der,
    der_integer,
    der_oid,
    der_set,
    parse,
)
from hsm._ber_stream import BerStream
from hsm._certificate_names import issuer_and_serial
from tests.unit.hsm.builders import as_ber


def chunked(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


def stream(raw: bytes | str, size: int = 7) -> BerStream:
    return BerStream(chunked(bytes.fromhex(raw) if isinstance(raw, str) else raw, size))


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "30",
        "3081",
        "300102",
        "0000",
        "3080",
        "3080020100",
        "30800000ff",
        "3080ff0000",
        "04800000",
        "1f0100",
        "3089000000000000000001",
        "30ff",
        "3002020100",
    ],
)
def test_what_is_no_element(raw: str) -> None:
    with pytest.raises(Malformed):
        [child.integer() for child in parse(bytes.fromhex(raw)).children()]
    with pytest.raises(Malformed):
        walk_one_and_its_integers(stream(raw))


def walk_one_and_its_integers(walk: BerStream) -> None:
    walk.enter(SEQUENCE)
    while walk.peek() is not None:
        walk.element(100).integer()
    walk.leave()
    if walk.peek() is not None:
        raise Malformed("behind")


@pytest.mark.parametrize(
    "raw", ["0200", "02020001", "0202ffff", "0202007f", "0202ff80", "040101", "0101ff"]
)
def test_what_is_no_integer(raw: str) -> None:
    with pytest.raises(Malformed):
        parse(bytes.fromhex(raw)).integer()


@pytest.mark.parametrize(
    "raw", ["0600", "060180", "06032a8688", "0602802a", "0621" + "2a" * 33, "0500"]
)
def test_what_is_no_object_identifier(raw: str) -> None:
    element = Element(int(raw[:2], 16), bytes.fromhex(raw)[2:], b"")
    with pytest.raises(Malformed):
        element.oid()


def test_an_element_with_too_many_children() -> None:
    with pytest.raises(Malformed, match="too many"):
        parse(der(SEQUENCE, b"\x05\x00" * 1025)).children()


def test_a_primitive_has_no_children() -> None:
    with pytest.raises(Malformed):
        parse(b"\x04\x00").children()


def test_parts_are_counted() -> None:
    pair = parse(bytes.fromhex("3006020101020102"))
    assert len(pair.parts(SEQUENCE, 2)) == 2
    for least, most in ((3, None), (1, None), (0, 1), (3, 4)):
        with pytest.raises(Malformed):
            pair.parts(SEQUENCE, least, most)
    with pytest.raises(Malformed):
        pair.parts(SET, 2)


@pytest.mark.parametrize(
    "raw", ["300302020101", "30010400", "30800202010000", "30060204010203040500"]
)
def test_entering_does_not_allow_a_child_to_reach_out(raw: str) -> None:
    with pytest.raises(Malformed):
        walk_one_and_its_integers(stream(raw))


def test_an_end_outside_of_its_parent() -> None:
    """An indefinite element whose end stands behind the definite one that holds it."""
    walk = stream("3005 3080 020101 0000".replace(" ", ""))
    walk.enter(SEQUENCE)
    with pytest.raises(Malformed):
        walk_one_and_its_integers(walk)


def test_leaving_too_early() -> None:
    walk = stream("3006020101020102")
    walk.enter(SEQUENCE)
    walk.element(10)
    with pytest.raises(Malformed, match="more than it should"):
        walk.leave()


@pytest.mark.parametrize("raw", ["040100", "310100"])
def test_entering_something_else(raw: str) -> None:
    with pytest.raises(Malformed):
        stream(raw).enter(SEQUENCE)


def test_entering_too_deep() -> None:
    walk = stream(b"\x30\x80" * 100)
    for _ in range(32):
        walk.enter(SEQUENCE)
    with pytest.raises(Malformed, match="deeply"):
        walk.enter(SEQUENCE)


@pytest.mark.parametrize(
    "raw", [b"\x04\x82\x03\xe9" + bytes(1001), b"\x30\x80" + b"\x05\x00" * 600]
)
def test_an_element_over_its_limit(raw: bytes) -> None:
    with pytest.raises(Malformed):
        stream(raw + bytes(8)).element(1000)


def test_an_element_nested_too_deep() -> None:
    with pytest.raises(Malformed):
        stream(b"\x30\x80" * 40 + b"\x00\x00" * 40).element(1000)
    with pytest.raises(Malformed):
        parse(b"\x30\x80" * 40 + b"\x00\x00" * 40)


@pytest.mark.parametrize(
    "raw",
    ["0403", "04030102", "2480040101", "248002010100 00", "24050404010203", "3000", "2480" * 6],
)
def test_octets_that_are_none(raw: str) -> None:
    with pytest.raises(Malformed):
        list(stream(raw.replace(" ", "")).octets(OCTET_STRING))


# --- read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_walk(size: int) -> None:
    walk = stream("3080 020105 a003 040161 2480 040162 2403040163 0000 0000".replace(" ", ""), size)
    walk.enter(SEQUENCE)
    assert walk.peek() == INTEGER
    assert walk.element(10).integer() == 5
    walk.enter(0xA0)
    assert b"".join(walk.octets(OCTET_STRING)) == b"a"
    assert walk.peek() is None
    walk.leave()
    assert b"".join(walk.octets(OCTET_STRING)) == b"bc"
    walk.leave()
    assert walk.peek() is None
    assert walk.offset == 24


@pytest.mark.parametrize("size", [1, 5, 1 << 16])
def test_an_indefinite_element_is_kept_as_it_stood(size: int) -> None:
    raw = bytes.fromhex("30803080020101000004020000 0000".replace(" ", ""))
    element = stream(raw + b"\x05\x00", size).element(100)
    assert element.raw == raw
    inner, octets = element.children()
    assert inner.children()[0].integer() == 1
    assert octets.octets() == bytes(2)


@given(content=st.binary(max_size=5000), size=st.integers(1, 700), segment=st.integers(1, 900))
def test_octets_however_they_are_cut(content: bytes, size: int, segment: int) -> None:
    raw = as_ber(der(OCTET_STRING, content), 1, segment)
    walk = stream(raw, size)
    assert b"".join(walk.octets(OCTET_STRING)) == content
    assert walk.peek() is None
    if raw[0] == 0x24:
        assert len(parse(raw).content) == len(raw) - 4


@given(raw=st.binary(max_size=200), size=st.integers(1, 50))
def test_stream_and_parser_agree(raw: bytes, size: int) -> None:
    def streamed() -> Element:
        walk = stream(raw, size)
        element = walk.element(1000)
        if walk.peek() is not None:
            raise Malformed("behind")
        return element

    results = []
    for read in (lambda: parse(raw), streamed):
        try:
            results.append(read().raw)
        except Malformed:
            results.append(None)
    assert results[0] == results[1]


@given(number=st.integers(0, 1 << 80))
def test_integers_as_asn1crypto_writes_them(number: int) -> None:
    assert der_integer(number) == core.Integer(number).dump()
    assert parse(der_integer(number)).integer() == number
    assert parse(core.Integer(-number).dump()).integer() == -number


@given(arcs=st.lists(st.integers(0, 1 << 20), max_size=6), top=st.integers(0, 2))
def test_identifiers_as_asn1crypto_writes_them(arcs: list[int], top: int) -> None:
    dotted = ".".join(str(arc) for arc in (top, 39, *arcs))
    assert der_oid(dotted) == core.ObjectIdentifier(dotted).dump()
    assert parse(der_oid(dotted)).oid() == dotted


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 70_000])
def test_lengths_are_shortest(length: int) -> None:
    assert der(OCTET_STRING, bytes(length)) == core.OctetString(bytes(length)).dump()


def test_a_set_is_sorted() -> None:
    assert der_set(SET, b"\x02\x01\x02", b"\x02\x01\x01").hex() == "3106020101020102"


def test_elements_do_not_show_their_content() -> None:
    assert repr(parse(b"\x04\x02hi")) == "Element(tag=4)"


def test_a_certificate_without_a_version_is_named_too() -> None:
    """X.509 version 1 leaves the field away."""
    issuer = der(SEQUENCE)
    rest = der(SEQUENCE)
    body = der(SEQUENCE, der_integer(77), rest, issuer, rest, rest, rest)
    certificate = der(SEQUENCE, body, rest, der(0x03, b"\x00"))
    assert issuer_and_serial(certificate) == (issuer, 77)
