"""Which modules a station uses: issued here, not revoked, not past their day; by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ektp.errors import KeyUsageForbidden, NotFound
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from hsm.sam_loader import issue_sam
from pipeline.founding import found_home
from pipeline.plant import Plant
from pipeline.store.events import SamIssued, SamRevoked

SERIAL = CardSerial("5A4D000000000001")
READER = f"sim:{SERIAL}"
KIKI = Actor(principal="kiki", role=Role.CUSTODIAN, station="test")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slots") / "home"
    found_home(path, "simulated")
    return path


@pytest.fixture
def plant(home: Path) -> Iterator[Plant]:
    with Plant.open(home) as opened:
        yield opened


def _issue(plant: Plant, serial: CardSerial, *, days: int = 30, version: int = 1) -> None:
    plant.world.make_module(bytes.fromhex(serial))
    until = plant.home.today() + timedelta(days=days)
    with plant.world.module(bytes.fromhex(serial)) as channel:
        issued = issue_sam(channel, plant.token, version=version, valid_until=until)
    _book(plant, serial, version=version, until=until.isoformat(), signers=issued.signers)


def _book(plant: Plant, serial: str, *, version: int, until: str, signers: int) -> None:
    event = SamIssued(
        sam=serial,
        version=version,
        holder="QA-1",
        signers=signers,
        valid_until=until,
        request="",
    )
    with plant.home.store.transaction(KIKI) as tx:
        tx.record(event)


def test_a_homes_own_module_opens_without_a_name(plant: Plant) -> None:
    for name in (None, "sim"):
        with plant.desk.sam(name) as sam:
            assert sam is not None
            sam.open()


def test_an_issued_module_opens_with_the_secret_that_the_token_derives(plant: Plant) -> None:
    serial = CardSerial("5A4D000000000002")
    _issue(plant, serial)
    with plant.desk.sam(f"sim:{serial}") as sam:
        assert sam is not None
        sam.open()


def test_a_module_that_is_not_there_is_not_found(plant: Plant) -> None:
    with pytest.raises(NotFound), plant.desk.sam("sim:00000000000000FF"):
        pass


def test_a_module_that_was_never_issued_here_is_refused(plant: Plant) -> None:
    plant.world.make_module(bytes.fromhex(SERIAL))
    with pytest.raises(KeyUsageForbidden, match="not issued here"), plant.desk.sam(READER):
        pass


def test_a_revoked_module_is_refused(plant: Plant) -> None:
    serial = CardSerial("5A4D000000000003")
    _issue(plant, serial)
    with plant.home.store.transaction(KIKI) as tx:
        tx.record(SamRevoked(sam=serial, reason="lost", request=""))
    with pytest.raises(KeyUsageForbidden, match="revoked"), plant.desk.sam(f"sim:{serial}"):
        pass


@pytest.mark.parametrize(("days", "refused"), [(0, False), (-1, True)])
def test_a_module_is_used_to_its_day_and_no_longer(
    plant: Plant, days: int, *, refused: bool
) -> None:
    serial = CardSerial(f"5A4D00000000001{int(refused)}")
    _issue(plant, serial, days=days)
    if not refused:
        with plant.desk.sam(f"sim:{serial}") as sam:
            assert sam is not None
        return
    with pytest.raises(KeyUsageForbidden, match="past its day"), plant.desk.sam(f"sim:{serial}"):
        pass


def test_a_module_that_holds_an_older_package_is_refused(plant: Plant) -> None:
    serial = CardSerial("5A4D000000000004")
    _issue(plant, serial)
    _book(plant, serial, version=2, until="2099-01-01", signers=1)
    with (
        pytest.raises(KeyUsageForbidden, match="issued to it last"),
        plant.desk.sam(f"sim:{serial}"),
    ):
        pass
