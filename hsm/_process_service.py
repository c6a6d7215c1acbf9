"""The child's half: an open token and what is in hand, used by words that are listed here.

Nothing else of the token can be reached. What must stay in the child (the keys of a card, a
session, a turn to sign) is named by a number, and goes when the card goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from ektp.chip_profiles import chip_profile
from ektp.errors import KeyNotFound
from ektp.ids import CardSerial
from ektp.perso import ChipKeyUse
from hsm.house_token import Token
from hsm.keys import KeyLabel
from hsm.module_keys import derive_open_secret
from hsm.places import TokenPlace
from hsm.signers.roll import RevocationReason, SignerFamily

__all__ = ["CarriedClock", "Service", "initialised", "opened"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_IN_HAND: Final = 64


class CarriedClock:
    """The clock of the process that asks, as it stood when it asked."""

    def __init__(self) -> None:
        self._moment = _EPOCH

    def carry(self, microseconds: int) -> None:
        """Set it to so many microseconds after 1970."""
        self._moment = _EPOCH + microseconds * _MICROSECOND

    def now(self) -> datetime:
        """The moment that was carried."""
        return self._moment


def opened(place: TokenPlace, clock: CarriedClock) -> Token:
    """The token of a place, proved. Raises `HsmError` and its kinds."""
    token = Token(place.open(), place.folder, clock, development=place.development)
    try:
        token.prove()
    except BaseException:
        token.keys.close()
        raise
    return token


def initialised(
    place: TokenPlace,
    clock: CarriedClock,
    read_master: bytes | None,
    transport: Mapping[str, bytes],
) -> Token:
    """A token with all its keys made, proved. Raises `HsmError` and its kinds."""
    from hsm.initialisation import initialise  # noqa: PLC0415 - most processes make no keys

    return initialise(
        place.create(),
        Path(place.folder),
        clock,
        development=place.development,
        read_master=read_master,
        transport={KeyLabel(label): value for label, value in transport.items()},
    )


class Service:
    """Carries out words upon the token, upon cards in hand, their sessions, and turns to sign."""

    def __init__(self, token: Token) -> None:
        self.token = token
        self._numbers = count(1)
        self._held: dict[int, Any] = {}
        self._cards: dict[int, tuple[ExitStack, list[int]]] = {}

    def answer(self, word: str, arguments: tuple[Any, ...]) -> object:
        """Carry a word out. Raises what the token raises, and `ValueError` for no such word."""
        if word in _TOKEN_WORDS:
            return _TOKEN_WORDS[word](self.token, *arguments)
        if word in _HELD_WORDS:
            number, *rest = arguments
            return getattr(self._in_hand(number), word.partition(".")[2])(*rest)
        own: Mapping[str, Callable[..., object]] = {
            "card_keys": self._card_keys,
            "card.secure_channel": self._secure_channel,
            "card.make_key_pair": self._make_key_pair,
            "card.end": self._end_card,
            "module_keys": self._module_keys,
            "module.secure_channel": self._secure_channel,
            "take": self._take,
            "turn.sign": self._sign_turn,
        }
        if word not in own:
            msg = "the key process knows no such word"
            raise ValueError(msg)
        return own[word](*arguments)

    def close(self) -> None:
        """Let everything go and the token too."""
        for number in tuple(self._cards):
            self._end_card(number)
        self._held.clear()
        self.token.close()

    # --- cards -------------------------------------------------------------------------------

    def _card_keys(self, card: str, profile: str) -> int:
        stack = ExitStack()
        context = self.token.card_keys(CardSerial(card), chip_profile(profile))
        number = self._hold(stack.enter_context(context))
        self._cards[number] = stack, [number]
        return number

    def _secure_channel(self, card: int, key_version: int) -> int:
        session = self._hold(self._in_hand(card).secure_channel(key_version))
        self._cards[card][1].append(session)
        return session

    def _make_key_pair(self, card: int, use: str) -> object:
        return self._in_hand(card).make_key_pair(ChipKeyUse(use))

    def _end_card(self, number: int) -> None:
        stack, held = self._cards.pop(number, (ExitStack(), []))
        for one in held:
            self._held.pop(one, None)
        stack.close()

    # --- modules -----------------------------------------------------------------------------

    def _module_keys(self, module: str, files: Sequence[Any] | None) -> int:
        """`files`: component files and passphrases; None takes the module out of use."""
        from hsm._module_service import module_keys  # noqa: PLC0415 - few processes issue modules

        keys = module_keys(self.token, CardSerial(module), files)
        stack = ExitStack()
        stack.callback(keys.forget)
        number = self._hold(keys)
        self._cards[number] = stack, [number]
        return number

    # --- turns to sign -----------------------------------------------------------------------

    def _take(self) -> tuple[int, bytes]:
        turn = self.token.document_signer.take()
        return self._hold(turn), turn.key_id

    def _sign_turn(self, number: int, message: bytes) -> object:
        signature = self._in_hand(number).sign(message)
        # A turn is used once: it goes when it was.
        self._held.pop(number, None)
        return signature

    def _hold(self, thing: object) -> int:
        if len(self._held) >= _MOST_IN_HAND:
            # The oldest turn that nobody came back for; cards end by themselves.
            turns = (number for number in self._held if number not in self._of_cards())
            self._held.pop(next(turns, 0), None)
        number = next(self._numbers)
        self._held[number] = thing
        return number

    def _of_cards(self) -> frozenset[int]:
        return frozenset(number for _, held in self._cards.values() for number in held)

    def _in_hand(self, number: int) -> Any:
        try:
            return self._held[number]
        except KeyError:
            raise KeyNotFound("what was in hand was let go") from None


_TOKEN_WORDS: Final[Mapping[str, Callable[..., object]]] = {
    "prove": Token.prove,
    "heal": Token.heal,
    "wrap_data_key": Token.wrap_data_key,
    "unwrap_data_key": Token.unwrap_data_key,
    "blind_index": Token.blind_index,
    "sign_as_site": Token.sign_as_site,
    "inventory": Token.inventory,
    "issue_simulated_sam": Token.issue_simulated_sam,
    "open_secret": lambda token, module: derive_open_secret(token.keys, CardSerial(module)),
    "sign_security_object": lambda token, groups: token.security_object_signer.sign(groups),
    "prepare_next": lambda token, family: token.authority.prepare_next(SignerFamily(family)),
    "rotate": lambda token, family: token.authority.rotate(SignerFamily(family)),
    "roll_over": lambda token: token.authority.roll_over(),
    "revoke": lambda token, label, reason: token.authority.revoke(label, RevocationReason(reason)),
    "fresh_list": lambda token: token.authority.fresh_list(),
    "decrypt_oaep": lambda token, cipher, digest, mask: token.envelope_key.decrypt_oaep(
        cipher, digest=digest, mask_digest=mask
    ),
}
_HELD_WORDS: Final = frozenset(
    {
        "card.card_key_set",
        "card.read_keys",
        "card.encipher_file",
        "card.private_key",
        "card.seal",
        "module.counts",
        "module.sealed_package",
        "session.initialize_update",
        "session.external_authenticate",
        "session.check_authenticated",
        "session.wrap",
        "session.unwrap",
    }
)
