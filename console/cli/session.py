"""What the global options say, and who acts: every command begins here.

Nothing heavy is imported with this module: homes and plants are opened when a command needs them.
"""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ektp.errors import NotAllowed

if TYPE_CHECKING:
    import typer

    from ektp.journal import Actor, Role
    from pipeline.duties import Duty
    from pipeline.home import Home
    from pipeline.people import Act
    from pipeline.plant import Plant

__all__ = ["LANGUAGES", "Lang", "Session", "secret", "session_of", "station"]

Lang = Literal["id", "en"]
LANGUAGES: Final[tuple[Lang, ...]] = ("id", "en")
_PIN_VARIABLE: Final = "EKTP_PIN"
_SECOND_PIN_VARIABLE: Final = "EKTP_SECOND_PIN"


@dataclass(slots=True)
class Session:
    """The global options of one call."""

    folder: Path = field(default_factory=Path)
    as_json: bool = False
    lang: Lang = "id"
    user: str | None = None

    @contextmanager
    def home(self) -> Iterator[Home]:
        """The home, without its token. Raises `NotAHome` and what `Home.open` raises."""
        from pipeline.home import Home

        home = Home.open(self.folder)
        try:
            yield home
        finally:
            home.close()

    @contextmanager
    def plant(self) -> Iterator[Plant]:
        """The home with its token open. Raises what `Plant.open` raises."""
        from pipeline.plant import Plant

        with Plant.open(self.folder) as plant:
            yield plant

    def actor(self, home: Home, duty: Duty) -> Actor:
        """Who does this duty. Raises `NotAllowed` or `NotFound`."""
        from pipeline.duties import ROLES

        return self._actor(home, ROLES[duty])

    def asks(self, home: Home, act: Act) -> Actor:
        """Who gives the first word of a two-person act. Raises `NotAllowed` or `NotFound`."""
        from pipeline.people import MAY_ASK

        return self._actor(home, MAY_ASK[act])

    def approves(self, home: Home, request: str) -> Actor:
        """Who gives the second word on a request. Raises `NotAllowed` or `NotFound`."""
        from pipeline.people import MAY_APPROVE, find_request

        with home.store.read() as connection:
            wanted = find_request(connection, request)
        # Supervisors first: in a simulated home the first role that may is who does it.
        roles = sorted(MAY_APPROVE[wanted.act], key=lambda role: role != "supervisor")
        return self._actor(home, roles, but=wanted.requested_by)

    def seconds(self, home: Home, act: Act, name: str | None, *, but: str) -> Actor:
        """Who gives the second word in the same room, proved by a PIN of their own.

        Raises `NotAllowed` or `NotFound`.
        """
        from pipeline.duties import usual_test_person
        from pipeline.people import MAY_APPROVE, actor_for

        roles = MAY_APPROVE[act]
        if home.kind == "simulated":
            name = name or usual_test_person(roles, but=but)
        elif name is None:
            raise NotAllowed("two custodians are needed: --second USER", act=act.value)
        else:
            self._prove(home, name, _SECOND_PIN_VARIABLE)
        with home.store.read() as connection:
            return actor_for(connection, name, station(), roles)

    def _actor(self, home: Home, roles: Iterable[Role], *, but: str = "") -> Actor:
        from pipeline.duties import usual_test_person
        from pipeline.people import actor_for

        if home.kind == "simulated":
            name = self.user or usual_test_person(roles, but=but)
        else:
            name = self.prove(home)
        with home.store.read() as connection:
            return actor_for(connection, name, station(), frozenset(roles))

    def prove(self, home: Home) -> str:
        """In a production home: the user, once the PIN has proved it. Raises `NotAllowed`."""
        if self.user is None:
            raise NotAllowed("say who acts: ektp --as USER, or EKTP_USER")
        return self._prove(home, self.user, _PIN_VARIABLE)

    @staticmethod
    def _prove(home: Home, user: str, variable: str) -> str:
        from pipeline.home import system_actor
        from pipeline.signin import prove

        pin = secret(f"PIN {user}", variable)
        with home.store.transaction(system_actor(station())) as tx:
            # A wrong try must stay counted: the transaction ends well whatever comes of it.
            proved = prove(tx, user, pin)
        if not proved:
            raise NotAllowed("the PIN is wrong, still to be chosen, or locked", user=user)
        return user


def station() -> str:
    """Where the command line acts: this machine's name."""
    return f"cli/{os.uname().nodename}"[:64]


def secret(prompt: str, variable: str) -> str:
    """A secret from the environment, or typed unseen. Raises `NotAllowed` where there is neither.

    A secret on the command line would stand in every list of processes.
    """
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise NotAllowed("nobody is here to type it: use a terminal, or give it in " + variable)
    import getpass

    return getpass.getpass(f"{prompt}: ", stream=sys.stderr)


def session_of(context: typer.Context) -> Session:
    """The session of a call."""
    session = context.find_object(Session)
    if session is None:
        raise AssertionError
    return session
