"""A home that keeps portraits for readers with a SAM: the line writes it so, and checks it so."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from ektp.apdu import CommandApdu
from ektp.cards import Verdict
from ektp.chip_profiles import KTP_EL
from ektp.ids import CardSerial
from pipeline.expectations import bound_card, expectation
from pipeline.home import SETTINGS_FILE
from pipeline.plant import Plant
from pipeline.settings import read_settings, write_settings
from pipeline.store import schema as db
from tests.builders import OPERATOR, a_batch, a_home, contradictions, floor, states


def _guard_photos(home: Path) -> None:
    settings = read_settings(home / SETTINGS_FILE)
    guarded = settings.preparation.model_copy(update={"photo_access": "sm"})
    write_settings(home / SETTINGS_FILE, settings.model_copy(update={"preparation": guarded}))


def _first_card(plant: Plant) -> CardSerial:
    with plant.home.store.read() as connection:
        return CardSerial(str(connection.scalar(select(db.attempts.c.card))))


def test_a_guarded_photograph_is_refused_to_a_stranger_and_read_with_a_sam(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=2)
    _guard_photos(home)
    with floor(home) as it:
        it.run(a_batch(home))
        assert states(it.plant) == {"PRODUCED": 2}
        assert contradictions(it.plant) == []
        card = _first_card(it.plant)
        photo = KTP_EL.file("photo").file_id
        with it.plant.world.tapped(card) as stranger:
            assert stranger.transmit(CommandApdu(0, 0xA4, data=bytes(KTP_EL.application))).ok
            assert stranger.transmit(CommandApdu(0, 0xA4, data=bytes(photo))).sw in (0x9000, 0x6982)
            assert stranger.transmit(CommandApdu(0, 0xB0, le=8)).sw in (0x6982, 0x6986)


def test_a_card_with_a_free_photograph_fails_where_it_must_be_guarded(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with floor(home) as it:
        it.run(a_batch(home))
    _guard_photos(home)
    with Plant.open(home) as plant:
        card = _first_card(plant)
        with plant.home.store.read() as connection:
            bound = bound_card(connection, card)
        expected = expectation(plant.home.store, plant.vault, OPERATOR, bound)
        with plant.desk.inspectors() as inspector_for, plant.world.tapped(card) as channel:
            verdict = inspector_for(KTP_EL.name).look(channel, expected)
        assert verdict.verdict is Verdict.FAIL
        assert "access.forbidden_reads" in verdict.failed
