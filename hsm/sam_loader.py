"""Issuing a SAM: its package is loaded over SCP03 under the module's transport key set.

`docs/chip-profile-ktp-el.md` section 9. Keys stay in the key process: here are commands that it
protected, and what the module answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from ektp.errors import CardAbsent, HsmError, KeyUsageForbidden
from ektp.ids import CardSerial
from ektp.ports import TRANSPORT_KEY_VERSION, CardChannel
from hsm._remote_keys import RemoteModuleKeys
from hsm.ceremony import ComponentFile

if TYPE_CHECKING:
    from hsm.token_client import TokenClient

__all__ = ["SamInfo", "SamIssued", "issue_sam", "open_secret", "read_sam_info", "retire_sam"]

_GET_DATA: Final = CommandApdu(0x80, 0xCA, 0xDF, 0x20, le=256)
_INFO_HEAD: Final = bytes.fromhex("DF2012")
_INFO_BYTES: Final = 18
_LOAD: Final = 0xE8
_PIECE: Final = 255
_CHAINING: Final = 0x10
_NEVER: Final = bytes(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamInfo:
    """What a module tells of itself; `version` 0 and no date where it was never issued."""

    serial: CardSerial
    version: int
    valid_until: date | None
    masters: int
    signers: int

    @property
    def in_use(self) -> bool:
        """Whether it can open chips at all."""
        return self.masters > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SamIssued:
    """A module that took its package: version, validity, and the signers that it trusts."""

    serial: CardSerial
    version: int
    valid_until: date
    signers: int


def read_sam_info(channel: CardChannel) -> SamInfo:
    """Ask a module for serial and package (`80 CA DF20`). Raises `HsmError`."""
    answer = _transmit(channel, _GET_DATA)
    data = answer.data
    if not answer.ok or data[:3] != _INFO_HEAD or len(data) != len(_INFO_HEAD) + _INFO_BYTES:
        raise HsmError("the module does not tell what it is", sw=describe_sw(answer.sw))
    told = data[len(_INFO_HEAD) :]
    try:
        until = None if told[12:16] == _NEVER else date.fromisoformat(told[12:16].hex())
    except ValueError:
        raise HsmError("the module tells a date that is none") from None
    return SamInfo(
        serial=CardSerial.from_bytes(told[:8]),
        version=int.from_bytes(told[8:12], "big"),
        valid_until=until,
        masters=told[16],
        signers=told[17],
    )


def open_secret(token: TokenClient, module: CardSerial) -> bytes:
    """The 32 bytes that open an issued module (`hsm.module_keys.derive_open_secret`).

    Whether the module is revoked is the caller's to know.
    """
    secret: bytes = token.ask("open_secret", str(module))
    return secret


def issue_sam(
    channel: CardChannel,
    token: TokenClient,
    *,
    version: int,
    valid_until: date,
    components: Sequence[ComponentFile] = (),
    expected: CardSerial | None = None,
) -> SamIssued:
    """Load a module with OPEN secret, read master and the signers that are trusted now.

    The read master comes from its custodians' `components`; a development token has it. `expected`
    is the serial that was approved. Raises `KeyUsageForbidden` where `version` is not greater than
    the module's (roll-back) or the serial another, `CardNotAuthentic` for a module that does not
    hold its maker's keys, `SecureMessagingBroken`, `SealBroken` for a wrong passphrase, `HsmError`.
    """
    files = [(str(one.path.absolute()), one.passphrase) for one in components]
    return _load(channel, token, version, valid_until, files, expected)


def retire_sam(
    channel: CardChannel, token: TokenClient, *, version: int, expected: CardSerial | None = None
) -> SamIssued:
    """Take a module out of use: a package without master keys and signers. As `issue_sam`."""
    return _load(channel, token, version, date.max, None, expected)


def _load(
    channel: CardChannel,
    token: TokenClient,
    version: int,
    valid_until: date,
    files: list[tuple[str, str]] | None,
    expected: CardSerial | None,
) -> SamIssued:
    before = read_sam_info(channel)
    if expected is not None and before.serial != expected:
        raise KeyUsageForbidden("another module", module=before.serial, expected=expected)
    if before.valid_until is not None and version <= before.version:
        raise _roll_back(before, version)
    with _in_hand(token, before.serial, files) as keys:
        session = keys.secure_channel(TRANSPORT_KEY_VERSION)
        opening = _transmit(channel, session.initialize_update())
        answer = _transmit(channel, session.external_authenticate(opening))
        session.check_authenticated(answer)
        package = keys.sealed_package(version, valid_until)
        wrapped = session.wrap(CommandApdu(0x80, _LOAD, data=package))
        loaded = session.unwrap(_transmit_chained(channel, wrapped))
        masters, signers = keys.counts()
    if loaded.sw == StatusWord.CONDITIONS_NOT_SATISFIED:
        raise _roll_back(before, version)
    if not loaded.ok:
        raise HsmError(
            "the module refused its package", module=before.serial, sw=describe_sw(loaded.sw)
        )
    after = read_sam_info(channel)
    wanted = SamInfo(
        serial=before.serial,
        version=version,
        valid_until=valid_until,
        masters=masters,
        signers=signers,
    )
    if after != wanted:
        raise HsmError("the module does not tell what it was loaded with", module=before.serial)
    return SamIssued(serial=after.serial, version=version, valid_until=valid_until, signers=signers)


@contextmanager
def _in_hand(
    token: TokenClient, module: CardSerial, files: list[tuple[str, str]] | None
) -> Iterator[RemoteModuleKeys]:
    process, number = token.hold("module_keys", str(module), files)
    try:
        yield RemoteModuleKeys(token, process, number)
    finally:
        # Where the key process is gone, so is what it had in hand.
        with suppress(HsmError):
            token.ask_of(process, "card.end", number)


def _roll_back(before: SamInfo, version: int) -> KeyUsageForbidden:
    return KeyUsageForbidden(
        "the module holds this version or a later one",
        module=before.serial,
        held=before.version,
        version=version,
    )


def _transmit(channel: CardChannel, command: CommandApdu) -> ResponseApdu:
    try:
        return channel.transmit(command)
    except CardAbsent:
        raise HsmError("the module does not answer", ins=f"{command.ins:02X}") from None


def _transmit_chained(channel: CardChannel, command: CommandApdu) -> ResponseApdu:
    """Command chaining (ISO/IEC 7816-4 clause 5.3.3): a module takes no extended lengths."""
    data = command.data
    *first, last = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)] or [b""]
    for piece in first:
        cla = command.cla | _CHAINING
        answer = _transmit(channel, CommandApdu(cla, command.ins, command.p1, command.p2, piece))
        if not answer.ok:
            return answer
    return _transmit(
        channel, CommandApdu(command.cla, command.ins, command.p1, command.p2, last, command.le)
    )
