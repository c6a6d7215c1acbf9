"""What a personalization costs the host: time per APDU, and the way through the key process."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from benchmarks.chip.people import Fill, filled
from benchmarks.chip.workplace import LINKS, CountingChannel, Workplace
from benchmarks.results import Result
from benchmarks.timing import Stopwatch, seconds_each
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import EncodingReport
from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.ids import CardSerial
from ektp.ports import CardKeys, KeyService, SecureChannelSession

__all__ = ["session_results"]

_BLOCK: Final = 16
_MAC_BYTES: Final = 8
_STATUS_BYTES: Final = 2
_HEADER_BYTES: Final = 5
_MICRO: Final = 1e6


@dataclass(slots=True)
class _Written:
    """One personalization, timed."""

    seconds: float
    session: Stopwatch
    exchanges: list[tuple[int, int]]
    report: EncodingReport


class _TimedSession:
    """A session whose wrapping and unwrapping is timed; all else goes through."""

    def __init__(self, session: SecureChannelSession, watch: Stopwatch) -> None:
        self._session = session
        self._watch = watch

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """`ektp.ports.SecureChannelSession.wrap`, timed."""
        with self._watch.running():
            return self._session.wrap(command)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """`ektp.ports.SecureChannelSession.unwrap`, timed."""
        with self._watch.running():
            return self._session.unwrap(response)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@dataclass(slots=True)
class _TimedCardKeys:
    """Card keys whose sessions are timed."""

    _keys: CardKeys
    _watch: Stopwatch

    def secure_channel(self, key_version: int) -> _TimedSession:
        """`ektp.ports.CardKeys.secure_channel`, timed."""
        return _TimedSession(self._keys.secure_channel(key_version), self._watch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)


@dataclass(slots=True)
class _TimedKeys:
    """A key service whose sessions are timed."""

    _keys: KeyService
    watch: Stopwatch = field(default_factory=Stopwatch)

    @contextmanager
    def card_keys(self, card: CardSerial, profile: ChipProfile) -> Iterator[_TimedCardKeys]:
        """`ektp.ports.KeyService.card_keys`, timed."""
        with self._keys.card_keys(card, profile) as keys:
            yield _TimedCardKeys(keys, self.watch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)


def session_results(place: Workplace, *, quick: bool) -> Iterator[Result]:
    """Full `ktp-el` chips over short links: per APDU, in microseconds."""
    rounds = 5 if quick else 30
    through, inside = (_written(place, keys, rounds) for keys in (place.client, place.in_process()))
    yield from _apdu_results(through, inside)
    yield from _wrapping_results(through, inside)


def _apdu_results(through: list[_Written], inside: list[_Written]) -> Iterator[Result]:
    raw = _raw_crypto_s(through[0]) / len(through[0].exchanges)
    for name, written in (("key_process", through), ("in_process", inside)):
        seconds = statistics.median(one.seconds / len(one.exchanges) for one in written)
        yield Result(
            name=f"chip.session.apdu.{name}", value=seconds * _MICRO, unit="us", limit=raw * _MICRO
        )


def _wrapping_results(through: list[_Written], inside: list[_Written]) -> Iterator[Result]:
    per_command = [
        statistics.median(2 * one.session.seconds / one.session.laps for one in written)
        for written in (through, inside)
    ]
    raw = _raw_wrapping_s(through[0])
    yield Result(
        name="chip.session.wrap_and_unwrap.key_process",
        value=per_command[0] * _MICRO,
        unit="us",
        limit=per_command[1] * _MICRO,
    )
    yield Result(
        name="chip.session.wrap_and_unwrap.in_process",
        value=per_command[1] * _MICRO,
        unit="us",
        limit=raw * _MICRO,
    )


def _written(place: Workplace, keys: KeyService, rounds: int) -> list[_Written]:
    """The same image into new blanks; the first is not counted."""
    image = filled(place.bound(KTP_EL).image, KTP_EL, Fill.LARGEST)
    written = []
    for _ in range(rounds + 1):
        channel = CountingChannel(place.blank(KTP_EL, LINKS["short"]))
        timed = _TimedKeys(keys)
        begun = time.perf_counter()
        report = place.write(channel, image, cast("KeyService", timed))
        seconds = time.perf_counter() - begun
        written.append(_Written(seconds, timed.watch, channel.exchanges, report))
    return written[1:]


# --- the bare cryptography ------------------------------------------------------------------------


def _raw_crypto_s(written: _Written) -> float:
    """The AES of the whole session, on both sides, by bare calls of the library."""
    # The chip does what the host does, the other way round.
    return 2 * sum(_raw_exchange_s(*lengths) for lengths in written.exchanges)


def _raw_wrapping_s(written: _Written) -> float:
    """The host's half, for the mean exchange within the channel."""
    return sum(_raw_exchange_s(*lengths) for lengths in written.exchanges) / len(written.exchanges)


_KNOWN: dict[tuple[int, int], float] = {}


def _raw_exchange_s(command: int, answer: int) -> float:
    """Counter and data enciphered, C-MAC, R-MAC, and an answer's data deciphered, once."""
    if (command, answer) not in _KNOWN:
        _KNOWN[command, answer] = seconds_each(_exchange(command, answer), rounds=5, repeat=20)
    return _KNOWN[command, answer]


def _exchange(command: int, answer: int) -> Callable[[], None]:
    key, mac_key = os.urandom(_BLOCK), os.urandom(_BLOCK)
    sent = max(command - _HEADER_BYTES - _MAC_BYTES, 0) // _BLOCK * _BLOCK
    received = max(answer - _MAC_BYTES - _STATUS_BYTES, 0) // _BLOCK * _BLOCK

    def once() -> None:
        for length in (sent, received):
            if length:
                _cbc(key, _cbc(key, bytes(_BLOCK), bytes(_BLOCK)), bytes(length))
        _cmac(mac_key, bytes(_BLOCK + _HEADER_BYTES + sent))
        _cmac(mac_key, bytes(_BLOCK + received + _STATUS_BYTES))

    return once


def _cbc(key: bytes, vector: bytes, blocks: bytes) -> bytes:
    encryptor = Cipher(AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def _cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()
