"""Data objects that lie about their lengths cost nothing and raise nothing else."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from inspection.faults import ChipFault
from inspection.lds1.tlv import data_objects, encode, only, read_header, value_of

GIBIBYTE_LENGTHS = ["6184FFFFFFFF", "61847FFFFFFF00", "6183FFFFFF", "7F4984FFFFFFFF00"]


@pytest.mark.parametrize("raw", GIBIBYTE_LENGTHS)
def test_a_length_of_gigabytes_is_refused_and_costs_nothing(raw: str) -> None:
    tracemalloc.start()
    with pytest.raises(ChipFault):
        data_objects(bytes.fromhex(raw))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize(
    "raw",
    [
        "61", "6180", "61850000000001", "61FF", "618100", "61817F" + "00" * 127, "61820000",
        "61820080", "5F", "5F81", "5FFFFF0100", "6101", "610200", "6100FF", "1F",
    ],
)  # fmt: skip
def test_objects_that_are_not_der_are_refused(raw: str) -> None:
    with pytest.raises(ChipFault):
        data_objects(bytes.fromhex(raw))


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 4000, 65535])
@pytest.mark.parametrize("tag", [0x61, 0x7C, 0x7F49])
def test_what_is_written_is_read(tag: int, length: int) -> None:
    raw = encode(tag, bytes(length))
    assert only(raw, tag) == bytes(length)
    assert data_objects(2 * raw)[1].raw == raw
    header = read_header(raw)
    assert header is not None
    assert header[0] == tag
    for cut in range(header[2]):
        assert read_header(raw[:cut]) is None


def test_one_object_is_one_object() -> None:
    two = encode(0x61, b"a") * 2
    for raw in (b"", two, encode(0x62, b"a")):
        with pytest.raises(ChipFault, match="where 61 belongs"):
            only(raw, 0x61)
    with pytest.raises(ChipFault, match="nothing where"):
        value_of((), 0, 0x61)
    with pytest.raises(ChipFault, match="61 where 30"):
        value_of(data_objects(two), 1, 0x30)


def test_noise_gives_objects_or_a_fault() -> None:
    chance = random.Random(5)  # noqa: S311 - noise
    for _ in range(3000):
        raw = chance.randbytes(chance.randrange(40))
        try:
            found = data_objects(raw)
        except ChipFault:
            continue
        assert b"".join(item.raw for item in found) == raw
