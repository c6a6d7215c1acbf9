"""Chip Authentication version 1 with ECDH, the card's side (Doc 9303-11 clause 6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ektp.apdu import StatusWord
from simulation.chip.commands import CommandRefused
from simulation.chip.lds1.behaviour import ChipKey
from simulation.chip.lds1.ciphers import CipherSuite, SessionCipher, session_cipher
from simulation.chip.lds1.elliptic import PointRefused
from simulation.chip.lds1.objects import distinct_objects, dynamic_authentication_data

__all__ = ["CHIP_AUTHENTICATION_ECDH", "ChipAuthentication", "agree", "key_agreement_template"]

CHIP_AUTHENTICATION_ECDH: Final = bytes.fromhex("04007F000702020302")
"""id-CA-ECDH; the suite's number follows."""

_PROTOCOL, _KEY_ID, _EPHEMERAL, _KAT_KEY = 0x80, 0x84, 0x80, 0x91


class ChipAuthentication:
    """What MSE:Set AT has chosen: a key and a cipher, for the GENERAL AUTHENTICATE that follows.

    Raises `CommandRefused`: 6A80 for another protocol, 6A88 for a key that is not there.
    """

    def __init__(self, keys: Sequence[ChipKey], template: bytes) -> None:
        objects = distinct_objects(template)
        protocol = objects.pop(_PROTOCOL, b"")
        suites = {CHIP_AUTHENTICATION_ECDH + bytes((suite,)): suite for suite in CipherSuite}
        if protocol not in suites:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        self._suite = suites[protocol]
        self._key = _chosen(keys, objects)

    def agree(self, data: bytes) -> SessionCipher:
        """The session that `7C` { `80` the reader's public key } begins.

        Raises `CommandRefused`, 6A80: other objects, or no point of the key's curve.
        """
        objects = dynamic_authentication_data(data)
        if list(objects) != [_EPHEMERAL]:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        return agree(self._key, self._suite, objects[_EPHEMERAL])


def key_agreement_template(keys: Sequence[ChipKey], template: bytes) -> SessionCipher:
    """The TDES session that MSE:Set KAT begins: `91` the reader's public key, `84` a key's id.

    Raises `CommandRefused` as `ChipAuthentication` does.
    """
    objects = distinct_objects(template)
    public = objects.pop(_KAT_KEY, b"")
    return agree(_chosen(keys, objects), CipherSuite.TDES, public)


def agree(key: ChipKey, suite: CipherSuite, public: bytes) -> SessionCipher:
    """ECDH with the chip's key. Raises `CommandRefused`, 6A80: no point of its curve."""
    try:
        shared = key.curve.multiply(key.curve.decode(public), key.private)
    except PointRefused:
        raise CommandRefused(StatusWord.INCORRECT_DATA) from None
    return session_cipher(suite, key.curve.encode_field(shared.x))


def _chosen(keys: Sequence[ChipKey], objects: dict[int, bytes]) -> ChipKey:
    """The key that `84` names; without it the one that has no id."""
    if set(objects) - {_KEY_ID}:
        raise CommandRefused(StatusWord.INCORRECT_DATA)
    reference = objects.get(_KEY_ID)
    wanted = None if reference is None else int.from_bytes(reference, "big")
    for key in keys:
        if key.key_id == wanted:
            return key
    raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
