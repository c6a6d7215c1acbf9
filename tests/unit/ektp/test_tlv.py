"""BER-TLV: all length forms there and back; hostile objects end in `ValueError` and soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.tlv import Tlv, decode_tlv, find_tlv


def _is_tag(tag: int) -> bool:
    raw = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    if raw[0] & 0x1F != 0x1F:
        return len(raw) == 1
    return 1 < len(raw) <= 3 and all(b & 0x80 for b in raw[1:-1]) and not raw[-1] & 0x80


TAGS = st.integers(1, 0xFFFFFF).filter(_is_tag) | st.sampled_from([0x80, 0x7F49, 0x5F2E, 0x9F7F])
LENGTHS = st.sampled_from([0, 1, 127, 128, 255, 256, 65535, 65536])
OBJECTS = st.builds(Tlv, TAGS, st.binary(max_size=40) | LENGTHS.map(bytes))


@given(st.lists(OBJECTS, max_size=5))
def test_objects_read_back(objects: list[Tlv]) -> None:
    assert list(decode_tlv(b"".join(bytes(item) for item in objects))) == objects


@pytest.mark.parametrize(
    ("length", "coded"),
    [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100"), (65536, "83010000")],
)
def test_lengths_are_coded_in_the_fewest_bytes(length: int, coded: str) -> None:
    assert bytes(Tlv(0x80, bytes(length)))[1:].hex().startswith(coded)


@given(OBJECTS, st.data())
def test_a_cut_object_is_refused(item: Tlv, data: st.DataObject) -> None:
    raw = bytes(item)
    cut = data.draw(st.integers(1, len(raw) - 1))
    with pytest.raises(ValueError, match=r"."):
        list(decode_tlv(raw[:cut]))


@pytest.mark.parametrize(
    "raw",
    [
        "30800000",  # indefinite
        "3084000000010a",  # a length of four bytes
        "1f",  # a tag that goes on
        "1f81",
        "1f818101" + "00",  # a tag of four bytes
        "3005aabb",
        "30",
        "3081",
        "308201",
        "30ff" + "00" * 200,
    ],
)
def test_hostile_objects_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(decode_tlv(bytes.fromhex(raw)))


@given(st.binary(max_size=200))
def test_any_bytes_are_objects_or_refused(raw: bytes) -> None:
    try:
        objects = list(decode_tlv(raw))
    except ValueError:
        return
    assert sum(len(item.value) for item in objects) <= len(raw)


@given(OBJECTS, OBJECTS)
def test_a_path_leads_to_the_first_of_its_tags(first: Tlv, second: Tlv) -> None:
    raw = bytes(Tlv(0x30, bytes(first) + bytes(second)))
    assert find_tlv(raw, 0x30, first.tag) == first.value
    assert find_tlv(raw, 0x31) is None
    assert find_tlv(raw) == raw
