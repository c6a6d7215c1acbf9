"""The demo's people: a signed file, or two, written once and found again after a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from console.demo.scenario import Scenario
from simulation.people import EPOCH, Approver, PeopleMix, Village, generate, nik_of
from simulation.people.approver import approver_path, record_line
from simulation.people.places import office, offices_of_regency

__all__ = ["DemoFile", "mix_of", "stop_list", "write_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFile:
    """A signed file of approved records, and the certificate that signed it."""

    file: Path
    trust: Path
    records: int


def signature_path(file: Path) -> Path:
    """The detached signature that belongs beside a file."""
    return file.with_name(file.name + ".p7s")


def mix_of(scenario: Scenario) -> PeopleMix:
    """Who stands in a scenario's file."""
    regency = PeopleMix().offices if scenario.regency == "16.71" else None
    offices = (
        tuple(office(code) for code in scenario.offices)
        if scenario.offices
        else regency or offices_of_regency(scenario.regency)
    )
    villages = tuple(
        Village(code=f"{kecamatan}.1{number:03d}", name=name)
        for kecamatan, names in scenario.villages.items()
        for number, name in enumerate(names, 1)
    )
    approved = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC) - timedelta(
        days=scenario.backlog_days or 30
    )
    return PeopleMix(
        offices=offices,
        weights=tuple(scenario.offices.values()) or None,
        villages=villages,
        without_phone=scenario.without_phone,
        first_approval=approved,
    )


def write_files(
    folder: Path,
    scenario: Scenario,
    cards: int,
    seed: int,
    on_record: Callable[[int], None] = lambda _count: None,
) -> list[DemoFile]:
    """Write and sign the scenario's files, or find those that an earlier run wrote whole.

    The signature is written last: a file without one was cut short and is written again.
    """
    late = round(cards * scenario.late)
    parts = {"approved.jsonl": cards - late, "approved-late.jsonl": late}
    files = [
        DemoFile(file=folder / name, trust=approver_path(folder / name), records=count)
        for name, count in parts.items()
        if count
    ]
    if not all(signature_path(file.file).is_file() for file in files):
        _write(folder, files, generate(cards, seed, mix=mix_of(scenario)), on_record)
    return files


def _write(
    folder: Path,
    files: list[DemoFile],
    records: Iterator[dict[str, Any]],
    on_record: Callable[[int], None],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for part in files:
        approver = Approver.create()
        with part.file.open("wb") as stream:
            for record in islice(records, part.records):
                stream.write(record_line(record))
                written += 1
                on_record(written)
        part.trust.write_bytes(approver.certificate_pem())
        approver.sign_file(part.file)


def stop_list(scenario: Scenario, seed: int, cards: int, *, later: bool) -> list[tuple[str, str]]:
    """NIK and reason of people who must not get a card: known before intake, or only later.

    The last of the list are taken, so that the first cards of a run are never among them.
    """
    mix = mix_of(scenario)
    known, after = scenario.deceased_known, scenario.deceased_later
    first = cards - known - after if later else cards - known
    return [
        (nik_of(seed, index, mix), "DECEASED" if index % 3 else "MOVED_ABROAD")
        for index in range(first, first + (after if later else known))
    ]
