"""Modules as their maker delivers them, for a virtual reader in a process of its own."""

from __future__ import annotations

from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam
from simulation.vpcd import CardSource, only


def fresh(maker: str, serial: str) -> CardSource:
    """A new module: `maker` is its maker's masters (`bytes(MakerKeys)`), both in hex."""
    keys = MakerKeys.from_bytes(bytes.fromhex(maker))
    name = bytes.fromhex(serial)
    return only(SamCardChannel(SimulatedSam(serial=name, transport_keys=keys.module_key_set(name))))
