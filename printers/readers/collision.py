"""Whether one card lies in the field: what names it must stay the same from field to field.

A reader that finds several cards chooses one each time that it makes its field, and may choose
another one the next time: a card would be proved and its neighbour written. Everything that was
seen in one field (serial, keys, UID) is about the card of that field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ektp.apdu import CommandApdu
from ektp.errors import CardsCollide
from ektp.ports import CardChannel

__all__ = ["require_single_card"]

# PC/SC part 3, clause 3.2.2.1.3: GET DATA, UID. Answered by the reader.
_GET_UID: Final = CommandApdu(0xFF, 0xCA, le=256)
# GlobalPlatform: GET DATA, card production life cycle. Answered by the card.
_GET_CPLC: Final = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=256)
_RANDOM_UID: Final = 0x08  # ISO/IEC 14443-3 clause 6.5.4: the first byte of a random UID
_SHORT_UID_BYTES: Final = 4
_TYPE_B_ATR: Final = b"\x3b\x88\x80\x01"  # PC/SC part 3, clause 3.1.3.2.3.2
_TYPE_B_ATR_BYTES: Final = 13


@dataclass(frozen=True, slots=True)
class _Names:
    """What names a card beyond one session; `None` where it has no such name."""

    atr: bytes
    uid: bytes | None
    cplc: bytes | None


def require_single_card(channel: CardChannel, *, fields: int = 20) -> None:
    """Look at the card in that many fresh fields; raise `CardsCollide` where it is not one card.

    A random UID (type A) and a PUPI (type B) change by themselves and are not looked at; cards that
    differ in nothing else are not told apart. Where a reader chooses evenly between two cards, 20
    fields miss them once in half a million times. Raises `CardAbsent` where no card answers. The
    card is left in a fresh field; only what is done in that field is done to the card last seen.
    """
    if fields < 2:
        msg = "one field shows one card"
        raise ValueError(msg)
    channel.reset()
    first = _names(channel)
    for count in range(1, fields):
        channel.reset()
        if _names(channel) != first:
            raise CardsCollide("the field shows different cards", fields=count + 1)
    channel.reset()


def _names(channel: CardChannel) -> _Names:
    atr = channel.atr()
    uid = channel.transmit(_GET_UID)
    cplc = channel.transmit(_GET_CPLC)
    lasting = uid.ok and not _is_session_name(uid.data, atr)
    return _Names(atr, uid.data if lasting else None, cplc.data if cplc.ok else None)


def _is_session_name(uid: bytes, atr: bytes) -> bool:
    if len(uid) != _SHORT_UID_BYTES:
        return False
    return uid[0] == _RANDOM_UID or _is_type_b(atr)


def _is_type_b(atr: bytes) -> bool:
    """Eight historical bytes of an ATQB: application data, protocol information, MBLI in a nibble.

    A type A card with eight such bytes passes for one, too; its short UID is not looked at then.
    """
    return (
        len(atr) == _TYPE_B_ATR_BYTES
        and atr.startswith(_TYPE_B_ATR)
        and not atr[_TYPE_B_ATR_BYTES - 2] & 0x0F
    )
