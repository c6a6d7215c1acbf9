"""Reads the files of a chip by the public read commands: plain, and through a SAM.

A file that is as long as it says is never read from past its end, so that no good chip has to
answer an error inside a session: the last read asks for more than should be there, and the file
proves its size by answering less (`docs/chip-profile-ktp-el.md` section 8). What a file announces
bounds what is read of it, and the profile bounds what it may announce.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from ektp.apdu import CommandApdu, ResponseApdu, StatusWord, describe_sw
from ektp.chip_profiles import ElementaryFile, FileId
from ektp.errors import EktpError, SecureMessagingBroken
from ektp.ports import SamChannel
from inspection.faults import ChannelBroken, ChipFault, ModuleFault, Refused
from inspection.guarded import GuardedChip

__all__ = ["PLAIN_CHUNK", "SECURED_CHUNK", "PlainReader", "SecuredReader", "read_whole"]

PLAIN_CHUNK: Final = 0xF0
SECURED_CHUNK: Final = 0xD0
"""Bytes of one READ BINARY, plain and protected (section 8)."""

_BLOCK = 8
_CHALLENGE_BYTES = 8
_TOKEN_BYTES = 40
# What a SAM can take back with F4: 255 bytes less the status word.
_MAX_PROTECTED_ANSWER = 253
_ANSWER_REFUSED = {f"{sw:04X}" for sw in (StatusWord.WRONG_LENGTH, StatusWord.INCORRECT_DATA)}
"""What F4 says of an answer that it cannot decipher: the chip's doing, not the SAM's."""

_SECURE_MESSAGING_CLASS = 0x0C
_T = TypeVar("_T")


def _announced(file: ElementaryFile, head: bytes) -> int:
    if len(head) < 2:
        msg = "shorter than its length"
        raise ChipFault(msg)
    size = 2 + int.from_bytes(head[:2], "big")
    if file.enciphered:
        size += -size % _BLOCK
    if size > file.size_bytes:
        msg = f"announces {size} bytes of {file.size_bytes}"
        raise ChipFault(msg)
    return size


def _how_many(total: int | None, offset: int, chunk: int) -> int:
    if total is None:
        return chunk
    left = total - offset
    if left == chunk:
        # Leave a block for the last read, which asks for two.
        return chunk - _BLOCK
    return min(chunk, left + _BLOCK)


def read_whole(file: ElementaryFile, read: Callable[[int, int], bytes], chunk: int) -> bytes:
    """The content of a file, proved to end where its length says, its fill proved to be `00`.

    `read(offset, count)` gives at most `count` bytes, fewer only at the end of the file. At most
    one block more than the profile allows is ever asked for. Raises `ChipFault`.
    """
    content = b""
    total = None if file.length_prefixed else file.size_bytes
    while True:
        asked = _how_many(total, len(content), chunk)
        part = read(len(content), asked)
        content += part
        if total is None:
            total = _announced(file, content)
        if len(part) < asked:
            break
        # A first read can fall on the end by chance: look over the edge from inside.
        at_end = len(content) == total
        if at_end and len(read(total - _BLOCK, 2 * _BLOCK)) == _BLOCK:
            break
        if at_end or len(content) > total:
            msg = f"goes on after {total} bytes"
            raise ChipFault(msg)
    if len(content) != total:
        msg = f"{len(content)} bytes of {total}"
        raise ChipFault(msg)
    if file.enciphered and any(content[2 + int.from_bytes(content[:2], "big") :]):
        msg = "the fill is not 00"
        raise ChipFault(msg)
    return content


def _select(file_id: FileId) -> CommandApdu:
    return CommandApdu(0x00, 0xA4, 0x00, 0x00, bytes(file_id))


def _read(offset: int, count: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=count)


def _data_of(response: ResponseApdu, asked: int) -> bytes:
    if response.sw == StatusWord.WRONG_OFFSET:
        msg = f"ends early, {describe_sw(response.sw)}"
        raise ChipFault(msg)
    if not response.ok:
        raise Refused(describe_sw(response.sw))
    if len(response.data) > asked:
        msg = f"{len(response.data)} bytes where {asked} were asked"
        raise ChipFault(msg)
    return response.data


class PlainReader:
    """Reads as a stranger does."""

    def __init__(self, chip: GuardedChip) -> None:
        self._chip = chip

    def select(self, file_id: FileId) -> int:
        """SELECT by file id; the status word."""
        return self._chip.transmit(_select(file_id)).sw

    def read(self, offset: int, count: int) -> ResponseApdu:
        """READ BINARY of the selected file, as it is answered."""
        return self._chip.transmit(_read(offset, count))

    def read_file(self, file: ElementaryFile) -> bytes:
        """The whole file. Raises `ChipFault`."""
        sw = self.select(file.file_id)
        if sw != StatusWord.OK:
            raise Refused(f"SELECT {describe_sw(sw)}")
        return read_whole(
            file, lambda offset, count: _data_of(self.read(offset, count), count), PLAIN_CHUNK
        )


class SecuredReader:
    """Reads as an inspector with a SAM does: nothing bare or altered is taken for an answer.

    The SAM's own failures come out as `ModuleFault`, the chip's as `ChipFault`; `ChannelBroken` is
    the end of the session.
    """

    def __init__(self, chip: GuardedChip, sam: SamChannel) -> None:
        self._chip = chip
        self._sam = sam

    def authenticate(self, card_control: bytes, uid: bytes) -> None:
        """Mutual authentication (section 8, steps 1 to 3); both sides prove their key."""
        self._ask_module(self._sam.open)
        self._ask_module(self._sam.reset_session)
        challenge = self._chip.transmit(CommandApdu(0x00, 0x84, 0x00, 0x00, le=_CHALLENGE_BYTES))
        self._expect("GET CHALLENGE", challenge, _CHALLENGE_BYTES)
        token = self._ask_module(
            lambda: self._sam.calculate_challenge(card_control, uid, challenge.data)
        )
        answer = self._chip.transmit(CommandApdu(0x00, 0x82, 0x00, 0x00, token, le=_TOKEN_BYTES))
        self._expect("AUTHENTICATE", answer, _TOKEN_BYTES)
        self._ask_module(lambda: self._sam.verify_card(answer.data))

    def decipher_files(self) -> None:
        """From now on files are deciphered by the SAM; reads are in multiples of 8, in order."""
        self._ask_module(self._sam.decipher_files)

    def read_file(self, file: ElementaryFile) -> bytes:
        """The whole file, as it reads in plain. Raises `ChipFault`, `ModuleFault`."""
        selected = self._exchange(_select(file.file_id))
        if not selected.ok or selected.data:
            raise Refused(f"SELECT {describe_sw(selected.sw)}, {len(selected.data)} bytes")
        return read_whole(
            file,
            lambda offset, count: _data_of(self._exchange(_read(offset, count)), count),
            SECURED_CHUNK,
        )

    def _exchange(self, command: CommandApdu) -> ResponseApdu:
        protected = self._ask_module(lambda: self._sam.wrap(command))
        if protected.cla & _SECURE_MESSAGING_CLASS != _SECURE_MESSAGING_CLASS:
            msg = "the SAM left a command bare"
            raise ModuleFault(msg)
        answer = self._chip.transmit(protected)
        if not answer.data:
            raise ChannelBroken(f"a bare {describe_sw(answer.sw)}")
        if len(answer.data) > _MAX_PROTECTED_ANSWER:
            raise ChannelBroken(f"an answer of {len(answer.data)} bytes")
        plain = self._ask_module(lambda: self._unwrapped(answer))
        if plain.sw != answer.sw:
            # ISO/IEC 7816-4 clause 10.3: the status word in clear repeats the protected one.
            raise ChannelBroken(f"{answer.sw:04X} in clear, {plain.sw:04X} protected")
        return plain

    def _unwrapped(self, answer: ResponseApdu) -> ResponseApdu:
        try:
            return self._sam.unwrap(answer)
        except EktpError as refused:
            # The SAM is well and does not take this answer: half a block of an enciphered file.
            sw = str(refused.facts.get("sw", ""))[:4]
            if sw in _ANSWER_REFUSED:
                raise ChipFault(f"the SAM refuses the answer, {sw}") from refused
            raise

    @staticmethod
    def _expect(name: str, response: ResponseApdu, length: int) -> None:
        if not response.ok or len(response.data) != length:
            raise ChipFault(f"{name} {describe_sw(response.sw)}, {len(response.data)} bytes")

    def _ask_module(self, act: Callable[[], _T]) -> _T:
        self._chip.check_time()
        try:
            return act()
        except SecureMessagingBroken as broken:
            raise ChannelBroken(broken.code) from broken
        except EktpError as failed:
            # A SAM is a card in a slot: its own absence is not the absence of the chip.
            raise ModuleFault(failed.code) from failed
