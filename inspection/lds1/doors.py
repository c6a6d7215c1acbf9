"""The ways into an LDS chip: PACE with what is printed on the card, and BAC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from ektp.apdu import describe_sw
from inspection.guarded import GuardedChip
from inspection.lds1.basic_access import basic_access
from inspection.lds1.ciphers import RandomBytes
from inspection.lds1.file_reader import FileReader, FileRefused
from inspection.lds1.pace import PacePassword, PasswordKind, pace
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.secure_messaging import Link, SecureChannel
from inspection.lds1.security_infos import PaceOffer

__all__ = ["AccessProtocol", "Door", "Doors", "enter"]


@unique
class AccessProtocol(StrEnum):
    """What opened a chip."""

    PACE = "PACE"
    BAC = "BAC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in: the check that it stands for, and what it is, for evidence."""

    check: str
    protocol: AccessProtocol
    title: str
    password: PacePassword | None = None


def enter(link: Link) -> str:
    """SELECT of the application. Raises `FileRefused`, `ChannelBroken`."""
    answer = FileReader(link).select_application()
    if not answer.ok or answer.data:
        evidence = f"SELECT {describe_sw(answer.sw)}, {len(answer.data)} bytes"
        raise FileRefused(evidence, answer.sw)
    return describe_sw(answer.sw)


class Doors:
    """The doors of one chip for which there is a password, in the order to try them.

    PACE before BAC, and the CAN before the MRZ: six digits are read off a card sooner.
    """

    def __init__(
        self,
        chip: GuardedChip,
        passwords: AccessPasswords,
        offers: Sequence[PaceOffer],
        random: RandomBytes,
    ) -> None:
        self._chip = chip
        self._random = random
        self._mrz_secret = passwords.mrz_secret
        self._offers = offers
        usable = [offer for offer in offers if offer.usable]
        self._offer = max(usable, key=_strength) if usable else None
        self.all = tuple(self._known(passwords))

    @property
    def pace_offered(self) -> bool:
        """Whether EF.CardAccess offers PACE at all."""
        return bool(self._offers)

    @property
    def pace_usable(self) -> bool:
        """Whether this reader can run what it offers."""
        return self._offer is not None

    def open(self, door: Door) -> SecureChannel:
        """A session in a fresh field. Raises `Refused`, `ChipFault`, `ReadingEnded`."""
        self._chip.reset()
        if door.password is not None and self._offer is not None:
            numbers = {offer.parameter_id for offer in self._offers}
            keys = pace(
                self._chip,
                self._offer,
                door.password,
                ambiguous=len(numbers) > 1,
                random=self._random,
            )
        else:
            enter(self._chip)
            keys = basic_access(self._chip, self._mrz_secret or b"", self._random)
        return SecureChannel(self._chip, keys)

    def _known(self, passwords: AccessPasswords) -> list[Door]:
        secrets = {
            PasswordKind.CAN: passwords.can_secret,
            PasswordKind.MRZ: passwords.mrz_secret,
        }
        doors = []
        for kind, secret in secrets.items():
            if self._offer is not None and secret is not None:
                doors.append(
                    Door(
                        check=f"access.pace_{kind.name.lower()}",
                        protocol=AccessProtocol.PACE,
                        title=f"{kind.name}, {self._offer.title}",
                        password=PacePassword(kind, secret),
                    )
                )
        if passwords.mrz_secret is not None:
            doors.append(Door(check="access.bac", protocol=AccessProtocol.BAC, title="3DES"))
        return doors


def _strength(offer: PaceOffer) -> tuple[int, int]:
    return offer.cipher.key_bytes * offer.cipher.block_bytes, offer.parameter_id or 0
