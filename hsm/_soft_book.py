"""The book in which a soft token keeps its keys: what is sealed into its file."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Final, Self

from ektp.errors import KeyNotFound, TokenNotFound

__all__ = ["RSA", "KeyBook", "SoftKey"]

RSA: Final = "RSA"
"""The kind of an RSA key, beside those of `SecretKind` and `Curve`."""

_FORMAT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftKey:
    """A secret, or a private key as PKCS #8."""

    kind: str
    value: bytes = field(repr=False)
    made_inside: bool = True


@dataclass(frozen=True, slots=True)
class KeyBook:
    """All keys of a soft token by label."""

    keys: dict[str, SoftKey] = field(default_factory=dict)

    def key(self, label: str) -> SoftKey:
        """One of them. Raises `KeyNotFound`."""
        try:
            return self.keys[label]
        except KeyError:
            raise KeyNotFound(key=label) from None

    def __bytes__(self) -> bytes:
        keys = {
            label: {
                "kind": key.kind,
                "value": base64.b64encode(key.value).decode(),
                "made_inside": key.made_inside,
            }
            for label, key in self.keys.items()
        }
        return json.dumps({"format": _FORMAT, "keys": keys}).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `bytes(book)` wrote. Raises `TokenNotFound` for a book of another form."""
        text = json.loads(raw)
        if text.get("format") != _FORMAT:
            raise TokenNotFound("a development token of an older form; make a new home")
        return cls(
            {
                label: SoftKey(
                    kind=key["kind"],
                    value=base64.b64decode(key["value"]),
                    made_inside=key["made_inside"],
                )
                for label, key in text["keys"].items()
            }
        )
