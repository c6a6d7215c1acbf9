"""The nouns of the command line and what each is for: all that the top help needs to know."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

__all__ = ["NOUNS", "installed_nouns", "module_name"]

NOUNS: Final[dict[str, str]] = {
    "init": "Make a home: a folder with settings, store and keys.",
    "demo": "The whole job on synthetic people and the simulated world.",
    "records": "Approved records: make samples, import signed files.",
    "batch": "Print batches: open, run, recover, close.",
    "lines": "Print lines: list, set up, pause, resume.",
    "card": "One card: its history, its check at a reader, its governed exits.",
    "chip": "Chips: read what the access rules allow.",
    "keys": "The token: what it holds, what receivers must trust.",
    "stock": "The ledger of blanks: receive, issue, return, count, report.",
    "seals": "Numbered seals for parcels.",
    "parcels": "Parcels per kecamatan: pack, seal, label.",
    "consignments": "Consignments to registry and kecamatan.",
    "handover": "Hand-over to the citizen, and who has not come.",
    "reconcile": "Check every identity and name what is missing.",
    "audit": "Check that the journal is whole.",
    "journal": "Make the state tables anew from the journal, or compare.",
    "users": "People who may act here.",
    "approve": "Give the second word in a two-person act.",
    "trust": "Approvers whose files are taken in.",
    "offices": "Delivery offices that the installation adds.",
    "stops": "The stop list: people who must not get a card.",
    "plan": "Capacity: when each kecamatan is done.",
    "sim": "Simulated machines and chips on real wires.",
    "console": "The web stations and the API.",
    "bench": "The benchmark suite.",
}
"""Every noun and its one line of help, in the order of the work."""


def module_name(noun: str) -> str:
    """The module that holds a noun's commands."""
    return f"{__package__}.{noun}"


def installed_nouns() -> list[str]:
    """The nouns whose module is installed, found without importing it."""
    return [noun for noun in NOUNS if find_spec(module_name(noun)) is not None]
