# ruff: noqa: INP001 - a tool of the docs, no package
"""Writes `docs/performance.md`: `ektp --json bench | python docs/make_performance.py`."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

__all__ = ["performance_markdown"]

_HEAD: Final = """\
# Performance

<!-- Made by `ektp --json bench | python docs/make_performance.py`. Do not edit. -->

Measured with `ektp --json bench` on {day}: {machine}.

Bytes and times over the air are computed and the same on every machine, but for a few bytes by
which signatures differ in length; all other figures are of this machine, and of what else it had
to do. All people are synthetic.

*Ratio* is the figure over its raw limit: the payload, the bare call of the library, the bare
bits. A *goal* is for the ratio.

## Bytes of a personalization

Bytes of whole APDUs over the payload, which is what is written into files. The session is
everything from reading the serial to closing the chip; *both ways* counts the answers too. *File
data* are the commands that carry content. *Read back* is the reading after encoding, as a
stranger, with every password and every forbidden read and write tried; it is no part of the
session. *Largest*: every file as large as the profile allows, but those of `icao-lds1` that open
the chip or name others. *Short*, *chaining*, *extended*: what the chip's interface carries
(`docs/secure-channel.md` section 4).

Goals: file data at most 1.12 (short, chaining) or 1.04 (extended); the session at most 1.30, for
full chips with answers counted too.

"""
_RADIO: Final = """\
## Time over the air

By the model of `benchmarks/radio.py`: blocks of ISO/IEC 14443-4 with frames of 256 bytes, no CID;
nine bits a byte on type A and ten etu on type B; the least frame delays of ISO/IEC 14443-3. **Not
in it**: how long the chip computes and writes its memory, with the waiting time extensions that
it asks for, activation, and the reader's driver. Seconds for full chips.

A full UPDATE BINARY of short length has 254 bytes in the channel, one more than a block carries:
it goes in two blocks. That is in the figures.

"""
_HOST: Final = """\
## Time in the host

The chip is simulated in the same process and computes on the same core.

"""
_MEANINGS: Final[Mapping[str, str]] = {
    "chip.session.apdu.key_process": "one APDU of a write session: host, key process and simulated "
    "chip; limit: the bare AES of both sides",
    "chip.session.apdu.in_process": "the same with the keys in this process",
    "chip.session.wrap_and_unwrap.key_process": "a command wrapped and its answer unwrapped, two "
    "round trips; limit: the same in process",
    "chip.session.wrap_and_unwrap.in_process": "the same in process; limit: the host's bare AES",
    "chip.read.ktp-el": "a card read at a desk with a SAM, all checks",
    "chip.read.icao-lds1.pace_and_files": "PACE, Chip and Active Authentication, every file",
    "chip.read.icao-lds1.passive_authentication_and_contents": "who signed it, and every format; "
    "limit: three bare ECDSA verifications on P-384",
    "keys.round_trip": "one word to the key process and back; limit: an echo over the same kind of "
    "wire",
    "keys.signatures.key_process": "signatures over a full chip of ktp-el, counted, made and "
    "verified; limit: the same in process",
    "keys.signatures.in_process": "the same in process; limit: bare ECDSA on P-256",
}
_BYTE_COLUMNS: Final = (
    "file_data",
    "file_data_both_ways",
    "session",
    "session_both_ways",
    "read_back_both_ways",
)

Results = Mapping[str, Mapping[str, Any]]


def performance_markdown(results: Sequence[Mapping[str, Any]], machine: str, day: str) -> str:
    """The page for the `results` of a run."""
    named = {result["name"]: result for result in results}
    lines = [_HEAD.format(day=day, machine=machine), *_bytes(named), ""]
    lines += [_RADIO, *_radio(named), "", _HOST, *_host(named)]
    missed = [f"`{name}`" for name, result in named.items() if not result["ok"]]
    lines += ["", f"Goals missed: {', '.join(missed) or 'none'}.", ""]
    return "\n".join(line.removesuffix("\n") for line in lines)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _head(*names: str) -> list[str]:
    return [_row(*names), "|" + "---|" * len(names)]


def _cases(named: Results, prefix: str, parts: int) -> list[str]:
    """The names of cases, once each, in the order of the run."""
    found = (name.removeprefix(prefix).split(".") for name in named if name.startswith(prefix))
    return list(dict.fromkeys(".".join(words[:parts]) for words in found))


def _bytes(named: Results) -> Iterator[str]:
    yield from _head("chip", "payload", *(name.replace("_", " ") for name in _BYTE_COLUMNS))
    for case in _cases(named, "chip.bytes.", 3):
        figures = [named[f"chip.bytes.{case}.{column}"] for column in _BYTE_COLUMNS]
        ratios = (f"{one['ratio']:.3f} ({one['value']:.0f})" for one in figures)
        yield _row(case.replace(".", " "), f"{figures[0]['limit']:.0f}", *ratios)


def _radio(named: Results) -> Iterator[str]:
    yield from _head("chip, type and kbit/s", "write", "read back", "bare bits of the payload")
    for case in _cases(named, "chip.radio.", 4):
        write, read = (named[f"chip.radio.{case}.{what}"] for what in ("write", "read_back"))
        seconds = (f"{figure:.3f}" for figure in (write["value"], read["value"], write["limit"]))
        yield _row(case.replace(".", " "), *seconds)


def _host(named: Results) -> Iterator[str]:
    yield from _head("figure", "value", "limit", "ratio", "what it is")
    for name, meaning in _MEANINGS.items():
        one = named[name]
        limit, ratio = (
            "-" if one[key] is None else _number(one[key]) for key in ("limit", "ratio")
        )
        yield _row(f"`{name}`", f"{_number(one['value'])} {one['unit']}", limit, ratio, meaning)


def _number(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 1000 else f"{figure:.3g}"


def _machine() -> str:
    """The processor, as the kernel names it, Python's version, and how busy it is."""
    try:
        described = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        described = []
    named = (line.partition(":")[2].strip() for line in described if line.startswith("model name"))
    processor = next(named, platform.machine())
    load = f"load average {os.getloadavg()[0]:.1f}"
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}, {load}"


if __name__ == "__main__":
    page = performance_markdown(
        json.load(sys.stdin)["results"], _machine(), f"{datetime.now(UTC):%Y-%m-%d}"
    )
    Path(__file__).with_name("performance.md").write_text(page, "utf-8")
