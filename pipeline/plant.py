"""The composition root: the one module that names concrete hardware, real or simulated.

A `Plant` is a home with its token open. Everything else gets ports and services from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from ektp.cards import BlankKind
from ektp.chip_profiles import chip_profile
from ektp.errors import (
    ConfigurationError,
    EnvelopeMissing,
    EnvelopeRequired,
    EnvelopeSignatureInvalid,
    NotFound,
    SimulationRefused,
    TokenNotFound,
)
from ektp.ids import AttemptId, CardSerial
from ektp.journal import Actor
from ektp.ports import CardChannel, CardPrinter, Clock, Inspector, KeyService, SamChannel
from ektp.printer_profiles import Station
from hsm.places import TokenKind, TokenPlace
from hsm.token_client import TokenClient
from hsm.token_client import make_token as make_token_at
from pipeline.home import Home, SystemEntropy, new_id
from pipeline.intake.importer import VerifiedSource
from pipeline.production.workshop import PrintLine, Workshop
from pipeline.reconciliation import MachineEvidence
from pipeline.settings import LineSettings, SimulationSettings
from pipeline.store import schema as db
from pipeline.store.vault import Vault

__all__ = [
    "HOPPERS",
    "Plant",
    "Sample",
    "certificate_fingerprint",
    "is_power_cut",
    "make_token",
    "make_world",
    "write_sample_records",
]

HOPPERS: Final[Mapping[BlankKind, int]] = {BlankKind.WNI_8K: 1, BlankKind.OA_8K: 2}
"""Which hopper of a machine holds which kind of blank."""

_READ_KEY_VERSION: Final = 1
_PIN_FILE: Final = "pin"


@dataclass(slots=True)
class Plant:
    """A home at work."""

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
            with TokenClient(_place(home), home.clock) as token:
                yield cls(home, token)
        finally:
            home.close()

    # --- keys and the vault -----------------------------------------------------------------

    @property
    def keys(self) -> KeyService:
        """What the token does for the house."""
        return self.token

    @property
    def vault(self) -> Vault:
        """The vault under this token."""
        return Vault(self.token)

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
        """The machine of a line. Raises `NotFound`, `ConfigurationError`, `SimulationRefused`."""
        settings = self.line_settings(line)
        if settings.driver != "simulated":
            raise ConfigurationError("no such driver", line=line, driver=settings.driver)
        with self._simulated_printer(settings) as printer:
            yield printer

    @contextmanager
    def _simulated_printer(self, settings: LineSettings) -> Iterator[CardPrinter]:
        from simulation.printer.faults import FaultPlan  # noqa: PLC0415 - only where simulated
        from simulation.printer.setup import MachineSetup  # noqa: PLC0415 - only where simulated
        from simulation.printer.simulated import SimulatedPrinter  # noqa: PLC0415 - see above
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        simulation = self._simulation()
        plan = FaultPlan.named(simulation.faults, simulation.seed)
        if simulation.power_cut_at is not None:
            plan = plan.with_power_cut(simulation.power_cut_at)
        with (
            World.open(self.home.world_folder) as world,
            SimulatedPrinter(
                world,
                settings.address or settings.id,
                setup=MachineSetup(geometry=self.home.settings.preparation.geometry),
                plan=plan,
                time_scale=simulation.time_scale,
            ) as printer,
        ):
            yield printer

    def _simulation(self) -> SimulationSettings:
        if self.home.settings.simulation is None:
            raise SimulationRefused("this home has no simulated world")
        return self.home.settings.simulation

    @contextmanager
    def workplace(self, line: str, actor: Actor) -> Iterator[tuple[Workshop, PrintLine]]:
        """A line with everything that it works with."""
        preparation = self.home.settings.preparation
        with self.printer(line) as printer:
            shop = Workshop(
                store=self.home.store,
                vault=self.vault,
                keys=self.token,
                signer=self.token.document_signer,
                inspector=self.inspector(),
                profile=chip_profile(preparation.profile),
                read_key_version=_READ_KEY_VERSION,
                clock=self.home.clock,
                actor=actor,
                new_attempt=lambda: new_id(AttemptId, self.entropy),
                today=self.home.today,
                sleep=time.sleep,
                poll_s=self._poll_s(),
            )
            yield shop, PrintLine(line=line, printer=printer, hoppers=HOPPERS)

    def _poll_s(self) -> float:
        simulation = self.home.settings.simulation
        return 1.0 if simulation is None else simulation.time_scale

    def machine_evidence(self) -> dict[str, MachineEvidence]:
        """What each machine says of itself now."""
        evidence = {}
        for settings in self.home.settings.lines:
            with self.printer(settings.id) as printer:
                inside = printer.status().card_at is not Station.NONE
                evidence[settings.id] = MachineEvidence(
                    counters=printer.counters(), inside=int(inside)
                )
        return evidence

    # --- inspection -------------------------------------------------------------------------

    def inspector(self) -> Inspector:
        """An inspector with a SAM of this home."""
        from inspection.ktp_el import KtpElInspector  # noqa: PLC0415 - only where chips are read

        return KtpElInspector(self.sam(), self.token.trusted_signers())

    def sam(self) -> SamChannel:
        """The SAM at this station: in a simulated home a simulated one, issued by the token."""
        from hsm.sam_channel import CardSamChannel  # noqa: PLC0415 - only where chips are read
        from simulation.sam.card import SamCardChannel, SimulatedSam  # noqa: PLC0415 - see above

        self._simulation()
        issue = self.token.issue_simulated_sam()
        card = SimulatedSam(
            master_keys={issue.read_master_version: issue.read_master_key},
            open_secret=issue.open_secret,
            signers=issue.signers,
        )
        return CardSamChannel(SamCardChannel(card), issue.open_secret)

    # --- the simulated world ----------------------------------------------------------------

    @contextmanager
    def tapped(self, card: CardSerial) -> Iterator[CardChannel]:
        """A card of the simulated world on a desk reader."""
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        self._simulation()
        with World.open(self.home.world_folder) as world, world.tap(card) as channel:
            yield channel

    def load_blanks(self, line: str, kind: BlankKind, cards: Sequence[CardSerial]) -> None:
        """In a simulated home, put issued blanks into the machine's hopper."""
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        settings = self.line_settings(line)
        self._simulation()
        with World.open(self.home.world_folder) as world:
            world.load_hopper(settings.address or settings.id, HOPPERS[kind], cards)

    def take_blanks(self, line: str) -> dict[BlankKind, tuple[CardSerial, ...]]:
        """In a simulated home, take all blanks out of a machine's hoppers, into people's hands."""
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        settings = self.line_settings(line)
        self._simulation()
        machine = settings.address or settings.id
        with World.open(self.home.world_folder) as world:
            return {
                kind: world.take_from_hopper(machine, hopper) for kind, hopper in HOPPERS.items()
            }

    def make_box(self, kind: BlankKind, cards: Sequence[CardSerial]) -> None:
        """In a simulated home, bring a box of blanks into the world."""
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        self._simulation()
        with World.open(self.home.world_folder) as world:
            world.make_box(kind, cards)

    def picture(self, card: CardSerial) -> bytes:
        """In a simulated home, the camera's picture of a printed card (PNG)."""
        from simulation.printer.camera import picture_png  # noqa: PLC0415 - only where simulated
        from simulation.world.world import World  # noqa: PLC0415 - only where simulated

        self._simulation()
        with World.open(self.home.world_folder) as world:
            return picture_png(world, card)


def certificate_fingerprint(certificate: bytes) -> str:
    """How a pinned approver is named: SHA-256 over the DER, in hex.

    Raises `ConfigurationError` where it is no certificate.
    """
    from hsm.envelope import certificate_fingerprint as fingerprint  # noqa: PLC0415 - heavy

    return fingerprint(certificate).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file of synthetic approved records, its signature and its approver's certificate."""

    file: Path
    signature: Path
    approver: Path
    count: int


def write_sample_records(
    file: Path,
    count: int,
    seed: int,
    *,
    regency: str | None = None,
    on_record: Callable[[int], None] | None = None,
) -> Sample:
    """Write synthetic approved records, signed by a test approver made for the occasion.

    They go to the offices of Palembang, or of another regency (`PP.RR`). Raises
    `ConfigurationError` where nothing can be written there or no such regency is known.
    """
    from simulation.people import (  # noqa: PLC0415 - only where people are made up
        PeopleMix,
        offices_of_regency,
        write_sample,
    )

    try:
        mix = None if regency is None else PeopleMix(offices=tuple(offices_of_regency(regency)))
        made = write_sample(file, count, seed, mix, progress=on_record)
    except OSError as failed:
        raise ConfigurationError("the sample cannot be written", file=file.name) from failed
    except ValueError as wrong:
        raise ConfigurationError(str(wrong)) from wrong
    return Sample(
        file=made.file, signature=made.signature, approver=made.approver, count=made.count
    )


def make_token(folder: Path, clock: Clock) -> None:
    """Make a development token with fresh keys, and its PIN beside it."""
    make_token_at(
        TokenPlace(
            kind=TokenKind.SOFT, folder=folder, development=True, pin_file=folder / _PIN_FILE
        ),
        clock,
    )


def make_world(folder: Path) -> None:
    """Make an empty simulated world."""
    from simulation.world.world import World  # noqa: PLC0415 - only where simulated

    World.create(folder).close()


def _place(home: Home) -> TokenPlace:
    """Where this home's token is. A production home takes none of software."""
    settings = home.settings.token
    if settings.kind == "none":
        raise TokenNotFound("this home names no token yet; set [token] in ektp.toml")
    if home.kind == "production" and settings.kind == "soft":
        raise SimulationRefused("the soft token protects nothing that is real")
    pin_file = Path(settings.pin_file) if settings.pin_file else home.token_folder / _PIN_FILE
    return TokenPlace(
        kind=TokenKind(settings.kind),
        folder=home.token_folder,
        development=home.kind != "production",
        pin_file=home.path / pin_file,
        module=settings.module,
        label=settings.label,
        serial=settings.serial,
    )


def is_power_cut(error: BaseException) -> bool:
    """Whether this is the simulated world's light going out, for machine and host alike."""
    from simulation.printer.faults import PowerCut  # noqa: PLC0415 - only where simulated

    return isinstance(error, PowerCut)
