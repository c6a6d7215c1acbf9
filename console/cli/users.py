"""`ektp users`: people who may act here."""
# ruff: noqa: PLC0415 - help must not load the store

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.cli.answers import Answer, Facts, Table, answer
from console.cli.parts import noun
from console.cli.session import Session, secret, session_of, station
from console.cli.wording import sentence
from ektp.journal import Role

if TYPE_CHECKING:
    from pipeline.home import Home

app = noun("People who may act here.")

NameArgument = Annotated[str, typer.Argument(metavar="USER", help="Letters and digits.")]
RolesOption = Annotated[list[Role], typer.Option("--role", help="May be given several times.")]

_NEW_PIN_VARIABLE: Final = "EKTP_NEW_PIN"
_OLD_PIN_VARIABLE: Final = "EKTP_PIN"


@app.command("list")
def list_(context: typer.Context) -> None:
    """All accounts and their roles."""
    session = session_of(context)
    with session.home() as home:
        _answer_users(session, home)


def _answer_users(
    session: Session, home: Home, extra: dict[str, Any] | None = None, *shown: Answer
) -> None:
    from pipeline.people import list_users

    with home.store.read() as connection:
        users = [
            {
                "name": each.name,
                "roles": [str(role) for role in each.roles],
                "disabled": each.disabled,
            }
            for each in list_users(connection)
        ]
    columns = ("name", "roles", "disabled")
    rows = [tuple(each[column] for column in columns) for each in users]
    answer(session, {"users": users} | (extra or {}), Table(columns=columns, rows=rows), *shown)


@app.command()
def add(context: typer.Context, name: NameArgument, *, role: RolesOption) -> None:
    """Give a person an account; in a production home with a one-time code to choose a PIN."""
    from pipeline.duties import Duty
    from pipeline.people import add_user
    from pipeline.signin import one_time_code

    session = session_of(context)
    with session.home() as home:
        actor = session.actor(home, Duty.MANAGE_USERS)
        add_user(home.store, actor, name, _human(role))
        if home.kind == "simulated":
            _answer_users(session, home, {"sign_in": None})
            return
        with home.store.transaction(actor) as tx:
            code = one_time_code(tx, name)
        told = sentence(session.lang, "one_time_code", user=name)
        _answer_users(session, home, {"sign_in": code}, Facts(facts={"sign_in": code}), told)


def _human(roles: list[Role]) -> list[Role]:
    if Role.SYSTEM in roles:
        raise typer.BadParameter("--role: nobody is the system")
    return list(dict.fromkeys(roles))


@app.command()
def disable(context: typer.Context, name: NameArgument) -> None:
    """Close an account. What the person did stays in the journal."""
    from pipeline.duties import Duty
    from pipeline.people import disable_user

    session = session_of(context)
    with session.home() as home:
        disable_user(home.store, session.actor(home, Duty.MANAGE_USERS), name)
        _answer_users(session, home)


@app.command()
def role(context: typer.Context, name: NameArgument, *, role: RolesOption) -> None:
    """Give a person other roles."""
    from pipeline.duties import Duty
    from pipeline.people import change_roles

    session = session_of(context)
    with session.home() as home:
        change_roles(home.store, session.actor(home, Duty.MANAGE_USERS), name, _human(role))
        _answer_users(session, home)


@app.command()
def pin(context: typer.Context, name: NameArgument) -> None:
    """Choose a PIN, with the old one or with the one-time code.

    Both are typed unseen, or taken from EKTP_PIN (old) and EKTP_NEW_PIN; never from the command
    line.
    """
    from pipeline.home import system_actor
    from pipeline.people import find_user
    from pipeline.signin import set_pin

    session = session_of(context)
    with session.home() as home:
        with home.store.read() as connection:
            find_user(connection, name)
        old = secret(sentence(session.lang, "old_pin"), _OLD_PIN_VARIABLE)
        new = secret(sentence(session.lang, "new_pin"), _NEW_PIN_VARIABLE)
        set_pin(home.store, system_actor(station()), name, old, new)
    answer(session, {"user": name, "pin": "set"}, sentence(session.lang, "pin_set", user=name))
