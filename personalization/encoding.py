"""Carrying out a personalization: prove the blank, write, compare, close, terminate.

Raises `CardAbsent` where nothing answers, `ApduRefused` for an unexpected status word,
`BlankRefused` for a card that is no blank, `ReadbackMismatch` where the chip's own digest is
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ektp.apdu import StatusWord
from ektp.cards import EncodingReport
from ektp.chip_profiles import KTP_EL, ChipProfile, FileId
from ektp.errors import BlankRefused, ChipError, ReadbackMismatch
from ektp.ids import CardSerial, JobId
from ektp.perso import ChipImage
from ektp.ports import KeyService
from personalization import commands
from personalization.binding import card_control_of
from personalization.channel import PersonalizationChannel, sent
from personalization.evidence import (
    ChipLifeCycle,
    read_card_control,
    read_life_cycle,
    read_serial,
)
from personalization.script import PersonalizationScript, Phase, ScriptStep, script_for

__all__ = ["close", "personalize", "prove_blank", "terminate", "verify", "write"]

_WRITING: Final = (Phase.MARK, Phase.KEYS, Phase.FILES)

BeforePhase = Callable[[Phase], None]


def _nothing(_: Phase) -> None:
    pass


def prove_blank(channel: PersonalizationChannel, profile: ChipProfile = KTP_EL) -> CardSerial:
    """The serial of a card that is alive, open and empty: CPLC, life cycle, no application.

    Raises `BlankRefused` for a card that was used or closed before, or that answers no serial.
    """
    serial = read_serial(channel)
    if serial is None:
        raise BlankRefused("the chip gives no serial", reason="no_serial")
    life_cycle = read_life_cycle(channel)
    if life_cycle is not ChipLifeCycle.OP_READY:
        raise BlankRefused(
            "the chip is not open",
            card=serial,
            life_cycle=life_cycle.name if life_cycle else "unknown",
        )
    response = channel.transmit(commands.select(profile.application))
    if response.ok:
        raise BlankRefused("the chip was begun before", card=serial, reason="application_there")
    if response.sw != StatusWord.FILE_NOT_FOUND:
        raise BlankRefused("the chip answers strangely", card=serial, sw=f"{response.sw:04X}")
    return serial


def personalize(
    channel: PersonalizationChannel,
    image: ChipImage,
    keys: KeyService,
    job: JobId,
    *,
    before_phase: BeforePhase = _nothing,
) -> EncodingReport:
    """Write an image into the blank that it is bound to, compare the digests, close the chip.

    `before_phase` is called before the first command of each phase: there an intent is journalled.
    The keys are had from `keys` for this one card and given up at once. Raises `BlankRefused` where
    another card lies in the field.
    """
    found = read_serial(channel)
    if found != image.card:
        raise BlankRefused("another card lies in the field", bound=image.card, card=found or "none")
    with keys.chip_keys(image.card, card_control_of(image)) as chip:
        script = script_for(image, job=job, key_block=chip.load_payload())
    write(channel, script, before_phase=before_phase)
    before_phase(Phase.VERIFY)
    digests = verify(channel, script)
    before_phase(Phase.CLOSE)
    close(channel, script)
    return EncodingReport(
        card=image.card,
        attempt=image.attempt,
        digests=digests,
        apdus=script.commands,
        payload_bytes=image.payload_bytes,
    )


def write(
    channel: PersonalizationChannel,
    script: PersonalizationScript,
    *,
    before_phase: BeforePhase = _nothing,
) -> None:
    """Mark the chip, load its keys and write its files. Raises `ApduRefused`."""
    for phase in _WRITING:
        before_phase(phase)
        _run(channel, script.phase(phase))


def verify(channel: PersonalizationChannel, script: PersonalizationScript) -> dict[FileId, bytes]:
    """The digest of each file as the chip reports it, equal to what was to be written.

    Raises `ReadbackMismatch` with the file and the first bytes of both digests.
    """
    digests = {}
    for step in script.phase(Phase.VERIFY):
        for exchange in step.exchanges:
            file_id = FileId.from_bytes(exchange.command.data, "big")
            response = sent(channel, exchange.command, step=step.name)
            if response.data != exchange.expected.data:
                raise ReadbackMismatch(
                    file=str(file_id),
                    written=exchange.expected.data[:8].hex(),
                    found=response.data[:8].hex(),
                )
            digests[file_id] = response.data
    return digests


def close(channel: PersonalizationChannel, script: PersonalizationScript) -> None:
    """Close the chip: access rules hold from here on, the marker is gone. One way."""
    _run(channel, script.phase(Phase.CLOSE))


def _run(channel: PersonalizationChannel, steps: Iterable[ScriptStep]) -> None:
    for step in steps:
        for exchange in step.exchanges:
            sent(channel, exchange.command, step=step.name, expected_sw=exchange.expected.sw)


def terminate(channel: PersonalizationChannel, keys: KeyService | None) -> bool:
    """Make a reject useless for ever; whether the chip says TERMINATED afterwards.

    An open chip needs no proof; a closed one asks for its administration key, which `keys` derives
    from the card's own serial and card control. Never raises for what a chip does: a chip that does
    not answer cannot be terminated, and that is the answer.
    """
    try:
        life_cycle = read_life_cycle(channel)
        if life_cycle is ChipLifeCycle.OP_READY:
            sent(channel, commands.terminate(), step="terminate")
        elif life_cycle is ChipLifeCycle.SECURED:
            _terminate_closed(channel, keys)
        return read_life_cycle(channel) is ChipLifeCycle.TERMINATED
    except ChipError:
        return False


def _terminate_closed(channel: PersonalizationChannel, keys: KeyService | None) -> None:
    card, control = read_serial(channel), read_card_control(channel)
    if keys is None or card is None or control is None:
        return
    with keys.chip_keys(card, control) as chip:
        challenge = sent(channel, commands.GET_CHALLENGE, step="challenge").data
        proof = chip.terminate_proof(challenge)
    sent(channel, commands.terminate(proof), step="terminate")
