"""SCP03, the card's cryptography (GlobalPlatform Amendment D v1.2; docs/secure-channel.md).

`Pending` is what INITIALIZE UPDATE leaves behind, `Scp03Session` what EXTERNAL AUTHENTICATE opens.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final, Self

from ektp.apdu import CommandApdu, ResponseApdu
from simulation.chip.aes import AES_BLOCK_BYTES, AesKey
from simulation.chip.crypto import pad, unpad
from simulation.chip.keys import KeySet

__all__ = [
    "ALL_PROTECTED",
    "ChannelBroken",
    "Pending",
    "Protection",
    "Scp03Session",
    "card_challenge",
    "derive",
]

_CARD_CRYPTOGRAM, _HOST_CRYPTOGRAM, _CARD_CHALLENGE = 0x00, 0x01, 0x02
_S_ENC, _S_MAC, _S_RMAC = 0x04, 0x06, 0x07
_MAC_BYTES: Final = 8
_SECURE: Final = 0x04
_COUNTER_MARK: Final = 0x80
# Status words of which the data are protected (Amendment D, 6.2.5): 9000 and the warnings.
_WARNINGS: Final = (0x62, 0x63)


class ChannelBroken(Exception):
    """A command of the channel whose C-MAC or padding is wrong; the session is over (6982)."""


def derive(key: AesKey, constant: int, context: bytes, length: int) -> bytes:
    """`length` bytes by SP 800-108 in counter mode with CMAC as PRF (Amendment D, 4.1.5)."""
    head = bytes(11) + bytes((constant, 0)) + (8 * length).to_bytes(2, "big")
    count = -(-length // AES_BLOCK_BYTES)
    blocks = (key.cmac(head + bytes((number,)) + context) for number in range(1, count + 1))
    return b"".join(blocks)[:length]


def card_challenge(enc: AesKey, sequence_counter: int, aid: bytes) -> bytes:
    """The pseudo-random challenge of a card (Amendment D, 6.2.2.1)."""
    return derive(enc, _CARD_CHALLENGE, sequence_counter.to_bytes(3, "big") + aid, _MAC_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a security level protects beside C-MAC."""

    encrypts_commands: bool
    signs_responses: bool
    encrypts_responses: bool


ALL_PROTECTED: Final = Protection(
    encrypts_commands=True, signs_responses=True, encrypts_responses=True
)
"""Security level `33`, the only one that a card of this house takes."""


class Pending:
    """One INITIALIZE UPDATE: both challenges, the session keys and the two cryptograms."""

    __slots__ = ("_enc", "_host_cryptogram", "_mac", "_rmac", "card_cryptogram", "key_version")

    def __init__(
        self, keys: KeySet, host_challenge: bytes, challenge: bytes, enc: AesKey | None = None
    ) -> None:
        """`enc` is the ENC key where its schedule is there already."""
        context = host_challenge + challenge
        mac, size = AesKey(keys.mac), keys.key_bytes
        self.key_version = keys.version
        self._enc = derive(enc or AesKey(keys.enc), _S_ENC, context, size)
        self._mac = AesKey(derive(mac, _S_MAC, context, size))
        self._rmac = derive(mac, _S_RMAC, context, size)
        self.card_cryptogram = derive(self._mac, _CARD_CRYPTOGRAM, context, _MAC_BYTES)
        self._host_cryptogram = derive(self._mac, _HOST_CRYPTOGRAM, context, _MAC_BYTES)

    @classmethod
    def begin(
        cls, keys: KeySet, host_challenge: bytes, counter: int, aid: bytes
    ) -> tuple[Self, bytes]:
        """The step for a sequence counter, and the card challenge."""
        enc = AesKey(keys.enc)
        challenge = card_challenge(enc, counter, aid)
        return cls(keys, host_challenge, challenge, enc), challenge

    def authenticate(
        self, command: CommandApdu, protection: Protection = ALL_PROTECTED
    ) -> Scp03Session | None:
        """The session that EXTERNAL AUTHENTICATE opens; None where cryptogram or MAC is wrong."""
        cryptogram, mac = command.data[:_MAC_BYTES], command.data[_MAC_BYTES:]
        chaining = self._mac.cmac(bytes(AES_BLOCK_BYTES) + _header(command) + cryptogram)
        right = hmac.compare_digest(cryptogram, self._host_cryptogram)
        if not hmac.compare_digest(mac, chaining[:_MAC_BYTES]) or not right:
            return None
        return Scp03Session(
            key_version=self.key_version,
            enc=AesKey(self._enc),
            mac=self._mac,
            rmac=AesKey(self._rmac),
            chaining=chaining,
            protection=protection,
        )


class Scp03Session:
    """An open session, the card's half: the MAC chain and the counter of commands.

    A command that is opened and its response must be taken in turn.
    """

    __slots__ = ("_chaining", "_counter", "_enc", "_mac", "_protection", "_rmac", "key_version")

    def __init__(
        self,
        *,
        key_version: int,
        enc: AesKey,
        mac: AesKey,
        rmac: AesKey,
        chaining: bytes,
        protection: Protection,
    ) -> None:
        self.key_version = key_version
        self._enc, self._mac, self._rmac = enc, mac, rmac
        self._chaining = chaining
        self._protection = protection
        self._counter = 0

    def open_command(self, command: CommandApdu) -> CommandApdu:
        """The plain command of class `00` or `80` within one of class `04` or `84`.

        Raises `ChannelBroken` where C-MAC or padding is wrong; the session must then be ended.
        """
        self._counter += 1
        data, mac = command.data[:-_MAC_BYTES], command.data[-_MAC_BYTES:]
        chaining = self._mac.cmac(self._chaining + _header(command) + data)
        if not hmac.compare_digest(mac, chaining[:_MAC_BYTES]):
            raise ChannelBroken
        self._chaining = chaining
        if data and self._protection.encrypts_commands:
            data = self._decipher(data)
        cla = command.cla & ~_SECURE
        return CommandApdu(cla, command.ins, command.p1, command.p2, data, command.le)

    def seal_response(self, response: ResponseApdu) -> ResponseApdu:
        """The response with R-ENC and R-MAC; one that is refused stays bare."""
        if not response.ok and response.sw >> 8 not in _WARNINGS:
            return response
        data = response.data
        if data and self._protection.encrypts_responses:
            data = self._enc.encrypt(pad(data, AES_BLOCK_BYTES), self._iv(_COUNTER_MARK))
        if not self._protection.signs_responses:
            return ResponseApdu(data, response.sw)
        mac = self._rmac.cmac(self._chaining + data + response.sw.to_bytes(2, "big"))
        return ResponseApdu(data + mac[:_MAC_BYTES], response.sw)

    def _decipher(self, data: bytes) -> bytes:
        if len(data) % AES_BLOCK_BYTES:
            raise ChannelBroken
        try:
            return unpad(self._enc.decrypt(data, self._iv()))
        except ValueError:
            raise ChannelBroken from None

    def _iv(self, mark: int = 0) -> bytes:
        counter = bytes((mark,)) + self._counter.to_bytes(AES_BLOCK_BYTES - 1, "big")
        return self._enc.encrypt_block(counter)


def _header(command: CommandApdu) -> bytes:
    """CLA to Lc as they travel: Lc in three bytes where the command is extended."""
    length = len(command.data)
    lc = b"\x00" + length.to_bytes(2, "big") if command.extended else bytes((length,))
    return bytes((command.cla, command.ins, command.p1, command.p2)) + lc
