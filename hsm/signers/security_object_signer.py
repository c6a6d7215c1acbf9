"""The document signer of the profile `icao-lds1` (`ektp.ports.SecurityObjectSigner`)."""

from __future__ import annotations

from collections.abc import Mapping

from ektp.ports import Clock, SecurityObject
from hsm.keys import TokenKeys, key_id_of
from hsm.pki.curves import named_spki
from hsm.signers.authority import CertificateAuthority
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import SignerFamily
from hsm.signers.rota import SignerRota
from hsm.signers.security_object import check_security_object, make_security_object

__all__ = ["RollingSecurityObjectSigner"]


class RollingSecurityObjectSigner:
    """The signers `LDS-1`, `LDS-2` …, one after the other: P-384 with SHA-384."""

    def __init__(
        self,
        keys: TokenKeys,
        registry: SignerRegistry,
        clock: Clock,
        *,
        authority: CertificateAuthority | None = None,
    ) -> None:
        """`authority` makes the next signer on demand; None where only prepared ones may follow."""
        self._rota = SignerRota(SignerFamily.LDS, keys, registry, clock, authority=authority)

    def sign(self, data_groups: Mapping[int, bytes]) -> SecurityObject:
        """Hash the exact files by data group number and sign; read back and proved before.

        Raises `KeyUsageForbidden` where no key may sign, `HsmError` where the token's signature or
        the certificate's chain does not verify. ValueError for fewer than two data groups.
        """
        signer = self._rota.take()
        now = signer.check()
        content = make_security_object(
            data_groups, signer.key, certificate=signer.certificate, label=signer.label, now=now
        )
        check_security_object(content, data_groups, certificate=signer.certificate)
        signer.prove_chain(now)
        return SecurityObject(content=content, key_id=key_id_of(named_spki(signer.public_key)))
