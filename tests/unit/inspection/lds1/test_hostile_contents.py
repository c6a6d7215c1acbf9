"""Hostile contents, without a chip: each ends as an outcome, within a second and 50 MB."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from ektp.cards import Check, CheckOutcome, QaVerdict, Verdict
from ektp.ids import CardSerial
from inspection.lds1.checks import LDS_CHECKS, LDS_CONTENT_CHECKS
from inspection.lds1.doors import AccessProtocol
from inspection.lds1.reading import LdsReading
from inspection.lds1.tlv import encode
from inspection.ledger import Ledger
from tests.integration.lds1 import pki
from tests.integration.lds1.specimens import contents, house_files, house_groups, sod
from tests.unit.inspection.lds1.helpers import der_int, oid, sequence

pytestmark = pytest.mark.slow

FILES = dict(house_files())
SOD = FILES["sod"]
CHECKS = contents()
MIB = 1 << 20
ABSURD = ("84FFFFFFFF", "847FFFFFFF", "88FFFFFFFFFFFFFFFF", "80", "FF", "8101", "830000FF")


def judge(files: Mapping[str, bytes]) -> QaVerdict:
    """What is said of files that were read without a fault."""
    ledger = Ledger({**LDS_CHECKS, **LDS_CONTENT_CHECKS})
    for name in LDS_CHECKS:
        ledger.record(name, CheckOutcome.PASSED)
    reading = LdsReading(
        serial=CardSerial("53504543494D454E"),
        contents=dict(files),
        listed=frozenset(house_groups()),
        access=AccessProtocol.PACE,
        chip_authenticated=True,
        actively_authenticated=True,
    )
    CHECKS(ledger=ledger, reading=reading, expected=None)
    return QaVerdict.of(reading.serial, ledger.checks())


def failed(verdict: QaVerdict) -> set[str]:
    return {check.name for check in verdict.checks if check.outcome is CheckOutcome.FAILED}


@contextmanager
def bounded() -> Iterator[None]:
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        spent = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < 1
    assert peak < 50 * MIB


def test_the_honest_one_is_good() -> None:
    verdict = judge(FILES)
    assert verdict.verdict is Verdict.PASS, verdict.failed


def test_a_security_object_cut_off_anywhere_is_refused() -> None:
    for end in range(0, len(SOD), 3):
        verdict = judge({**FILES, "sod": SOD[:end]})
        assert verdict.verdict is Verdict.FAIL
        assert "passive.structure" in failed(verdict)


def headers(raw: bytes, begin: int, end: int) -> Iterator[int]:
    """The places of all lengths in DER, down to the last."""
    position = begin
    while position < end:
        tag = raw[position]
        size = raw[position + 1]
        start = position + 2 + (size & 0x7F if size & 0x80 else 0)
        length = int.from_bytes(raw[position + 2 : start], "big") if size & 0x80 else size
        yield position + 1
        if tag & 0x20:
            yield from headers(raw, start, start + length)
        position = start + length


PLACES = list(headers(SOD, 0, len(SOD)))


@pytest.mark.parametrize("length", ABSURD)
def test_every_length_of_the_security_object_may_be_absurd(length: str) -> None:
    assert len(PLACES) > 90
    for place in PLACES:
        size = SOD[place]
        end = place + 1 + (size & 0x7F if size & 0x80 else 0)
        hostile = SOD[:place] + bytes.fromhex(length) + SOD[end:]
        verdict = judge({**FILES, "sod": hostile})
        assert verdict.verdict is Verdict.FAIL, place
        assert {name for name in failed(verdict) if name.startswith("passive.")}


@pytest.mark.parametrize("tag", ["30", "31", "A0", "24", "77", "7F61"])
def test_deep_nesting_ends_at_the_first_surprise(tag: str) -> None:
    nested = b""
    for _ in range(8_000):
        nested = encode(int(tag, 16), nested) if len(nested) < 60_000 else nested
    with bounded():
        for name in ("sod", "com", "dg1", "dg2", "dg7", "dg11", "dg12", "dg13", "dg14", "dg15"):
            wrapped = FILES[name][:1] + b"\x82" + len(nested).to_bytes(2, "big") + nested
            assert judge({**FILES, name: wrapped}).verdict is Verdict.FAIL


def large(tag: int, size: int) -> bytes:
    return bytes((tag, 0x84)) + size.to_bytes(4, "big") + b"\x7f" * size


@pytest.mark.parametrize("name", sorted(FILES))
def test_ten_megabytes_are_refused_for_their_size(name: str) -> None:
    content = large(FILES[name][0], 10 * MIB)
    with bounded():
        verdict = judge({**FILES, name: content})
    outcomes = {check.outcome for check in verdict.checks if check.name in verdict.failed}
    assert name == "card_access" or CheckOutcome.FAILED in outcomes


@pytest.mark.parametrize("size", [600, 5_000, 30_000])
def test_integers_that_no_key_has(size: int) -> None:
    number = encode(0x02, b"\x7f" * size)
    modulus = encode(0x03, b"\x00" + sequence(number, der_int(65537)))
    spki = sequence(sequence(oid(bytes.fromhex("2A864886F70D010101")), b"\x05\x00"), modulus)
    certificate = pki.signer(pki.AUTHORITY, pki.SIGNER, body={"key": spki})
    serial = pki.signer(pki.AUTHORITY, pki.SIGNER, body={"serial": number})
    groups = house_groups()
    with bounded():
        for made in (
            sod(groups, certificate=certificate),
            sod(groups, certificate=serial),
            sod(groups, data={"version": number}),
            sod(groups, info={"version": number}),
            sod(groups, content=pki.security_object({}, version=number)),
        ):
            assert judge({**FILES, "sod": made.der()}).verdict is Verdict.FAIL
        key = judge({**FILES, "dg15": encode(0x6F, spki)})
        assert "dg15.key" in failed(key)


@pytest.mark.parametrize(
    "unknown", ["2A0304", "2B", "7F" * 60, "2A864886F70D010101", "00", "FF" * 100]
)
def test_algorithms_that_nobody_knows(unknown: str) -> None:
    algorithm = sequence(oid(bytes.fromhex(unknown)))
    groups = house_groups()
    for changed in (
        {"info": {"algorithm": algorithm}},
        {"info": {"digest": algorithm}},
        {"data": {"digests": encode(0x31, algorithm)}},
        {"content": pki.security_object(pki.hashes_of(groups, "sha384"), algorithm=algorithm)},
        {"certificate": pki.signer(pki.AUTHORITY, pki.SIGNER, body={"algorithm": algorithm})},
    ):
        verdict = judge({**FILES, "sod": sod(groups, **changed).der()})
        assert verdict.verdict is Verdict.FAIL
        assert not any(check.evidence.count(unknown) > 1 for check in verdict.checks)


@pytest.mark.parametrize("name", sorted(set(FILES) - {"card_access"}))
def test_any_bytes_in_the_place_of_a_file(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - it must repeat itself
    for _ in range(120):
        content = bytearray(FILES[name])
        for _ in range(chance.randrange(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        cut = chance.randrange(len(content)) if chance.random() < 0.3 else len(content)
        with_noise = {**FILES, name: bytes(content[:cut])}
        began = time.process_time()
        verdict = judge(with_noise)
        assert time.process_time() - began < 1
        if bytes(content[:cut]) != FILES[name] and name != "card_control":
            assert verdict.verdict is Verdict.FAIL
        assert all(isinstance(check, Check) for check in verdict.checks)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_was_not_read_passes_nothing(name: str) -> None:
    files = {key: content for key, content in FILES.items() if key != name}
    verdict = judge(files)
    assert name in {"card_access", "card_control"} or verdict.verdict is not Verdict.PASS
    assert all(
        check.outcome is not CheckOutcome.PASSED
        for check in verdict.checks
        if check.name.startswith((f"{name}.", f"digest.{name}"))
    )


def test_nothing_at_all() -> None:
    assert judge({}).verdict is Verdict.HOLD


def test_no_evidence_tells_who_the_holder_is() -> None:
    secrets = ("SITI", "CONTOH", "3171015501900000", "900115", "19900115", "C7R4KX2M9", "JAKARTA")
    for broken in ({}, {"dg1": FILES["dg1"][:-1] + b"1"}, {"dg13": FILES["dg13"][:-3]}):
        for check in judge({**FILES, **broken}).checks:
            assert not any(secret in check.evidence for secret in secrets), check.name
