"""Figures of the chip: bytes of a personalization, time over the air and in the host."""
