"""The host's half of SCP03 (GlobalPlatform Card Specification v2.3.1, Amendment D v1.2), S8.

`ChannelState` is the protocol at any security level, as published exchanges have it;
`Scp03Session` is the house's own: level `33` and no other, one card, one opening
(`docs/secure-channel.md`).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ektp.apdu import CommandApdu, ResponseApdu, describe_sw
from ektp.errors import CardNotAuthentic, KeyUsageForbidden, SecureMessagingBroken
from ektp.ids import CardSerial
from hsm.diversification import aes_cmac
from hsm.key_set import KeySet, pad

__all__ = ["ChannelState", "Scp03Session", "SecurityLevel", "SessionKeys", "derive"]

_BLOCK: Final = 16
_MAC_BYTES: Final = 8
_CHALLENGE_BYTES: Final = 8
_SECURE_CLA: Final = 0x04
_OPENING_BYTES: Final = 32
_PROTOCOL: Final = b"\x03\x70"
_FULL_LEVEL: Final = 0x33

# Data derivation constants (Amendment D, table 4-1).
_CARD_CRYPTOGRAM: Final = 0x00
_HOST_CRYPTOGRAM: Final = 0x01
_S_ENC: Final = 0x04
_S_MAC: Final = 0x06
_S_RMAC: Final = 0x07


def derive(key: bytes, constant: int, context: bytes, length: int) -> bytes:
    """The KDF of Amendment D 4.1.5: SP 800-108 in counter mode with AES-CMAC; `length` in bytes.

    CMAC(key, eleven `00` ‖ constant ‖ `00` ‖ bits (2) ‖ counter (1) ‖ context), joined and cut.
    """
    fixed = bytes(11) + bytes((constant, 0)) + (8 * length).to_bytes(2, "big")
    blocks = -(-length // _BLOCK)
    stream = b"".join(aes_cmac(key, fixed + bytes((i,)) + context) for i in range(1, blocks + 1))
    return stream[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """The keys of one session, and what both sides prove themselves with; never shown."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    rmac: bytes = field(repr=False)
    card_cryptogram: bytes = field(repr=False)
    host_cryptogram: bytes = field(repr=False)

    @classmethod
    def of(cls, keys: KeySet, host_challenge: bytes, card_challenge: bytes) -> SessionKeys:
        """Derive them (Amendment D 6.2.1 and 6.2.2)."""
        context = host_challenge + card_challenge
        mac = derive(keys.mac, _S_MAC, context, len(keys.mac))
        return cls(
            enc=derive(keys.enc, _S_ENC, context, len(keys.enc)),
            mac=mac,
            rmac=derive(keys.mac, _S_RMAC, context, len(keys.mac)),
            card_cryptogram=derive(mac, _CARD_CRYPTOGRAM, context, _MAC_BYTES),
            host_cryptogram=derive(mac, _HOST_CRYPTOGRAM, context, _MAC_BYTES),
        )


@dataclass(frozen=True, slots=True)
class SecurityLevel:
    """The bits of P1 of EXTERNAL AUTHENTICATE (Amendment D, table 7-7)."""

    value: int

    @property
    def command_encryption(self) -> bool:
        """C-DECRYPTION."""
        return bool(self.value & 0x02)

    @property
    def response_mac(self) -> bool:
        """R-MAC."""
        return bool(self.value & 0x10)

    @property
    def response_encryption(self) -> bool:
        """R-ENCRYPTION."""
        return bool(self.value & 0x20)


class ChannelState:
    """An opened session: chaining value and counter, moving with each command."""

    __slots__ = ("_chaining_value", "_counter", "_keys", "_level")

    def __init__(self, keys: SessionKeys, level: SecurityLevel) -> None:
        self._keys = keys
        self._level = level
        self._chaining_value = bytes(_BLOCK)
        self._counter = 0

    def external_authenticate(self) -> CommandApdu:
        """EXTERNAL AUTHENTICATE; its full MAC begins the chain (7.1.2)."""
        return self._with_mac(
            CommandApdu(0x84, 0x82, self._level.value, 0x00, self._keys.host_cryptogram)
        )

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """C-ENC where there are data, and C-MAC (6.2.4, 6.2.6). Le stays as it was."""
        self._counter += 1
        data = command.data
        if self._level.command_encryption and data:
            data = _cbc(self._keys.enc, self._vector(), pad(data))
        cla = command.cla | _SECURE_CLA
        return self._with_mac(
            CommandApdu(cla, command.ins, command.p1, command.p2, data, command.le)
        )

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """R-MAC checked and taken off, data deciphered (6.2.5, 6.2.7).

        Raises `SecureMessagingBroken`. A status word of an error comes bare, without data.
        """
        if not _is_protected(response.sw):
            if response.data:
                raise SecureMessagingBroken("a refusal with data", sw=describe_sw(response.sw))
            return response
        if not self._level.response_mac:
            return response
        data, mac = response.data[:-_MAC_BYTES], response.data[-_MAC_BYTES:]
        status = response.sw.to_bytes(2, "big")
        expected = aes_cmac(self._keys.rmac, self._chaining_value + data + status)[:_MAC_BYTES]
        if not hmac.compare_digest(mac, expected):
            raise SecureMessagingBroken("the answer's checksum is wrong")
        if self._level.response_encryption and data:
            data = self._deciphered(data)
        return ResponseApdu(data, response.sw)

    def _deciphered(self, data: bytes) -> bytes:
        if len(data) % _BLOCK:
            raise SecureMessagingBroken("the answer is not made of whole blocks")
        plain = _cbc_decrypt(self._keys.enc, self._vector(0x80), data).rstrip(b"\x00")
        if plain[-1:] != b"\x80":
            raise SecureMessagingBroken("the answer's padding is wrong")
        return plain[:-1]

    def _with_mac(self, command: CommandApdu) -> CommandApdu:
        protected = replace(command, data=command.data + bytes(_MAC_BYTES))
        length = len(protected.data)
        # Lc counts the MAC, and stands in the form in which the command will travel.
        lc = b"\x00" + length.to_bytes(2, "big") if protected.extended else bytes((length,))
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        message = self._chaining_value + header + lc + command.data
        self._chaining_value = aes_cmac(self._keys.mac, message)
        return replace(command, data=command.data + self._chaining_value[:_MAC_BYTES])

    def _vector(self, first_byte: int = 0x00) -> bytes:
        counter = bytes((first_byte,)) + self._counter.to_bytes(_BLOCK - 1, "big")
        return _cbc(self._keys.enc, bytes(_BLOCK), counter)


class Scp03Session:
    """A session with one card under one key set (`ektp.ports.SecureChannelSession`).

    `in_hand` gives the key set and refuses with `KeyUsageForbidden` once the card is put down: a
    session does not outlive its card's keys.
    """

    __slots__ = ("_card", "_host_challenge", "_in_hand", "_state", "_step", "_version")

    def __init__(
        self,
        in_hand: Callable[[], KeySet],
        *,
        card: CardSerial,
        version: int,
        host_challenge: bytes | None = None,
    ) -> None:
        self._in_hand = in_hand
        self._card = card
        self._version = version
        self._host_challenge = host_challenge or secrets.token_bytes(_CHALLENGE_BYTES)
        self._state: ChannelState | None = None
        self._step = "begun"

    def __repr__(self) -> str:
        return f"Scp03Session({self._card}, {self._version:02X}, {self._step})"

    def initialize_update(self) -> CommandApdu:
        """INITIALIZE UPDATE with a fresh host challenge (section 2)."""
        self._in_order("begun", "asked")
        return CommandApdu(0x80, 0x50, self._version, 0x00, self._host_challenge, 256)

    def external_authenticate(self, answer: ResponseApdu) -> CommandApdu:
        """EXTERNAL AUTHENTICATE, once the card's cryptogram has proved its key set.

        Raises `CardNotAuthentic` where it does not, or where the answer is another card's.
        """
        self._in_order("asked", "answered")
        data = answer.data
        if not answer.ok:
            raise CardNotAuthentic(
                "the card opens no channel", card=self._card, sw=describe_sw(answer.sw)
            )
        if len(data) != _OPENING_BYTES or data[11:13] != _PROTOCOL:
            raise CardNotAuthentic("the card speaks another protocol", card=self._card)
        if data[:8] != bytes(self._card) or data[10] != self._version:
            raise CardNotAuthentic(
                "another card, or another key set, answered", card=self._card, version=data[10]
            )
        keys = SessionKeys.of(self._in_hand(), self._host_challenge, data[13:21])
        if not hmac.compare_digest(data[21:29], keys.card_cryptogram):
            raise CardNotAuthentic("the card's cryptogram is wrong", card=self._card)
        self._state = ChannelState(keys, SecurityLevel(_FULL_LEVEL))
        return self._state.external_authenticate()

    def check_authenticated(self, answer: ResponseApdu) -> None:
        """The card's answer to EXTERNAL AUTHENTICATE. Raises `CardNotAuthentic`."""
        self._in_order("answered", "refused")
        if not answer.ok or answer.data:
            raise CardNotAuthentic(
                "the card did not take our cryptogram", card=self._card, sw=describe_sw(answer.sw)
            )
        self._step = "open"

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """Put a command into the channel: C-ENC and C-MAC."""
        state = self._open()
        self._step = "waiting"
        return state.wrap(command)

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """Take an answer out: R-MAC checked, R-ENC deciphered. Raises `SecureMessagingBroken`.

        After a broken answer the session is over.
        """
        self._in_order("waiting", "broken")
        state = self._alive()
        plain = state.unwrap(response)
        self._step = "open"
        return plain

    def _open(self) -> ChannelState:
        if self._step == "broken":
            raise SecureMessagingBroken("the session is over", card=self._card)
        self._in_order("open", "open")
        return self._alive()

    def _alive(self) -> ChannelState:
        self._in_hand()
        if self._state is None:
            raise KeyUsageForbidden("the session was never opened", card=self._card)
        return self._state

    def _in_order(self, expected: str, following: str) -> None:
        """Each step once, in its order; a challenge is never used twice."""
        if self._step != expected:
            raise KeyUsageForbidden("a session's steps out of order", card=self._card)
        self._step = following


def _is_protected(sw: int) -> bool:
    """Whether an answer with this status word carries an R-MAC: success and warnings."""
    return sw == 0x9000 or sw >> 8 in (0x62, 0x63)


def _cbc(key: bytes, vector: bytes, blocks: bytes) -> bytes:
    encryptor = Cipher(AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def _cbc_decrypt(key: bytes, vector: bytes, blocks: bytes) -> bytes:
    decryptor = Cipher(AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(blocks) + decryptor.finalize()
