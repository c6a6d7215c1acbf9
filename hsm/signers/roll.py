"""The roll of signers: which there are and in what state, as one value that is read and replaced.

A signer is PREPARED (certified, waits), CURRENT (signs), RETIRED (its documents stay good) or
REVOKED (they do not). At most one of each family is current.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import Any, Final, Self

from ektp.errors import HsmError
from hsm.keys import KEY_RULES, Curve, KeyLabel, KeyRule

__all__ = [
    "Authority",
    "RevocationReason",
    "Roll",
    "Signer",
    "SignerFamily",
    "SignerState",
    "number_of",
]

_FORMAT: Final = 1
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


@unique
class SignerFamily(StrEnum):
    """The signers of a chip profile; the value begins their labels."""

    KTP_EL = "DS"
    LDS = "LDS"

    @property
    def curve(self) -> Curve:
        """The curve of their keys."""
        return Curve.P256 if self is SignerFamily.KTP_EL else Curve.P384

    @property
    def rule(self) -> KeyRule:
        """Their quota and period."""
        ktp_el = self is SignerFamily.KTP_EL
        return KEY_RULES[KeyLabel.DOCUMENT_SIGNER if ktp_el else KeyLabel.LDS_SIGNER]

    @property
    def quota(self) -> int:
        """How many signatures a key makes."""
        return self.rule.quota or 0


@unique
class SignerState(StrEnum):
    """The life of a signer."""

    PREPARED = "prepared"
    CURRENT = "current"
    RETIRED = "retired"
    REVOKED = "revoked"


@unique
class RevocationReason(StrEnum):
    """Why a certificate was revoked, in the words of RFC 5280 clause 5.3.1."""

    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A document signer. Its key signs from `begins` on and before `ends`."""

    label: str
    state: SignerState
    begins: datetime
    ends: datetime
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None

    @property
    def family(self) -> SignerFamily:
        """Which profile it signs for."""
        return SignerFamily(self.label.partition("-")[0])

    def covers(self, moment: datetime) -> bool:
        """Whether its key may sign at that moment."""
        return self.begins <= moment < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CSCA key; `linked_from` names the one before it, which vouches for it."""

    label: str
    begins: datetime
    ends: datetime
    linked_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """All signers and CSCA keys in the order in which they were made, and the last CRL's number."""

    authorities: tuple[Authority, ...] = ()
    signers: tuple[Signer, ...] = ()
    list_number: int = 0

    def signer(self, label: str) -> Signer | None:
        """A signer by its label."""
        return next((signer for signer in self.signers if signer.label == label), None)

    def of(self, family: SignerFamily, state: SignerState) -> tuple[Signer, ...]:
        """The signers of a family in a state, oldest first."""
        return tuple(
            signer for signer in self.signers if signer.family is family and signer.state is state
        )

    def current(self, family: SignerFamily) -> Signer | None:
        """The signer of a family that signs now."""
        return next(iter(self.of(family, SignerState.CURRENT)), None)

    def authority(self) -> Authority | None:
        """The CSCA key that certifies now: the youngest."""
        return self.authorities[-1] if self.authorities else None

    def with_signer(self, signer: Signer) -> Self:
        """The roll with a new signer, or with another state of one that is there."""
        if self.signer(signer.label) is None:
            return replace(self, signers=(*self.signers, signer))
        changed = tuple(signer if old.label == signer.label else old for old in self.signers)
        return replace(self, signers=changed)

    def promote(self, label: str) -> Self:
        """The roll with that signer current and the one before it retired."""
        chosen = self.signer(label)
        if chosen is None:
            msg = "only a signer on the roll can be promoted"
            raise ValueError(msg)
        roll = self
        before = self.current(chosen.family)
        if before is not None:
            roll = roll.with_signer(replace(before, state=SignerState.RETIRED))
        return roll.with_signer(replace(chosen, state=SignerState.CURRENT))

    def __bytes__(self) -> bytes:
        text = {
            "format": _FORMAT,
            "list_number": self.list_number,
            "authorities": [_authority_text(authority) for authority in self.authorities],
            "signers": [_signer_text(signer) for signer in self.signers],
        }
        return json.dumps(text, indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `bytes(roll)` wrote. Raises `HsmError`."""
        try:
            text = json.loads(raw)
            if text["format"] != _FORMAT:
                raise HsmError("the registry of signers has a form of another version")
            return cls(
                authorities=tuple(_authority(item) for item in text["authorities"]),
                signers=tuple(_signer(item) for item in text["signers"]),
                list_number=int(text["list_number"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            raise HsmError("the registry of signers cannot be read") from None


def number_of(label: str) -> int:
    """The number in a label (`DS-3`: 3); 0 where there is none."""
    tail = label.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)


def _text(moment: datetime | None) -> str | None:
    # Not strftime: it writes years before 1000 without their zeros.
    return None if moment is None else f"{moment.replace(tzinfo=None).isoformat()}Z"


def _authority_text(authority: Authority) -> dict[str, Any]:
    return {
        "label": authority.label,
        "begins": _text(authority.begins),
        "ends": _text(authority.ends),
        "linked_from": authority.linked_from,
    }


def _authority(text: dict[str, Any]) -> Authority:
    return Authority(
        label=text["label"],
        begins=_time(text["begins"]),
        ends=_time(text["ends"]),
        linked_from=text["linked_from"],
    )


def _signer_text(signer: Signer) -> dict[str, Any]:
    return {
        "label": signer.label,
        "state": signer.state.value,
        "begins": _text(signer.begins),
        "ends": _text(signer.ends),
        "revoked_at": _text(signer.revoked_at),
        "reason": None if signer.reason is None else signer.reason.value,
    }


def _signer(text: dict[str, Any]) -> Signer:
    revoked_at, reason = text["revoked_at"], text["reason"]
    return Signer(
        label=text["label"],
        state=SignerState(text["state"]),
        begins=_time(text["begins"]),
        ends=_time(text["ends"]),
        revoked_at=None if revoked_at is None else _time(revoked_at),
        reason=None if reason is None else RevocationReason(reason),
    )
