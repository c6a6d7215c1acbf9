"""The cards of the simulated world, each as a `CardSource`."""

from __future__ import annotations

from ektp.ids import CardSerial
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.keys import KeySet
from simulation.sam.card import SamCardChannel, SimulatedSam
from simulation.vpcd import CardSource, only

SERIAL = CardSerial.from_bytes(bytes.fromhex("0102030405060708"))


def chip() -> CardSource:
    """A blank, as it comes from its supplier."""
    keys = KeySet.from_bytes(0x20, bytes(range(48)))
    return only(ChipChannel(Chip.blank(SERIAL, transport_keys=keys)))


def sam() -> CardSource:
    """A simulated SAM whose secret is 32 zeros."""
    return only(SamCardChannel(SimulatedSam(master_keys={1: bytes(32)}, open_secret=bytes(32))))
