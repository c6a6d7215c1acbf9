"""A place to write and read chips: blanks of a maker, and a token in a key process or here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from benchmarks.chip.people import package_of
from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import EncodingReport
from ektp.chip_profiles import ICAO_LDS1, ChipProfile
from ektp.ids import AttemptId, CardSerial, JobId
from ektp.perso import ChipImage
from ektp.ports import Inspector, KeyService
from hsm.house_token import Token
from hsm.keys import KeyLabel
from hsm.places import TokenKind, TokenPlace
from hsm.sam_channel import CardSamChannel
from hsm.token_client import TokenClient, make_token
from inspection.ktp_el import KtpElInspector
from inspection.lds1.contents import LdsContentChecks
from inspection.lds1.inspector import ContentChecks, LdsInspector
from personalization.encoding import personalize
from personalization.profiles.choice import personalization_for
from personalization.profiles.shape import Binding
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.features import ChipFeatures
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam

__all__ = ["JOB", "LINKS", "SERIAL", "CountingChannel", "Workplace"]

SERIAL: Final = CardSerial("60010000002A0001")
JOB: Final = JobId.parse("J-00000000055")
LINKS: Final = {
    "short": ChipFeatures(),
    "chaining": ChipFeatures(chaining=True),
    "extended": ChipFeatures(extended=True),
}
"""What a chip's interface can carry, by name (`docs/secure-channel.md` section 4)."""

_ATTEMPT: Final = AttemptId.parse("A-00000000077")
_NOW: Final = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


class _Clock:
    """The first working day of the synthetic year."""

    def now(self) -> datetime:
        """That day."""
        return _NOW


class _Chance:
    """The operating system's."""

    def token_bytes(self, count: int) -> bytes:
        """That many unpredictable bytes."""
        return secrets.token_bytes(count)


class CountingChannel(ChipChannel):
    """A chip in a field that notes the length of each exchange."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.exchanges: list[tuple[int, int]] = []

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command and note both lengths."""
        response = super().transmit(command)
        self.exchanges.append((len(bytes(command)), len(bytes(response))))
        return response


@dataclass(slots=True)
class Workplace:
    """`client` has its keys in a key process; `in_process` opens the same token here."""

    client: TokenClient
    maker: MakerKeys
    _stack: ExitStack = field(default_factory=ExitStack)
    _bound: dict[str, Binding] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """A development token made in a folder that goes away with the workplace."""
        maker = MakerKeys.at_random()
        transport = {
            KeyLabel.TRANSPORT_128: maker.aes_128,
            KeyLabel.TRANSPORT_256: maker.aes_256,
        }
        with TemporaryDirectory(prefix="ektp-bench-") as folder, ExitStack() as stack:
            place = TokenPlace(
                kind=TokenKind.SOFT,
                folder=Path(folder) / "token",
                development=True,
                pin_file=Path(folder) / "token" / "pin",
            )
            make_token(place, _Clock(), transport=transport)
            client = stack.enter_context(TokenClient(place, _Clock()))
            yield cls(client, maker, stack)

    def in_process(self) -> Token:
        """The same token opened in this process, for as long as the workplace."""
        place = self.client.place
        token = Token(place.open(), place.folder, _Clock(), development=True)
        return self._stack.enter_context(token)

    def blank(self, profile: ChipProfile, features: ChipFeatures | None = None) -> Chip:
        """A new blank; its interface is that of the profile's model unless another is asked for."""
        return Chip.blank(
            SERIAL,
            transport_keys=self.maker.key_set(SERIAL, profile),
            profile=profile,
            features=features,
        )

    def bound(self, profile: ChipProfile) -> Binding:
        """A synthetic person, bound to the blank and signed, once."""
        if profile.name not in self._bound:
            client = self.client
            line = personalization_for(
                profile,
                keys=client,
                signer=client.document_signer,
                security_object_signer=client.security_object_signer,
                key_version=1,
                entropy=_Chance(),
            )
            self._bound[profile.name] = line.bind(
                package_of(profile),
                card=SERIAL,
                attempt=_ATTEMPT,
                on=date(2026, 1, 5),
                is_free=lambda _: True,
            )
        return self._bound[profile.name]

    def write(
        self, channel: ChipChannel, image: ChipImage, keys: KeyService | None = None
    ) -> EncodingReport:
        """Personalize the blank in the field; keys are those of the key process unless given."""
        return personalize(channel, image, keys or self.client, JOB)

    def inspector(
        self,
        profile: ChipProfile,
        around: Callable[[ContentChecks], ContentChecks] = lambda checks: checks,
    ) -> Inspector:
        """Who reads the chip as a stranger; `around` may wrap the checks over what was read."""
        if profile is ICAO_LDS1:
            checks = LdsContentChecks(self.client.trust_anchors(), now=_Clock().now)
            return LdsInspector(around(checks))
        issue = self.client.issue_simulated_sam()
        sam = SimulatedSam(
            master_keys={issue.read_master_version: issue.read_master_key},
            open_secret=issue.open_secret,
            signers=issue.signers,
        )
        return KtpElInspector(CardSamChannel(SamCardChannel(sam), issue.open_secret), issue.signers)
