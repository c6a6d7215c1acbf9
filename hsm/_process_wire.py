"""What passes between a process and its key process: plain values, in frames, over a socket pair.

Values are None, booleans, integers of 64 bits, texts, bytes, sequences, mappings and the few types
of `ektp` and `hsm` that are named here. Nothing that is read can make the reader run anything: the
key process trusts its parent no further than its methods go.

A frame is its length (4) and its value: a tag (1), for all but the first three a number (8), then
that many bytes or values. Integers are the number itself.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.perso import ChipKeyPair, ChipKeyUse
from ektp.ports import (
    DocumentSignature,
    KeyInfo,
    SealedKeySet,
    SecurityObject,
    TrustedSigner,
)
from hsm.sam_issue import SamIssue

__all__ = ["EndOfWire", "Wire", "WireMalformed", "decode", "encode"]

_LONGEST_FRAME: Final = 1 << 24
_CHUNK: Final = 1 << 16
_DEEPEST: Final = 12
_HEAD: Final = struct.Struct("!I")
_NUMBER: Final = struct.Struct("!q")
_NONE, _FALSE, _TRUE, _INT, _TEXT, _BYTES, _SEQUENCE, _MAPPING, _RECORD = b"NFTitbsmr"


@dataclass(frozen=True, slots=True)
class _Record:
    """A type that may pass: its fields in order, and what turns a plain value into a field's."""

    kind: Callable[..., object]
    fields: tuple[str, ...]
    converters: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)

    def made_of(self, values: Sequence[Any]) -> object:
        by_field = dict(zip(self.fields, values, strict=True))
        for name, convert in self.converters.items():
            by_field[name] = convert(by_field[name])
        return self.kind(**by_field)


def _record(kind: Any, **converters: Callable[[Any], object]) -> _Record:
    return _Record(kind, tuple(one.name for one in fields(kind)), converters)


_RECORDS: Final[Mapping[str, _Record]] = {
    "ChipKeyPair": _record(ChipKeyPair, use=ChipKeyUse),
    "CommandApdu": _record(CommandApdu),
    "DocumentSignature": _record(DocumentSignature),
    "KeyInfo": _record(KeyInfo),
    "ResponseApdu": _record(ResponseApdu),
    "SamIssue": _record(SamIssue),
    "SealedKeySet": _record(SealedKeySet),
    "SecurityObject": _record(SecurityObject),
    "TrustedSigner": _record(TrustedSigner),
}


class EndOfWire(Exception):
    """The other side is gone. Never leaves this package."""


class WireMalformed(Exception):
    """A frame that is none. Never leaves this package."""


def encode(value: object) -> bytes:
    """A value as bytes; `TypeError` for what has no place on the wire."""
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _encode(value: object, out: bytearray) -> None:
    if isinstance(value, bytes):
        _head(out, _BYTES, len(value))
        out += value
    elif isinstance(value, str):
        text = value.encode()
        _head(out, _TEXT, len(text))
        out += text
    elif value is None:
        out.append(_NONE)
    elif isinstance(value, bool):
        out.append(_TRUE if value else _FALSE)
    elif isinstance(value, int):
        _head(out, _INT, value)
    elif isinstance(value, tuple | list):
        _head(out, _SEQUENCE, len(value))
        for one in value:
            _encode(one, out)
    elif isinstance(value, Mapping):
        _head(out, _MAPPING, len(value))
        for key, one in value.items():
            _encode(key, out)
            _encode(one, out)
    else:
        _encode_record(value, out)


def _encode_record(value: object, out: bytearray) -> None:
    name = type(value).__name__
    if name not in _RECORDS or _RECORDS[name].kind is not type(value):
        msg = f"{name} has no place on the wire"
        raise TypeError(msg)
    record = _RECORDS[name]
    _head(out, _RECORD, len(record.fields))
    _encode(name, out)
    for name in record.fields:
        _encode(getattr(value, name), out)


def _head(out: bytearray, tag: int, number: int) -> None:
    out.append(tag)
    try:
        out += _NUMBER.pack(number)
    except struct.error:
        msg = "an integer of more than 64 bits"
        raise ValueError(msg) from None


def decode(raw: bytes) -> Any:
    """The value of a frame. Raises `WireMalformed`."""
    try:
        value, end = _decode(raw, 0, 0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, ValueError, KeyError):
        raise WireMalformed("a frame that cannot be read") from None
    if end != len(raw):
        raise WireMalformed("something behind the value")
    return value


def _decode(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    tag = raw[at]
    at += 1
    if tag == _NONE:
        return None, at
    if tag in (_FALSE, _TRUE):
        return tag == _TRUE, at
    number: int = _NUMBER.unpack_from(raw, at)[0]
    at += _NUMBER.size
    if tag == _INT:
        return number, at
    if not 0 <= number <= len(raw) - at or depth > _DEEPEST:
        raise WireMalformed("a length or a depth that cannot be")
    if tag in (_BYTES, _TEXT):
        content = raw[at : at + number]
        return content.decode() if tag == _TEXT else content, at + number
    return _decode_many(raw, at, tag, number, depth + 1)


def _decode_many(raw: bytes, at: int, tag: int, number: int, depth: int) -> tuple[Any, int]:
    name = ""
    if tag == _RECORD:
        name, at = _decode(raw, at, depth)
    values = []
    for _ in range(2 * number if tag == _MAPPING else number):
        value, at = _decode(raw, at, depth)
        values.append(value)
    if tag == _SEQUENCE:
        return tuple(values), at
    if tag == _MAPPING:
        return dict(zip(values[::2], values[1::2], strict=True)), at
    if tag != _RECORD:
        raise WireMalformed("a tag that is none")
    return _RECORDS[name].made_of(values), at


class Wire:
    """One end of the socket pair. After a time-out in the middle of a frame it is over."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = b""
        self._timeout_s = 0.0

    @property
    def open(self) -> bool:
        """Whether this end was not closed."""
        return self._end.fileno() >= 0

    def close(self) -> None:
        """Close this end: the other one reads `EndOfWire`."""
        self._end.close()

    def send(self, value: object, within_s: float) -> None:
        """Send a value. Raises `EndOfWire`, `TimeoutError`."""
        body = encode(value)
        if len(body) > _LONGEST_FRAME:
            msg = "more than the key process takes at a time"
            raise ValueError(msg)
        self._wait_at_most(within_s)
        try:
            self._end.sendall(_HEAD.pack(len(body)) + body)
        except BlockingIOError:
            raise TimeoutError from None
        except OSError:
            raise EndOfWire from None

    def receive(self, within_s: float) -> Any:
        """The next value; so long for each part. Raises `EndOfWire`, `TimeoutError`."""
        self._wait_at_most(within_s)
        self._fill(_HEAD.size)
        (length,) = _HEAD.unpack_from(self._buffer)
        if length > _LONGEST_FRAME:
            raise WireMalformed("a frame that is too long")
        end = _HEAD.size + length
        self._fill(end)
        body, self._buffer = self._buffer[_HEAD.size : end], self._buffer[end:]
        return decode(body)

    def _fill(self, count: int) -> None:
        while len(self._buffer) < count:
            try:
                chunk = self._end.recv(max(count - len(self._buffer), _CHUNK))
            except BlockingIOError:
                raise TimeoutError from None
            except OSError:
                raise EndOfWire from None
            if not chunk:
                raise EndOfWire
            self._buffer += chunk

    def _wait_at_most(self, seconds: float) -> None:
        # In the kernel: Python's own time-out asks `poll` before each call, which takes as long.
        if seconds != self._timeout_s:
            whole = int(seconds)
            value = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._end.setsockopt(socket.SOL_SOCKET, option, value)
            self._timeout_s = seconds
