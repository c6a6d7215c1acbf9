"""The model of the air, held to sums made by hand from ISO/IEC 14443-3 and -4."""

from __future__ import annotations

import pytest

from benchmarks.radio import BIT_RATES, CARRIER_HZ, RadioLink, Signalling

A, B = Signalling.A, Signalling.B


@pytest.mark.parametrize(
    ("kbit_s", "frame_bytes", "egt_etu"), [(105, 256, 0), (106, 3, 0), (106, 256, -1)]
)
def test_links_that_cannot_be(kbit_s: int, frame_bytes: int, egt_etu: int) -> None:
    with pytest.raises(ValueError, match="ISO/IEC 14443"):
        RadioLink(signalling=B, kbit_s=kbit_s, frame_bytes=frame_bytes, egt_etu=egt_etu)


def test_an_exchange_of_one_block_each_way() -> None:
    link = RadioLink(signalling=A, kbit_s=106)
    assert list(link.frames(16, 10)) == [(True, 19), (False, 13)]


@pytest.mark.parametrize(
    ("command", "answer", "frames"),
    [
        # 253 bytes fill a block of a frame of 256; one more needs another, after an R(ACK).
        (253, 2, [(True, 256), (False, 5)]),
        (254, 10, [(True, 256), (False, 3), (True, 4), (False, 13)]),
        (5, 258, [(True, 8), (False, 256), (True, 3), (False, 8)]),
        (
            600,
            2,
            [(True, 256), (False, 3), (True, 256), (False, 3), (True, 97), (False, 5)],
        ),
    ],
)
def test_a_long_apdu_is_chained(command: int, answer: int, frames: list[tuple[bool, int]]) -> None:
    assert list(RadioLink(signalling=A, kbit_s=848).frames(command, answer)) == frames


def test_small_frames_of_a_card() -> None:
    link = RadioLink(signalling=A, kbit_s=106, frame_bytes=64)
    assert [length for reader, length in link.frames(122, 2) if reader] == [64, 64]


@pytest.mark.parametrize(
    ("signalling", "kbit_s", "periods"),
    [
        # Type A: (1 + 9 x 19 + 2) + (1 + 9 x 13 + 1) = 174 + 119 bits, and twice 1172.
        (A, 106, 293 * 128 + 2344),
        (A, 424, 293 * 32 + 2344),
        (A, 848, 293 * 16 + 2344),
        # Type B: (12 + 190 + 10) + (12 + 130 + 10) = 212 + 152 etu; 144/fs; 10 etu and 32/fs.
        (B, 106, 364 * 128 + 2304 + 1792),
        (B, 848, 364 * 16 + 2304 + 1792),
    ],
)
def test_the_time_of_an_exchange(signalling: Signalling, kbit_s: int, periods: int) -> None:
    link = RadioLink(signalling=signalling, kbit_s=kbit_s)
    assert link.periods(16, 10) == periods
    assert link.seconds([(16, 10)] * 3) == 3 * periods / CARRIER_HZ


def test_guard_time_is_for_each_character() -> None:
    bare = RadioLink(signalling=B, kbit_s=106).periods(16, 10)
    with_guard = RadioLink(signalling=B, kbit_s=106, egt_etu=2).periods(16, 10)
    assert with_guard - bare == 2 * (19 + 13) * 128


def test_the_bare_bits() -> None:
    # 1,000 bytes at fc/128 are 8,000 bits of 9.44 us.
    assert RadioLink(signalling=A, kbit_s=106).bare_seconds(1000) == pytest.approx(0.0755162, 1e-5)
    assert [CARRIER_HZ // periods // 1000 for periods in BIT_RATES.values()] == [105, 211, 423, 847]
