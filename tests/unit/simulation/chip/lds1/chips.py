"""A synthetic holder's chip for these tests."""

from __future__ import annotations

import random

from simulation.chip.card import Chip
from simulation.chip.lds1.behaviour import HONEST, ChipKey, Lds1Behaviour, PaceSuite
from simulation.chip.lds1.security_infos import card_access, pace_info
from simulation.chip.lds1.specimen import chip_with, mrz_information

from .chance import Seeded

MRZ = (
    "I<IDNEK01020306"
    + "<" * 15
    + "9001011F3601017IDN<<<<<<<<<<<4"
    + "CONTOH<<SITI<AMINAH<<<<<<<<<<<"
)
INFORMATION = mrz_information(MRZ)
CAN = "314159"
CA_KEY = ChipKey(private=0x1357_9BDF << 128 | 0x2468)
AA_KEY = ChipKey(private=0x0F1E_2D3C << 160 | 0x4B5A)

_chance = random.Random(5)  # noqa: S311 - it must repeat itself
FILES: dict[str, bytes] = {
    "card_access": card_access(pace_info(PaceSuite())),
    "com": bytes.fromhex("60165F0104303130375F36063034303030305C0461757E77"),
    "dg1": b"\x61\x5d\x5f\x1f\x5a" + MRZ.encode(),
    "dg2": b"\x75\x82\x36\xb0" + _chance.randbytes(14_000),
    "sod": b"\x77\x82\x07\xd0" + _chance.randbytes(2_000),
}


def a_chip(behaviour: Lds1Behaviour = HONEST, files: dict[str, bytes] | None = None) -> Chip:
    return chip_with(
        FILES if files is None else files,
        mrz=MRZ,
        can=CAN,
        ca_key=CA_KEY.private.to_bytes(32, "big"),
        aa_key=AA_KEY.private.to_bytes(32, "big"),
        behaviour=behaviour,
        random=Seeded(),
    )
