"""Key components under split knowledge: what custodians hold of a master that nobody knows.

A master is the exclusive or of its components; with one missing, the others say nothing of it (each
value of the master is then as likely as any other). A component lives in a file sealed under its
custodian's passphrase, in a form that can be printed for an envelope and typed in again.

The file (`docs/key-ceremony.md`): five lines `name: value`, an empty line, then the sealed bytes in
base32, in groups of four, each line closed by two characters that check it. Sealed bytes = log2 N
(1) ‖ r (1) ‖ p (1) ‖ salt (16) ‖ nonce (12) ‖ AES-256-GCM of the component under scrypt of the
passphrase, with all lines above it and what stands before the cipher text authenticated.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ektp.errors import ComponentRefused, ComponentSealed, CustodiansRefused, SealBroken
from hsm.key_set import key_check_value

__all__ = [
    "LEAST_CUSTODIANS",
    "LEAST_PASSPHRASE",
    "Component",
    "ComponentHeading",
    "check_custodians",
    "check_passphrase",
    "combine",
    "make_components",
    "open_component",
    "read_heading",
    "seal_component",
    "split",
]

LEAST_CUSTODIANS: Final = 2
LEAST_PASSPHRASE: Final = 12
"""Characters of a custodian's passphrase."""

_MOST_CUSTODIANS: Final = 9
_LENGTHS: Final = (16, 32)
_TITLE: Final = "EKTP KEY COMPONENT 1"
_FIELDS: Final = ("key", "component", "custodian", "check value")
_COST: Final = bytes((15, 8, 1))
_COST_LIMIT: Final = bytes((17, 8, 2))
_SCRYPT_MEMORY: Final = 512 << 20
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 3 + _SALT_BYTES
_GROUP: Final = 4
_LINE: Final = 32
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEY: Final = re.compile(r"[A-Z0-9-]{1,32}", re.ASCII)
_PART: Final = re.compile(r"([1-9]) of ([1-9])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One custodian's part of a key: number `number` of `count`; its value is never shown."""

    key: str
    number: int
    count: int
    custodian: str
    value: bytes = field(repr=False)

    @property
    def check_value(self) -> bytes:
        """The key check value of the component (GlobalPlatform B.6), 3 bytes."""
        return key_check_value(self.value)


def make_components(
    key: str,
    length: int,
    custodians: Sequence[str],
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[Component, ...]:
    """The components of a new master of 16 or 32 bytes, one for each custodian.

    Raises `CustodiansRefused` for fewer than two people, or one person twice.
    """
    if length not in _LENGTHS:
        msg = "a master has 16 or 32 bytes"
        raise ValueError(msg)
    check_custodians(custodians)
    return _parts(key, custodians, [random(length) for _ in custodians])


def split(
    key: str,
    secret: bytes,
    custodians: Sequence[str],
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[Component, ...]:
    """The components of a master that exists: as a maker hands over a transport master."""
    *others, _ = make_components(key, len(secret), custodians, random)
    values = [one.value for one in others]
    return _parts(key, custodians, [*values, reduce(_xor, values, secret)])


def check_custodians(custodians: Sequence[str]) -> None:
    """Two people or more, and nobody twice, however the name is written.

    Raises `CustodiansRefused`.
    """
    people = {_same(name) for name in custodians}
    if "" in people or len(people) != len(custodians):
        raise CustodiansRefused("custodians are different people, each with a name")
    if not LEAST_CUSTODIANS <= len(people) <= _MOST_CUSTODIANS:
        raise CustodiansRefused("a master has two to nine custodians", custodians=len(people))


def check_passphrase(passphrase: str) -> None:
    """Raises `CustodiansRefused` for one of fewer than twelve characters."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise CustodiansRefused(
            "a custodian's passphrase is too short", least=LEAST_PASSPHRASE, got=len(passphrase)
        )


def combine(components: Sequence[Component]) -> bytes:
    """The master. Raises `ComponentRefused` where the components are not all those of one key."""
    names = {(one.key, one.count, len(one.value)) for one in components}
    if len(names) != 1:
        raise ComponentRefused(
            "these are not the components of one key", components=len(components)
        )
    ((key, count, _),) = names
    if sorted(one.number for one in components) != list(range(1, count + 1)):
        raise ComponentRefused("a component is missing, or given twice", key=key, wanted=count)
    check_custodians([one.custodian for one in components])
    values = [one.value for one in components]
    if len(set(values)) != count:
        raise ComponentRefused("two components are the same", key=key)
    return reduce(_xor, values)


# --- the file of a component -------------------------------------------------------------------


def seal_component(component: Component, passphrase: str) -> str:
    """The text of a component's file.

    Raises `CustodiansRefused` for a passphrase that is too short.
    """
    check_passphrase(passphrase)
    header = _header(component)
    head = _COST + secrets.token_bytes(_SALT_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    meaning = header.encode() + head
    sealed = AESGCM(_stretch(passphrase, head)).encrypt(nonce, component.value, meaning)
    return header + "\n" + _written(head + nonce + sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHeading:
    """What a component's file says of itself; nothing of it is proved before the file is opened."""

    key: str
    number: int
    count: int
    custodian: str


def read_heading(text: str) -> ComponentHeading:
    """What is asked for before a passphrase is typed: which component of which key, and whose.

    Raises `ComponentRefused` for what is no such file.
    """
    told = _told([line.strip() for line in text.strip().splitlines()])
    key, custodian = told.get("key", ""), told.get("custodian", "")
    part = _PART.fullmatch(told.get("component", ""))
    # It is shown on a terminal: nothing there may be a command to it.
    if part is None or not _KEY.fullmatch(key) or not custodian.isprintable():
        raise ComponentRefused("this is no file of a key component")
    return ComponentHeading(key=key, number=int(part[1]), count=int(part[2]), custodian=custodian)


def open_component(text: str, passphrase: str) -> Component:
    """Read a component's file, as written or typed in again.

    Raises `ComponentRefused` for what is no such file (naming the line that was typed wrong),
    `ComponentSealed` for another passphrase, or an altered file.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    told = _told(lines)
    wanted = 1 + len(_FIELDS)
    sealed = _read([line for line in lines[wanted:] if line])
    head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
    header = "\n".join(lines[:wanted]) + "\n"
    try:
        number, count = (int(part) for part in told["component"].split(" of "))
        value = AESGCM(_stretch(passphrase, head)).decrypt(
            nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], header.encode() + head
        )
        component = Component(
            key=told["key"], number=number, count=count, custodian=told["custodian"], value=value
        )
        if len(value) not in _LENGTHS or _header(component) != header:
            raise SealBroken("the component does not agree with its file")
    except (KeyError, ValueError):
        raise ComponentRefused("this is no file of a key component") from None
    except InvalidTag:
        heading = read_heading(text)
        raise ComponentSealed(
            "another passphrase, or an altered component",
            key=heading.key,
            component=heading.number,
        ) from None
    return component


def _told(lines: Sequence[str]) -> dict[str, str]:
    wanted = 1 + len(_FIELDS)
    if lines[:1] != [_TITLE] or len(lines) <= wanted:
        raise ComponentRefused("this is no file of a key component")
    return dict(line.partition(": ")[::2] for line in lines[1:wanted])


def _header(component: Component) -> str:
    values = (
        component.key,
        f"{component.number} of {component.count}",
        component.custodian,
        component.check_value.hex().upper(),
    )
    pairs = (f"{name}: {value}" for name, value in zip(_FIELDS, values, strict=True))
    return "\n".join((_TITLE, *pairs)) + "\n"


def _written(sealed: bytes) -> str:
    text = base64.b32encode(sealed).decode().rstrip("=")
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "".join(
        " ".join([*(line[at : at + _GROUP] for at in range(0, len(line), _GROUP)), _check(line)])
        + "\n"
        for line in lines
    )


def _read(lines: Sequence[str]) -> bytes:
    text = ""
    for number, line in enumerate(lines, 1):
        typed = "".join(line.upper().split())
        content, check = typed[:-2], typed[-2:]
        if check != _check(content):
            raise ComponentRefused("a line of the component is typed wrong", line=number)
        text += content
    try:
        sealed = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ComponentRefused("this is no file of a key component") from None
    if len(sealed) < _HEAD_BYTES + _NONCE_BYTES:
        raise ComponentRefused("this is no file of a key component")
    return sealed


def _check(line: str) -> str:
    """Two characters by which a mistyped line is found: nothing is kept secret by them."""
    number = int.from_bytes(hashlib.sha256(line.encode()).digest()[:2], "big")
    return _ALPHABET[number & 31] + _ALPHABET[number >> 5 & 31]


def _stretch(passphrase: str, head: bytes) -> bytes:
    cost = head[: len(_COST)]
    if any(not 0 < asked <= limit for asked, limit in zip(cost, _COST_LIMIT, strict=True)):
        raise ComponentRefused("the component asks for an absurd cost")
    return hashlib.scrypt(
        unicodedata.normalize("NFKC", passphrase).encode(),
        salt=head[len(_COST) :],
        n=1 << cost[0],
        r=cost[1],
        p=cost[2],
        maxmem=_SCRYPT_MEMORY,
        dklen=32,
    )


def _parts(key: str, custodians: Sequence[str], values: Sequence[bytes]) -> tuple[Component, ...]:
    return tuple(
        Component(key=key, number=number, count=len(custodians), custodian=name, value=value)
        for number, (name, value) in enumerate(zip(custodians, values, strict=True), 1)
    )


def _same(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
