"""A home at work: ports and services, put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from ektp.cards import ChipAccess
from ektp.chip_profiles import CHIP_PROFILES, KTP_EL, ChipProfile, ReadAccess, with_photo_access
from ektp.errors import (
    ConfigurationError,
    EnvelopeMissing,
    EnvelopeRequired,
    EnvelopeSignatureInvalid,
    NotFound,
    SimulationRefused,
)
from ektp.ids import AttemptId, JobId
from ektp.journal import Actor
from ektp.ports import CardPrinter, KeyService
from ektp.printer_profiles import Station
from hsm.token_client import TokenClient
from pipeline.chip_access import access_from_bytes
from pipeline.home import Home, SystemEntropy, new_id
from pipeline.intake.importer import VerifiedSource
from pipeline.plant.desk import Desk
from pipeline.plant.keyroom import KeyRoom
from pipeline.plant.standing import StandingInspector
from pipeline.plant.tokens import token_place
from pipeline.plant.wires import Wires
from pipeline.plant.world import HOPPERS, SimulatedSide
from pipeline.production.workshop import PrintLine, ProfileBench, Workshop
from pipeline.reconciliation import MachineEvidence
from pipeline.settings import LineSettings
from pipeline.store import schema as db
from pipeline.store.vault import Part, Purpose, Vault

__all__ = ["HOPPERS", "Plant"]

_READ_KEY_VERSION: Final = 1


@dataclass(slots=True)
class Plant:
    """A home at work. Its token is opened with the first use of a key."""

    home: Home
    token: TokenClient
    entropy: SystemEntropy = field(default_factory=SystemEntropy)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Plant]:
        """Open a home; its token is opened with the first use of a key, in a process of its own.

        Raises what `Home.open` raises, `TokenNotFound` where none is named, `SimulationRefused`.
        """
        home = Home.open(path)
        try:
            with TokenClient(token_place(home), home.clock) as token:
                yield cls(home, token)
        finally:
            home.close()

    @property
    def world(self) -> SimulatedSide:
        """Machines and cards of a simulated home."""
        return SimulatedSide(self.home)

    @property
    def desk(self) -> Desk:
        """Readers, SAMs and inspectors for people."""
        return Desk(self.home, self.token, self.chip_profile)

    @property
    def wires(self) -> Wires:
        """Simulated cards and modules, for virtual readers."""
        return Wires(self.world, self.desk.slots)

    @property
    def keyroom(self) -> KeyRoom:
        """Where custodians make, rotate and revoke keys, and issue modules."""
        return KeyRoom(self.home, self.token)

    # --- keys and the vault -----------------------------------------------------------------

    @property
    def keys(self) -> KeyService:
        """What the token does for the house."""
        return self.token

    @property
    def vault(self) -> Vault:
        """The vault under this token."""
        return Vault(self.token)

    def access_of(self, job: JobId, actor: Actor, *, reason: str) -> ChipAccess:
        """What opens the chip of a job's card; who looks, and why, is journalled.

        Raises `NotFound` for a job that is not there, or whose card opens without it.
        """
        with self.home.store.transaction(actor) as tx:
            if tx.connection.scalar(select(db.jobs.c.job).where(db.jobs.c.job == job)) is None:
                raise NotFound(job=job)
            opened = self.vault.open(tx, [job], Part.ACCESS, Purpose.INSPECT, reason=reason)
        return access_from_bytes(opened[job])

    # --- intake -----------------------------------------------------------------------------

    def verify_file(
        self,
        path: Path,
        *,
        trust: Sequence[Path] = (),
        on_progress: Callable[[int, int], None] | None = None,
    ) -> VerifiedSource:
        """Check a file's signature under the pinned approvers.

        `NAME.jsonl` needs `NAME.jsonl.p7s` beside it; `NAME.jsonl.p7m` is deciphered with the
        token. Raises `EnvelopeRequired`, `EnvelopeMissing`, `EnvelopeSignatureInvalid` or
        `EnvelopeNotForUs`.
        """
        # CMS reading is loaded by whoever imports, not by every command.
        from hsm.envelope import open_enveloped, verify_detached  # noqa: PLC0415 - see above

        trusted = [*self._pinned(), *self._named(trust)]
        if not trusted:
            raise EnvelopeSignatureInvalid("no approver is trusted here", file=path.name)
        now = self.home.clock.now()
        if path.suffix == ".p7m":
            enveloped = open_enveloped(
                path,
                key=self.token.envelope_key,
                trusted=trusted,
                site=self.home.settings.home.site,
                last_sequence=self._last_sequence,
                now=now,
                on_progress=on_progress,
            )
            return VerifiedSource(
                sha256=enveloped.sha256,
                signer=enveloped.signer,
                sequence=enveloped.sequence,
                lines=enveloped.open_lines,
            )
        if self.home.kind == "production":
            raise EnvelopeRequired(file=path.name)
        signature = path.with_name(path.name + ".p7s")
        if not signature.is_file():
            raise EnvelopeMissing(file=path.name)
        plain = verify_detached(path, signature, trusted, now, on_progress)
        return VerifiedSource(
            sha256=plain.sha256, signer=plain.signer, sequence=None, lines=plain.open_lines
        )

    def _pinned(self) -> list[bytes]:
        with self.home.store.read() as connection:
            return [
                certificate.encode()
                for certificate in connection.scalars(select(db.approvers.c.certificate))
            ]

    def _named(self, trust: Sequence[Path]) -> list[bytes]:
        if trust and self.home.kind == "production":
            raise SimulationRefused("--trust works in simulated homes; pin it: ektp trust add")
        try:
            return [path.read_bytes() for path in trust]
        except OSError as failed:
            raise ConfigurationError("the certificate cannot be read") from failed

    def _last_sequence(self, signer: bytes) -> int:
        with self.home.store.read() as connection:
            last = connection.scalar(
                # An import that a stop cut off does not use its number up: it can be repeated.
                select(func.max(db.imports.c.sequence)).where(
                    db.imports.c.approver == signer.hex(), db.imports.c.state == "CLOSED"
                )
            )
        return int(last or 0)

    # --- machines ---------------------------------------------------------------------------

    def line_settings(self, line: str) -> LineSettings:
        """A line of the settings. Raises `NotFound`."""
        for settings in self.home.settings.lines:
            if settings.id == line:
                return settings
        raise NotFound("no such line; see: ektp lines list", line=line)

    @contextmanager
    def printer(self, line: str) -> Iterator[CardPrinter]:
        """The machine of a line, and the PC/SC reader in it where one is named.

        Raises `NotFound`, `ConfigurationError`, `SimulationRefused`, `ReaderUnavailable`.
        """
        settings = self.line_settings(line)
        if settings.driver != "simulated":
            raise ConfigurationError("no such driver", line=line, driver=settings.driver)
        with self.world.printer(settings) as printer:
            if not settings.reader:
                yield printer
                return
            from printers.readers.coupled import CoupledPrinter  # noqa: PLC0415 - not on every line
            from printers.readers.pcsc import PcscReader  # noqa: PLC0415 - see above

            with PcscReader(settings.reader) as reader:
                yield CoupledPrinter(printer, reader)

    def chip_profile(self, name: str) -> ChipProfile:
        """A chip profile with this home's choices. Raises `ConfigurationError`."""
        if name not in CHIP_PROFILES:
            raise ConfigurationError("no such chip profile", profile=name)
        profile = CHIP_PROFILES[name]
        if name == KTP_EL.name and self.home.settings.preparation.photo_access == "sm":
            return with_photo_access(profile, ReadAccess.SECURE_MESSAGING)
        return profile

    @contextmanager
    def workplace(self, line: str, actor: Actor) -> Iterator[tuple[Workshop, PrintLine]]:
        """A line with everything that it works with."""
        from printers.readers.collision import require_single_card  # noqa: PLC0415 - only on lines

        with self.printer(line) as printer, self._benches() as benches:
            shop = Workshop(
                store=self.home.store,
                vault=self.vault,
                keys=self.token,
                benches=benches,
                expect_single_card=require_single_card,
                clock=self.home.clock,
                actor=actor,
                new_attempt=lambda: new_id(AttemptId, self.entropy),
                today=self.home.today,
                sleep=time.sleep,
                poll_s=self._poll_s(),
            )
            yield shop, PrintLine(line=line, printer=printer, hoppers=HOPPERS)

    @contextmanager
    def _benches(self) -> Iterator[Mapping[str, ProfileBench]]:
        """What is done with cards of each profile, and who checks them."""
        from personalization.profiles.choice import personalization_for  # noqa: PLC0415 - heavy

        self.keyroom.renew_revocation_list()
        with self.desk.inspectors() as inspector_for:
            yield {
                name: ProfileBench(
                    personalization=personalization_for(
                        self.chip_profile(name),
                        keys=self.token,
                        signer=self.token.document_signer,
                        security_object_signer=self.token.security_object_signer,
                        key_version=_READ_KEY_VERSION,
                        entropy=self.entropy,
                    ),
                    inspector=StandingInspector(
                        self.token.registry.roll, partial(inspector_for, name)
                    ),
                )
                for name in CHIP_PROFILES
            }

    def _poll_s(self) -> float:
        simulation = self.home.settings.simulation
        return 1.0 if simulation is None else simulation.time_scale

    def machine_evidence(self) -> dict[str, MachineEvidence]:
        """What each machine says of itself now."""
        evidence = {}
        for settings in self.home.settings.lines:
            with self.world.printer(settings) as printer:
                inside = printer.status().card_at is not Station.NONE
                evidence[settings.id] = MachineEvidence(
                    counters=printer.counters(), inside=int(inside)
                )
        return evidence
