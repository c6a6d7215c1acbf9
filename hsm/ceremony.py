"""The key ceremony: a token gets its keys before two custodians, and a record says what was done.

It runs in the key process (`hsm.process`): components are made, sealed, read back and combined
there, and their values never reach the process that asks. `hold_ceremony` is the asking side.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ektp.errors import ComponentRefused
from ektp.ports import Clock
from hsm._process_child import KeyProcess
from hsm.ceremony_record import CeremonyRecord
from hsm.keys import KeyLabel
from hsm.places import TokenPlace

__all__ = ["CeremonyPlan", "ComponentFile", "Custodian", "hold_ceremony", "read_component_texts"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CEREMONY_S: Final = 300.0
_LONGEST_FILE: Final = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Someone who will hold a component, and the passphrase that was typed for it.

    Where READ-1 exists already nobody gets a new component, and none needs a passphrase.
    """

    name: str
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFile:
    """A component that exists, and its custodian's passphrase."""

    path: Path
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyPlan:
    """Who makes which keys where.

    `components` is the folder into which the sealed components of READ-1 are written (one file for
    each custodian, to be taken away by its custodian). `given` are masters that come as
    components: the makers' transport masters, and READ-1 where it exists already. A production
    token that gets no transport master can open no blank.
    """

    place: str
    custodians: Sequence[Custodian]
    components: Path
    witnesses: Sequence[str] = ()
    given: Mapping[KeyLabel, Sequence[ComponentFile]] = field(default_factory=dict)

    def as_plain(self) -> dict[str, object]:
        """As it is told to the key process."""
        return {
            "place": self.place,
            "custodians": [(one.name, one.passphrase) for one in self.custodians],
            "components": str(self.components.absolute()),
            "witnesses": tuple(self.witnesses),
            "given": {
                label.value: [(str(one.path.absolute()), one.passphrase) for one in files]
                for label, files in self.given.items()
            },
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> CeremonyPlan:
        """Read what `as_plain` told."""
        return cls(
            place=told["place"],
            custodians=[Custodian(name=name, passphrase=word) for name, word in told["custodians"]],
            components=Path(told["components"]),
            witnesses=told["witnesses"],
            given={
                KeyLabel(label): [
                    ComponentFile(path=Path(path), passphrase=word) for path, word in files
                ]
                for label, files in told["given"].items()
            },
        )


def hold_ceremony(token: TokenPlace, clock: Clock, plan: CeremonyPlan) -> CeremonyRecord:
    """Hold the ceremony in a key process of its own; its record.

    Raises `KeyUsageForbidden` for people or passphrases that will not do, `SealBroken` for a wrong
    passphrase, `HsmError` and its kinds. A ceremony that was cut off is held again with the
    components that it left as `given`.
    """
    moment = (clock.now() - _EPOCH) // _MICROSECOND
    process = KeyProcess()
    try:
        record = process.ask(
            moment, "ceremony", token.as_plain(), plan.as_plain(), within_s=_CEREMONY_S
        )
    except BaseException:
        process.kill()
        raise
    process.end(moment)
    return CeremonyRecord.from_bytes(record)


def read_component_texts(files: Sequence[ComponentFile]) -> list[tuple[str, str]]:
    """The texts of component files, each with its passphrase. Raises `ComponentRefused`."""
    return [(_text(one.path), one.passphrase) for one in files]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST_FILE + 1)
    except OSError as cause:
        raise ComponentRefused(
            "a component cannot be read", file=os.fspath(path), errno=cause.errno or 0
        ) from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ComponentRefused("this is no file of a key component", file=os.fspath(path)) from None
