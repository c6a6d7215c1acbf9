"""What others need to verify our cards: signers' keys, CSCA and link certificates, the CRL."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ektp.errors import ConfigurationError
from ektp.ports import TrustAnchors, TrustedSigner
from hsm.keys import key_id_of
from hsm.pki.chain import read_certificate
from hsm.pki.curves import named_spki
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import Signer, SignerFamily, SignerState

__all__ = ["export_trust", "trust_anchors", "trust_files", "trusted_signers"]

_PEM_LINE: Final = 64


def trusted_signers(registry: SignerRegistry) -> tuple[TrustedSigner, ...]:
    """The signers of `ktp-el` whose chips are good: all that were not revoked."""
    return tuple(
        _trusted(registry, signer)
        for signer in registry.roll().signers
        if signer.family is SignerFamily.KTP_EL and signer.state is not SignerState.REVOKED
    )


def trust_anchors(registry: SignerRegistry) -> TrustAnchors:
    """CSCA certificates, newest first, then links; and the latest CRL."""
    latest = registry.revocation_list()
    return TrustAnchors(
        certificates=(*_authorities(registry), *_links(registry)),
        revocation_lists=() if latest is None else (latest,),
    )


def trust_files(registry: SignerRegistry) -> dict[str, bytes]:
    """The trust files by name.

    `csca.der` and `csca.crl` of now; `csca-N.der` for each CSCA key, `csca-N-link.der` for each
    that its predecessor vouches for, `csca-N-explicit.der` the same key with explicit EC parameters
    (ICAO Doc 9303-12; OpenSSL 3 builds no chain over it); `ds-N.der` (`ktp-el`) and `lds-N.der`
    (`icao-lds1`) for each signer, revoked ones too; `csca.pem` with all CSCA and links.
    """
    roll = registry.roll()
    files: dict[str, bytes] = {}
    for entry in roll.authorities:
        name = entry.label.lower()
        files[f"{name}.der"] = registry.certificate(entry.label)
        files[f"{name}-explicit.der"] = registry.explicit(entry.label)
        files["csca.der"] = registry.certificate(entry.label)
        if entry.linked_from is not None:
            files[f"{name}-link.der"] = registry.link(entry.label)
    for signer in roll.signers:
        files[f"{signer.label.lower()}.der"] = registry.certificate(signer.label)
    latest = registry.revocation_list()
    if latest is not None:
        files["csca.crl"] = latest
    files["csca.pem"] = b"".join(_pem(one) for one in trust_anchors(registry).certificates)
    return files


def export_trust(registry: SignerRegistry, folder: Path) -> tuple[Path, ...]:
    """Write the trust files into a folder that is made where it is missing; their paths.

    Each appears whole or not at all. Raises `ConfigurationError` where they cannot be written.
    """
    files = trust_files(registry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            beside = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
            beside.write_bytes(content)
            beside.replace(folder / name)
    except OSError as cause:
        raise ConfigurationError(
            "the trust files cannot be written", errno=cause.errno or 0
        ) from cause
    return tuple(folder / name for name in files)


def _trusted(registry: SignerRegistry, signer: Signer) -> TrustedSigner:
    spki = named_spki(read_certificate(registry.certificate(signer.label)).key)
    facts = {
        "label": signer.label,
        "begins": f"{signer.begins.replace(tzinfo=None).isoformat()}Z",
        "ends": f"{signer.ends.replace(tzinfo=None).isoformat()}Z",
    }
    return TrustedSigner(key_id=key_id_of(spki), public_key=spki, facts=facts)


def _authorities(registry: SignerRegistry) -> Iterator[bytes]:
    for entry in reversed(registry.roll().authorities):
        yield registry.certificate(entry.label)


def _links(registry: SignerRegistry) -> Iterator[bytes]:
    for entry in registry.roll().authorities:
        if entry.linked_from is not None:
            yield registry.link(entry.label)


def _pem(certificate: bytes) -> bytes:
    text = base64.b64encode(certificate)
    lines = [text[at : at + _PEM_LINE] for at in range(0, len(text), _PEM_LINE)]
    body = b"\n".join(lines)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n"
