"""Files of every length, read whole without ever reading past their end."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ektp.chip_profiles import KTP_EL, ElementaryFile
from inspection.faults import ChipFault
from inspection.reader import PLAIN_CHUNK, SECURED_CHUNK, read_whole

PLAIN, ENCIPHERED = KTP_EL.file("photo"), KTP_EL.file("signature_image")
BARE = KTP_EL.file("digital_signature")


class Store:
    """A file that fails the test when it is read out of blocks, and notes reads past its end."""

    def __init__(self, content: bytes, block: int) -> None:
        self.content, self.block, self.reads, self.past_end = content, block, 0, False

    def __call__(self, offset: int, count: int) -> bytes:
        if offset >= len(self.content):
            self.past_end = True
            raise ChipFault("6B00")
        assert not count % self.block
        assert not offset % self.block
        self.reads += 1
        return self.content[offset : offset + count]


def stored(file: ElementaryFile, length: int) -> bytes:
    content = length.to_bytes(2, "big") + b"\xa5" * length
    return content + bytes(-len(content) % 8) if file.enciphered else content


@pytest.mark.parametrize(
    ("file", "chunk", "block"),
    [(PLAIN, PLAIN_CHUNK, 1), (KTP_EL.file("biodata"), SECURED_CHUNK, 1), (ENCIPHERED, 208, 8)],
    ids=["plain", "secured", "enciphered"],
)
def test_every_length_reads_whole(file: ElementaryFile, chunk: int, block: int) -> None:
    for length in range(file.size_bytes - 1):
        store = Store(stored(file, length), block)
        assert read_whole(file, store, chunk) == store.content
        assert not store.past_end
        assert store.reads <= len(store.content) // chunk + 3


def test_a_file_without_length_is_as_long_as_the_profile_says() -> None:
    assert read_whole(BARE, Store(bytes(80), 1), SECURED_CHUNK) == bytes(80)
    for length in (1, 79, 81, 88, 400):
        with pytest.raises(ChipFault):
            read_whole(BARE, Store(bytes(length), 1), SECURED_CHUNK)


@example(announced=719, length=720, secured=False)
@example(announced=415, length=416, secured=True)
@given(announced=st.integers(0, 0xFFFF), length=st.integers(1, 6000), secured=st.booleans())
def test_a_file_of_another_length_than_it_says_never_reads(
    announced: int, length: int, *, secured: bool
) -> None:
    chunk = SECURED_CHUNK if secured else PLAIN_CHUNK
    content = (announced.to_bytes(2, "big") + bytes(length))[:length]
    store = Store(content, 1)
    if length == 2 + announced <= PLAIN.size_bytes:
        assert read_whole(PLAIN, store, chunk) == content
    else:
        with pytest.raises(ChipFault):
            read_whole(PLAIN, store, chunk)


@pytest.mark.parametrize("extra", [1, 2, 8, 300])
def test_bytes_hidden_behind_the_end_are_found(extra: int) -> None:
    for length in range(0, 900, 1):
        for file, chunk in ((PLAIN, PLAIN_CHUNK), (KTP_EL.file("biodata"), SECURED_CHUNK)):
            if length > file.size_bytes - 2:
                continue
            hidden = stored(file, length) + bytes(extra)
            with pytest.raises(ChipFault):
                read_whole(file, Store(hidden, 1), chunk)
