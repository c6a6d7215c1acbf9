"""The keys of one card as the parent of a key process has them: by a number, and no key."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.perso import ChipKeyPair, ChipKeyUse
from ektp.ports import SealedKeySet
from hsm._process_child import KeyProcess

if TYPE_CHECKING:
    from hsm.token_client import TokenClient

__all__ = ["RemoteCardKeys", "RemoteModuleKeys", "RemoteSession"]


class _InHand:
    """Something that the key process has in hand; every word about it is one round trip."""

    _kind = ""

    def __init__(self, client: TokenClient, process: KeyProcess, number: int) -> None:
        self._client = client
        self._process = process
        self._number = number

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._number})"

    def _ask(self, word: str, *arguments: object) -> Any:
        return self._client.ask_of(self._process, f"{self._kind}.{word}", self._number, *arguments)


class RemoteSession(_InHand):
    """`ektp.ports.SecureChannelSession`."""

    _kind = "session"

    def initialize_update(self) -> CommandApdu:
        """INITIALIZE UPDATE with a fresh host challenge."""
        command: CommandApdu = self._ask("initialize_update")
        return command

    def external_authenticate(self, answer: ResponseApdu) -> CommandApdu:
        """EXTERNAL AUTHENTICATE. Raises `CardNotAuthentic`."""
        command: CommandApdu = self._ask("external_authenticate", answer)
        return command

    def check_authenticated(self, answer: ResponseApdu) -> None:
        """The card's answer to it. Raises `CardNotAuthentic`."""
        self._ask("check_authenticated", answer)

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """Put a command into the channel."""
        wrapped: CommandApdu = self._ask("wrap", command)
        return wrapped

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """Take an answer out. Raises `SecureMessagingBroken`."""
        plain: ResponseApdu = self._ask("unwrap", response)
        return plain


class RemoteCardKeys(_InHand):
    """`ektp.ports.CardKeys`."""

    _kind = "card"

    def secure_channel(self, key_version: int) -> RemoteSession:
        """A session under the card's key set of that version. Raises `KeyNotFound`."""
        session: int = self._ask("secure_channel", key_version)
        return RemoteSession(self._client, self._process, session)

    def card_key_set(self) -> SealedKeySet:
        """The card's own key set, sealed for PUT KEY."""
        key_set: SealedKeySet = self._ask("card_key_set")
        return key_set

    def read_keys(self, card_control: bytes) -> bytes:
        """The sealed read keys of `ktp-el`."""
        sealed: bytes = self._ask("read_keys", card_control)
        return sealed

    def encipher_file(self, card_control: bytes, content: bytes) -> bytes:
        """A file's protected form; `content` in multiples of 8."""
        enciphered: bytes = self._ask("encipher_file", card_control, content)
        return enciphered

    def make_key_pair(self, use: ChipKeyUse) -> ChipKeyPair:
        """A new key pair for this chip."""
        pair: ChipKeyPair = self._ask("make_key_pair", use)
        return pair

    def private_key(self, pair: ChipKeyPair) -> bytes:
        """Its private half, sealed. Raises `KeyNotFound`."""
        sealed: bytes = self._ask("private_key", pair)
        return sealed

    def seal(self, secret: bytes) -> bytes:
        """A secret that the house knows anyway, sealed."""
        sealed: bytes = self._ask("seal", secret)
        return sealed


class RemoteModuleKeys(_InHand):
    """The keys of a SAM while it is issued (`hsm.module_keys`)."""

    _kind = "module"

    def secure_channel(self, key_version: int) -> RemoteSession:
        """A session under the module's transport key set. Raises `KeyNotFound`."""
        session: int = self._ask("secure_channel", key_version)
        return RemoteSession(self._client, self._process, session)

    def sealed_package(self, version: int, valid_until: date) -> bytes:
        """The package, sealed for the module."""
        sealed: bytes = self._ask("sealed_package", version, valid_until.isoformat())
        return sealed

    def counts(self) -> tuple[int, int]:
        """How many read masters and signers are in it."""
        masters, signers = self._ask("counts")
        return masters, signers
