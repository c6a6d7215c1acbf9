"""Card production life cycle data (GlobalPlatform Card Specification, H.6): who made the chip."""

from __future__ import annotations

from ektp.ids import CardSerial

__all__ = ["CPLC_TAG", "card_production_life_cycle"]

CPLC_TAG = 0x9F7F

# Fabricator, type, operating system, its release date and level; none is of a real chip.
_CHIP = bytes.fromhex("4B54 0801 4B54 6001 0001")
# Module, card, pre-personalizer and personalizer, with dates and equipment: not filled in.
_AFTER = bytes(24)


def card_production_life_cycle(serial: CardSerial) -> bytes:
    """The 42 bytes of the CPLC; bytes 11 to 18, counted from 1, are the chip's serial."""
    return _CHIP + bytes(serial) + _AFTER
