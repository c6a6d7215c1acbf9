"""Who a chip says it is: the serial in its CPLC, and its life cycle. Read with distrust."""

from __future__ import annotations

from collections.abc import Iterator

from ektp.apdu import CommandApdu, ResponseApdu, describe_sw
from ektp.errors import ApduRefused, ReadbackMismatch
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from inspection.faults import ChipFault

__all__ = [
    "GET_CPLC",
    "GET_LIFE_CYCLE",
    "SECURED",
    "data_objects",
    "identify",
    "life_cycle",
    "serial_of",
]

GET_CPLC = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, le=0x100)
GET_LIFE_CYCLE = CommandApdu(0x80, 0xF2, 0x80, 0x00, bytes.fromhex("4F00"), le=0x100)
SECURED = 0x0F
"""GlobalPlatform Card Specification, table 11-6: a card that is closed and in use."""

_CPLC_TAG = 0x9F7F
_CPLC_BYTES = 42
_REGISTRY_TAG = 0xE3
_LIFE_CYCLE_TAG = 0x9F70


def data_objects(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The BER data objects of an answer: tags of one or two bytes, lengths below 256, minimal.

    An answer of this profile needs no more, so nothing more is believed. Raises `ChipFault`.
    """
    position = 0
    while position < len(raw):
        start = position
        position += 2 if raw[position] & 0x1F == 0x1F else 1
        tag = int.from_bytes(raw[start:position], "big")
        if position >= len(raw) or (position - start == 2 and raw[start + 1] & 0x80):
            msg = f"a tag of {len(raw)} bytes is cut off or too long"
            raise ChipFault(msg)
        length = raw[position]
        position += 1
        if length == 0x81 and position < len(raw) and raw[position] >= 0x80:
            length = raw[position]
            position += 1
        elif length >= 0x80:
            msg = f"a length begins with {length:02X}"
            raise ChipFault(msg)
        if position + length > len(raw):
            msg = f"an object of {length} bytes in {len(raw)}"
            raise ChipFault(msg)
        yield tag, raw[position : position + length]
        position += length


def _only(raw: bytes, tag: int) -> bytes:
    objects = list(data_objects(raw))
    if len(objects) != 1 or objects[0][0] != tag:
        msg = f"not the one object {tag:X}"
        raise ChipFault(msg)
    return objects[0][1]


def serial_of(response: ResponseApdu) -> CardSerial:
    """The chip serial in an answer to GET DATA: CPLC bytes 11 to 18. Raises `ChipFault`."""
    if not response.ok:
        raise ChipFault(describe_sw(response.sw))
    cplc = _only(response.data, _CPLC_TAG)
    if len(cplc) != _CPLC_BYTES:
        msg = f"CPLC of {len(cplc)} bytes"
        raise ChipFault(msg)
    return CardSerial.from_bytes(cplc[10:18])


def life_cycle(response: ResponseApdu) -> int:
    """The life cycle byte in an answer to GET STATUS. Raises `ChipFault`."""
    if not response.ok:
        raise ChipFault(describe_sw(response.sw))
    state = _only(_only(response.data, _REGISTRY_TAG), _LIFE_CYCLE_TAG)
    if len(state) != 1:
        msg = f"life cycle of {len(state)} bytes"
        raise ChipFault(msg)
    return state[0]


def identify(channel: CardChannel) -> CardSerial:
    """The serial of the card that was tapped on a reader.

    Raises `CardAbsent` where nothing answers, `ApduRefused` where the chip gives no CPLC and
    `ReadbackMismatch` where its CPLC cannot be read.
    """
    response = channel.transmit(GET_CPLC)
    if not response.ok:
        raise ApduRefused("the chip gives no CPLC", sw=describe_sw(response.sw))
    try:
        return serial_of(response)
    except ChipFault as fault:
        raise ReadbackMismatch("no serial can be read", evidence=fault.evidence) from fault
