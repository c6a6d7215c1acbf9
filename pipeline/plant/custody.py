"""Two custodians who stand together: their words in the journal before a key is touched.

Request and approval stand in the journal first; what came of them is an event of its own. A deed
that failed left an approval without its event: it is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ektp.errors import SecondCustodianRequired
from ektp.journal import Actor
from pipeline.governed import carry_out
from pipeline.home import Home, SystemEntropy
from pipeline.people import Act, decide_request, request_act
from pipeline.store.events import Event

if TYPE_CHECKING:
    from hsm.ceremony import ComponentFile
    from hsm.components import ComponentHeading

__all__ = [
    "Components",
    "Words",
    "agree",
    "component_files",
    "component_heading",
    "is_long_enough",
    "note",
]

Components = Sequence[tuple[Path, str]]
"""Component files, each with the passphrase under which it is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The two custodians who are in the room, each of them proved."""

    first: Actor
    second: Actor

    @property
    def people(self) -> tuple[str, str]:
        """Their names."""
        return self.first.principal, self.second.principal


def agree(home: Home, words: Words, act: Act, arguments: Mapping[str, Any]) -> str:
    """Put both words on an act down; the request's id.

    Raises `SecondCustodianRequired` for one person twice, `NotAllowed` for another role.
    """
    if words.first.principal == words.second.principal:
        raise SecondCustodianRequired(user=words.first.principal)
    request = request_act(home.store, SystemEntropy(), words.first, act, arguments)
    decide_request(home.store, words.second, request, carry_out)
    return str(request)


def note(home: Home, words: Words, event: Event) -> None:
    """Put down what came of it."""
    with home.store.transaction(words.second) as tx:
        tx.record(event)


# --- components ---------------------------------------------------------------------------------


def component_heading(file: Path) -> ComponentHeading:
    """Which component of which key a file holds, before anybody types a passphrase for it.

    Raises `ComponentRefused` for a file that is none or cannot be read.
    """
    from hsm.ceremony import (  # noqa: PLC0415 - only where components are given
        ComponentFile,
        read_component_texts,
    )
    from hsm.components import read_heading  # noqa: PLC0415 - see above

    ((text, _),) = read_component_texts([ComponentFile(path=file, passphrase="")])
    return read_heading(text)


def is_long_enough(passphrase: str) -> bool:
    """Whether a component may be sealed under it."""
    from hsm.components import LEAST_PASSPHRASE  # noqa: PLC0415 - only in ceremonies

    return len(passphrase) >= LEAST_PASSPHRASE


def component_files(components: Components) -> list[ComponentFile]:
    """The same for the key process."""
    from hsm.ceremony import ComponentFile  # noqa: PLC0415 - only where components are given

    return [ComponentFile(path=path, passphrase=word) for path, word in components]
