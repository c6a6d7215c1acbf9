"""Cards that are not what they should be show it, each by what it cannot do."""

from __future__ import annotations

import random

import pytest

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.ids import CardSerial
from simulation.chip.channel import ChipChannel
from simulation.chip.impostors import (
    CrowdedField,
    begun,
    cloned_identity,
    copied_content,
    foreign,
    personalized,
)
from simulation.chip.maker import MakerKeys
from simulation.chip.security import LifeCycle

from .channel_host import Host, Keys
from .script import (
    CARD_KEYS,
    TRANSPORT_KEYS,
    SamReader,
    a_blank,
    a_closed_chip,
    a_sam,
    apdu,
    send,
    stored_files,
    sw,
)
from .worked_example import CARD_MASTER, SERIAL

OURS = CardSerial.from_bytes(SERIAL)
OTHER = CardSerial("60010000002A0002")
PROFILES = pytest.mark.parametrize("profile", [KTP_EL, ICAO_LDS1], ids=lambda p: p.name)


def proves(chip_process: object, keys: Keys) -> bool:
    host = Host(chip_process, keys)  # type: ignore[arg-type]
    return host.initialize().ok and host.card_is_right


def test_our_own_blank_proves_its_keys() -> None:
    assert proves(a_blank().process, TRANSPORT_KEYS)


def test_a_foreign_blank_looks_like_ours_and_does_not_prove_its_keys() -> None:
    chip, ours = foreign(OURS), a_blank()
    for text in ("80CA9F7F00", "80F28000024F0000", "80CA00E000", "00A40000027F0A"):
        assert send(chip, text) == send(ours, text)
    assert not proves(chip.process, TRANSPORT_KEYS)


def test_two_foreign_blanks_have_keys_of_their_own() -> None:
    first, second = (send(foreign(OURS), "8050000008" + "00" * 9).data for _ in range(2))
    assert first[21:29] != second[21:29]


@PROFILES
def test_a_foreign_blank_is_of_the_profile_that_was_asked_for(profile: ChipProfile) -> None:
    chip = foreign(OURS, profile, MakerKeys.at_random())
    assert chip.profile is profile
    assert send(chip, "80CA00E000").data[7] == profile.key_bytes


def test_a_cloned_identity_shows_serial_and_uid_and_has_no_key() -> None:
    original = a_closed_chip()
    clone = cloned_identity(original)
    assert (clone.serial, clone.radio, clone.atr) == (original.serial, original.radio, original.atr)
    for keys in (TRANSPORT_KEYS, CARD_KEYS):
        assert not proves(clone.process, keys)


@PROFILES
def test_a_begun_blank_has_its_application(profile: ChipProfile) -> None:
    keys = MakerKeys.at_random().key_set(OURS, profile)
    chip = begun(OURS, keys, profile)
    select = "00A4040C07A0000002471001" if profile is ICAO_LDS1 else "00A40000027F0A"
    assert sw(chip, select) == "9000"
    assert chip.life_cycle is LifeCycle.OP_READY
    assert proves(chip.process, Keys(0x30, keys.enc, keys.mac, keys.dek))


@PROFILES
def test_a_personalized_card_is_closed_and_holds_its_own_keys(profile: ChipProfile) -> None:
    chip = personalized(OURS, profile)
    assert (chip.life_cycle, chip.key_version) == (LifeCycle.SECURED, 0x31)
    assert send(chip, "80CA00E000").data[5] == 0x31


def test_a_personalized_card_is_ours_where_its_master_is() -> None:
    contents = {file.file_id: stored_files()[file.file_id] for file in KTP_EL.files}
    chip = personalized(OURS, contents=contents, card_master=CARD_MASTER)
    assert proves(chip.process, CARD_KEYS)
    assert sw(chip, "00A40000027F0A") == "9000"
    assert sw(chip, "00A40000026FF1") == "9000"
    assert sw(chip, "00B0000010") == "6982"
    assert sw(chip, "00A40000026FF0") == "9000"
    assert send(chip, "00B0000035").data == stored_files()[0x6FF0]


def test_a_copy_is_read_like_its_original_and_shows_another_serial() -> None:
    copy = copied_content(a_closed_chip(), OTHER)
    reader = SamReader(ChipChannel(copy), a_sam())
    reader.authenticate()
    assert reader.read(0x6FF6) == stored_files()[0x6FF6]
    assert send(copy, "80CA9F7F00").data[13:21] == bytes(OTHER)
    assert reader.read(0x6FF6)[72:] == SERIAL


def test_a_crowded_field_shows_each_card_sooner_or_later_and_one_at_a_time() -> None:
    serials = [OURS, OTHER]
    field = CrowdedField([ChipChannel(foreign(s)) for s in serials], random.Random(5))  # noqa: S311
    seen = set()
    for _ in range(20):
        names = {field.transmit(apdu("80CA9F7F00")).data[13:21] for _ in range(3)}
        assert len(names) == 1
        seen |= names
        assert field.atr()[0] == 0x3B
        field.reset()
    assert seen == {bytes(serial) for serial in serials}


def test_a_field_without_cards_is_not_crowded() -> None:
    with pytest.raises(ValueError, match="cards"):
        CrowdedField([], random.Random(1))  # noqa: S311
