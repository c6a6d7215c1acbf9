"""The models of chips that the maker has: what each brings beside its profile's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from simulation.chip.features import ChipFeatures
from simulation.chip.security import AccessRule

__all__ = [
    "ACTIVE_AUTHENTICATION_KEY",
    "BAC_KEYS",
    "CHIP_AUTHENTICATION_KEY",
    "PACE_PASSWORDS",
    "READ_KEYS",
    "ChipModel",
    "chip_model",
]

READ_KEYS: Final = 0x01
"""Secret of `ktp-el`: version of the read master key (1) ‖ K_ENC (24) ‖ K_MAC (24)."""
BAC_KEYS: Final = 0x02
"""Secret of `icao-lds1`: K_ENC (16) ‖ K_MAC (16) of BAC."""
PACE_PASSWORDS: Final = 0x03
"""Secret of `icao-lds1`: SHA-1 of the MRZ information (20) ‖ CAN (6 digits, ASCII)."""
CHIP_AUTHENTICATION_KEY: Final = 0x04
"""Secret of `icao-lds1`: private key on P-256, a scalar (32)."""
ACTIVE_AUTHENTICATION_KEY: Final = 0x05
"""Secret of `icao-lds1`: private key on P-256, a scalar (32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipModel:
    """What a maker builds for a profile.

    `secrets`: the length of each secret by its object number (docs/secure-channel.md section 6).
    `rules`: the read rules that CREATE FILE takes. `selection`: how files are selected, the first
    byte of the card capabilities (ISO/IEC 7816-4 table 117).
    """

    profile: ChipProfile
    secrets: Mapping[int, int]
    rules: frozenset[AccessRule]
    features: ChipFeatures
    random_uid: bool
    selection: int


_MODELS: Final = {
    model.profile.name: model
    for model in (
        ChipModel(
            profile=KTP_EL,
            secrets={READ_KEYS: 1 + 24 + 24},
            rules=frozenset({AccessRule.FREE, AccessRule.SECURE_MESSAGING, AccessRule.NEVER}),
            features=ChipFeatures(),
            random_uid=False,
            selection=0x10,
        ),
        ChipModel(
            profile=ICAO_LDS1,
            secrets={
                BAC_KEYS: 16 + 16,
                PACE_PASSWORDS: 20 + 6,
                CHIP_AUTHENTICATION_KEY: 32,
                ACTIVE_AUTHENTICATION_KEY: 32,
            },
            rules=frozenset({AccessRule.FREE, AccessRule.BAC_OR_PACE, AccessRule.NEVER}),
            features=ChipFeatures(extended=True, chaining=True),
            random_uid=True,
            selection=0x94,
        ),
    )
}


def chip_model(profile: str) -> ChipModel:
    """The model for a profile, by its name. `ValueError` for a name that no model has."""
    try:
        return _MODELS[profile]
    except KeyError:
        msg = "no chip is made for this profile"
        raise ValueError(msg) from None
