"""A PKI over a token in memory and a registry in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hsm.signers.authority import CertificateAuthority
from hsm.signers.document_signer import RollingDocumentSigner
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import SignerFamily
from hsm.signers.security_object_signer import RollingSecurityObjectSigner
from tests.unit.hsm.pki.helpers import NOW, FixedClock, MemoryKeys

KTP_EL, LDS = SignerFamily.KTP_EL, SignerFamily.LDS
FILES = {1: b"\x61\x5b mrz", 2: b"\x75 face" * 500, 7: b"\x67 sign", 13: b"\x6d national"}


@dataclass
class House:
    """All that signs, over one folder."""

    folder: Path
    keys: Any
    clock: FixedClock
    registry: SignerRegistry
    authority: CertificateAuthority
    documents: RollingDocumentSigner
    security_objects: RollingSecurityObjectSigner

    def again(self) -> House:
        """As another process would have it: the same folder and token, nothing remembered."""
        return house(self.folder, self.keys, self.clock)

    def without_authority(self) -> House:
        """The same where no new signer is made on demand."""
        return house(self.folder, self.keys, self.clock, on_demand=False)

    def state(self) -> dict[str, str]:
        return {signer.label: signer.state.value for signer in self.registry.roll().signers}

    def use_up(self, label: str, left: int = 0) -> None:
        """As if all but so many signatures of a key were made."""
        path = self.folder / "counts" / f"{label}.count"
        path.write_bytes(b"%d\n" % (100_000 - left))


def house(
    folder: Path,
    keys: Any = None,
    clock: FixedClock | None = None,
    *,
    on_demand: bool = True,
    explicit: bool = True,
) -> House:
    keys = MemoryKeys() if keys is None else keys
    clock = FixedClock() if clock is None else clock
    registry = SignerRegistry(folder)
    authority = CertificateAuthority(
        keys, registry, clock, development=True, explicit_parameters=explicit
    )
    by = authority if on_demand else None
    return House(
        folder=folder,
        keys=keys,
        clock=clock,
        registry=registry,
        authority=authority,
        documents=RollingDocumentSigner(keys, registry, clock, authority=by),
        security_objects=RollingSecurityObjectSigner(keys, registry, clock, authority=by),
    )


def founded(folder: Path, now: datetime = NOW, **options: bool) -> House:
    """A house after its first ceremony: a CSCA and a current signer of each family."""
    made = house(folder, clock=FixedClock(now), **options)
    made.authority.establish()
    for family in (KTP_EL, LDS):
        made.authority.rotate(family)
    return made
