"""Cards that are not what they should be: what a line must refuse before it writes a byte.

Each is an ordinary `Chip` whose state was made otherwise; none has code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import KTP_EL, MASTER_FILE, ChipProfile, FileId
from ektp.ids import CardSerial
from ektp.ports import CARD_KEY_VERSION, CardChannel
from simulation.chip.card import Chip
from simulation.chip.keys import KeySet
from simulation.chip.maker import MakerKeys, derive_key_set
from simulation.chip.models import chip_model
from simulation.chip.radio import Radio, RadioType
from simulation.chip.security import AccessRule, LifeCycle
from simulation.chip.state import ChipState

__all__ = ["CrowdedField", "begun", "cloned_identity", "copied_content", "foreign", "personalized"]

_RULES = {
    "free": AccessRule.FREE,
    "secure_messaging": AccessRule.SECURE_MESSAGING,
    "bac_or_pace": AccessRule.BAC_OR_PACE,
    "never": AccessRule.NEVER,
}


def foreign(
    serial: CardSerial, profile: ChipProfile = KTP_EL, maker: MakerKeys | None = None
) -> Chip:
    """A blank of another maker: right in every answer, but its keys are not ours."""
    keys = maker or MakerKeys.at_random()
    return Chip.blank(serial, profile=profile, transport_keys=keys.key_set(serial, profile))


def cloned_identity(original: Chip) -> Chip:
    """A blank that shows the serial and the UID of another card, without its keys.

    Whoever made it read the original in the field: what lies open, and no key.
    """
    clone = foreign(original.serial, original.profile)
    state = ChipState.from_bytes(bytes(clone))
    state.radio, state.features = original.radio, original.features
    return Chip(state)


def begun(serial: CardSerial, keys: KeySet, profile: ChipProfile = KTP_EL) -> Chip:
    """A blank of ours on which somebody began: its application is there, and nothing else."""
    state = _blank(serial, keys, profile)
    state.files.create_application(profile.application)
    return Chip(state)


def personalized(
    serial: CardSerial,
    profile: ChipProfile = KTP_EL,
    *,
    contents: Mapping[FileId, bytes] | None = None,
    card_master: bytes | None = None,
) -> Chip:
    """A card that was finished before: closed, with its own keys and with files.

    `contents` by file identifier; a file without one is eight zeros. `card_master`: the master of
    its key set (zeros where it is None). Its secrets are zeros.
    """
    master = card_master or bytes(profile.key_bytes)
    keys = derive_key_set(master, bytes(serial), CARD_KEY_VERSION)
    state = _blank(serial, keys, profile)
    state.files.create_application(profile.application)
    given = contents or {}
    for named in profile.files:
        content = given.get(named.file_id, bytes(8))
        parent = MASTER_FILE if named.in_master_file else profile.application
        rule = _RULES[named.read.value]
        file = state.files.create(named.file_id, len(content), rule, parent)
        state.files.update(file, 0, content)
    state.secrets = {number: bytes(length) for number, length in state.model.secrets.items()}
    state.life_cycle = LifeCycle.SECURED
    return Chip(state)


def copied_content(original: Chip, serial: CardSerial) -> Chip:
    """Another chip with every file and every secret of a finished card.

    More than a copier has in life, who cannot read secrets: what tells the two apart is the serial
    alone, and what was signed over it.
    """
    state = ChipState.from_bytes(bytes(original))
    state.serial = serial
    state.radio = Radio.for_chip(state.radio.type, serial)
    return Chip(state)


class CrowdedField:
    """Several cards in one field (implements `ektp.ports.CardChannel`).

    A reader that finds more than one card chooses one, and may choose another one in the next
    field; which, `chance` says.
    """

    def __init__(self, channels: Sequence[CardChannel], chance: Random) -> None:
        if not channels:
            msg = "a crowded field has cards"
            raise ValueError(msg)
        self._channels = channels
        self._chance = chance
        self._chosen = chance.choice(channels)

    def atr(self) -> bytes:
        """The answer to reset of the chosen card. Raises `CardAbsent`."""
        return self._chosen.atr()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command to the chosen card. Raises `CardAbsent`."""
        return self._chosen.transmit(command)

    def reset(self) -> None:
        """A new field: all cards forget, and one of them is chosen."""
        for channel in self._channels:
            channel.reset()
        self._chosen = self._chance.choice(self._channels)


def _blank(serial: CardSerial, keys: KeySet, profile: ChipProfile) -> ChipState:
    model = chip_model(profile.name)
    radio = Radio.for_chip(RadioType.A, serial)
    return ChipState.blank(serial, model, radio, keys, model.features)
