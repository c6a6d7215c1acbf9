"""Carrying out a personalization: prove the blank, write, compare, close, terminate.

The order is that of `docs/secure-channel.md` section 8, for every profile. Raises `CardAbsent`
where nothing answers, `ApduRefused` for an unexpected status word, `BlankRefused` for a card that
is no blank, `CardNotAuthentic` for one that does not hold its keys, `SecureMessagingBroken` where
the channel breaks, `ReadbackMismatch` where the chip's own digest is another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.cards import EncodingReport
from ektp.chip_profiles import KTP_EL, ChipProfile, FileId, chip_profile
from ektp.errors import BlankRefused, ChipError, ReadbackMismatch
from ektp.ids import CardSerial, JobId
from ektp.perso import ChipImage
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, CardChannel, CardKeys, KeyService
from personalization import commands
from personalization.channel import PersonalizationChannel, sent
from personalization.evidence import (
    ChipLifeCycle,
    read_key_information,
    read_life_cycle,
    read_serial,
)
from personalization.link import CardLink
from personalization.script import Exchange, PersonalizationScript, Phase, ScriptStep, script_for
from personalization.secret_data import sealed_secrets
from personalization.secure_channel import SecureChannel, prove_card

__all__ = ["KeyChange", "ignore", "perform", "personalize", "prove_blank", "terminate"]

_OPENING: Final = "open"
_FILE_DATA: Final = "file_data"
_INS_UPDATE_BINARY: Final = 0xD6


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A change of a card's key set that is about to be sent, with the new keys' check values.

    `check_values`: ENC, MAC, DEK, 3 bytes each (GlobalPlatform Card Specification, B.6).
    """

    card: CardSerial
    from_version: int
    to_version: int
    check_values: tuple[bytes, bytes, bytes]


BeforePhase = Callable[[Phase], None]
BeforeKeyChange = Callable[[KeyChange], None]
Known = Callable[[CardSerial], None]
Opener = Callable[[int], PersonalizationChannel]
Purpose = Callable[[str], None]


def ignore(_: object) -> None:
    """Nobody wants to know."""


# --- proving a blank -----------------------------------------------------------------------------


def prove_blank(
    channel: CardChannel, profile: ChipProfile, keys: KeyService, *, known: Known = ignore
) -> CardSerial:
    """The serial of a card that is alive, open, empty, and made for us: its cryptogram says so.

    `known` is called with the serial before anything is asked of a key: there the stock ledger
    refuses a card that it does not have, by an error of its own. Nothing is written and no failure
    is counted on the card. Raises `BlankRefused` for a card that was used or closed before, of
    another kind, or without a serial, and `CardNotAuthentic` for a foreign one.
    """
    link = CardLink(channel)
    serial = read_serial(link)
    if serial is None:
        raise BlankRefused("the chip gives no serial", reason="no_serial")
    known(serial)
    _check_empty(link, profile, serial)
    with keys.card_keys(serial, profile) as card_keys:
        prove_card(link, card_keys.secure_channel(TRANSPORT_KEY_VERSION))
    return serial


def _check_empty(link: CardLink, profile: ChipProfile, serial: CardSerial) -> None:
    life_cycle = read_life_cycle(link)
    if life_cycle is not ChipLifeCycle.OP_READY:
        raise BlankRefused(
            "the chip is not open",
            card=serial,
            life_cycle=life_cycle.name if life_cycle else "unknown",
        )
    response = link.transmit(commands.select_application(profile))
    if response.ok:
        raise BlankRefused("the chip was begun before", card=serial, reason="application_there")
    if response.sw != StatusWord.FILE_NOT_FOUND:
        raise BlankRefused("the chip answers strangely", card=serial, sw=f"{response.sw:04X}")
    held = read_key_information(link)
    if held is None or held.version != TRANSPORT_KEY_VERSION:
        raise BlankRefused(
            "the chip holds no transport key set",
            card=serial,
            version="unknown" if held is None else f"{held.version:02X}",
        )
    if held.key_bytes != profile.key_bytes:
        raise BlankRefused("the chip is of another kind", card=serial, key_bytes=held.key_bytes)


# --- writing -------------------------------------------------------------------------------------


def personalize(
    channel: CardChannel,
    image: ChipImage,
    keys: KeyService,
    job: JobId,
    *,
    profile: ChipProfile | None = None,
    before_phase: BeforePhase = ignore,
    before_key_change: BeforeKeyChange = ignore,
) -> EncodingReport:
    """Write an image into the blank that it is bound to, compare the digests, close the chip.

    `before_phase` is called before the first command of each phase, `before_key_change` right
    before PUT KEY: there an intent is journalled. The keys are had for this one card and given up
    at once. `profile` is the image's own unless another with the same files is given (other read
    rules). Raises `BlankRefused` where another card lies in the field.
    """
    profile = profile or chip_profile(image.profile)
    link = CardLink.of(channel)
    found = read_serial(link)
    if found != image.card:
        raise BlankRefused("another card lies in the field", bound=image.card, card=found or "none")
    with keys.card_keys(image.card, profile) as card_keys:
        script = script_for(
            image,
            profile,
            job=job,
            key_set=card_keys.card_key_set(),
            secrets=sealed_secrets(image, card_keys),
            block_bytes=link.limits.block_bytes,
        )
        digests = perform(
            script,
            _opener(link, card_keys),
            before_phase=before_phase,
            before_key_change=before_key_change,
            purpose=link.begin,
        )
    traffic = link.traffic
    return EncodingReport(
        card=image.card,
        attempt=image.attempt,
        digests=digests,
        apdus=sum(one.apdus for one in traffic.values()),
        payload_bytes=image.payload_bytes,
        traffic=traffic,
    )


def _opener(link: CardLink, keys: CardKeys) -> Opener:
    def opened(version: int) -> PersonalizationChannel:
        return SecureChannel.open(link, keys.secure_channel(version))

    return opened


def perform(
    script: PersonalizationScript,
    open_session: Opener,
    *,
    before_phase: BeforePhase = ignore,
    before_key_change: BeforeKeyChange = ignore,
    purpose: Purpose = ignore,
) -> dict[FileId, bytes]:
    """Send a script, step by step, through the sessions that `open_session` opens by version.

    `purpose` is told what the following bytes are for: `open`, a phase, or `file_data`. The answer
    is the digest of each file, as the chip has shown by the digest over them. Any answer that is
    not the expected one ends the work: `ApduRefused`, or `ReadbackMismatch` with the first bytes of
    both.
    """
    digests: dict[FileId, bytes] = {}
    channel: PersonalizationChannel | None = None
    for phase in Phase:
        before_phase(phase)
        for step in script.phase(phase):
            if step.opens is not None:
                purpose(_OPENING)
                channel = open_session(step.opens)
            if phase is Phase.KEYS:
                before_key_change(_key_change(script))
            for exchange in step.exchanges:
                purpose(_purpose_of(phase, exchange.command))
                if channel is None:
                    msg = "a script opens a session before it sends a command"
                    raise ValueError(msg)
                _compared(channel, step, exchange)
                digests |= {_file_of(each.command): each.expected.data for each in exchange.singly}
    return digests


def _key_change(script: PersonalizationScript) -> KeyChange:
    return KeyChange(
        card=script.card,
        from_version=TRANSPORT_KEY_VERSION,
        to_version=CARD_KEY_VERSION,
        check_values=script.check_values,
    )


def _purpose_of(phase: Phase, command: CommandApdu) -> str:
    carries = phase is Phase.FILES and command.ins == _INS_UPDATE_BINARY
    return _FILE_DATA if carries else phase.value


def _compared(channel: PersonalizationChannel, step: ScriptStep, exchange: Exchange) -> None:
    command, expected = exchange.command, exchange.expected
    response = sent(channel, command, step=step.name, expected_sw=expected.sw)
    if response.data == expected.data:
        return
    for each in exchange.singly:
        one = sent(channel, each.command, step=step.name)
        if one.data != each.expected.data:
            raise _mismatch(str(_file_of(each.command)), each.expected, one)
    raise _mismatch(step.name, expected, response)


def _mismatch(what: str, expected: ResponseApdu, found: ResponseApdu) -> ReadbackMismatch:
    return ReadbackMismatch(file=what, written=expected.data[:8].hex(), found=found.data[:8].hex())


def _file_of(command: CommandApdu) -> FileId:
    return FileId.from_bytes(command.data, "big")


# --- terminating ---------------------------------------------------------------------------------


def terminate(channel: CardChannel, keys: KeyService | None, profile: ChipProfile = KTP_EL) -> bool:
    """Make a reject useless for ever; whether the chip says TERMINATED afterwards.

    It goes through the channel, under whichever key set the chip holds; nothing but a good
    cryptogram of the card is answered. Never raises for what a chip does: a chip that does not
    answer cannot be terminated, and that is the answer.
    """
    link = CardLink(channel)
    with suppress(ChipError):
        if keys is not None:
            _terminate(link, keys, profile)
    try:
        return read_life_cycle(link) is ChipLifeCycle.TERMINATED
    except ChipError:
        return False


def _terminate(link: CardLink, keys: KeyService, profile: ChipProfile) -> None:
    if read_life_cycle(link) not in (ChipLifeCycle.OP_READY, ChipLifeCycle.SECURED):
        return
    card, held = read_serial(link), read_key_information(link)
    if card is None or held is None or held.version not in _VERSIONS:
        return
    with keys.card_keys(card, profile) as card_keys:
        session = SecureChannel.open(link, card_keys.secure_channel(held.version))
        sent(session, commands.TERMINATE, step="terminate")


_VERSIONS: Final = (TRANSPORT_KEY_VERSION, CARD_KEY_VERSION)
