"""`docs/commands.md`, written from the command tree: `python -m console.cli.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from console.cli.main import command_tree

__all__ = ["commands", "reference_text"]

_HEAD: Final = """\
# Commands

Written by `python -m console.cli.reference > docs/commands.md`; a test compares.

Global options stand before the noun: `ektp --home H --json batch status`. With `--json` standard
output holds exactly one JSON document, described in `outputs.schema.json`; messages and progress go
to standard error. Exit codes: 0 done, 1 unexpected, 2 usage or wrong home, 3 people must decide,
4 counts do not reconcile, 5 machine, reader or line, 6 keys, 7 a record or file was refused.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words after `ektp`, such as `batch run`."""
    tree = command_tree()
    for noun in tree.list_commands(None):
        yield from _under(noun, tree.get_command(None, noun))


def _under(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for verb, inner in command.commands.items():
            yield from _under(f"{words} {verb}", inner)
    else:
        yield words, command


def reference_text() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(words, command) for words, command in commands())


def _section(words: str, command: Any) -> str:
    usage = " ".join(["ektp", words, *_arguments(command)])
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    lines = [f"\n## `{usage}`\n", *(f"{part}\n" for part in paragraphs)]
    options = [_option(each) for each in command.params if each.param_type_name == "option"]
    if options:
        lines.append("\n".join(options) + "\n")
    return "\n".join(lines)


def _arguments(command: Any) -> Iterator[str]:
    for each in command.params:
        if each.param_type_name != "argument":
            continue
        name = (each.metavar or each.name.upper()).strip("[]")
        yield name if each.required else f"[{name}]"


def _option(option: Any) -> str:
    names = " / ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    need = " (required)" if option.required else ""
    return f"- {names}{need}: {option.help}"


if __name__ == "__main__":
    sys.stdout.write(reference_text())
