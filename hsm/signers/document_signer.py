"""The document signer of the profile `ktp-el` (`ektp.ports.DocumentSigner`).

ECDSA P-256 with SHA-256 over what is written into a chip. The signature object names its key, so
a signature is taken first, under a key that is fixed from then on, and made afterwards.
"""

from __future__ import annotations

from threading import Lock

from ektp.errors import KeyUsageForbidden
from ektp.ports import Clock, DocumentSignature
from hsm.keys import TokenKeys, key_id_of
from hsm.pki.chain import read_certificate
from hsm.pki.curves import named_spki
from hsm.pki.signatures import check_token_signature, digest_for
from hsm.signers.authority import CertificateAuthority
from hsm.signers.registry import SignerRegistry
from hsm.signers.roll import SignerFamily
from hsm.signers.rota import SignerInHand, SignerRota

__all__ = ["DocumentSigningTurn", "RollingDocumentSigner"]


class DocumentSigningTurn:
    """One counted signature, still to be made (`ektp.ports.SigningTurn`)."""

    def __init__(self, signer: SignerInHand) -> None:
        self._signer = signer
        self._key_id = key_id_of(named_spki(signer.public_key))
        self._lock = Lock()
        self._made = False

    def __repr__(self) -> str:
        return f"DocumentSigningTurn({self._signer.label}, {self._key_id.hex()})"

    @property
    def key_id(self) -> bytes:
        """Eight bytes that name the key."""
        return self._key_id

    def sign(self, message: bytes) -> DocumentSignature:
        """Hash and sign the exact bytes, once; signature and chain are verified before.

        Raises `KeyUsageForbidden` a second time, past the key's period or after its revocation,
        `HsmError` where the token's signature does not verify.
        """
        with self._lock:
            if self._made:
                raise KeyUsageForbidden("this signature was made already", key=self._signer.label)
            self._made = True
        now = self._signer.check()
        digest = digest_for(self._signer.public_key.curve, message)
        r_s = self._signer.key.sign_digest(digest)
        check_token_signature(self._signer.public_key, r_s, digest, label=self._signer.label)
        self._signer.prove_chain(now)
        return DocumentSignature(r_s=r_s, key_id=self._key_id)


class RollingDocumentSigner:
    """The signers `DS-1`, `DS-2` …, one after the other."""

    def __init__(
        self,
        keys: TokenKeys,
        registry: SignerRegistry,
        clock: Clock,
        *,
        authority: CertificateAuthority | None = None,
    ) -> None:
        """`authority` makes the next signer on demand; None where only prepared ones may follow."""
        self._registry = registry
        self._rota = SignerRota(SignerFamily.KTP_EL, keys, registry, clock, authority=authority)

    def take(self) -> DocumentSigningTurn:
        """Count one signature under the key of now; the next key where that one is used up.

        Raises `KeyUsageForbidden` where no key may sign: outside its period, past its quota, or
        with the clock before its beginning.
        """
        return DocumentSigningTurn(self._rota.take())

    def sign(self, message: bytes) -> DocumentSignature:
        """Take and sign at once. Raises as both."""
        return self.take().sign(message)

    def key_id(self) -> bytes:
        """Eight bytes that name the key that would sign now. Raises `KeyUsageForbidden`."""
        label = self._rota.peek().label
        return key_id_of(named_spki(read_certificate(self._registry.certificate(label)).key))
