"""Whose turn it is to sign: the current signer of a family, and the next one where it is used up.

A signer takes over at once: past the quota, from the 93rd day on, after a revocation. What waits
prepared comes first; else, where the CSCA is at hand, a new one is made and certified on the spot.
A clock before the current signer's beginning moves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ektp.errors import HsmError, KeyUsageForbidden
from ektp.ports import Clock
from hsm.keys import EcSigningKey, TokenKeys
from hsm.pki.chain import read_certificate, verify_chain
from hsm.pki.signatures import public_key_of
from hsm.signers.authority import CertificateAuthority
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import Signer, SignerFamily, SignerState

__all__ = ["SignerInHand", "SignerRota"]

_ROTATE: Final = "make the next signer: ektp keys rotate"
# A signature that was taken is made within a minute, and none is made past the period.
_TURN_LASTS: Final = timedelta(minutes=1)


class SignerInHand:
    """A signer with one signature counted for it; key and certificate stay what they are."""

    def __init__(
        self, signer: Signer, key: EcSigningKey, registry: SignerRegistry, clock: Clock
    ) -> None:
        self.label = signer.label
        self.key = key
        self.certificate = registry.certificate(signer.label)
        self._signer = signer
        self._registry = registry
        self._clock = clock
        certified = read_certificate(self.certificate).key
        if public_key_of(key, label=signer.label) != certified:
            raise HsmError("the token's key is not the one that was certified", key=signer.label)
        self.public_key = certified

    def check(self) -> datetime:
        """That it may still sign; the moment. Raises `KeyUsageForbidden`."""
        now = self._clock.now()
        if not self._signer.covers(now):
            raise KeyUsageForbidden("the clock is outside the key's period", key=self.label)
        entry = self._registry.roll().signer(self.label)
        if entry is None or entry.state is SignerState.REVOKED:
            raise KeyUsageForbidden("the signer was revoked", key=self.label)
        return now

    def prove_chain(self, at: datetime) -> None:
        """Its certificate leads to our CSCA and is not revoked. Raises `HsmError`."""
        roll = self._registry.roll()
        anchors = [self._registry.certificate(item.label) for item in roll.authorities]
        latest = self._registry.revocation_list()
        verify_chain(
            self.certificate,
            anchors=anchors,
            revocation_lists=[] if latest is None else [latest],
            at=at,
        )


class SignerRota:
    """The signers of one family, in turn; shared by threads and processes."""

    def __init__(
        self,
        family: SignerFamily,
        keys: TokenKeys,
        registry: SignerRegistry,
        clock: Clock,
        *,
        authority: CertificateAuthority | None,
    ) -> None:
        """`authority` makes the next signer on demand; None where only prepared ones may follow."""
        self._family = family
        self._keys = keys
        self._registry = registry
        self._clock = clock
        self._authority = authority

    def take(self) -> SignerInHand:
        """Count one signature under the signer of now.

        Raises `KeyUsageForbidden` where none may sign, `HsmError` where the token's key is another
        than was certified.
        """
        signer = self._of_now()
        while True:
            try:
                self._registry.count(signer.label).take()
            except KeyUsageForbidden:
                # All its signatures are made. Each pass retires a signer, so this comes to an end.
                signer = self._next_after(signer)
            else:
                key = self._keys.ec_key(signer.label)
                return SignerInHand(signer, key, self._registry, self._clock)

    def peek(self) -> Signer:
        """The signer that would sign now, as far as it is known without counting.

        Raises `KeyUsageForbidden` where there is none.
        """
        now = self._clock.now()
        roll = self._registry.roll()
        current = roll.current(self._family)
        waiting = roll.of(self._family, SignerState.PREPARED)
        for signer in (current, *waiting):
            if signer is not None and signer.covers(now) and self._has_some_left(signer):
                return signer
        raise KeyUsageForbidden(f"no signer may sign now; {_ROTATE}", family=self._family.value)

    def _has_some_left(self, signer: Signer) -> bool:
        return self._registry.count(signer.label).used() < self._family.quota

    def _of_now(self) -> Signer:
        now = self._clock.now()
        signer = self._registry.roll().current(self._family)
        if signer is None:
            return self._next_after(None)
        if now < signer.begins:
            raise KeyUsageForbidden(
                f"the clock is before the signer's period; set it right, or {_ROTATE}",
                key=signer.label,
            )
        if now >= signer.ends:
            return self._next_after(signer)
        if now >= signer.ends - _TURN_LASTS:
            try:
                return self._next_after(signer)
            except KeyUsageForbidden:
                return signer
        return signer

    def _next_after(self, used_up: Signer | None) -> Signer:
        """The signer that takes over, current from now on. Raises `KeyUsageForbidden`."""
        now = self._clock.now()
        with self._registry.edit() as edit:
            current = edit.roll.current(self._family)
            if current is not None and (used_up is None or current.label != used_up.label):
                # Another process was quicker.
                return self._checked(current, now)
            waiting = edit.roll.of(self._family, SignerState.PREPARED)
            usable = [signer for signer in waiting if signer.covers(now)]
            if usable:
                chosen = usable[0]
            elif self._authority is not None:
                chosen = self._authority.make_signer(edit, self._family)
            else:
                raise KeyUsageForbidden(
                    f"the signer is used up and none is prepared; {_ROTATE}",
                    family=self._family.value,
                )
            edit.save(edit.roll.promote(chosen.label))
            return chosen

    def _checked(self, signer: Signer, now: datetime) -> Signer:
        if not signer.covers(now):
            raise KeyUsageForbidden(
                f"the clock is outside the signer's period; {_ROTATE}", key=signer.label
            )
        return signer
