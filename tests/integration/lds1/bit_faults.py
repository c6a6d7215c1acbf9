"""One flipped bit anywhere in a card, its signature or its chain, and which checks must see it.

For campaigns: `draw` faults over the files of a specimen and over the verifier's CSCA certificate
and CRL, `inspect` the card that has one, and compare with `expected_checks`. None may pass.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from ektp.cards import QaVerdict
from ektp.errors import ConfigurationError
from ektp.ports import TrustAnchors
from inspection.lds1.tlv import data_objects, only
from tests.integration.lds1 import pki
from tests.integration.lds1.specimens import contents, expectation, look

__all__ = ["BitFault", "draw", "expected_checks", "inspect", "sites"]

CSCA, CRL = "csca", "crl"
_CONTROL_REGIONS = (
    (2, "file.card_control"),
    (3, "card_control.layout"),
    (11, "card_control.serial"),
    (16, "card_control.layout"),
    (32, "card_control.attempt"),
    # Which day a card was bound stands nowhere else: only the house's digest tells.
    (36, "digest.card_control"),
    (44, "card_control.signer"),
    (53, "card_control.layout"),
)


@dataclass(frozen=True, slots=True)
class BitFault:
    """A bit (7 is the highest) of a byte of a file, of the CSCA certificate or of the CRL."""

    file: str
    offset: int
    bit: int


def sites(files: Mapping[str, bytes]) -> dict[str, int]:
    """Everything that can be hit, and its length in bytes."""
    lengths = {name: len(content) for name, content in files.items()}
    return lengths | {CSCA: len(pki.CSCA), CRL: len(pki.ANCHORS.revocation_lists[0])}


def draw(chance: random.Random, files: Mapping[str, bytes], *, evenly: bool = True) -> BitFault:
    """A fault at random; `evenly`: each file as likely as another, or else each bit."""
    lengths = sites(files)
    weights = None if evenly else list(lengths.values())
    (name,) = chance.choices(list(lengths), weights)
    return BitFault(name, chance.randrange(lengths[name]), chance.randrange(8))


def _sod_regions(content: bytes) -> list[tuple[int, int, frozenset[str]]]:
    """Parts of EF.SOD by position, each with the checks that must see a fault in it."""
    wrapping = frozenset({"file.sod", "passive.structure"})
    outer = data_objects(only(only(content, 0x77), 0x30))
    fields = data_objects(only(outer[1].value, 0x30))
    signed = only(data_objects(fields[2].value)[1].value, 0x04)
    certificate = fields[3].value
    parts = data_objects(only(certificate, 0x30))
    info = data_objects(only(fields[4].value, 0x30))
    named = {
        signed: {"passive.signed_attributes"},
        parts[0].raw: {"passive.signer", "passive.chain", "passive.signer_profile"},
        parts[1].raw: {"passive.signer", "passive.signer_profile"},
        parts[2].raw: {"passive.signer", "passive.chain"},
        fields[1].raw: {"passive.algorithms"},
        info[1].raw: {"passive.signer"},
        info[2].raw: {"passive.algorithms"},
        info[3].raw: {"passive.signature", "passive.signed_attributes"},
        info[4].raw: {"passive.algorithms", "passive.signature"},
        info[5].raw: {"passive.signature"},
    }
    regions = []
    position = 0
    # The parts stand in this order; an algorithm may be written the same in several places.
    order = (fields[1].raw, signed, *(part.raw for part in parts))
    for part in (*order, *(item.raw for item in info[1:])):
        position = content.index(part, position)
        # A length that is hit may break what stands around it too.
        regions.append((position, position + len(part), frozenset(named[part]) | wrapping))
        position += len(part)
    return regions


def expected_checks(  # noqa: PLR0911 - one row a file
    files: Mapping[str, bytes], fault: BitFault
) -> frozenset[str]:
    """The checks of which at least one must not pass; by their own, without the house's digests.

    Where only a digest can tell, that digest.
    """
    name = fault.file
    if name == CSCA:
        return frozenset({"configuration", "passive.chain"})
    if name == CRL:
        return frozenset({"configuration", "passive.revocation"})
    if name == "card_control":
        region = next(check for end, check in _CONTROL_REGIONS if fault.offset < end)
        return frozenset({region, "card_control.layout"})
    if name == "card_access":
        return frozenset({"file.card_access", "access.card_access", "access.no_downgrade"})
    if name == "com":
        return frozenset({"file.com", "com.content", "passive.data_groups"})
    if name != "sod":
        return frozenset({f"file.{name}", f"passive.{name}"})
    for begin, end, checks in _sod_regions(files["sod"]):
        if begin <= fault.offset < end:
            return checks
    return frozenset({"file.sod", "passive.structure"})


def _flipped(content: bytes, fault: BitFault) -> bytes:
    changed = bytearray(content)
    changed[fault.offset] ^= 1 << fault.bit
    return bytes(changed)


def inspect(files: Mapping[str, bytes], fault: BitFault) -> QaVerdict | None:
    """The card with that fault, against what the house expects; None where the verifier refuses
    its own anchors (`configuration`)."""
    certificates, lists = pki.ANCHORS.certificates, pki.ANCHORS.revocation_lists
    hit = dict(files)
    if fault.file == CSCA:
        certificates = (_flipped(pki.CSCA, fault),)
    elif fault.file == CRL:
        lists = (_flipped(lists[0], fault),)
    else:
        hit[fault.file] = _flipped(files[fault.file], fault)
    try:
        checks = contents(TrustAnchors(certificates=certificates, revocation_lists=lists))
    except ConfigurationError:
        return None
    return look(hit, expectation(files), checks=checks)
