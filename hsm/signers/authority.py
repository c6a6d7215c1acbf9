"""The CSCA over a token's keys: it certifies document signers, rolls over, revokes.

A ceremony makes it; afterwards it works wherever its key is in the token. Its five years of use are
kept like a signer's 92 days: outside them it certifies nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden
from ektp.ports import Clock
from hsm.keys import Curve, TokenKeys
from hsm.pki.certificates import (
    SigningAuthority,
    authority_certificate,
    document_signer_certificate,
    link_certificate,
)
from hsm.pki.chain import read_certificate, read_list, verify_chain
from hsm.pki.names import DEVELOPMENT, STATE, Issuer
from hsm.pki.periods import authority_validity, document_signer_validity
from hsm.pki.revocation import Revocation, revocation_list
from hsm.pki.signatures import public_key_of
from hsm.signers.registry import RegistryEdit, SignerRegistry
from hsm.signers.roll import (
    Authority,
    RevocationReason,
    Roll,
    Signer,
    SignerFamily,
    SignerState,
    number_of,
)

__all__ = ["CertificateAuthority"]

# A list may be 90 days old; a fresh one long before that leaves time for it to travel.
_LIST_RENEWED_AFTER: Final = timedelta(days=30)


class CertificateAuthority:
    """The CSCA: its keys `CSCA-1`, `CSCA-2` … in a token, its certificates in the registry."""

    def __init__(
        self,
        keys: TokenKeys,
        registry: SignerRegistry,
        clock: Clock,
        *,
        development: bool,
        issuer: Issuer | None = None,
        explicit_parameters: bool = True,
    ) -> None:
        """`issuer` names the state; left out: DEVELOPMENT for a development token."""
        self._keys = keys
        self._registry = registry
        self._clock = clock
        self._issuer = issuer or (DEVELOPMENT if development else STATE)
        self._explicit = explicit_parameters

    # --- ceremonies --------------------------------------------------------------------------

    def establish(self) -> str:
        """Make the first CSCA key, its certificate and an empty CRL; the label. Done once only.

        Raises `HsmError` where the token holds signers that the registry does not know: then the
        registry was lost, and must be restored before anything is signed.
        """
        with self._registry.edit() as edit:
            authority = edit.roll.authority()
            if authority is not None:
                return authority.label
            families = tuple(f"{family.value}-" for family in SignerFamily)
            if any(label.startswith(families) for label in self._keys.labels()):
                raise HsmError("the token has signers and their registry is lost: restore it")
            return self._add_authority(edit, None)

    def roll_over(self, *, linked: bool = True) -> str:
        """A new CSCA key, the link certificate to it and a CRL under it; its label.

        Raises `KeyUsageForbidden` once the old key's use is over: it can vouch no more, and the
        new one (not `linked`) has to be made known by other means.
        """
        with self._registry.edit() as edit:
            before = self._signing(edit.roll, self._clock.now()) if linked else None
            return self._add_authority(edit, before)

    def prepare_next(self, family: SignerFamily) -> str:
        """Make and certify a signer that waits for its turn; its label.

        Its 92 days begin now. Raises `KeyUsageForbidden` where the CSCA may not certify.
        """
        with self._registry.edit() as edit:
            return self.make_signer(edit, family).label

    def rotate(self, family: SignerFamily) -> str:
        """Put a new signer in the place of the current one; its label.

        A prepared one that may sign now, or else a new one. Raises as `prepare_next`.
        """
        now = self._clock.now()
        with self._registry.edit() as edit:
            waiting = edit.roll.of(family, SignerState.PREPARED)
            usable = [signer for signer in waiting if signer.covers(now)]
            chosen = usable[0] if usable else self.make_signer(edit, family)
            edit.save(edit.roll.promote(chosen.label))
            return chosen.label

    def revoke(self, label: str, reason: RevocationReason) -> bytes:
        """Revoke a signer's certificate: it signs no more; the new CRL (DER).

        A second time changes nothing. Raises `KeyNotFound` for a signer that is not on the roll.
        """
        now = self._clock.now().replace(microsecond=0)
        with self._registry.edit() as edit:
            signer = edit.roll.signer(label)
            if signer is None:
                raise KeyNotFound("no such signer", key=label)
            roll = edit.roll
            if signer.state is not SignerState.REVOKED:
                revoked = replace(signer, state=SignerState.REVOKED, revoked_at=now, reason=reason)
                roll = roll.with_signer(revoked)
            return self._issue_list(edit, roll, now)

    # --- what it publishes -------------------------------------------------------------------

    def certificate(self) -> bytes:
        """The certificate (DER) of the CSCA key that certifies now. Raises `KeyNotFound`."""
        authority = self._registry.roll().authority()
        if authority is None:
            raise KeyNotFound("there is no CSCA yet: ektp keys init")
        return self._registry.certificate(authority.label)

    def fresh_list(self) -> bytes:
        """The CRL (DER), issued anew where it is older than 30 days and the CSCA can.

        Raises `KeyUsageForbidden` where there is none and none can be made.
        """
        now = self._clock.now()
        with self._registry.edit() as edit:
            latest = self._registry.revocation_list()
            if latest is not None:
                age = now - read_list(latest).this_update
                if timedelta(0) <= age < _LIST_RENEWED_AFTER:
                    return latest
            try:
                return self._issue_list(edit, edit.roll, now)
            except KeyUsageForbidden:
                if latest is None:
                    raise
                return latest

    # --- for the signers ---------------------------------------------------------------------

    def make_signer(self, edit: RegistryEdit, family: SignerFamily) -> Signer:
        """Make, certify and prove a signer, under the registry's lock; it is PREPARED.

        A key whose making was cut short has no certificate, and its number is not used again: a
        count must not begin twice. Raises `KeyUsageForbidden` where the CSCA may not certify.
        """
        now = self._clock.now()
        authority = self._signing(edit.roll, now)
        anchor = self._registry.certificate(authority.label)
        validity = document_signer_validity(now, not_before=read_certificate(anchor).begins)
        known = (signer.label for signer in edit.roll.signers)
        label = self._next_label(family.value, known)
        key = self._keys.make_ec_key(label, family.curve)
        certificate = document_signer_certificate(
            authority,
            public_key_of(key, label=label),
            common_name=label,
            validity=validity,
            named=family is SignerFamily.KTP_EL,
        )
        verify_chain(certificate, anchors=[anchor], at=now)
        edit.keep_certificate(label, certificate)
        edit.begin_count(label)
        signer = Signer(
            label=label,
            state=SignerState.PREPARED,
            begins=validity.begins,
            ends=validity.use_ends,
        )
        edit.save(edit.roll.with_signer(signer))
        return signer

    # --- inside ------------------------------------------------------------------------------

    def _add_authority(self, edit: RegistryEdit, before: SigningAuthority | None) -> str:
        now = self._clock.now()
        validity = authority_validity(now)
        label = self._next_label("CSCA", (item.label for item in edit.roll.authorities))
        self._keys.make_ec_key(label, Curve.P384)
        authority = self._named(label)
        edit.keep_certificate(label, authority_certificate(authority, validity))
        # The same key, name and dates with explicit parameters: what the ICAO PKD takes.
        spelt_out = replace(authority, explicit=True)
        edit.keep_certificate(f"{label}-explicit", authority_certificate(spelt_out, validity))
        if before is not None:
            link = link_certificate(before, authority.public_key, validity)
            edit.keep_certificate(f"{label}-link", link)
        entry = Authority(
            label=label,
            begins=validity.begins,
            ends=validity.use_ends,
            linked_from=None if before is None else before.label,
        )
        roll = replace(edit.roll, authorities=(*edit.roll.authorities, entry))
        self._issue_list(edit, roll, now)
        return label

    def _issue_list(self, edit: RegistryEdit, roll: Roll, now: datetime) -> bytes:
        """A CRL for what a roll says, and that roll with its number, saved together."""
        number = roll.list_number + 1
        revoked = [
            Revocation(
                serial_number=read_certificate(
                    self._registry.certificate(signer.label)
                ).serial_number,
                at=signer.revoked_at,
            )
            for signer in roll.signers
            if signer.revoked_at is not None
        ]
        issued = revocation_list(self._signing(roll, now), number, now, revoked)
        edit.keep_list(number, issued)
        edit.save(replace(roll, list_number=number))
        return issued

    def _signing(self, roll: Roll, now: datetime) -> SigningAuthority:
        """The youngest CSCA key, if it may sign now and is in this token."""
        entry = roll.authority()
        if entry is None:
            raise KeyUsageForbidden("there is no CSCA yet: ektp keys init")
        # Strictly after its beginning, so that what it signs can begin in between.
        if not entry.begins < now < entry.ends:
            raise KeyUsageForbidden(
                "the clock is outside the use of the CSCA key: ektp keys status", key=entry.label
            )
        authority = self._named(entry.label)
        certified = read_certificate(self._registry.certificate(entry.label)).key
        if authority.public_key != certified:
            raise HsmError(
                "the token's CSCA key is not the one that was certified", key=entry.label
            )
        return authority

    def _named(self, label: str) -> SigningAuthority:
        try:
            key = self._keys.ec_key(label)
        except KeyNotFound:
            raise KeyUsageForbidden(
                "the CSCA key is not in this token: certify the next signer where it is, with "
                "ektp keys rotate",
                key=label,
            ) from None
        return SigningAuthority(issuer=self._issuer, key=key, label=label, explicit=self._explicit)

    def _next_label(self, prefix: str, known: Iterable[str]) -> str:
        labels = [*self._keys.labels(), *known]
        used = [number_of(label) for label in labels if label.startswith(f"{prefix}-")]
        return f"{prefix}-{max(used, default=0) + 1}"
