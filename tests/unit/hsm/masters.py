"""A token of two operations, with masters that are no keys: enough for the keys of a card."""

from __future__ import annotations

import hashlib
from typing import cast

from ektp.errors import KeyNotFound
from hsm.keys import TokenKeys

from .scp03_card import cmac, encrypt


class Masters:
    """AES-CBC and AES-CMAC under masters made of their labels."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.missing: set[str] = set()

    def master(self, label: str) -> bytes:
        if label in self.missing:
            raise KeyNotFound(key=label)
        return hashlib.sha256(label.encode()).digest()[: 16 if label.endswith("128") else 32]

    def aes_cbc(self, label: str, blocks: bytes) -> bytes:
        self.asked.append(label)
        return encrypt(self.master(label), bytes(16), blocks)

    def cmac(self, label: str, message: bytes) -> bytes:
        self.asked.append(label)
        return cmac(self.master(label), message)


def masters() -> TokenKeys:
    return cast("TokenKeys", Masters())


def card_key_set(label: str, serial: bytes, version: int) -> tuple[bytes, bytes, bytes]:
    """A card's key set as its maker's program would make it: AN10922, by hand."""
    master = Masters().master(label)
    constants = (0x01,) if len(master) == 16 else (0x41, 0x42)
    l_value = int.from_bytes(encrypt(master, bytes(16), bytes(16)), "big")
    mask = l_value
    for _ in range(2):
        mask = (mask << 1) ^ (0x87 | 1 << 128 if mask >> 127 else 0)

    def key(number: int) -> bytes:
        parts = []
        for constant in constants:
            first = bytes((constant,)) + serial + bytes((number, version)) + b"EKTP\x80"
            parts.append(encrypt(master, bytes(16), first + mask.to_bytes(16, "big"))[16:])
        return b"".join(parts)

    return key(1), key(2), key(3)
