"""The ports: what the house needs of chips, machines, keys, readers, time and chance.

Each has one contract test suite, run over every implementation. Adapters raise the errors named
here and nothing of their libraries' own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final, Protocol

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import Expectation, PrintReport, QaVerdict
from ektp.chip_profiles import ChipProfile
from ektp.ids import CardSerial
from ektp.perso import Artwork, ChipKeyPair, ChipKeyUse
from ektp.printer_profiles import PrinterCapabilities, Station, Tray

__all__ = [
    "CARD_KEY_VERSION",
    "TRANSPORT_KEY_VERSION",
    "CardChannel",
    "CardKeys",
    "CardPrinter",
    "Clock",
    "Condition",
    "DocumentSignature",
    "DocumentSigner",
    "Entropy",
    "Inspector",
    "KeyInfo",
    "KeyService",
    "PrinterCounters",
    "PrinterStatus",
    "SamChannel",
    "SealedKeySet",
    "SecureChannelSession",
    "SecurityObject",
    "SecurityObjectSigner",
    "SigningTurn",
    "TrustAnchors",
    "TrustedSigner",
]

TRANSPORT_KEY_VERSION: Final = 0x30
"""The version of the key set that the maker puts into a blank (`docs/secure-channel.md`)."""

CARD_KEY_VERSION: Final = 0x31
"""The version of the key set that the personalization puts in its place."""


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Entropy(Protocol):
    """Chance."""

    def token_bytes(self, count: int) -> bytes:
        """That many unpredictable bytes."""
        ...


class CardChannel(Protocol):
    """A card in a field or a slot."""

    def atr(self) -> bytes:
        """The answer to reset, as a PC/SC reader would give it. Raises `CardAbsent`."""
        ...

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send one command. Raises `CardAbsent` where nothing answers."""
        ...

    def reset(self) -> None:
        """Take the field away and give it back: the card forgets what was proved to it."""
        ...


class SamChannel(Protocol):
    """A secure access module, by the published command set of the KTP-el SAM.

    The host never sees a key: the SAM computes tokens and wraps commands.
    """

    def open(self) -> None:
        """OPEN SAM (`00F0`). Raises `HsmError` where the module refuses."""
        ...

    def reset_session(self) -> None:
        """RESET (`00FF`)."""
        ...

    def calculate_challenge(self, card_control: bytes, uid: bytes, challenge: bytes) -> bytes:
        """The 40-byte token for EXTERNAL AUTHENTICATE (`00F1`)."""
        ...

    def verify_card(self, answer: bytes) -> None:
        """Check the card's 40-byte answer (`00F2`). Raises `SecureMessagingBroken`."""
        ...

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """Put a command into secure messaging (`00F3`)."""
        ...

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """Take a response out of it (`00F4`). Raises `SecureMessagingBroken`."""
        ...

    def decipher_files(self) -> None:
        """Decipher file content from now on (`00FA 05`); reads must be multiples of 8 bytes."""
        ...


@unique
class Condition(StrEnum):
    """What a machine can say about itself, in one vocabulary for all drivers."""

    HOPPER_EMPTY = "hopper_empty"
    RIBBON_EMPTY = "ribbon_empty"
    COVER_OPEN = "cover_open"
    REJECT_FULL = "reject_full"
    GOOD_FULL = "good_full"
    CARD_JAM = "card_jam"
    OVER_TEMPERATURE = "over_temperature"
    CLEANING_DUE = "cleaning_due"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterStatus:
    """What a machine shows now."""

    card_at: Station
    conditions: tuple[Condition, ...] = ()
    serial: str = ""
    hopper_cards: int | None = None
    ribbon_cards: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCounters:
    """A machine's own counters since it was made; they corroborate and never acquit."""

    fed: int
    good: int
    rejected: int
    lost: int
    printed: int


class CardPrinter(Protocol):
    """A printer-encoder: one card at a time from the hopper through its stations to a tray.

    Every moving call raises one of three kinds: `OperatorNeeded` (no card used), `CardSpoiled`,
    `CardUncertain`. `ReaderUnavailable` where the machine cannot be reached.
    """

    def capabilities(self) -> PrinterCapabilities:
        """What the machine can do, by feature."""
        ...

    def status(self) -> PrinterStatus:
        """Where a card stands, and the machine's conditions."""
        ...

    def reserve(self, owner: str) -> None:
        """Claim the machine for one owner. Raises `LineBusy`."""
        ...

    def release(self) -> None:
        """Give the claim back."""
        ...

    def feed_to(self, station: Station, hopper: int = 1) -> None:
        """Take the next card from a hopper to a station."""
        ...

    def park(self, station: Station) -> None:
        """Move the card that is inside to a station."""
        ...

    def channel(self) -> AbstractContextManager[CardChannel]:
        """The chip of the card at the contactless station, in a fresh field."""
        ...

    def print(self, artwork: Artwork) -> PrintReport:
        """Print the card that is inside."""
        ...

    def eject(self, tray: Tray) -> None:
        """Move the card that is inside out into a tray: deliver it, or reject it."""
        ...

    def recover(self) -> PrinterStatus:
        """Clear what an error or a cut left, without moving plastic; tell where things stand."""
        ...

    def counters(self) -> PrinterCounters:
        """The machine's own counters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSignature:
    """A signature over exact bytes: r and s of 32 bytes each, and which key made it."""

    r_s: bytes
    key_id: bytes


class SigningTurn(Protocol):
    """One signature that was counted and is still to be made, under a key that will not change."""

    @property
    def key_id(self) -> bytes:
        """Eight bytes that name the key."""
        ...

    def sign(self, message: bytes) -> DocumentSignature:
        """Hash (SHA-256) and sign the exact bytes (ECDSA P-256), once.

        Signature and certificate chain are verified before it is returned. Raises `HsmError`.
        """
        ...


class DocumentSigner(Protocol):
    """Signs what is written into chips of the profile `ktp-el`."""

    def take(self) -> SigningTurn:
        """Count one signature under the key of now; the next key where that one is used up.

        Raises `KeyUsageForbidden` where no key may sign: outside its period, past its quota, or
        with the clock before its beginning.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityObject:
    """EF.SOD as it is written, and which key signed it."""

    content: bytes
    key_id: bytes


class SecurityObjectSigner(Protocol):
    """Makes the security object of the profile `icao-lds1` (ICAO Doc 9303-10 clause 4.6.2)."""

    def sign(self, data_groups: Mapping[int, bytes]) -> SecurityObject:
        """Hash the exact files by data group number and sign (P-384, SHA-384).

        Signature and certificate chain are verified before it is returned; a key that is used up
        gives way to the next. Raises `KeyUsageForbidden` as `DocumentSigner.take`, `HsmError`.
        """
        ...


class SecureChannelSession(Protocol):
    """The host's half of an SCP03 session with one card; its keys stay behind this port.

    `docs/secure-channel.md`. Used once: initialize, authenticate, then wrap and unwrap in turn.
    """

    def initialize_update(self) -> CommandApdu:
        """INITIALIZE UPDATE with a fresh host challenge."""
        ...

    def external_authenticate(self, answer: ResponseApdu) -> CommandApdu:
        """EXTERNAL AUTHENTICATE, once the card's cryptogram has proved its key set.

        Raises `CardNotAuthentic` where it does not, or where the answer is another card's.
        """
        ...

    def check_authenticated(self, answer: ResponseApdu) -> None:
        """The card's answer to EXTERNAL AUTHENTICATE. Raises `CardNotAuthentic`."""
        ...

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """Put a command into the channel: C-ENC and C-MAC, short or extended as it was."""
        ...

    def unwrap(self, response: ResponseApdu) -> ResponseApdu:
        """Take an answer out: R-MAC checked, R-ENC deciphered. Raises `SecureMessagingBroken`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKeySet:
    """The body of PUT KEY for a card, and the key check values that it must answer.

    `body` is enciphered under the DEK of the key set in place. `check_values`: ENC, MAC, DEK.
    """

    version: int
    body: bytes
    check_values: tuple[bytes, bytes, bytes]


class CardKeys(Protocol):
    """The keys of one card, for as long as it is in hand. They stay behind this port.

    Sealed secrets are for PUT DATA (`docs/secure-channel.md` section 6).
    """

    def secure_channel(self, key_version: int) -> SecureChannelSession:
        """A session under the card's key set of that version. Raises `KeyNotFound`."""
        ...

    def card_key_set(self) -> SealedKeySet:
        """The card's own key set, sealed for PUT KEY under the transport key set."""
        ...

    def read_keys(self, card_control: bytes) -> bytes:
        """The sealed read keys of `ktp-el`, diversified by the 51 bytes of card control."""
        ...

    def encipher_file(self, card_control: bytes, content: bytes) -> bytes:
        """A file's protected form under the file key; `content` in multiples of 8."""
        ...

    def make_key_pair(self, use: ChipKeyUse) -> ChipKeyPair:
        """A new key pair for this chip."""
        ...

    def private_key(self, pair: ChipKeyPair) -> bytes:
        """Its private half, sealed. Raises `KeyNotFound` for a pair of another chip or process."""
        ...

    def seal(self, secret: bytes) -> bytes:
        """A secret that the house knows anyway (access keys from the printed MRZ), sealed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """A line of the key inventory."""

    label: str
    kind: str
    use: str
    left: int | None = None
    inside: bool = True
    """Whether it stays in the token; a key that does not says in `use` where it goes."""


class KeyService(Protocol):
    """What the token does for the house. Master keys never leave it."""

    def wrap_data_key(self, data_key: bytes) -> bytes:
        """Wrap a vault data key under the key-encryption key."""
        ...

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        """Unwrap it. Raises `SealBroken`."""
        ...

    def blind_index(self, value: bytes) -> bytes:
        """A keyed 32-byte name of a value that cannot be guessed back without the token."""
        ...

    def card_keys(self, card: CardSerial, profile: ChipProfile) -> AbstractContextManager[CardKeys]:
        """The keys of one card, one card at a time."""
        ...

    def sign_as_site(self, document: bytes) -> bytes:
        """A detached CMS SignedData (DER) by the installation over an outgoing file."""
        ...

    def heal(self) -> None:
        """Open the token again after it was away, and have every key prove that it is the same.

        Raises `TokenNotFound` while it is away, and `HsmError` where another token came back.
        """
        ...

    def inventory(self) -> Sequence[KeyInfo]:
        """What the token holds."""
        ...


class Inspector(Protocol):
    """Reads a card as a stranger would. Never raises for what a chip does."""

    def inspect(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The reading after encoding: everything, and that the chip refuses to be written."""
        ...

    def look(self, channel: CardChannel, expected: Expectation) -> QaVerdict:
        """The reading after printing: every file again, and no command that could write."""
        ...

    def verify(self, channel: CardChannel, expected: Expectation | None = None) -> QaVerdict:
        """A card at a desk, that may be anybody's: as `look`, by its signature where it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedSigner:
    """A signing key that an inspector trusts: its 8-byte id and its public key (DER SPKI)."""

    key_id: bytes
    public_key: bytes
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchors:
    """What a verifier of `icao-lds1` chips trusts: CSCA and link certificates, and CRLs (DER)."""

    certificates: tuple[bytes, ...]
    revocation_lists: tuple[bytes, ...] = ()
