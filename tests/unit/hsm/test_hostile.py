"""Signature files made to hurt: refused quickly, in little memory, with the right error only."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ektp.errors import EnvelopeNotForUs, EnvelopeSignatureInvalid
from hsm.envelope import Refusal, open_enveloped, verify_detached
from tests.unit.hsm.builders import (
    LINES,
    NOW,
    SITE,
    Recipe,
    RsaKeyInHand,
    address,
    approver,
    enveloped,
    rsa_key,
    signed,
    written,
)

GOOD = approver()
RSA = approver("rsa", rsa_key("rsa"))
OURS = approver("ours", rsa_key("ours"))
KEY = RsaKeyInHand(OURS)
SIGNATURE = signed(LINES, GOOD)
ENVELOPE = enveloped(signed(LINES, GOOD, Recipe(extra=address()), detached=False), OURS.der)


@contextmanager
def bounded(seconds: float = 1.0, bytes_in_all: int = 8 << 20) -> Iterator[None]:
    """Little time and little memory."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        spent = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < seconds
    assert peak < bytes_in_all


def check_detached(folder: Path, signature: bytes) -> None:
    data, beside = written(folder, LINES, signature)
    verify_detached(data, beside, [GOOD.der, RSA.der], NOW)


def check_enveloped(folder: Path, raw: bytes) -> None:
    path = folder / "prr.jsonl.p7m"
    path.write_bytes(raw)
    open_enveloped(path, key=KEY, trusted=[GOOD.der], site=SITE, last_sequence=lambda _: 0, now=NOW)


def accepted(check: Callable[[Path, bytes], None], folder: Path, raw: bytes) -> bool:
    try:
        check(folder, raw)
    except (EnvelopeSignatureInvalid, EnvelopeNotForUs):
        return False
    return True


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(attributes=False), Recipe(by_key_id=True)])
@pytest.mark.parametrize("by", [GOOD, RSA], ids=["ECDSA", "RSA-PSS"])
def test_no_flipped_bit_is_taken(tmp_path: Path, by: object, recipe: Recipe) -> None:
    good = signed(LINES, by, recipe)  # type: ignore[arg-type]
    check_detached(tmp_path, good)
    version_at = good.index(b"\x02\x01") + 2
    taken = []
    # Every byte of the plainest kind; of the others those that are made otherwise, and some.
    step = 1 if by is GOOD and recipe == Recipe() else 12
    for at in range(0, len(good), step):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        if accepted(check_detached, tmp_path, bytes(bad)):
            taken.append(at)
    # The version of SignedData binds nothing and is covered by nothing.
    assert set(taken) <= {version_at}


@pytest.mark.slow
def test_no_flipped_bit_of_all_is_taken(tmp_path: Path) -> None:
    version_at = SIGNATURE.index(b"\x02\x01") + 2
    taken = []
    for bit in range(8 * len(SIGNATURE)):
        bad = bytearray(SIGNATURE)
        bad[bit // 8] ^= 1 << bit % 8
        if accepted(check_detached, tmp_path, bytes(bad)):
            taken.append(bit // 8)
    assert set(taken) <= {version_at}


def test_no_cut_signature_is_taken(tmp_path: Path) -> None:
    for length in range(0, len(SIGNATURE), 5):
        assert not accepted(check_detached, tmp_path, SIGNATURE[:length])


@pytest.mark.parametrize("behind", [b"\x00", b"\x00\x00", b"\n", SIGNATURE])
def test_nothing_may_stand_behind(tmp_path: Path, behind: bytes) -> None:
    with pytest.raises(EnvelopeSignatureInvalid, match="behind"):
        check_detached(tmp_path, SIGNATURE + behind)


HOSTILE = {
    "nothing": b"",
    "one byte": b"\x30",
    "length of 4 GiB": b"\x30\x84\xff\xff\xff\xff",
    "length of 2^64": b"\x30\x88" + b"\xff" * 8 + b"\x06",
    "length of 126 octets": b"\x30\xfe" + b"\xff" * 126,
    "reserved length": b"\x30\xff" + b"\x00" * 127,
    "open for ever": b"\x30\x80" * 50_000,
    "nested": b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0\x80" * 50_000,
    "nested in an element": b"\x30\x80" + b"\x24\x80" * 50_000,
    "primitive and indefinite": b"\x30\x80\x06\x80\x00\x00",
    "long tag": b"\x30\x80\x1f\xff\xff\xff\xff\x7f\x00",
    "endless identifier": b"\x30\x80\x06\x84\x00\x01\x00\x00" + b"\x80" * 65_536,
    "ends only": b"\x00\x00" * 1_000,
    "zeros": bytes(100_000),
    "text": b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n",
    "chance": os.urandom(5_000),
    "child longer than its parent": b"\x30\x03\x06\x7f\x00" + bytes(200),
    "many small elements": b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"
    b"\x02\x01\x01\x31\x83\x01\x00\x00" + b"\x05\x00" * 0x8000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("check", [check_detached, check_enveloped])
def test_hostile_bytes(tmp_path: Path, check: Callable[[Path, bytes], None], raw: bytes) -> None:
    with bounded(), pytest.raises(EnvelopeSignatureInvalid) as caught:
        check(tmp_path, raw)
    assert caught.value.facts["reason"] == Refusal.MALFORMED


def test_a_signature_file_of_many_gigabytes_is_not_read(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, SIGNATURE)
    os.truncate(beside, 1 << 36)
    with bounded(), pytest.raises(EnvelopeSignatureInvalid, match="too large"):
        verify_detached(data, beside, [GOOD.der], NOW)


def test_recipients_without_end_are_not_read(tmp_path: Path) -> None:
    """The set of recipients claims 64 GiB, and the file has them."""
    head = bytes.fromhex("3080 06092a864886f70d010703 a080 3080 020100 3185 1000000000")
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(head)
    os.truncate(path, 1 << 36)
    with bounded(), pytest.raises(EnvelopeSignatureInvalid):
        open_enveloped(
            path, key=KEY, trusted=[GOOD.der], site=SITE, last_sequence=lambda _: 0, now=NOW
        )


@pytest.mark.parametrize("segment", [b"\x04\x01x", b"\x04\x00", b"\x24\x00", b"\x24\x80\x00\x00"])
def test_a_content_in_tiny_segments_is_not_read_to_its_end(tmp_path: Path, segment: bytes) -> None:
    head = _indefinite_down_to(ENVELOPE[: ENVELOPE.rindex(b"\x80\x82")])
    raw = head + b"\xa0\x80" + segment * 2_000_000 + b"\x00\x00" * 5
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(raw)
    told: list[int] = []
    with bounded(), pytest.raises(EnvelopeSignatureInvalid) as caught:
        open_enveloped(
            path,
            key=KEY,
            trusted=[GOOD.der],
            site=SITE,
            last_sequence=lambda _: 0,
            now=NOW,
            on_progress=lambda done, _: told.append(done),
        )
    assert caught.value.facts["reason"] == Refusal.CONTENT
    assert told[-1] <= 1 << 18


def _indefinite_down_to(head: bytes) -> bytes:
    """The head of `ENVELOPE` with the elements around its content left open."""
    out, at = b"", 0
    opened = 0
    while at < len(head):
        tag, first, size = head[at], head[at + 1], 0
        start = at
        at += 2
        if first > 0x80:
            size = first & 0x7F
            first = int.from_bytes(head[at : at + size], "big")
            at += size
        if at + first > len(head) and tag & 0x20:
            out += bytes((tag, 0x80))
            opened += 1
            continue
        at += first
        out += head[start:at]
    assert opened == 4
    return out


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=300))
def test_chance_never_passes_and_never_breaks(tmp_path: Path, raw: bytes) -> None:
    assert not accepted(check_detached, tmp_path, raw)
    assert not accepted(check_enveloped, tmp_path, raw)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_edited_signatures_never_pass_unless_they_mean_the_same(
    tmp_path: Path, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(SIGNATURE)))
    length = data.draw(st.integers(0, 40))
    patch = data.draw(st.binary(max_size=40))
    edited = SIGNATURE[:start] + patch + SIGNATURE[start + length :]
    version_at = SIGNATURE.index(b"\x02\x01") + 2
    same = edited[:version_at] + b"\x01" + edited[version_at + 1 :] == SIGNATURE
    assert not accepted(check_detached, tmp_path, edited) or same
