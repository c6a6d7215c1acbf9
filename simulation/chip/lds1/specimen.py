"""Closed chips made directly from files, without a personalization: specimens for inspections."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from ektp.chip_profiles import ICAO_LDS1, MASTER_FILE
from ektp.ids import CardSerial
from ektp.ports import TRANSPORT_KEY_VERSION, Entropy
from simulation.chip.card import Chip
from simulation.chip.file_system import FileSystem
from simulation.chip.keys import KeySet
from simulation.chip.lds1.application import Lds1
from simulation.chip.lds1.behaviour import HONEST, ChipKey, Lds1Behaviour
from simulation.chip.lds1.ciphers import CipherSuite, derive_key
from simulation.chip.memory import NonVolatileMemory
from simulation.chip.models import (
    ACTIVE_AUTHENTICATION_KEY,
    BAC_KEYS,
    CHIP_AUTHENTICATION_KEY,
    PACE_PASSWORDS,
    chip_model,
)
from simulation.chip.radio import Radio, RadioType
from simulation.chip.security import AccessRule, LifeCycle
from simulation.chip.state import ChipState

__all__ = ["SPECIMEN_SERIAL", "chip_with", "mrz_information", "overstated", "public_key"]

SPECIMEN_SERIAL: Final = CardSerial("53504543494D454E")

# Files that the profile does not have, but that other issuers' chips do.
_FURTHER_FILES: Final = {
    "dg3": (0x0103, ICAO_LDS1.application),
    "dg4": (0x0104, ICAO_LDS1.application),
    "dg5": (0x0105, ICAO_LDS1.application),
    "dg6": (0x0106, ICAO_LDS1.application),
    "dg8": (0x0108, ICAO_LDS1.application),
    "dg9": (0x0109, ICAO_LDS1.application),
    "dg10": (0x010A, ICAO_LDS1.application),
    "dg16": (0x0110, ICAO_LDS1.application),
    "card_security": (0x011D, int(MASTER_FILE)),
    "atr_info": (0x2F01, int(MASTER_FILE)),
    "dir": (0x2F00, int(MASTER_FILE)),
}
_TD1_LINE: Final = 30


def chip_with(
    files: Mapping[str, bytes],
    *,
    mrz: str,
    can: str,
    ca_key: bytes | None = None,
    aa_key: bytes | None = None,
    behaviour: Lds1Behaviour = HONEST,
    serial: CardSerial = SPECIMEN_SERIAL,
    random: Entropy | None = None,
) -> Chip:
    """A closed chip (SECURED) that holds exactly these files, by their names in the profile.

    `mrz`: the three lines of a TD1 MRZ, or MRZ information alone. `ca_key`, `aa_key`: private keys
    on P-256, 32 bytes. Files may be as large as they like. The behaviour is no part of the chip's
    saved state. `KeyError` for a file that has no identifier here.
    """
    state = _blank(serial, _memory_for(files))
    state.files.application = ICAO_LDS1.application
    for name, content in files.items():
        file_id, parent, rule = _place(name)
        file = state.files.create(file_id, len(content), rule, parent)
        state.files.update(file, 0, content)
    state.secrets = _secrets(mrz_information(mrz), can, ca_key, aa_key)
    state.life_cycle = LifeCycle.SECURED
    return Chip(state, random, application=lambda context: Lds1(context, behaviour))


def _memory_for(files: Mapping[str, bytes]) -> int:
    needed = sum(len(content) + ICAO_LDS1.header_bytes for content in files.values())
    return max(ICAO_LDS1.memory_bytes, needed)


def _blank(serial: CardSerial, memory_bytes: int) -> ChipState:
    model = chip_model(ICAO_LDS1.name)
    memory = NonVolatileMemory(bytearray(memory_bytes))
    digest = hashlib.sha256(bytes(serial)).digest()
    return ChipState(
        serial=serial,
        model=model,
        features=model.features,
        radio=Radio(type=RadioType.A, uid=bytes.fromhex("08000000"), random_uid=True),
        memory=memory,
        files=FileSystem(memory, ICAO_LDS1.header_bytes),
        # Nobody writes a specimen: the channel's keys are only there because a chip has some.
        keys=KeySet(TRANSPORT_KEY_VERSION, digest, digest, digest),
    )


def _place(name: str) -> tuple[int, int, AccessRule]:
    """Identifier, directory and access rule of a file."""
    if name in _FURTHER_FILES:
        file_id, parent = _FURTHER_FILES[name]
    else:
        file = ICAO_LDS1.file(name)
        file_id = int(file.file_id)
        parent = int(MASTER_FILE if file.in_master_file else ICAO_LDS1.application)
    free = parent == MASTER_FILE and name != "card_security"
    return file_id, parent, AccessRule.FREE if free else AccessRule.BAC_OR_PACE


def _secrets(
    information: str, can: str, ca_key: bytes | None, aa_key: bytes | None
) -> dict[int, bytes]:
    digest = hashlib.sha1(information.encode(), usedforsecurity=False).digest()
    bac = (derive_key(CipherSuite.TDES, digest[:16], counter) for counter in (1, 2))
    secrets = {BAC_KEYS: b"".join(bac), PACE_PASSWORDS: digest + can.encode()}
    if ca_key is not None:
        secrets[CHIP_AUTHENTICATION_KEY] = ca_key
    if aa_key is not None:
        secrets[ACTIVE_AUTHENTICATION_KEY] = aa_key
    return secrets


def mrz_information(mrz: str) -> str:
    """Document number, date of birth and date of expiry, each with its check digit (4.3).

    From the three lines of a TD1 MRZ; a text of another length is taken as it is. A number of more
    than nine characters goes on, with its check digit, in the optional data (Doc 9303-5, 4.2.2).
    """
    joined = "".join(mrz.split())
    if len(joined) != 3 * _TD1_LINE:
        return mrz
    upper, lower = joined[:_TD1_LINE], joined[_TD1_LINE : 2 * _TD1_LINE]
    number = upper[5:15]
    if number.endswith("<"):
        number = number[:-1] + upper[15:].partition("<")[0]
    return number + lower[:7] + lower[8:15]


def public_key(key: ChipKey) -> bytes:
    """The public half of a chip's key: `04` ‖ x ‖ y."""
    return key.curve.encode(key.curve.public_key(key.private))


def overstated(content: bytes, length: bytes = bytes.fromhex("84FFFFFFFF")) -> bytes:
    """A file whose outer length says otherwise: by default 4 GiB less one byte.

    The tag of the content has one byte, as all files of an LDS have.
    """
    size = 1 if content[1] < 0x80 else 1 + (content[1] & 0x7F)
    return content[:1] + length + content[1 + size :]
