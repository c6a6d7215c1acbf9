"""The key inventory: a line for each key of the house, where it is kept, and how much use is left.

Beside the keys of the token stand those that are derived from them and cannot stay inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ektp.ports import KeyInfo
from hsm.keys import KEY_RULES, KeyAttributes, KeyLabel, KeyRule

__all__ = ["DERIVED_KEYS", "key_inventory", "rule_of"]

_NUMBERED: Final = {
    "DS": KeyLabel.DOCUMENT_SIGNER,
    "LDS": KeyLabel.LDS_SIGNER,
    "CSCA": KeyLabel.CSCA,
}
_NUMBERED_LABEL: Final = re.compile(r"([A-Z]+)-([1-9][0-9]*)")
_OUTSIDE: Final = "in the key process, for one card at a time"

DERIVED_KEYS: Final = (
    KeyInfo(
        label="card key sets",
        kind="AES",
        use=f"SCP03 with the card in hand: {_OUTSIDE}, because no token computes SCP03",
        inside=False,
    ),
    KeyInfo(
        label="read keys of a card",
        kind="3DES",
        use=f"loaded into a ktp-el chip: {_OUTSIDE}, because they go into the card",
        inside=False,
    ),
    KeyInfo(
        label="key pairs of a card",
        kind="EC P-256",
        use=f"loaded into an icao-lds1 chip: {_OUTSIDE}, because they go into the card",
        inside=False,
    ),
)
"""What does not stay inside a token, and why."""


def rule_of(label: str) -> tuple[KeyLabel, int] | None:
    """Whose rule a key has, and its number among its like; None for a key that is not ours."""
    if label in set(KeyLabel) and KeyLabel(label) not in _NUMBERED.values():
        return KeyLabel(label), 1
    numbered = _NUMBERED_LABEL.fullmatch(label)
    if numbered is None or numbered[1] not in _NUMBERED:
        return None
    return _NUMBERED[numbered[1]], int(numbered[2])


def key_inventory(
    held: Mapping[str, KeyAttributes], left: Mapping[str, int]
) -> tuple[KeyInfo, ...]:
    """The lines of `keys status`, in the order of `KEY_RULES`, numbered keys by number.

    `held` says how each is kept, `left` how many signatures a key with a quota may still make.
    """
    order = {label: place for place, label in enumerate(KEY_RULES)}
    ours = {label: rule for label in held if (rule := rule_of(label)) is not None}
    labels = sorted(ours, key=lambda label: (order[ours[label][0]], ours[label][1]))
    lines = [_line(label, KEY_RULES[ours[label][0]], held[label], left) for label in labels]
    return (*lines, *DERIVED_KEYS)


def _line(label: str, rule: KeyRule, kept: KeyAttributes, left: Mapping[str, int]) -> KeyInfo:
    inside = kept.sensitive and not kept.extractable
    return KeyInfo(
        label=label,
        kind=rule.kind,
        use=rule.use if inside else f"{rule.use}; in software: whoever opens the token holds it",
        left=None if rule.quota is None else left.get(label, 0),
        inside=inside,
    )
