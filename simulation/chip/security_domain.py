"""The issuer security domain: how the channel is opened, and what is put in under its keys.

`docs/secure-channel.md` sections 2, 5 and 6. It serves chips and SAMs: whatever keeps a key set.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION
from ektp.tlv import Tlv
from simulation.chip.aes import AES_BLOCK_BYTES, AesKey
from simulation.chip.commands import (
    DONE,
    CommandRefused,
    answer,
    require_data,
    require_le,
    require_parameters,
)
from simulation.chip.crypto import unpad
from simulation.chip.keys import KeySet
from simulation.chip.memory import NonVolatileMemory
from simulation.chip.scp03 import ChannelBroken, Pending, Scp03Session
from simulation.chip.security import Way

__all__ = ["ISSUER_SECURITY_DOMAIN", "KEY_INFORMATION_TAG", "ChannelState", "SecurityDomain"]

ISSUER_SECURITY_DOMAIN: Final = bytes.fromhex("A000000151000000")
KEY_INFORMATION_TAG: Final = 0xE0

_KEY_DATA, _AES, _KEY_IDS = 0xC0, 0x88, (1, 2, 3)
_KEY_INFORMATION = bytes.fromhex("00000370")
_LEVEL: Final = 0x33
_MAX_FAILURES: Final = 3
_LAST_COUNTER: Final = 0xFFFFFF
_CHALLENGE_BYTES: Final = 8
_ANSWER_BYTES: Final = 32
_CHECK_BYTES: Final = 3
_ALL_THREE: Final = 0x81


class ChannelState(Protocol):
    """What the channel keeps for good."""

    memory: NonVolatileMemory
    keys: KeySet
    sequence_counter: int
    channel_failures: int


class SecurityDomain:
    """The channel of one card: INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, PUT KEY, sealed secrets.

    `session` is the open session. Commands raise `CommandRefused`.
    """

    def __init__(self, state: ChannelState, serial: bytes) -> None:
        self._state = state
        self._serial = serial
        self._pending: Pending | None = None
        self.session: Scp03Session | None = None

    def reset(self) -> None:
        """The field went away, and with it the session."""
        self._pending = self.session = None

    @property
    def way(self) -> Way:
        """The way of a command in the open session."""
        session = self.session
        card = session is not None and session.key_version == CARD_KEY_VERSION
        return Way.CARD if card else Way.TRANSPORT

    @property
    def key_information(self) -> bytes:
        """The template `E0` that tells version and length of the keys."""
        keys = self._state.keys
        kind = bytes((keys.version, _AES, keys.key_bytes))
        objects = (bytes(Tlv(_KEY_DATA, bytes((key_id,)) + kind)) for key_id in _KEY_IDS)
        return bytes(Tlv(KEY_INFORMATION_TAG, b"".join(objects)))

    def initialize_update(self, command: CommandApdu) -> ResponseApdu:
        """INITIALIZE UPDATE: a challenge that never comes twice, and the card's own proof."""
        state = self._state
        self.reset()
        require_data(command, _CHALLENGE_BYTES)
        require_le(command, _ANSWER_BYTES)
        if command.p2:
            raise CommandRefused(StatusWord.INCORRECT_P1_P2)
        if command.p1 not in (0, state.keys.version):
            raise CommandRefused(StatusWord.REFERENCE_NOT_FOUND)
        if state.channel_failures >= _MAX_FAILURES or state.sequence_counter >= _LAST_COUNTER:
            raise CommandRefused(StatusWord.AUTHENTICATION_BLOCKED)
        state.memory.commit()
        state.sequence_counter += 1
        self._pending, challenge = Pending.begin(
            state.keys, command.data, state.sequence_counter, ISSUER_SECURITY_DOMAIN
        )
        version = bytes((state.keys.version,))
        return answer(
            self._serial
            + _KEY_INFORMATION[:2]
            + version
            + _KEY_INFORMATION[2:]
            + challenge
            + self._pending.card_cryptogram
            + state.sequence_counter.to_bytes(3, "big")
        )

    def external_authenticate(self, command: CommandApdu) -> ResponseApdu:
        """EXTERNAL AUTHENTICATE at level `33`: opens the session, or counts a failure."""
        require_parameters(command, _LEVEL)
        require_data(command, 2 * _CHALLENGE_BYTES)
        pending, self._pending = self._pending, None
        if pending is None:
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        state = self._state
        # Counted before it is looked at, so that a cut of power is no free guess.
        state.memory.commit()
        state.channel_failures += 1
        session = pending.authenticate(command)
        if session is None:
            return ResponseApdu(b"", StatusWord.AUTHENTICATION_FAILED)
        state.memory.commit()
        state.channel_failures = 0
        self.session = session
        return DONE

    def open_command(self, command: CommandApdu) -> CommandApdu:
        """The plain command within one of the channel; refuses with 6982 and ends the session."""
        if self.session is None:
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        try:
            return self.session.open_command(command)
        except ChannelBroken:
            self.session = None
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED) from None

    def put_key(self, command: CommandApdu) -> ResponseApdu:
        """PUT KEY: the card's own key set in the place of the transport key set, all or nothing."""
        require_parameters(command, TRANSPORT_KEY_VERSION, _ALL_THREE)
        state = self._state
        if state.keys.version != TRANSPORT_KEY_VERSION:
            # The session under the transport keys goes on after they are gone.
            raise CommandRefused(StatusWord.CONDITIONS_NOT_SATISFIED)
        size = state.keys.key_bytes
        block = 3 + size + 1 + _CHECK_BYTES
        require_data(command, 1 + 3 * block)
        if command.data[0] != CARD_KEY_VERSION:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        dek = AesKey(state.keys.dek)
        keys, values = [], []
        for start in range(1, len(command.data), block):
            part = command.data[start : start + block]
            if part[:3] != bytes((_AES, size + 1, size)) or part[3 + size] != _CHECK_BYTES:
                raise CommandRefused(StatusWord.INCORRECT_DATA)
            keys.append(dek.decrypt(part[3 : 3 + size]))
            values.append(part[-_CHECK_BYTES:])
        fresh = KeySet(CARD_KEY_VERSION, *keys)
        expected = b"".join(fresh.check_values)
        if not hmac.compare_digest(expected, b"".join(values)):
            raise CommandRefused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        state.memory.commit(3 * size)
        state.keys = fresh
        return answer(bytes((CARD_KEY_VERSION,)) + expected)

    def unseal(self, sealed: bytes) -> bytes:
        """A sealed secret's content; refuses with 6A80 where padding or check value is wrong."""
        cipher_text, check = sealed[:-_CHECK_BYTES], sealed[-_CHECK_BYTES:]
        if not cipher_text or len(cipher_text) % AES_BLOCK_BYTES:
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        try:
            secret = unpad(AesKey(self._state.keys.dek).decrypt(cipher_text))
        except ValueError:
            raise CommandRefused(StatusWord.INCORRECT_DATA) from None
        if not hmac.compare_digest(hashlib.sha256(secret).digest()[:_CHECK_BYTES], check):
            raise CommandRefused(StatusWord.INCORRECT_DATA)
        return secret
