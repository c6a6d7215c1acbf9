"""The secrets that an application holds beside its files, sealed for one chip.

`docs/secure-channel.md` section 6; the keys of `icao-lds1` follow ICAO Doc 9303-11 clauses 4.3.2
and 9.7.2 from what is printed on the card. Nothing here is kept: a secret lives between its
making and its command.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ektp.cards import ChipAccess
from ektp.chip_profiles import ICAO_LDS1, KTP_EL
from ektp.errors import ConfigurationError
from ektp.perso import ChipImage, ChipKeyUse
from ektp.ports import CardKeys
from personalization.card_control import card_control_of

__all__ = ["SealedSecret", "bac_keys", "mrz_information", "sealed_secrets"]

_READ_KEYS: Final = 0x01
_BAC_KEYS: Final = 0x02
_PACE_PASSWORDS: Final = 0x03
_KEY_PAIRS: Final = {
    ChipKeyUse.CHIP_AUTHENTICATION: 0x04,
    ChipKeyUse.ACTIVE_AUTHENTICATION: 0x05,
}
_SEED_BYTES: Final = 16
_TDES_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A secret for PUT DATA: its object number and its sealed value; never shown."""

    number: int
    name: str
    sealed: bytes = field(repr=False)


def sealed_secrets(image: ChipImage, keys: CardKeys) -> tuple[SealedSecret, ...]:
    """All secrets of an image's profile, in the order of their numbers.

    Raises `KeyNotFound` for a key pair that was made for another chip or by another process.
    """
    return _SECRETS[image.profile](image, keys)


def mrz_information(access: ChipAccess) -> bytes:
    """Document number, birth date and expiry, each with its check digit (Doc 9303-11, 4.3.2)."""
    upper, middle, _ = (line.reveal() for line in access.mrz)
    return (upper[5:15] + middle[0:7] + middle[8:15]).encode("ascii")


def bac_keys(access: ChipAccess) -> bytes:
    """K_ENC ‖ K_MAC of BAC: two-key TDES of 16 bytes each, odd parity (Doc 9303-11, 9.7.1)."""
    seed = hashlib.sha1(mrz_information(access), usedforsecurity=False).digest()[:_SEED_BYTES]
    return b"".join(_tdes_key(seed, counter) for counter in (1, 2))


def _tdes_key(seed: bytes, counter: int) -> bytes:
    # SHA-1 is what Doc 9303-11 prescribes for keys of two-key TDES.
    digest = hashlib.sha1(seed + counter.to_bytes(4, "big"), usedforsecurity=False).digest()
    return bytes(byte & 0xFE | ((byte >> 1).bit_count() + 1) % 2 for byte in digest[:_TDES_BYTES])


def _ktp_el(image: ChipImage, keys: CardKeys) -> tuple[SealedSecret, ...]:
    sealed = keys.read_keys(card_control_of(image))
    return (SealedSecret(number=_READ_KEYS, name="read keys", sealed=sealed),)


def _icao_lds1(image: ChipImage, keys: CardKeys) -> tuple[SealedSecret, ...]:
    access = image.access
    if access is None or {pair.use for pair in image.key_pairs} != set(ChipKeyUse):
        raise ConfigurationError("an image without its access keys", profile=image.profile)
    mrz_hash = hashlib.sha1(mrz_information(access), usedforsecurity=False).digest()
    passwords = mrz_hash + access.can.reveal().encode("ascii")
    pairs = {pair.use: pair for pair in image.key_pairs}
    return (
        SealedSecret(number=_BAC_KEYS, name="BAC keys", sealed=keys.seal(bac_keys(access))),
        SealedSecret(number=_PACE_PASSWORDS, name="PACE passwords", sealed=keys.seal(passwords)),
        *(
            SealedSecret(
                number=number,
                name=f"private key of {use.value.replace('_', ' ')}",
                sealed=keys.private_key(pairs[use]),
            )
            for use, number in _KEY_PAIRS.items()
        ),
    )


_Secrets = Callable[[ChipImage, CardKeys], tuple[SealedSecret, ...]]
_SECRETS: Final[Mapping[str, _Secrets]] = {KTP_EL.name: _ktp_el, ICAO_LDS1.name: _icao_lds1}
