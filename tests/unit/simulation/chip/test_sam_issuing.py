"""Issuing a SAM: through its channel, whole, and never an older package again."""

from __future__ import annotations

from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ektp.apdu import CommandApdu
from ektp.errors import StoreError
from simulation.chip.channel import ChipChannel
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam
from simulation.sam.package import SamPackage

from .channel_host import Host, Keys, sealed
from .script import (
    OPEN_SECRET,
    SamReader,
    Seeded,
    Signer,
    a_closed_chip,
    apdu,
    plain_files,
    send,
    sw,
)
from .test_framing import pieces
from .worked_example import MASTER, SIGNER_KEY_ID

SERIAL = b"EKTPSAM1"
MAKER = MakerKeys.at_random()
KEYS = MAKER.module_key_set(SERIAL)
UNTIL = "20280131"
NO_PACKAGE = SERIAL + bytes(10)


def point(signer: Signer) -> bytes:
    key = load_der_public_key(signer.trusted.public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def package(
    version: int = 1,
    *,
    masters: bytes = b"\x01\x01" + MASTER,
    signers: bytes = b"\x01" + SIGNER_KEY_ID + point(Signer()),
    until: str = UNTIL,
) -> bytes:
    head = version.to_bytes(4, "big") + bytes.fromhex(until) + OPEN_SECRET
    return head + masters + signers


def a_new_sam() -> SimulatedSam:
    return SimulatedSam(serial=SERIAL, transport_keys=KEYS, random=Seeded())


def session(sam: SimulatedSam) -> Host:
    return Host(sam.process, Keys(0x30, KEYS.enc, KEYS.mac, KEYS.dek)).open()


def loading(content: bytes) -> CommandApdu:
    keys = Keys(0x30, KEYS.enc, KEYS.mac, KEYS.dek)
    return CommandApdu(0x80, 0xE8, data=sealed(keys, content))


def load(sam: SimulatedSam, content: bytes, host: Host | None = None) -> int:
    """Load a package through the channel, in a chain; its status word."""
    host = host or session(sam)
    *links, last = pieces(host.wrap(loading(content)))
    for link in links:
        assert sam.process(link).ok
    return host.unwrap(sam.process(last)).sw


def told(sam: SimulatedSam) -> bytes:
    answer = send(sam, "80CADF2000")
    assert answer.ok
    assert answer.data[:3].hex() == "df2012"
    return answer.data[3:]


def opens(sam: SimulatedSam) -> str:
    return sw(sam, "00F00000", OPEN_SECRET)


def test_a_new_module_opens_for_nobody_and_says_that_it_is_empty() -> None:
    sam = a_new_sam()
    assert opens(sam) == "6985"
    assert told(sam) == NO_PACKAGE
    assert send(sam, "00F7000000").data == SERIAL
    assert send(sam, "80CA00E000").data.hex() == "e012c00401308820c00402308820c00403308820"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80E8000010" + "00" * 16, "6982"),
        ("84E8000010" + "00" * 16, "6982"),
        ("80CADF2100", "6A88"),
        ("80CADF200100", "6700"),
        ("80D8308100", "6D00"),
        ("8050310008" + "00" * 8 + "00", "6A88"),
        ("8482330010" + "00" * 16, "6985"),
    ],
)
def test_nothing_is_loaded_outside_the_channel(text: str, expected: str) -> None:
    sam = a_new_sam()
    before = bytes(sam)
    assert sw(sam, text) == expected
    assert bytes(sam) == before


def test_an_issued_module_reads_and_verifies_a_card() -> None:
    sam = a_new_sam()
    assert load(sam, package()) == 0x9000
    assert told(sam) == SERIAL + bytes.fromhex("00000001" + UNTIL + "0101")
    assert opens(sam) == "9000"
    reader = SamReader(ChipChannel(a_closed_chip()), sam)
    reader.authenticate()
    assert reader.read(0x6FF1) == plain_files()[0x6FF1]


@pytest.mark.parametrize("version", [0, 4, 5])
def test_an_older_package_is_refused(version: int) -> None:
    sam = a_new_sam()
    host = session(sam)
    assert load(sam, package(5), host) == 0x9000
    before = bytes(sam)
    assert load(sam, package(version), host) == 0x6985
    assert told(sam)[8:12] == b"\x00\x00\x00\x05"
    assert bytes(sam) == before
    assert load(sam, package(6), host) == 0x9000


def test_a_package_without_keys_takes_the_module_out_of_use() -> None:
    sam = a_new_sam()
    assert load(sam, package(1)) == 0x9000
    assert load(sam, package(2, masters=b"\x00", signers=b"\x00")) == 0x9000
    assert opens(sam) == "9000"
    with pytest.raises(AssertionError, match="6A88"):
        SamReader(ChipChannel(a_closed_chip()), sam).authenticate()


def test_a_signer_that_was_taken_out_is_trusted_no_longer() -> None:
    sam = a_new_sam()
    assert load(sam, package(1)) == 0x9000
    assert told(sam)[-1] == 1
    assert load(sam, package(2, signers=b"\x00")) == 0x9000
    assert told(sam)[-1] == 0


def test_loading_closes_the_module() -> None:
    sam = a_new_sam()
    assert load(sam, package(1)) == 0x9000
    assert opens(sam) == "9000"
    assert send(sam, "00F8000000").data == b"\x01"
    assert load(sam, package(2)) == 0x9000
    assert send(sam, "00F8000000").data == b"\x00"


ONE = b"\x01" + MASTER
SIGNER = SIGNER_KEY_ID + point(Signer())
WRONG = {
    "empty": b"",
    "cut in the head": package()[:39],
    "cut after the head": package()[:40],
    "cut in the keys": package()[:60],
    "cut in the signers": package()[:-1],
    "something behind": package() + b"\x00",
    "a key twice": package(masters=b"\x02" + 2 * ONE),
    "a signer twice": package(signers=b"\x02" + 2 * SIGNER),
    "no day": package(until="20280231"),
    "no BCD": package(until="2028013A"),
    "version 00 of a master": package(masters=b"\x01\x00" + MASTER),
    "version 80 of a master": package(masters=b"\x01\x80" + MASTER),
    "a point that is none": package(signers=b"\x01" + SIGNER_KEY_ID + b"\x04" + bytes(64)),
    "a compressed point": package(signers=b"\x01" + SIGNER_KEY_ID + b"\x02" + bytes(64)),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_package_that_is_wrong_changes_nothing(content: bytes) -> None:
    sam = a_new_sam()
    host = session(sam)
    before = bytes(sam)
    assert load(sam, content, host) == 0x6A80
    assert bytes(sam) == before
    assert load(sam, package(), host) == 0x9000


def test_a_package_sealed_for_another_module_is_refused() -> None:
    sam = a_new_sam()
    host = session(sam)
    other = Keys(0x30, bytes(32), bytes(32), bytes(32))
    *links, last = pieces(host.wrap(CommandApdu(0x80, 0xE8, data=sealed(other, package()))))
    for link in links:
        assert sam.process(link).ok
    assert sam.process(last).sw == 0x6A80


def test_the_channel_carries_nothing_but_loading() -> None:
    host = session(a_new_sam())
    for text in ("80CADF2000", "80D8308100", "80F28000024F0000"):
        assert host.process(apdu(text)).sw == 0x6D00
    assert host.process(CommandApdu(0x80, 0xE8, 1, 0, b"\x00")).sw == 0x6A86


def test_three_wrong_cryptograms_block_issuing_for_ever() -> None:
    sam = a_new_sam()
    for _ in range(3):
        assert sw(sam, "8050300008" + "00" * 8 + "00") == "9000"
        assert sw(sam, "8482330010" + "00" * 16) == "6300"
        sam = SimulatedSam.from_bytes(bytes(sam))
    assert sw(sam, "8050300008" + "00" * 8 + "00") == "6983"


def test_a_module_comes_back_as_it_was_and_closed() -> None:
    sam = a_new_sam()
    assert load(sam, package(7)) == 0x9000
    assert opens(sam) == "9000"
    later = SimulatedSam.from_bytes(bytes(sam), random=Seeded())
    assert bytes(later) == bytes(sam)
    assert told(later) == told(sam)
    assert send(later, "00F8000000").data == b"\x00"
    assert opens(later) == "9000"
    assert later.serial == SERIAL


def test_what_a_module_was_given_when_it_was_made_comes_back_too() -> None:
    sam = SimulatedSam(master_keys={1: MASTER}, open_secret=OPEN_SECRET, signers=[Signer().trusted])
    later = SimulatedSam.from_bytes(bytes(sam))
    assert opens(later) == "9000"
    assert told(later)[-2:] == b"\x01\x01"


ISSUED = a_new_sam()
assert load(ISSUED, package()) == 0x9000
STATE = bytes(ISSUED)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(STATE) - 1), st.integers(1, 255), st.integers(0, len(STATE)))
def test_a_damaged_state_gives_a_module_or_a_store_error(at: int, change: int, cut: int) -> None:
    state = bytearray(STATE)
    state[at] ^= change
    for damaged in (bytes(state), STATE[:cut] if cut < len(STATE) else STATE + b"\x00"):
        try:
            told(SimulatedSam.from_bytes(damaged))
        except StoreError:
            continue


def test_changes_are_saved_before_the_answer_and_looks_are_not() -> None:
    sam = a_new_sam()
    saved: list[bytes] = []
    channel = SamCardChannel(sam, lambda: saved.append(bytes(sam)))
    channel.transmit(apdu("80CADF2000"))
    assert saved == []
    host = Host(channel.transmit, Keys(0x30, KEYS.enc, KEYS.mac, KEYS.dek)).open()
    assert len(saved) == 2
    for link in pieces(host.wrap(loading(package()))):
        assert channel.transmit(link).ok
    assert len(saved) == 3
    assert saved[-1] == bytes(sam)


def test_nothing_of_a_package_shows_itself() -> None:
    text = repr(SamPackage.from_bytes(package())) + repr(ISSUED)
    assert MASTER.hex() not in text
    assert OPEN_SECRET.hex() not in text


@pytest.mark.parametrize(
    "wrong", [{"open_secret": bytes(31)}, {"master_keys": {1: bytes(16)}}, {"signers": {b"": b""}}]
)
def test_a_package_of_another_shape_is_a_mistake(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {
        "version": 1,
        "valid_until": date(2028, 1, 31),
        "open_secret": OPEN_SECRET,
        "master_keys": {1: MASTER},
        "signers": {SIGNER_KEY_ID: point(Signer())},
    }
    assert bytes(SamPackage(**good)) == package()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size"):
        SamPackage(**{**good, **wrong})  # type: ignore[arg-type]
