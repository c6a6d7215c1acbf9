"""Which personalization belongs to a chip profile."""

from __future__ import annotations

from ektp.chip_profiles import ICAO_LDS1, KTP_EL, ChipProfile
from ektp.errors import ConfigurationError
from ektp.ports import DocumentSigner, Entropy, KeyService, SecurityObjectSigner
from personalization.profiles.shape import Personalization

__all__ = ["personalization_for"]


def personalization_for(
    profile: ChipProfile,
    *,
    keys: KeyService,
    signer: DocumentSigner | None,
    security_object_signer: SecurityObjectSigner | None,
    key_version: int,
    entropy: Entropy,
) -> Personalization:
    """The personalization of a profile; only the signer that it needs has to be there.

    `key_version` is that of the read master key. Raises `ConfigurationError` for a profile that
    nobody personalizes here, or without its signer.
    """
    # What a profile needs is loaded for it alone: the one draws, the other has no ASN.1.
    if profile.name == KTP_EL.name and signer is not None:
        from personalization.profiles.ktp_el import KtpElPersonalization  # noqa: PLC0415 - see above

        return KtpElPersonalization(
            profile=profile, keys=keys, signer=signer, key_version=key_version
        )
    if profile.name == ICAO_LDS1.name and security_object_signer is not None:
        from personalization.profiles.icao_lds1 import (  # noqa: PLC0415 - see above
            IcaoLds1Personalization,
        )

        return IcaoLds1Personalization(
            profile=profile, keys=keys, signer=security_object_signer, entropy=entropy
        )
    raise ConfigurationError("no signer for this chip profile", profile=profile.name)
