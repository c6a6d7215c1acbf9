"""A SAM card behind a card channel, by the published commands of the KTP-el SAM.

`docs/chip-profile-ktp-el.md` section 9. The host never sees a key of a chip: the module computes
the token for mutual authentication and wraps and unwraps each command.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Final

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from ektp.errors import CardAbsent, HsmError, SecureMessagingBroken
from ektp.ports import CardChannel

__all__ = ["OPEN_SECRET_BYTES", "CardSamChannel"]

OPEN_SECRET_BYTES: Final = 32
"""Bytes of the secret that a module was issued with and that OPEN asks for."""

_CARD_CONTROL_BYTES: Final = 51
_UID_BYTES: Final = 8
_CHALLENGE_BYTES: Final = 8
_TOKEN_BYTES: Final = 40
_SIGNATURE_OBJECT_BYTES: Final = 80
_LE_ALL: Final = 256
_SECURE_MESSAGING: Final = 0x0C
_GOOD: Final = b"\x00\x00"
_BAD: Final = b"\x00\x01"


@unique
class _Ins(IntEnum):
    OPEN = 0xF0
    CALCULATE_CHALLENGE = 0xF1
    VERIFY_CARD = 0xF2
    WRAP = 0xF3
    UNWRAP = 0xF4
    AUTOMATIC = 0xFA
    RESET = 0xFF


@unique
class _Automatic(IntEnum):
    """P1 of `00FA`: what the module does by itself with what passes through it."""

    BEGIN_HASH = 0x00
    LAST_HASHED = 0x02
    HASH_PLAIN = 0x03
    VERIFY = 0x04
    DECIPHER = 0x05
    SIGNATURE = 0x06


class CardSamChannel:
    """`ektp.ports.SamChannel` over a channel that leads to a SAM card.

    Every answer is checked for its status word and its length. A module that does not answer, or
    answers what it should not, raises `HsmError`; a chip that the module refuses raises
    `SecureMessagingBroken`.
    """

    def __init__(self, channel: CardChannel, open_secret: bytes) -> None:
        if len(open_secret) != OPEN_SECRET_BYTES:
            msg = f"a SAM is opened with {OPEN_SECRET_BYTES} bytes"
            raise ValueError(msg)
        self._channel = channel
        self._open_secret = open_secret

    def __repr__(self) -> str:
        return "CardSamChannel(***)"

    def open(self) -> None:
        """OPEN SAM (`00F0`). Raises `HsmError` where the module refuses."""
        self._expect(CommandApdu(0x00, _Ins.OPEN, data=self._open_secret), length=0)

    def reset_session(self) -> None:
        """RESET (`00FF`): the session with the card in the field is forgotten."""
        self._expect(CommandApdu(0x00, _Ins.RESET, le=_LE_ALL), length=0)

    def calculate_challenge(self, card_control: bytes, uid: bytes, challenge: bytes) -> bytes:
        """The 40-byte token for EXTERNAL AUTHENTICATE (`00F1`).

        `uid` (8) names the session only; `challenge` (8) is the card's. The module adds a byte
        `28`, the Le of the command to come, which is checked and taken off.
        """
        if len(uid) != _UID_BYTES or len(challenge) != _CHALLENGE_BYTES:
            msg = "UID and challenge have 8 bytes"
            raise ValueError(msg)
        p2 = 0x01 if len(card_control) == _CARD_CONTROL_BYTES else 0x00
        data = card_control + uid + challenge
        command = CommandApdu(0x00, _Ins.CALCULATE_CHALLENGE, 0x00, p2, data)
        answer = self._expect(command, length=_TOKEN_BYTES + 1)
        if answer[-1] != _TOKEN_BYTES:
            raise HsmError("the SAM's token does not end as published", ins="F1")
        return answer[:-1]

    def verify_card(self, answer: bytes) -> None:
        """Check the card's 40-byte answer (`00F2`).

        Raises `SecureMessagingBroken` where it is wrong: the chip does not hold its keys.
        """
        if len(answer) != _TOKEN_BYTES:
            raise SecureMessagingBroken("the card's answer has a wrong length", length=len(answer))
        response = self._transmit(CommandApdu(0x00, _Ins.VERIFY_CARD, data=answer))
        if response.sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
            raise SecureMessagingBroken("the SAM does not accept the card's answer")
        self._check(response, ins=_Ins.VERIFY_CARD, length=0)

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """Put a command into secure messaging (`00F3`).

        What comes back must be the same command under secure messaging (CLA `0C`).
        """
        answer = self._expect(CommandApdu(0x00, _Ins.WRAP, data=bytes(command)))
        try:
            wrapped = CommandApdu.from_bytes(answer)
        except ValueError:
            raise HsmError("the SAM's protected command cannot be read", ins="F3") from None
        same = (wrapped.ins, wrapped.p1, wrapped.p2) == (command.ins, command.p1, command.p2)
        if not same or wrapped.cla != command.cla | _SECURE_MESSAGING:
            raise HsmError("the SAM protected another command than it was given", ins="F3")
        return wrapped

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """Take a response out of secure messaging (`00F4`): plain data and the card's status word.

        Raises `SecureMessagingBroken` where the checksum is wrong or objects are missing.
        """
        answer = self._transmit(CommandApdu(0x00, _Ins.UNWRAP, data=bytes(response)))
        if answer.sw in (StatusWord.SM_OBJECTS_INCORRECT, StatusWord.SM_OBJECTS_MISSING):
            raise SecureMessagingBroken(
                "the SAM does not accept the card's response",
                card=describe_sw(response.sw),
                sam=describe_sw(answer.sw),
            )
        self._check(answer, ins=_Ins.UNWRAP)
        try:
            return ResponseApdu.from_bytes(answer.data)
        except ValueError:
            raise HsmError("the SAM's plain response has no status word", ins="F4") from None

    def decipher_files(self) -> None:
        """Decipher file content from now on (`00FA 05`); reads must be multiples of 8 bytes."""
        self._automatic(_Automatic.DECIPHER)

    # --- the signature, checked by the module -------------------------------------------------

    def begin_signature_check(self) -> None:
        """Hash what each response carries from here on, in order (`00FA 00`)."""
        self._automatic(_Automatic.BEGIN_HASH)

    def hash_plain(self, data: bytes) -> None:
        """Hash bytes that were read in plain, the photo (`00FA 03`); at most 255 at a time."""
        command = CommandApdu(0x00, _Ins.AUTOMATIC, _Automatic.HASH_PLAIN, data=data)
        self._expect(command, length=0)

    def next_is_last_hashed(self) -> None:
        """The next response is the last that is hashed (`00FA 02`)."""
        self._automatic(_Automatic.LAST_HASHED)

    def give_signature(self, signature_object: bytes) -> None:
        """Hand over the content of `6FF6`, 80 bytes (`00FA 06`)."""
        if len(signature_object) != _SIGNATURE_OBJECT_BYTES:
            raise SecureMessagingBroken(
                "the signature object has a wrong length", length=len(signature_object)
            )
        command = CommandApdu(0x00, _Ins.AUTOMATIC, _Automatic.SIGNATURE, data=signature_object)
        self._expect(command, length=0)

    def signature_is_good(self) -> bool:
        """The module's verdict over all that was hashed (`00FA 04`)."""
        command = CommandApdu(0x00, _Ins.AUTOMATIC, _Automatic.VERIFY, le=_LE_ALL)
        verdict = self._expect(command, length=2)
        if verdict not in (_GOOD, _BAD):
            raise HsmError("the SAM gives a verdict that is not published", ins="FA")
        return verdict == _GOOD

    # --- inside -------------------------------------------------------------------------------

    def _automatic(self, what: _Automatic) -> None:
        self._expect(CommandApdu(0x00, _Ins.AUTOMATIC, what, le=_LE_ALL), length=0)

    def _expect(self, command: CommandApdu, *, length: int | None = None) -> bytes:
        return self._check(self._transmit(command), ins=command.ins, length=length)

    def _transmit(self, command: CommandApdu) -> ResponseApdu:
        try:
            return self._channel.transmit(command)
        except CardAbsent:
            raise HsmError("the SAM does not answer", ins=f"{command.ins:02X}") from None

    @staticmethod
    def _check(response: ResponseApdu, *, ins: int, length: int | None = None) -> bytes:
        if not response.ok:
            raise HsmError("the SAM refused", ins=f"{ins:02X}", sw=describe_sw(response.sw))
        if length is not None and len(response.data) != length:
            raise HsmError(
                "the SAM's answer has a wrong length",
                ins=f"{ins:02X}",
                length=len(response.data),
                expected=length,
            )
        return response.data
