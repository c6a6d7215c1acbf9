"""Two custodians at one terminal: who they are, and the passphrases of components.

A passphrase is typed unseen, or stands in the environment: `EKTP_PASSPHRASE_1` for component 1 of
any master, `EKTP_PASSPHRASE_TRANSPORT_SAM_1` for that of one master alone.
"""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.cli.session import Session, secret
from console.cli.wording import sentence
from ektp.errors import SecondCustodianRequired

if TYPE_CHECKING:
    from pipeline.home import Home
    from pipeline.people import Act
    from pipeline.plant.custody import Components, Words

__all__ = ["SecondOption", "both_words", "held", "held_of_each", "new_passphrases"]

_PASSPHRASE: Final = "EKTP_PASSPHRASE_"

SecondOption = Annotated[
    str | None,
    typer.Option(
        "--second",
        metavar="USER",
        help="The other custodian, who is in the room too; their PIN: EKTP_SECOND_PIN.",
    ),
]


def both_words(session: Session, home: Home, act: Act, second: str | None) -> Words:
    """Both custodians, each proved: acts upon keys are done by people who stand together.

    Raises `SecondCustodianRequired` before anybody is asked for a PIN, and as `Session.asks`.
    """
    from pipeline.plant.custody import Words

    if home.kind == "production" and second is None:
        raise SecondCustodianRequired(act=act.value)
    if second is not None and second == session.user:
        raise SecondCustodianRequired(user=second)
    first = session.asks(home, act)
    return Words(first=first, second=session.seconds(home, act, second, but=first.principal))


def new_passphrases(session: Session, people: tuple[str, str]) -> tuple[str, str]:
    """A new passphrase of each custodian, for the component that they take away."""
    first, second = (
        _new_passphrase(session, name, number) for number, name in enumerate(people, 1)
    )
    return first, second


def held_of_each(session: Session, files: Mapping[str, Sequence[Path]]) -> dict[str, Components]:
    """The same for several masters: one courier often brings a component of each."""
    typed: dict[str, str] = {}
    return {name: held(session, some, typed) for name, some in files.items()}


def held(
    session: Session, files: Sequence[Path], typed: dict[str, str] | None = None
) -> Components:
    """Component files, each with the passphrase that its custodian gives for it.

    `typed`: what people typed for other masters; Enter takes it again.
    Raises `ComponentRefused` for a file that is none.
    """
    from pipeline.plant.custody import component_heading

    typed = {} if typed is None else typed
    found = []
    for file in files:
        heading = component_heading(file)
        key = heading.key.replace("-", "_")
        phrase = _from_environment((f"{key}_{heading.number}", str(heading.number)))
        if phrase is None:
            before = typed.get(heading.custodian)
            words = sentence(
                session.lang,
                "component_passphrase" if before is None else "component_passphrase_again",
                key=heading.key,
                number=heading.number,
                count=heading.count,
                custodian=heading.custodian,
            )
            phrase = secret(words, f"{_PASSPHRASE}{key}_{heading.number}")
            phrase = phrase or before or ""
            typed[heading.custodian] = phrase
        found.append((file, phrase))
    return found


def _new_passphrase(session: Session, name: str, number: int) -> str:
    from pipeline.plant.custody import is_long_enough

    given = _from_environment((str(number),))
    if given is not None:
        return given
    while True:
        phrase = secret(
            sentence(session.lang, "new_passphrase", user=name), f"{_PASSPHRASE}{number}"
        )
        # A component sealed under a slip of the finger would be lost for good.
        again = secret(sentence(session.lang, "same_again", user=name), f"{_PASSPHRASE}{number}")
        if phrase != again:
            sys.stderr.write(sentence(session.lang, "passphrases_differ") + "\n")
        elif not is_long_enough(phrase):
            sys.stderr.write(sentence(session.lang, "passphrase_short") + "\n")
        else:
            return phrase


def _from_environment(names: Iterable[str]) -> str | None:
    given = (os.environ.get(_PASSPHRASE + name) for name in names)
    return next((value for value in given if value is not None), None)
