"""Signers and the envelope key as the parent of a key process has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ektp.ports import DocumentSignature, SecurityObject
from hsm._process_child import KeyProcess
from hsm.signers.roll import RevocationReason, SignerFamily

if TYPE_CHECKING:
    from hsm.token_client import TokenClient

__all__ = [
    "RemoteAuthority",
    "RemoteDocumentSigner",
    "RemoteEnvelopeKey",
    "RemoteSecurityObjectSigner",
    "RemoteTurn",
]


@dataclass(frozen=True, slots=True)
class RemoteTurn:
    """`ektp.ports.SigningTurn`: a signature that was counted in the key process."""

    key_id: bytes
    _client: TokenClient = field(repr=False)
    _process: KeyProcess = field(repr=False)
    _number: int

    def sign(self, message: bytes) -> DocumentSignature:
        """Hash and sign the exact bytes, once. Raises `HsmError`."""
        signature: DocumentSignature = self._client.ask_of(
            self._process, "turn.sign", self._number, message
        )
        return signature


class RemoteDocumentSigner:
    """`ektp.ports.DocumentSigner`."""

    def __init__(self, client: TokenClient) -> None:
        self._client = client

    def take(self) -> RemoteTurn:
        """Count one signature under the key of now. Raises `KeyUsageForbidden`."""
        process, (number, key_id) = self._client.hold("take")
        return RemoteTurn(key_id, self._client, process, number)


class RemoteSecurityObjectSigner:
    """`ektp.ports.SecurityObjectSigner`."""

    def __init__(self, client: TokenClient) -> None:
        self._client = client

    def sign(self, data_groups: Mapping[int, bytes]) -> SecurityObject:
        """Hash the exact files and sign. Raises `KeyUsageForbidden`, `HsmError`."""
        signed: SecurityObject = self._client.ask("sign_security_object", data_groups)
        return signed


class RemoteAuthority:
    """The CSCA's acts (`hsm.signers.authority.CertificateAuthority`)."""

    def __init__(self, client: TokenClient) -> None:
        self._client = client

    def prepare_next(self, family: SignerFamily) -> str:
        """Make and certify a signer that waits for its turn; its label."""
        label: str = self._client.ask("prepare_next", family)
        return label

    def rotate(self, family: SignerFamily) -> str:
        """Put a new signer in the place of the current one; its label."""
        label: str = self._client.ask("rotate", family)
        return label

    def roll_over(self) -> str:
        """A new CSCA key and the link certificate to it; its label."""
        label: str = self._client.ask("roll_over")
        return label

    def revoke(self, label: str, reason: RevocationReason) -> bytes:
        """Revoke a signer's certificate; the new CRL (DER)."""
        issued: bytes = self._client.ask("revoke", label, reason)
        return issued

    def fresh_list(self) -> bytes:
        """The CRL (DER), issued anew where it is old."""
        issued: bytes = self._client.ask("fresh_list")
        return issued


@dataclass(frozen=True, slots=True)
class RemoteEnvelopeKey:
    """`hsm.keys.EnvelopeKey`."""

    _client: TokenClient = field(repr=False)
    certificate: bytes

    def decrypt_oaep(self, encrypted_key: bytes, *, digest: str, mask_digest: str) -> bytes:
        """RSAES-OAEP. Raises `SealBroken`."""
        opened: bytes = self._client.ask("decrypt_oaep", encrypted_key, digest, mask_digest)
        return opened
