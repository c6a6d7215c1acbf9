"""`ektp`: the root of the command line. A noun's module is loaded when the noun is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from console.cli import outcome
from console.cli.catalogue import NOUNS, installed_nouns, module_name
from console.cli.session import LANGUAGES, Lang, Session, session_of
from ektp import __version__
from ektp.errors import EktpError

__all__ = ["command_tree", "main"]


class LazyNouns(TyperGroup):
    """A group that knows its nouns by name and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's own form
        """The nouns that are installed."""
        return installed_nouns()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the group's own form
        """The commands of a noun, imported now."""
        if cmd_name not in self.commands:
            if cmd_name not in NOUNS or cmd_name not in installed_nouns():
                return None
            command = get_command(import_module(module_name(cmd_name)).app)
            command.name = cmd_name
            command.help = command.help or NOUNS[cmd_name]
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as above
        """The list of nouns, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(noun, NOUNS[noun]) for noun in installed_nouns()])


app = typer.Typer(
    cls=LazyNouns,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"ektp {__version__}\n")
        raise typer.Exit


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise typer.BadParameter(" or ".join(LANGUAGES))
    return value


def _known_language(value: str) -> Lang:
    return "en" if value == "en" else "id"


@app.callback()
def root(
    context: typer.Context,
    *,
    home: Annotated[
        Path, typer.Option(envvar="EKTP_HOME", help="The home's folder.", show_default="here")
    ] = Path(),
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output.")
    ] = False,
    lang: Annotated[
        str, typer.Option(envvar="EKTP_LANG", callback=_language, help="id or en.")
    ] = "id",
    user: Annotated[
        str | None, typer.Option("--as", envvar="EKTP_USER", metavar="USER", help="Who acts.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has done its work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From approved records to finished KTP-el cards in sealed parcels.

    Global options stand before the noun: `ektp --home H --json batch status`.
    """
    session = session_of(context)
    session.folder = home.absolute()
    session.as_json = as_json
    session.lang = _known_language(lang)
    session.user = user


def command_tree() -> Any:
    """The whole command, for `main` and for whoever writes it down."""
    return get_command(app)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Known before the line is parsed: a line that cannot be parsed is answered in the same form.
    session = Session(
        as_json="--json" in arguments, lang=_known_language(os.environ.get("EKTP_LANG", ""))
    )
    try:
        result = command_tree().main(
            args=arguments, prog_name="ektp", standalone_mode=False, obj=session
        )
    except typer.TyperException as wrong:
        return outcome.misused(session, wrong)
    except EktpError as error:
        return outcome.failed(session, error)
    except (typer.Abort, KeyboardInterrupt):
        return outcome.interrupted(session)
    except BrokenPipeError:
        # Whoever read us has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the one place where nothing may get past
        return outcome.unexpected(session, error)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
