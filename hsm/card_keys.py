"""The keys of one card while it is in hand (`ektp.ports.CardKeys`), the same for every token.

Everything is worked out from masters in the token when it is first needed, exists in this process
for one card at a time, and is let go at the end of the `with` block. Python cannot wipe memory:
letting go is all that it does, and the reason why such a process runs without core dumps.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.chip_profiles import ChipProfile
from ektp.errors import KeyNotFound, KeyUsageForbidden
from ektp.ids import CardSerial
from ektp.perso import ChipKeyPair, ChipKeyUse
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, SealedKeySet
from hsm.diversification import ReadKeySet, derive_read_keys
from hsm.key_set import KeySet, diversified_key_set, put_key_body, seal_secret
from hsm.keys import KeyLabel, TokenKeys
from hsm.scp03 import Scp03Session

__all__ = ["READ_MASTER_VERSION", "CardKeysInHand", "card_keys_in_hand"]

READ_MASTER_VERSION: Final = 1
"""The version of the read master key that card control names."""

_MASTERS: Final = {
    (TRANSPORT_KEY_VERSION, 16): KeyLabel.TRANSPORT_128,
    (TRANSPORT_KEY_VERSION, 32): KeyLabel.TRANSPORT_256,
    (CARD_KEY_VERSION, 16): KeyLabel.CARD_128,
    (CARD_KEY_VERSION, 32): KeyLabel.CARD_256,
}
_TDES_BLOCK: Final = 8
_SCALAR_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HANDLE_MEANING: Final = b"EKTP chip key pair"


class CardKeysInHand:
    """One card's keys; every use after `forget` is refused with `KeyUsageForbidden`."""

    __slots__ = ("_card", "_key_bytes", "_key_sets", "_read_version", "_token")

    def __init__(
        self, token: TokenKeys, card: CardSerial, profile: ChipProfile, read_version: int
    ) -> None:
        self._token: TokenKeys | None = token
        self._card = card
        self._key_bytes = profile.key_bytes
        self._read_version = read_version
        self._key_sets: dict[int, KeySet] = {}

    def __repr__(self) -> str:
        return f"CardKeysInHand({self._card}, {'in hand' if self._token else 'forgotten'})"

    def forget(self) -> None:
        """Let the keys go, and the sessions that were opened with them."""
        self._token = None
        self._key_sets.clear()

    # --- the personalization channel -----------------------------------------------------------

    def secure_channel(self, key_version: int) -> Scp03Session:
        """A session under the card's key set of that version. Raises `KeyNotFound`."""
        self._key_set(key_version)
        in_hand: Callable[[], KeySet] = partial(self._key_set, key_version)
        return Scp03Session(in_hand, card=self._card, version=key_version)

    def card_key_set(self) -> SealedKeySet:
        """The card's own key set, sealed for PUT KEY under the transport key set."""
        new = self._key_set(CARD_KEY_VERSION)
        dek = self._key_set(TRANSPORT_KEY_VERSION).dek
        return SealedKeySet(
            version=CARD_KEY_VERSION,
            body=put_key_body(new, version=CARD_KEY_VERSION, dek=dek),
            check_values=new.check_values,
        )

    def seal(self, secret: bytes) -> bytes:
        """A secret that the house knows anyway, sealed for PUT DATA under the card's own DEK."""
        return seal_secret(self._key_set(CARD_KEY_VERSION).dek, secret)

    # --- reading `ktp-el` ----------------------------------------------------------------------

    def read_keys(self, card_control: bytes) -> bytes:
        """Version of the read master ‖ K_ENC ‖ K_MAC, sealed for PUT DATA.

        Raises `KeyNotFound` for a card control of another version of the master and
        `KeyUsageForbidden` for one of another card.
        """
        keys = self._read_keys(card_control)
        return self.seal(bytes((self._read_version,)) + keys.enc + keys.mac)

    def encipher_file(self, card_control: bytes, content: bytes) -> bytes:
        """TDES-CBC under K_FILE, IV zero, over content in multiples of 8 bytes; as `read_keys`."""
        if len(content) % _TDES_BLOCK:
            msg = "file content comes filled to a multiple of 8 bytes"
            raise ValueError(msg)
        # TDES and a zero IV: the card's own form (Permendagri 34/2014 asks for 3KTDEA).
        cipher = Cipher(
            TripleDES(self._read_keys(card_control).file), modes.CBC(bytes(_TDES_BLOCK))
        )
        encryptor = cipher.encryptor()
        return encryptor.update(content) + encryptor.finalize()

    # --- key pairs of an `icao-lds1` chip ------------------------------------------------------

    def make_key_pair(self, use: ChipKeyUse) -> ChipKeyPair:
        """A new key pair on P-256 for this chip; its handle holds the private half, sealed."""
        self._in_hand()
        key = ec.generate_private_key(ec.SECP256R1())
        public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        scalar = key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _handles().encrypt(nonce, scalar, self._meaning(use, public_key))
        return ChipKeyPair(use=use, public_key=public_key, handle=nonce + sealed)

    def private_key(self, pair: ChipKeyPair) -> bytes:
        """The private half, sealed for PUT DATA.

        Raises `KeyNotFound` for a pair of another chip, another use or another process.
        """
        self._in_hand()
        nonce, sealed = pair.handle[:_NONCE_BYTES], pair.handle[_NONCE_BYTES:]
        try:
            scalar = _handles().decrypt(nonce, sealed, self._meaning(pair.use, pair.public_key))
        except (InvalidTag, ValueError):
            raise KeyNotFound(
                "no such key pair of this card", card=self._card, use=pair.use.value
            ) from None
        return self.seal(scalar)

    # --- inside --------------------------------------------------------------------------------

    def _in_hand(self) -> TokenKeys:
        if self._token is None:
            raise KeyUsageForbidden("the card is no longer in hand", card=self._card)
        return self._token

    def _key_set(self, version: int) -> KeySet:
        token = self._in_hand()
        if version not in self._key_sets:
            master = _MASTERS.get((version, self._key_bytes))
            if master is None:
                raise KeyNotFound("no key set of this version", wanted=f"{version:02X}")
            self._key_sets[version] = diversified_key_set(
                partial(token.aes_cbc, master.value),
                self._card,
                version=version,
                key_bytes=self._key_bytes,
            )
        return self._key_sets[version]

    def _read_keys(self, card_control: bytes) -> ReadKeySet:
        keys = derive_read_keys(partial(self._in_hand().cmac, KeyLabel.READ.value), card_control)
        if card_control[9] != self._read_version:
            raise KeyNotFound(
                "no read master key of this version",
                wanted=card_control[9],
                held=self._read_version,
            )
        if card_control[1:9] != bytes(self._card):
            raise KeyUsageForbidden("the card control is another card's", card=self._card)
        return keys

    def _meaning(self, use: ChipKeyUse, public_key: bytes) -> bytes:
        return (
            _HANDLE_MEANING + bytes(self._card) + use.value.encode("ascii") + b"\x00" + public_key
        )


@contextmanager
def card_keys_in_hand(
    keys: TokenKeys,
    card: CardSerial,
    profile: ChipProfile,
    *,
    read_version: int = READ_MASTER_VERSION,
) -> Iterator[CardKeysInHand]:
    """The keys of one card from the masters of an open token; forgotten at the end."""
    in_hand = CardKeysInHand(keys, card, profile, read_version)
    try:
        yield in_hand
    finally:
        in_hand.forget()


@cache
def _handles() -> AESGCM:
    """What key pairs are sealed under: a random key that dies with this process."""
    return AESGCM(AESGCM.generate_key(256))
