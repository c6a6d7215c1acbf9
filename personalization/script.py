"""The personalization script: what is sent to a blank, as data.

A script is a sequence of named steps; each has its commands and the answers that are expected. It
can be printed without showing anything of a person or a key (header, lengths, a digest of the
data), compared line by line with another, and replayed against a transcript
(`personalization.transcript`). `personalization.encoding` carries it out.

The steps come in phases, so that an intent can be journalled before each, and so that a secure
channel can be opened anew where the keys have changed.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import ChipProfile, chip_profile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage
from personalization import commands
from personalization.binding import CardControl, card_control_of

__all__ = [
    "Exchange",
    "PersonalizationScript",
    "Phase",
    "ScriptStep",
    "marker_content",
    "masked",
    "script_for",
]


@unique
class Phase(StrEnum):
    """The phases of a personalization, in their order."""

    MARK = "mark"
    KEYS = "keys"
    FILES = "files"
    VERIFY = "verify"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and the answer that is expected to it."""

    command: CommandApdu
    expected: ResponseApdu = ResponseApdu(b"", StatusWord.OK)  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """A named step of a phase. Of a `secret` step (keys) not even a digest is shown."""

    phase: Phase
    name: str
    exchanges: tuple[Exchange, ...]
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationScript:
    """The whole personalization of one chip for one attempt."""

    profile: str
    card: CardSerial
    attempt: AttemptId
    steps: tuple[ScriptStep, ...]

    def phase(self, *phases: Phase) -> tuple[ScriptStep, ...]:
        """The steps of these phases, in the order of the script."""
        return tuple(step for step in self.steps if step.phase in phases)

    @property
    def commands(self) -> int:
        """How many commands the script has."""
        return sum(len(step.exchanges) for step in self.steps)

    def lines(self) -> Iterator[str]:
        """The script as text, masked: a line for each step and, indented, for each exchange."""
        for step in self.steps:
            yield f"{step.phase}: {step.name}"
            for exchange in step.exchanges:
                yield "  " + masked(exchange.command, exchange.expected, secret=step.secret)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def diff(self, other: PersonalizationScript) -> list[str]:
        """What another script does differently, as a unified diff of the masked lines."""
        return list(difflib.unified_diff(list(self.lines()), list(other.lines()), lineterm="", n=1))


def masked(command: CommandApdu, response: ResponseApdu, *, secret: bool = False) -> str:
    """An exchange in one line: `00D60000 Lc=F0 data=DIGEST -> 9000`.

    `data` shows the first 8 bytes of SHA-256. An answer of a personalization is public: a digest, a
    serial, a life cycle.
    """
    words = [bytes((command.cla, command.ins, command.p1, command.p2)).hex().upper()]
    if command.data:
        digest = "secret" if secret else hashlib.sha256(command.data).hexdigest()[:16]
        words += [f"Lc={len(command.data):02X}", f"data={digest}"]
    if command.le is not None:
        words.append(f"Le={command.le & 0xFF:02X}")
    words.append("->")
    if response.data:
        words.append(response.data.hex().upper())
    words.append(f"{response.sw:04X}")
    return " ".join(words)


def marker_content(job: JobId, attempt: AttemptId) -> bytes:
    """The marker file: job ‖ `00` ‖ attempt, filled with `00` to 32 bytes (section 5)."""
    return (job.encode("ascii") + b"\x00" + attempt.encode("ascii")).ljust(32, b"\x00")


def script_for(image: ChipImage, *, job: JobId, key_block: bytes) -> PersonalizationScript:
    """The script that writes an image into the blank that it is bound to.

    `key_block` are the chip's keys as PUT KEY takes them; the script is to live no longer than they
    may.
    """
    profile = chip_profile(image.profile)
    control = CardControl.from_bytes(card_control_of(image))
    return PersonalizationScript(
        profile=image.profile,
        card=image.card,
        attempt=image.attempt,
        steps=(
            *_mark(profile, marker_content(job, image.attempt)),
            ScriptStep(
                phase=Phase.KEYS,
                name="load keys",
                exchanges=(Exchange(commands.put_keys(control.key_version, key_block)),),
                secret=True,
            ),
            *_write_files(profile, image),
            *_verify_files(profile, image),
            ScriptStep(phase=Phase.CLOSE, name="close", exchanges=(Exchange(commands.SECURE),)),
        ),
    )


def _mark(profile: ChipProfile, content: bytes) -> Iterator[ScriptStep]:
    yield ScriptStep(
        phase=Phase.MARK,
        name="create application",
        exchanges=(Exchange(commands.create_application(profile.application)),),
    )
    create = commands.create_file(profile.marker, len(content))
    yield ScriptStep(
        phase=Phase.MARK,
        name="write marker",
        exchanges=tuple(Exchange(c) for c in (create, *commands.update_binary(content))),
    )


def _write_files(profile: ChipProfile, image: ChipImage) -> Iterator[ScriptStep]:
    contents = dict(image.files)
    for file in profile.files:
        content = contents[file.file_id].reveal()
        create = commands.create_file(file, len(content))
        yield ScriptStep(
            phase=Phase.FILES,
            name=f"write {file.name}",
            exchanges=tuple(Exchange(c) for c in (create, *commands.update_binary(content))),
        )


def _verify_files(profile: ChipProfile, image: ChipImage) -> Iterator[ScriptStep]:
    digests = image.digests
    for file in profile.files:
        expected = ResponseApdu(digests[file.file_id], StatusWord.OK)
        yield ScriptStep(
            phase=Phase.VERIFY,
            name=f"digest of {file.name}",
            exchanges=(Exchange(commands.file_digest(file.file_id), expected),),
        )
