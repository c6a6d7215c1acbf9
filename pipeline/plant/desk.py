"""Readers at desks and in slots, SAMs, and the inspectors that read with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from ektp.cards import Expectation, QaVerdict
from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import ConfigurationError, LifecycleError, NotFound
from ektp.ids import CardSerial
from ektp.journal import Actor
from ektp.ports import CardChannel, Inspector, SamChannel
from hsm.token_client import TokenClient
from pipeline.expectations import bound_card, expectation
from pipeline.home import Home
from pipeline.plant.readers import laid_on
from pipeline.plant.slots import Slots
from pipeline.plant.world import SIMULATED_READER, SimulatedSide
from pipeline.store import schema as db
from pipeline.store.vault import Vault

if TYPE_CHECKING:
    from inspection.dump import Dump

__all__ = ["SIMULATED_READER", "Desk", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A card at a desk: its profile, whether it was made here, and what the inspector says."""

    profile: str
    made_here: bool
    verdict: QaVerdict


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people read cards."""

    home: Home
    token: TokenClient
    profile_of: Callable[[str], ChipProfile]

    # --- cards ------------------------------------------------------------------------------

    @contextmanager
    def card(self, reader: str) -> Iterator[CardChannel]:
        """The card at a reader, in a fresh field: a PC/SC reader by name, or `sim:SERIAL`.

        Raises `ReaderUnavailable`, `CardAbsent`, `IdInvalid`, `NotFound`, `SimulationRefused`.
        """
        if reader.startswith(SIMULATED_READER):
            serial = CardSerial.parse(reader.removeprefix(SIMULATED_READER))
            with SimulatedSide(self.home).tapped(serial) as channel:
                yield channel
            return
        with laid_on(reader) as channel:
            yield channel

    def verify(self, reader: str, actor: Actor, *, sam: str | None = None) -> Seen:
        """Read the card at a reader and judge it; against what was bound, where it is ours."""
        from inspection.dump import application_of  # noqa: PLC0415 - only where chips are read
        from inspection.identity import identify  # noqa: PLC0415 - see above

        with self.card(reader) as channel, self.inspectors(sam) as inspector_for:
            expected = self._expected(identify(channel), actor)
            profile = application_of(channel) if expected is None else expected.profile
            verdict = inspector_for(profile).verify(channel, expected)
        return Seen(profile=profile, made_here=expected is not None, verdict=verdict)

    def dump(
        self, reader: str, *, mrz: tuple[str, ...] | None, can: str | None, sam: str | None
    ) -> Dump:
        """Every file of the card at a reader that its access rules allow.

        Raises what `card` raises, `VerificationFailed` for a card of no known application, and
        `ValueError` for an MRZ or a CAN that cannot be one.
        """
        from inspection import dump  # noqa: PLC0415 - only where chips are read

        with self.card(reader) as channel:
            profile = dump.application_of(channel)
            if profile == ICAO_LDS1.name:
                return dump.dump_icao_lds1(channel, mrz=mrz, can=can)
            if sam is None:
                return dump.dump_ktp_el(channel, None)
            with self.sam(sam) as module:
                return dump.dump_ktp_el(channel, module)

    def _expected(self, card: CardSerial, actor: Actor) -> Expectation | None:
        try:
            with self.home.store.read() as connection:
                bound = bound_card(connection, card)
        except (NotFound, LifecycleError):
            return None
        return expectation(self.home.store, Vault(self.token), actor, bound)

    # --- inspectors -------------------------------------------------------------------------

    @contextmanager
    def inspectors(self, sam: str | None = None) -> Iterator[Callable[[str], Inspector]]:
        """An inspector for each chip profile, for as long as its SAM is at hand."""
        with self.sam(sam) as module:
            yield lambda profile: self._inspector(profile, module)

    def _inspector(self, profile: str, sam: SamChannel | None) -> Inspector:
        if profile == KTP_EL.name:
            from inspection.ktp_el import KtpElInspector  # noqa: PLC0415 - only where chips are read

            return KtpElInspector(
                sam,
                self.token.trusted_signers(),
                profile=self.profile_of(profile),
                is_voided=self.is_voided,
            )
        if profile == ICAO_LDS1.name:
            from inspection.lds1.contents import LdsContentChecks  # noqa: PLC0415 - see above
            from inspection.lds1.inspector import LdsInspector  # noqa: PLC0415 - see above

            contents = LdsContentChecks(
                self.token.trust_anchors(), now=self.home.clock.now, is_voided=self.is_voided
            )
            return LdsInspector(contents)
        raise ConfigurationError("nobody inspects this profile", profile=profile)

    def void_list(self) -> bytes:
        """The void list as CSV: signatures that were made and must not be met, by SHA-256."""
        with self.home.store.read() as connection:
            rows = connection.execute(
                select(
                    db.voided_signatures.c.signature,
                    db.voided_signatures.c.signer_key,
                    db.voided_signatures.c.card,
                    db.voided_signatures.c.attempt,
                ).order_by(db.voided_signatures.c.attempt, db.voided_signatures.c.signature)
            ).all()
        lines = ["signature_sha256,signer_key,card,attempt"]
        lines += [",".join(str(value or "") for value in row) for row in rows]
        return ("\n".join(lines) + "\n").encode()

    def is_voided(self, signature: bytes) -> bool:
        """Whether a signature, by its SHA-256, was made for an attempt that ended badly."""
        with self.home.store.read() as connection:
            found = connection.scalar(
                select(db.voided_signatures.c.signature).where(
                    db.voided_signatures.c.signature == signature.hex()
                )
            )
        return found is not None

    # --- secure access modules --------------------------------------------------------------

    @property
    def slots(self) -> Slots:
        """Where SAMs are."""
        return Slots(self.home, self.token)

    def sam(self, reader: str | None = None) -> AbstractContextManager[SamChannel | None]:
        """The SAM in a slot; in a simulated home without one, a simulated SAM of its own.

        None where there is none: what only a SAM can read is UNAVAILABLE then. Raises as
        `Slots.sam`.
        """
        return self.slots.sam(reader)
