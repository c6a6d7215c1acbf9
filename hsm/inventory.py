"""The key inventory: a line for each key that a token holds, and how much use is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ektp.ports import KeyInfo
from hsm.keys import KEY_RULES, KeyLabel

__all__ = ["key_inventory"]


def key_inventory(held: Iterable[KeyLabel], used: Mapping[KeyLabel, int]) -> tuple[KeyInfo, ...]:
    """The lines of `keys status`, in the order of `KEY_RULES`.

    `used` counts the signatures of keys with a quota; a key without one has no `left`.
    """
    present = frozenset(held)
    return tuple(
        KeyInfo(
            label=label.value,
            kind=rule.kind,
            use=rule.use,
            left=None if rule.quota is None else max(0, rule.quota - used.get(label, 0)),
        )
        for label, rule in KEY_RULES.items()
        if label in present
    )
