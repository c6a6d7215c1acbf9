"""Bytes of a personalization and of the reading after it, and their time over the air."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.chip.people import Fill, filled
from benchmarks.chip.workplace import LINKS, CountingChannel, Workplace
from benchmarks.radio import RadioLink, Signalling
from benchmarks.results import Result
from ektp.cards import EncodingReport
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile

__all__ = ["CASES", "Case", "Traffic", "byte_results", "radio_results", "traffics"]

FILE_DATA_GOALS: Final[Mapping[str, float]] = {"short": 1.12, "chaining": 1.12, "extended": 1.04}
"""Bytes of the command APDUs that carry file content, over that content."""

SESSION_GOAL: Final = 1.30
"""Bytes of the whole write session over the payload."""

_RATES: Final = (106, 424, 848)
_RADIO_LINKS: Final = ("short", "extended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A chip of a profile, how full it is, and what its interface can carry."""

    profile: ChipProfile
    fill: Fill
    link: str

    @property
    def name(self) -> str:
        """`ktp-el.largest.short`."""
        return f"{self.profile.name}.{self.fill}.{self.link}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What went between reader and chip: the write session, then the reading as a stranger."""

    report: EncodingReport
    written: tuple[tuple[int, int], ...]
    read: tuple[tuple[int, int], ...]


CASES: Final = tuple(
    Case(profile=profile, fill=fill, link=link)
    for profile in (KTP_EL, ICAO_LDS1)
    for fill in Fill
    for link in LINKS
)


def traffics(place: Workplace) -> Iterator[tuple[Case, Traffic]]:
    """Every case with what went over the air in it."""
    for case in CASES:
        yield case, _traffic_of(place, case)


def _traffic_of(place: Workplace, case: Case) -> Traffic:
    """Write a blank, take it out of the field, and read it as the line does after encoding."""
    bound = place.bound(case.profile)
    chip = place.blank(case.profile, LINKS[case.link])
    writing = CountingChannel(chip)
    report = place.write(writing, filled(bound.image, case.profile, case.fill))
    chip.reset()
    reading = CountingChannel(chip)
    place.inspector(case.profile).inspect(reading, bound.expected)
    return Traffic(report=report, written=tuple(writing.exchanges), read=tuple(reading.exchanges))


def byte_results(case: Case, traffic: Traffic) -> Iterator[Result]:
    """The bytes of one case: they are the same on every machine."""
    payload = traffic.report.payload_bytes
    data = traffic.report.traffic["file_data"]

    def result(what: str, count: int, goal: float | None = None) -> Result:
        return Result(
            name=f"chip.bytes.{case.name}.{what}", value=count, unit="B", limit=payload, goal=goal
        )

    sent = sum(command for command, _ in traffic.written)
    yield result("file_data", data.sent_bytes, FILE_DATA_GOALS[case.link])
    yield result("file_data_both_ways", data.sent_bytes + data.received_bytes)
    yield result("session", sent, SESSION_GOAL)
    yield result("session_both_ways", _both_ways(traffic.written), _session_goal(case))
    yield result("read_back_both_ways", _both_ways(traffic.read))


def _session_goal(case: Case) -> float | None:
    """The goal is for a full chip: a half-empty one has as many files, and less in them."""
    return SESSION_GOAL if case.fill is Fill.LARGEST else None


def _both_ways(exchanges: tuple[tuple[int, int], ...]) -> int:
    return sum(command + answer for command, answer in exchanges)


def radio_results(case: Case, traffic: Traffic) -> Iterator[Result]:
    """The time over the air by the model of `benchmarks.radio`, over the bare bits of the payload.

    Only for chips that hold as much as they may, with short and with extended lengths.
    """
    if case.fill is not Fill.LARGEST or case.link not in _RADIO_LINKS:
        return
    for signalling in Signalling:
        for rate in _RATES:
            link = RadioLink(signalling=signalling, kbit_s=rate)
            for what, exchanges in (("write", traffic.written), ("read_back", traffic.read)):
                yield Result(
                    name=f"chip.radio.{case.name}.{signalling}{rate}.{what}",
                    value=link.seconds(exchanges),
                    unit="s",
                    limit=link.bare_seconds(traffic.report.payload_bytes),
                )
