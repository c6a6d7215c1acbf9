"""Synthetic people: seeded, reproducible, plausible, and none of them exists (NIK serial 0000).

`generate` makes approved records; `nik_of` tells one person's NIK without them; `spoiled_records`
makes one bad record of each kind that intake refuses; `write_sample` and `envelope` play the data
centre that signs and sends a file. Heavy modules are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulation.people.approver import Approver, SampleFiles, write_sample
    from simulation.people.enveloping import envelope
    from simulation.people.identity import nik_of
    from simulation.people.mix import EPOCH, PeopleMix
    from simulation.people.places import Office, Village, offices_of_regency, villages_of
    from simulation.people.records import generate, record_of, request_id_of
    from simulation.people.refusals import RefusalKind, RefusedCase, spoiled_records

__all__ = [
    "EPOCH",
    "Approver",
    "Office",
    "PeopleMix",
    "RefusalKind",
    "RefusedCase",
    "SampleFiles",
    "Village",
    "envelope",
    "generate",
    "nik_of",
    "offices_of_regency",
    "record_of",
    "request_id_of",
    "spoiled_records",
    "villages_of",
    "write_sample",
]

_HOMES: Final = {
    "EPOCH": "mix",
    "Approver": "approver",
    "Office": "places",
    "PeopleMix": "mix",
    "RefusalKind": "refusals",
    "RefusedCase": "refusals",
    "SampleFiles": "approver",
    "Village": "places",
    "envelope": "enveloping",
    "generate": "records",
    "nik_of": "identity",
    "offices_of_regency": "places",
    "record_of": "records",
    "request_id_of": "records",
    "spoiled_records": "refusals",
    "villages_of": "places",
    "write_sample": "approver",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{home}"), name)
