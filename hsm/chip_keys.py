"""The keys of one chip while it is in hand (`ektp.ports.ChipKeys`), the same for every token.

They are diversified from the read master key, exist in this process only, for one card at a time,
and are let go at the end of the `with` block. Python cannot wipe memory: letting go is all that it
does, and the reason why such a process runs without core dumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from ektp.errors import KeyNotFound, KeyUsageForbidden
from ektp.ids import CardSerial
from hsm.diversification import ChipKeySet, Prf, aes_cmac, derive_chip_keys

__all__ = ["DiversifiedChipKeys", "chip_keys_in_hand"]

_TDES_BLOCK: Final = 8
_CHALLENGE_BYTES: Final = 8
_PROOF_BYTES: Final = 8
_TERMINATED: Final = b"\xff"


class DiversifiedChipKeys:
    """One chip's keys: loading, file protection and the proof for TERMINATE."""

    __slots__ = ("_keys",)

    def __init__(self, keys: ChipKeySet) -> None:
        self._keys: ChipKeySet | None = keys

    def __repr__(self) -> str:
        return f"DiversifiedChipKeys({'in hand' if self._keys else 'forgotten'})"

    def load_payload(self) -> bytes:
        """The PUT KEY block, 88 bytes (`docs/chip-profile-ktp-el.md` section 7)."""
        return bytes(self._in_hand())

    def encipher_file(self, content: bytes) -> bytes:
        """TDES-CBC under K_FILE, IV zero, over content in multiples of 8 bytes (section 7)."""
        if len(content) % _TDES_BLOCK:
            msg = "file content comes filled to a multiple of 8 bytes"
            raise ValueError(msg)
        # TDES and a zero IV: the card's own form (Permendagri 34/2014 asks for 3KTDEA).
        cipher = Cipher(TripleDES(self._in_hand().file), modes.CBC(bytes(_TDES_BLOCK)))
        encryptor = cipher.encryptor()
        return encryptor.update(content) + encryptor.finalize()

    def terminate_proof(self, challenge: bytes) -> bytes:
        """The first 8 bytes of AES-CMAC(K_ADM, `FF` ‖ the chip's challenge) (section 4)."""
        if len(challenge) != _CHALLENGE_BYTES:
            msg = "a challenge has 8 bytes"
            raise ValueError(msg)
        return aes_cmac(self._in_hand().adm, _TERMINATED + challenge)[:_PROOF_BYTES]

    def forget(self) -> None:
        """Let the keys go; every later use is refused."""
        self._keys = None

    def _in_hand(self) -> ChipKeySet:
        if self._keys is None:
            raise KeyUsageForbidden("the card is no longer in hand")
        return self._keys


@contextmanager
def chip_keys_in_hand(
    prf: Prf, master_version: int, card: CardSerial, card_control: bytes
) -> Iterator[DiversifiedChipKeys]:
    """Diversify for one chip and forget at the end.

    `prf` is AES-CMAC under the read master key of `master_version`. Raises `KeyNotFound` where the
    card control names another version and `KeyUsageForbidden` where it names another chip.
    """
    keys = derive_chip_keys(prf, card_control)
    if card_control[9] != master_version:
        raise KeyNotFound(
            "no read master key of this version", wanted=card_control[9], held=master_version
        )
    if card_control[1:9] != bytes(card):
        raise KeyUsageForbidden("the card control is another card's", card=card)
    in_hand = DiversifiedChipKeys(keys)
    try:
        yield in_hand
    finally:
        in_hand.forget()
