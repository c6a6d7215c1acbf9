"""The ceremony as the key process holds it (`hsm.ceremony`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from ektp.errors import ComponentRefused, CustodiansRefused, HsmError
from ektp.ports import Clock
from hsm._files import write_atomically
from hsm.ceremony import CeremonyPlan, ComponentFile, Custodian, read_component_texts
from hsm.ceremony_record import CeremonyKey, CeremonyRecord, WrittenComponent
from hsm.components import (
    Component,
    check_custodians,
    check_passphrase,
    combine,
    make_components,
    open_component,
    seal_component,
)
from hsm.house_token import Token
from hsm.initialisation import TRANSPORT_MASTERS, initialise
from hsm.inventory import rule_of
from hsm.key_records import RecordKind
from hsm.key_set import key_check_value
from hsm.keys import KEY_RULES, KeyLabel, TokenKeys, key_id_of
from hsm.places import TokenKind, TokenPlace

__all__ = ["ceremony", "combined"]

_READ_BYTES: Final = 32
_LENGTHS: Final = {KeyLabel.READ: _READ_BYTES, **TRANSPORT_MASTERS}
_CHECKS: Final = (
    "custodians are different people with different passphrases",
    "each component was read back from its file and opened",
    "the combined masters have the check values that were stated",
    "every key proved itself in the token",
)
_INSIDE: Final = "every key is SENSITIVE and not EXTRACTABLE"


def ceremony(place: TokenPlace, clock: Clock, told: Mapping[str, Any]) -> tuple[Token, bytes]:
    """Hold it: the token, proved, and the record's bytes. Raises what `hold_ceremony` raises."""
    plan = CeremonyPlan.from_plain(told)
    _check_people(plan)
    masters = {label: combined(label, files) for label, files in plan.given.items()}
    keys = place.create()
    try:
        written: tuple[WrittenComponent, ...] = ()
        if KeyLabel.READ not in plan.given:
            _check_new(keys)
            masters[KeyLabel.READ], written = _made(plan)
        token = initialise(
            keys,
            place.folder,
            clock,
            development=place.development,
            read_master=masters[KeyLabel.READ],
            transport={label: masters[label] for label in TRANSPORT_MASTERS if label in masters},
        )
    except BaseException:
        keys.close()
        raise
    _check_masters(token, masters)
    record = CeremonyRecord(
        held_at=clock.now().isoformat(timespec="seconds"),
        place=plan.place,
        custodians=tuple(one.name for one in plan.custodians),
        witnesses=tuple(plan.witnesses),
        software=_software(),
        token=_identity(place, keys),
        development=place.development,
        keys=_keys(token, masters, plan),
        components=written,
        checks=_CHECKS if place.development else (*_CHECKS, _INSIDE),
    )
    return token, bytes(record)


def combined(label: KeyLabel, files: Sequence[ComponentFile]) -> bytes:
    """The master of component files.

    Raises `HsmError`, `SealBroken`.
    """
    components = [open_component(*one) for one in read_component_texts(files)]
    if any(one.key != label.value for one in components):
        raise ComponentRefused("a component of another key", key=label.value)
    value = combine(components)
    if label not in _LENGTHS or len(value) != _LENGTHS[label]:
        raise ComponentRefused("the master has another length than this key", key=label.value)
    return value


def _check_new(keys: TokenKeys) -> None:
    if KeyLabel.READ in keys.labels():
        raise ComponentRefused(
            "the token has this key already: its components must be given",
            key=KeyLabel.READ.value,
        )


def _check_people(plan: CeremonyPlan) -> None:
    check_custodians([one.name for one in plan.custodians])
    typed = [[one.passphrase for one in files] for files in plan.given.values()]
    if KeyLabel.READ not in plan.given:
        typed.append([one.passphrase for one in plan.custodians])
        for one in plan.custodians:
            check_passphrase(one.passphrase)
    if any(len(set(words)) != len(words) for words in typed):
        raise CustodiansRefused("two custodians have the same passphrase")


def _made(plan: CeremonyPlan) -> tuple[bytes, tuple[WrittenComponent, ...]]:
    """New components of READ-1 in their files, and the master that the files give."""
    label = KeyLabel.READ
    components = make_components(label.value, _READ_BYTES, [one.name for one in plan.custodians])
    try:
        plan.components.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as cause:
        raise HsmError("the components' folder cannot be made", errno=cause.errno or 0) from cause
    written = tuple(
        _write(plan.components, component, custodian)
        for component, custodian in zip(components, plan.custodians, strict=True)
    )
    # What custodians carry away is what the token gets: not what was in memory beside it.
    files = [
        ComponentFile(path=plan.components / one.file, passphrase=custodian.passphrase)
        for one, custodian in zip(written, plan.custodians, strict=True)
    ]
    read_back = [open_component(*one) for one in read_component_texts(files)]
    if tuple(read_back) != components:
        raise HsmError("a component does not read back as it was written", key=label.value)
    return combine(read_back), written


def _write(folder: Path, component: Component, custodian: Custodian) -> WrittenComponent:
    name = f"{component.key.lower()}-{component.number}-of-{component.count}.txt"
    if (folder / name).exists():
        raise ComponentRefused("a component file of this name is there already", file=name)
    text = seal_component(component, custodian.passphrase).encode()
    write_atomically(folder / name, text)
    return WrittenComponent(
        key=component.key,
        number=component.number,
        count=component.count,
        custodian=component.custodian,
        check_value=component.check_value.hex(),
        file=name,
        sha256=hashlib.sha256(text).hexdigest(),
    )


def _check_masters(token: Token, masters: Mapping[KeyLabel, bytes]) -> None:
    """What is in the token is what the components gave, also where a run was taken up again."""
    from hsm.diversification import aes_cmac  # noqa: PLC0415 - here alone

    for label, value in masters.items():
        if token.keys.cmac(label.value, bytes(16)) != aes_cmac(value, bytes(16)):
            raise HsmError("the token holds another key than the components give", key=label.value)


def _keys(
    token: Token, masters: Mapping[KeyLabel, bytes], plan: CeremonyPlan
) -> tuple[CeremonyKey, ...]:
    lines = []
    for label, record in sorted(token.keys.records.all().items()):
        rule = rule_of(label)
        kept = token.keys.attributes(label)
        secret = record.kind in (RecordKind.AES, RecordKind.HMAC)
        value = masters.get(KeyLabel(label)) if label in set(KeyLabel) else None
        shown = record.value if value is None else key_check_value(value)
        parts = len(plan.given.get(KeyLabel(label), plan.custodians)) if value else 0
        lines.append(
            CeremonyKey(
                label=label,
                kind=record.kind.value if rule is None else KEY_RULES[rule[0]].kind,
                origin=f"{parts} components" if parts else "made inside",
                check_value=shown.hex() if secret else "",
                key_id="" if secret else key_id_of(record.value).hex(),
                sensitive=kept.sensitive,
                extractable=kept.extractable,
                made_inside=kept.made_inside,
            )
        )
    return tuple(lines)


def _identity(place: TokenPlace, keys: Any) -> dict[str, str]:
    if place.kind is TokenKind.SOFT:
        return {"kind": "soft"}
    told = keys.identity
    return {
        "kind": place.kind.value,
        "label": told.label,
        "serial": told.serial,
        "manufacturer": told.manufacturer,
        "model": told.model,
        "library": told.library,
    }


def _software() -> str:
    try:
        return f"ektp {version('ektp')}"
    except PackageNotFoundError:
        return "ektp"
