"""What the SAM does with the files that pass it: decipher, hash, verify the signature object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from simulation.chip.crypto import BLOCK_BYTES, Tdes

__all__ = ["SIGNATURE_OBJECT_BYTES", "FileDeciphering", "SignatureCheck"]

SIGNATURE_OBJECT_BYTES: Final = 80
_ECDSA: Final = ec.ECDSA(Prehashed(hashes.SHA256()))


class FileDeciphering:
    """TDES-CBC over a file that comes in pieces; the chain begins anew at each SELECT."""

    def __init__(self, key: Tdes) -> None:
        self._key = key
        self._before = b""

    def begin_file(self) -> None:
        """Another file was selected."""
        self._before = b""

    def decipher(self, piece: bytes) -> bytes:
        """The plain piece. Raises `ValueError` where it is not in whole blocks."""
        # The block before goes in again as the chaining value, and its plain form is dropped.
        plain = self._key.decrypt(self._before + piece)[len(self._before) :]
        self._before = piece[-BLOCK_BYTES:]
        return plain


class SignatureCheck:
    """A hash in progress over what is read, to be compared with a signature object."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.running = True
        self.last_is_next = False

    def take_answer(self, data: bytes) -> None:
        """Hash the data of an answer while hashing runs."""
        if data and self.running:
            self._hash.update(data)
            self.running = not self.last_is_next

    def take_plain(self, data: bytes) -> None:
        """Hash bytes that were read in plain form."""
        self._hash.update(data)

    def holds(
        self,
        signature: bytes,
        card_control: bytes,
        signers: Mapping[bytes, ec.EllipticCurvePublicKey],
    ) -> bool:
        """Whether a trusted signer signed exactly what was hashed, for exactly this card.

        `signature` is the object of 80 bytes: r ‖ s ‖ key id ‖ chip serial.
        """
        serial = card_control[1:9]
        signer = signers.get(signature[64:72])
        if signer is None or signature[72:] != serial:
            return False
        self._hash.update(len(card_control).to_bytes(2, "big") + card_control + serial)
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:64]))
        try:
            signer.verify(encode_dss_signature(r, s), self._hash.digest(), _ECDSA)
        except InvalidSignature:
            return False
        return True
