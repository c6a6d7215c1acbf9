"""The personalization script: what is sent to a blank, as data.

A script is a sequence of named steps; each has its commands and the answers that are expected, in
plain form. It can be printed without showing anything of a person or a key (header, lengths, a
digest of the data), compared line by line with another, and replayed against a transcript
(`personalization.transcript`). `personalization.encoding` carries it out.

The steps come in phases, so that an intent can be journalled before each; a step that `opens` a
session begins a new one under another key set.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.chip_profiles import ChipProfile, ElementaryFile, FileId
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, SealedKeySet
from personalization import commands
from personalization.secret_data import SealedSecret

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
    """The phases of a personalization, in their order (`docs/secure-channel.md` section 8)."""

    MARK = "mark"
    KEYS = "keys"
    SECRETS = "secrets"
    FILES = "files"
    VERIFY = "verify"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and the answer that is expected to it.

    `singly`: what is asked, one by one, where the answer brings other data, to find which of
    several things is another. They are no part of a script that goes well.
    """

    command: CommandApdu
    expected: ResponseApdu = ResponseApdu(b"", StatusWord.OK)  # noqa: RUF009 - frozen
    singly: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """A named step of a phase. Of a `secret` step not even a digest is shown.

    `opens`: the version of the key set under which a new session is opened first. Such a step has
    no exchanges of its own: they have chance in them, and no two are alike.
    """

    phase: Phase
    name: str
    exchanges: tuple[Exchange, ...] = ()
    secret: bool = False
    opens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationScript:
    """The whole personalization of one chip for one attempt."""

    profile: str
    card: CardSerial
    attempt: AttemptId
    check_values: tuple[bytes, bytes, bytes]
    steps: tuple[ScriptStep, ...]

    def phase(self, *phases: Phase) -> tuple[ScriptStep, ...]:
        """The steps of these phases, in the order of the script."""
        return tuple(step for step in self.steps if step.phase in phases)

    @property
    def commands(self) -> int:
        """How many commands the script has, those that open sessions left out."""
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
    """An exchange in one line: `00D60000 Lc=EF data=DIGEST -> 9000`.

    `data` shows the first 8 bytes of SHA-256. An answer of a personalization is public: a digest, a
    serial, a life cycle, key check values.
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
    """The marker file: job ‖ `00` ‖ attempt, filled with `00` to 32 bytes (section 8)."""
    return (job.encode("ascii") + b"\x00" + attempt.encode("ascii")).ljust(32, b"\x00")


def script_for(
    image: ChipImage,
    profile: ChipProfile,
    *,
    job: JobId,
    key_set: SealedKeySet,
    secrets: Sequence[SealedSecret],
    block_bytes: int,
) -> PersonalizationScript:
    """The script that writes an image into the blank that it is bound to.

    `key_set` and `secrets` are sealed for that blank; the script is to live no longer than they
    may. `block_bytes`: how much file content one command carries.
    """
    return PersonalizationScript(
        profile=image.profile,
        card=image.card,
        attempt=image.attempt,
        check_values=key_set.check_values,
        steps=(
            _open(Phase.MARK, TRANSPORT_KEY_VERSION),
            *_mark(profile, marker_content(job, image.attempt), block_bytes),
            _change_keys(key_set),
            _open(Phase.SECRETS, CARD_KEY_VERSION),
            *(_put_secret(secret) for secret in secrets),
            *_write_files(profile, image, block_bytes),
            *_verify_files(profile, image),
            _step(Phase.CLOSE, "close", commands.SECURE),
        ),
    )


def _open(phase: Phase, version: int) -> ScriptStep:
    return ScriptStep(phase=phase, name=f"open session under {version:02X}", opens=version)


def _step(phase: Phase, name: str, *sent: CommandApdu, secret: bool = False) -> ScriptStep:
    exchanges = tuple(Exchange(command) for command in sent)
    return ScriptStep(phase=phase, name=name, exchanges=exchanges, secret=secret)


def _mark(profile: ChipProfile, content: bytes, block_bytes: int) -> Iterator[ScriptStep]:
    yield _step(Phase.MARK, "create application", commands.create_application(profile))
    create = commands.create_file(profile.marker, len(content))
    update = commands.update_binary(content, block_bytes)
    yield _step(Phase.MARK, "write marker", create, *update)


def _change_keys(key_set: SealedKeySet) -> ScriptStep:
    answer = bytes((key_set.version,)) + b"".join(key_set.check_values)
    exchange = Exchange(commands.put_key(key_set), ResponseApdu(answer, StatusWord.OK))
    return ScriptStep(phase=Phase.KEYS, name="change keys", exchanges=(exchange,), secret=True)


def _put_secret(secret: SealedSecret) -> ScriptStep:
    command = commands.put_data(secret.number, secret.sealed)
    return _step(Phase.SECRETS, f"put {secret.name}", command, secret=True)


def _write_files(profile: ChipProfile, image: ChipImage, block_bytes: int) -> Iterator[ScriptStep]:
    contents = dict(image.files)
    for place in _places(profile):
        yield _select(Phase.FILES, profile, place)
        for file in place:
            content = contents[file.file_id].reveal()
            create = commands.create_file(file, len(content))
            update = commands.update_binary(content, block_bytes)
            yield _step(Phase.FILES, f"write {file.name}", create, *update)


def _verify_files(profile: ChipProfile, image: ChipImage) -> Iterator[ScriptStep]:
    digests = image.digests
    places = _places(profile)
    for place in places:
        if len(places) > 1:
            yield _select(Phase.VERIFY, profile, place)
        ids = [file.file_id for file in place]
        exchange = _digest_of_all(ids, [digests[file_id] for file_id in ids])
        yield ScriptStep(phase=Phase.VERIFY, name="compare digests", exchanges=(exchange,))


def _digest_of_all(ids: Sequence[FileId], digests: Sequence[bytes]) -> Exchange:
    """One question for all files of a place, and the question for each."""
    singly = tuple(
        Exchange(commands.file_digest(file_id), ResponseApdu(digest, StatusWord.OK))
        for file_id, digest in zip(ids, digests, strict=True)
    )
    over_all = hashlib.sha256(b"".join(digests)).digest()
    return Exchange(commands.file_digest(*ids), ResponseApdu(over_all, StatusWord.OK), singly)


def _places(profile: ChipProfile) -> list[list[ElementaryFile]]:
    """The files under the master file, where there are any, and those of the application."""
    outside = [file for file in profile.files if file.in_master_file]
    inside = [file for file in profile.files if not file.in_master_file]
    return [outside, inside] if outside else [inside]


def _select(phase: Phase, profile: ChipProfile, place: list[ElementaryFile]) -> ScriptStep:
    if place[0].in_master_file:
        return _step(phase, "select master file", commands.SELECT_MASTER_FILE)
    return _step(phase, "select application", commands.select_application(profile))
