"""Frames between a reader's user and its worker: any cut of the stream, and none that is absurd."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printers.readers.frames import Answer, Frame, FrameBroken, FrameReader, Request, encode

FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=6)


def in_pieces(stream: bytes, sizes: list[int]) -> Callable[[int], bytes]:
    """Gives a stream in pieces of these sizes, then the rest, then its end."""
    rest = [stream]
    left = list(sizes)

    def receive(most: int) -> bytes:
        size = min(most, left.pop(0) if left else most)
        piece, rest[0] = rest[0][:size], rest[0][size:]
        return piece

    return receive


@given(frames=FRAMES, sizes=st.lists(st.integers(1, 40)))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(encode(kind, body) for kind, body in frames)
    reader = FrameReader(in_pieces(stream, sizes))
    assert [reader.read() for _ in frames] == [Frame(kind, body) for kind, body in frames]
    with pytest.raises(FrameBroken, match="gone"):
        reader.read()


def test_the_longest_extended_apdu_fits() -> None:
    longest = bytes(4 + 3 + 65535 + 2)
    reader = FrameReader(in_pieces(encode(Request.TRANSMIT, longest), []))
    assert reader.read() == Frame(Request.TRANSMIT, longest)


@pytest.mark.parametrize("length", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x02\x00\x01"])
def test_an_absurd_length_is_refused_before_anything_is_waited_for(length: bytes) -> None:
    with pytest.raises(FrameBroken, match="length"):
        FrameReader(in_pieces(length + b"\x00", [])).read()


def test_a_stream_that_ends_in_a_frame_is_broken() -> None:
    with pytest.raises(FrameBroken, match="gone"):
        FrameReader(in_pieces(encode(Answer.DONE, b"abc")[:-1], [])).read()


def test_what_came_before_a_time_out_is_kept() -> None:
    pieces: list[bytes | None] = [b"\x00\x00", None, b"\x00\x02\x05", b"!"]

    def receive(_: int) -> bytes:
        piece = pieces.pop(0)
        if piece is None:
            raise TimeoutError
        return piece

    reader = FrameReader(receive)
    with pytest.raises(TimeoutError):
        reader.read()
    assert reader.read() == Frame(5, b"!")


def test_a_body_that_is_no_apdu_any_more_is_not_sent() -> None:
    with pytest.raises(ValueError, match="one APDU"):
        encode(Request.TRANSMIT, bytes(0x20000))
