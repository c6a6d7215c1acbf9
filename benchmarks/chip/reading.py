"""How long a reading takes the host: opening and reading a chip, and checking who signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.chip.workplace import CountingChannel, Workplace
from benchmarks.results import Result
from benchmarks.timing import Stopwatch, seconds_each
from ektp.cards import Expectation, Verdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import VerificationFailed
from inspection.lds1.inspector import ContentChecks
from inspection.lds1.reading import LdsReading
from inspection.ledger import Ledger

__all__ = ["reading_results"]

_MILLI: Final = 1e3
_SIGNATURES: Final = 3
"""Signatures below a security object: its own, its signer's certificate, the revocation list."""


@dataclass(slots=True)
class _Timed:
    """Checks over what was read, timed."""

    _checks: ContentChecks
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def checks(self) -> Mapping[str, str]:
        """Those of the checks inside."""
        return self._checks.checks

    def __call__(
        self, *, ledger: Ledger, reading: LdsReading, expected: Expectation | None
    ) -> None:
        """The checks inside, timed."""
        with self.watch.running():
            self._checks(ledger=ledger, reading=reading, expected=expected)


def reading_results(place: Workplace, *, quick: bool) -> Iterator[Result]:
    """A good card of each profile, read as at a desk; the chip computes in this process too."""
    rounds = 3 if quick else 15
    whole, _ = _read(place, KTP_EL, rounds)
    yield Result(name="chip.read.ktp-el", value=whole * _MILLI, unit="ms")
    whole, checked = _read(place, ICAO_LDS1, rounds)
    yield Result(
        name="chip.read.icao-lds1.pace_and_files", value=(whole - checked) * _MILLI, unit="ms"
    )
    yield Result(
        name="chip.read.icao-lds1.passive_authentication_and_contents",
        value=checked * _MILLI,
        unit="ms",
        limit=_SIGNATURES * _raw_verification_s() * _MILLI,
    )


def _read(place: Workplace, profile: ChipProfile, rounds: int) -> tuple[float, float]:
    """Seconds of a reading, and of the checks over contents within it (`icao-lds1`).

    Raises `VerificationFailed` where the card does not pass: its time would mean nothing.
    """
    bound, chip = place.bound(profile), place.blank(profile)
    place.write(CountingChannel(chip), bound.image)
    timed: list[_Timed] = []

    def around(checks: ContentChecks) -> ContentChecks:
        timed.append(_Timed(checks))
        return timed[-1]

    inspector = place.inspector(profile, around)
    seen, checked = [], []
    for _ in range(rounds + 1):
        chip.reset()
        for one in timed:
            one.watch = Stopwatch()
        begun = perf_counter()
        verdict = inspector.verify(CountingChannel(chip), bound.expected)
        seen.append(perf_counter() - begun)
        checked.append(sum(one.watch.seconds for one in timed))
        if verdict.verdict is not Verdict.PASS:
            raise VerificationFailed("the benchmark's card does not pass", profile=profile.name)
    return median(seen[1:]), median(checked[1:])


def _raw_verification_s() -> float:
    key = ec.generate_private_key(ec.SECP384R1())
    algorithm = ec.ECDSA(hashes.SHA384())
    signature, public = key.sign(b"", algorithm), key.public_key()
    return seconds_each(lambda: public.verify(signature, b"", algorithm), rounds=5, repeat=20)
