"""What a chip proves in a session: its static keys, and that nothing was taken from its offers."""

from __future__ import annotations

from collections.abc import Mapping

from ektp.apdu import describe_sw
from ektp.cards import CheckOutcome
from inspection.faults import ChannelBroken, ChipFault, Fault
from inspection.guarded import GuardedChip
from inspection.lds1.active_authentication import active_authentication, active_key
from inspection.lds1.chip_authentication import ChipAuthentication, chip_authentication
from inspection.lds1.ciphers import RandomBytes
from inspection.lds1.doors import AccessProtocol, Door, Doors
from inspection.lds1.file_reader import FileReader
from inspection.lds1.files import CARD_ACCESS, COM
from inspection.lds1.secure_messaging import SecureChannel
from inspection.lds1.security_infos import SecurityInfos
from inspection.ledger import Ledger

__all__ = ["Proofs", "raise_if_broken"]


def raise_if_broken(fault: Fault | None) -> None:
    """Raises a check's fault where the session ended with it."""
    if isinstance(fault, ChannelBroken):
        raise fault


class Proofs:
    """The proofs that DG14 and DG15 announce, over the files that were read so far.

    `contents` grows with the reading. On a card of this `house` a proof that is not offered fails.
    """

    def __init__(
        self,
        chip: GuardedChip,
        ledger: Ledger,
        contents: Mapping[str, bytes],
        *,
        house: bool,
        random: RandomBytes,
    ) -> None:
        self._chip = chip
        self._ledger = ledger
        self._contents = contents
        self._house = house
        self._random = random

    def chip_authentication(self, channel: SecureChannel) -> SecureChannel | None:
        """The session under the new keys; the old one where the chip offers none to agree on.

        None where the chip failed in the middle of it.
        """
        renewed: list[SecureChannel] = []
        began = False

        def check() -> str:
            nonlocal began
            infos = self._infos()
            if infos is None:
                raise self._not_read(14)
            offer = ChipAuthentication.offered(infos)
            if offer is None:
                raise self._absent("DG14 does not offer it")
            began = True
            keys = chip_authentication(channel, offer, self._random)
            fresh = SecureChannel(self._chip, keys)
            # That the chip has the new keys shows in its first answer under them.
            selected = FileReader(fresh).select(COM.file_id)
            if not selected.ok:
                raise ChipFault(f"SELECT under the new keys {describe_sw(selected.sw)}")
            renewed.append(fresh)
            return offer.title

        if self._ledger.run("channel.chip_authentication", check) is None:
            return renewed[0]
        return None if began else channel

    def active_authentication(self, channel: SecureChannel) -> None:
        """Has the chip sign. Raises `ChannelBroken`."""

        def check() -> str:
            content = self._contents.get("dg15")
            if content is None:
                raise self._not_read(15)
            infos = self._infos()
            announced = None if infos is None else infos.active_authentication_hash()
            return active_authentication(channel, active_key(content), announced, self._random)

        raise_if_broken(self._ledger.run("chip.active_authentication", check))

    def no_downgrade(self, doors: Doors, door: Door | None) -> str:
        """Evidence that what opened the chip is the best that it offers. Raises `ChipFault`.

        EF.CardAccess is not signed: what it says of PACE stands in DG14 too (Doc 9303-11 clause
        9.2), or somebody took something from it or put something in.
        """
        infos = self._infos()
        signed = frozenset() if infos is None else infos.pace_entries
        if door is not None and door.protocol is AccessProtocol.BAC:
            return self._opened_by_bac(doors, signed)
        if infos is None:
            raise self._not_read(14)
        offered = SecurityInfos.from_set(self._contents[CARD_ACCESS.name]).pace_entries
        if offered != signed:
            raise ChipFault("EF.CardAccess offers other PACE than DG14")
        return "EF.CardAccess and DG14 offer the same"

    def _opened_by_bac(self, doors: Doors, signed: frozenset[bytes]) -> str:
        if doors.pace_usable:
            raise ChipFault("offers PACE, and was opened by BAC")
        if doors.pace_offered:
            raise Fault(CheckOutcome.UNAVAILABLE, "offers PACE that this reader does not support")
        if self._ledger.outcome("access.card_access") is CheckOutcome.FAILED:
            raise ChipFault("EF.CardAccess is not sound, and BAC opened the chip")
        if signed:
            raise ChipFault("DG14 offers PACE, EF.CardAccess does not")
        return "no PACE is offered"

    def _infos(self) -> SecurityInfos | None:
        """What DG14 says; None where it was not read. Raises `ChipFault`."""
        content = self._contents.get("dg14")
        return None if content is None else SecurityInfos.from_dg14(content)

    def _absent(self, evidence: str) -> Fault:
        outcome = CheckOutcome.FAILED if self._house else CheckOutcome.NOT_APPLICABLE
        return Fault(outcome, evidence)

    def _not_read(self, number: int) -> Fault:
        """Why a data group that a proof needs is not there."""
        if self._ledger.outcome(f"file.dg{number}") is CheckOutcome.NOT_APPLICABLE:
            return self._absent(f"no DG{number}")
        return Fault(CheckOutcome.INCONCLUSIVE, f"DG{number} was not read")
