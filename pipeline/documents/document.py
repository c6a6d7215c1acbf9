"""What is handed out: a file's name and bytes; and what stands around every paper of a home."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ektp.errors import ConfigurationError
from ektp.journal import Actor, Role
from pipeline.papers import Lang, Person, Stamp
from pipeline.papers.wording import Bi
from pipeline.plant import Plant

__all__ = ["Document", "paper_number", "signer", "stamp_of"]

_OWNER_ONLY = 0o600
_POSITION = {
    Role.OPERATOR: Bi("Operator cetak", "Print operator"),
    Role.QA: Bi("Petugas mutu", "Quality assurance"),
    Role.LOGISTICS: Bi("Petugas logistik", "Logistics"),
    Role.SUPERVISOR: Bi("Penyelia", "Supervisor"),
    Role.CUSTODIAN: Bi("Pemegang kunci", "Key custodian"),
    Role.AUDITOR: Bi("Auditor", "Auditor"),
    Role.ADMIN: Bi("Administrator", "Administrator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A paper, a list or a picture: its name has ids and dates only, its content may show people.

    `repr` shows the name and no content.
    """

    name: str
    content: bytes = field(repr=False)

    def write(self, folder: Path) -> Path:
        """Write it into a folder, whole or not at all, for its owner's eyes; its path.

        A file of that name is replaced. Raises `ConfigurationError` where it cannot be written.
        """
        path = folder / self.name
        fresh = folder / f".{self.name}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(self.content)
            fresh.replace(path)
        except OSError as failed:
            raise ConfigurationError("the document cannot be written", file=self.name) from failed
        return path


def stamp_of(plant: Plant, number: str) -> Stamp:
    """The stamp of a home's paper: its site and zone, and whether its people are made up."""
    settings = plant.home.settings.home
    return Stamp(
        site=settings.site_name,
        number=number,
        printed_at=plant.home.clock.now(),
        zone=settings.zone,
        simulated=settings.kind == "simulated",
    )


def paper_number(plant: Plant, kind: str, subject: str, moment: datetime) -> str:
    """The number of a paper: what it is about, its kind, the site and the year of its subject.

    It follows from the subject, so that a paper drawn again has the number that it had.
    """
    year = moment.astimezone(plant.home.zone).year
    return f"{subject}/{kind}/{plant.home.settings.home.site}/{year}"


def signer(
    name: str, role: Role | None, lang: Lang, *, organization: str = "", system: str = "system"
) -> Person:
    """A user as one who signs; the system itself signs nothing, so its place is left to people."""
    if name == system or role is Role.SYSTEM:
        return Person(organization=organization)
    position = _POSITION[role].pick(lang)[0] if role is not None else ""
    return Person(name=name, position=position, organization=organization)


def signs(actor: Actor, lang: Lang, *, organization: str = "") -> Person:
    """Who acts, as one who signs."""
    return signer(actor.principal, actor.role, lang, organization=organization)


def signs_as(actor: Actor, roles: frozenset[Role], lang: Lang) -> Person:
    """Who acts, where the place to sign is of one of these roles; else it is left empty."""
    return signs(actor, lang) if actor.role in roles else Person()
