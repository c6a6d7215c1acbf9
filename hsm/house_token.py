"""The token of the house: key service, signers, certificates and envelope key over any `TokenKeys`.

The folder beside it holds what is no secret: certificates, the record of keys, counts of
signatures. It is the same for a software token and for every PKCS#11 library.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ektp.chip_profiles import ChipProfile
from ektp.errors import KeyNotFound, KeyUsageForbidden, SealBroken
from ektp.ids import CardSerial
from ektp.ports import Clock, KeyInfo
from hsm import sam_issue
from hsm._files import write_atomically
from hsm.card_keys import CardKeysInHand, card_keys_in_hand
from hsm.inventory import key_inventory
from hsm.key_proofs import assert_masters_inside, prove_keys
from hsm.key_records import RecordedKeys
from hsm.keys import EnvelopeKey, KeyLabel, TokenKeys
from hsm.places import SIGNERS_FOLDER
from hsm.sam_issue import SamIssue
from hsm.signers.registry import SignerRegistry

if TYPE_CHECKING:
    from hsm.signers.authority import CertificateAuthority
    from hsm.signers.document_signer import RollingDocumentSigner
    from hsm.signers.security_object_signer import RollingSecurityObjectSigner

__all__ = ["Token"]


_NONCE_BYTES: Final = 12
_DATA_KEY_BYTES: Final = (16, 24, 32)
# Format 1 under KEK number 1; authenticated together with what the value is.
_WRAP_HEAD: Final = b"\x01\x01"
_WRAP_MEANING: Final = b"EKTP vault data key"


class Token:
    """An open token (`ektp.ports.KeyService`) with everything that is built on its keys.

    Opening proves nothing yet: `prove` does, and whoever opens a token calls it before use.
    """

    def __init__(
        self, keys: TokenKeys, folder: Path, clock: Clock, *, development: bool = False
    ) -> None:
        self.keys = RecordedKeys(keys, folder)
        self.folder = folder
        self.development = development
        self._clock = clock
        self._card_in_hand: CardSerial | None = None
        self.registry = SignerRegistry(folder / SIGNERS_FOLDER)

    def __repr__(self) -> str:
        return f"Token({'development' if self.development else 'production'})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back signatures that were reserved and not made, and log out."""
        self.registry.release()
        self.keys.close()

    # --- the token itself --------------------------------------------------------------------

    def prove(self) -> None:
        """What a token must show before it is used: its own keys, and masters that stay inside.

        A development token may be of software. Raises `HsmError` and its kinds.
        """
        if not self.development:
            self.assert_masters_inside()
        self.prove_keys()

    def assert_masters_inside(self) -> None:
        """Every key is SENSITIVE and not EXTRACTABLE. Raises `KeyUsageForbidden`."""
        assert_masters_inside(self.keys, self.keys.records.all())

    def prove_keys(self) -> None:
        """Every key is the one that was made. Raises `HsmError`, `KeyNotFound`."""
        prove_keys(self.keys, self.keys.records.all())

    def heal(self) -> None:
        """After the token was away: open it again and have all keys prove themselves.

        Raises `TokenNotFound` where it is still away, `HsmError` where it is another one.
        """
        self.keys.reopen()
        self.prove()

    # --- ektp.ports.KeyService ---------------------------------------------------------------

    def wrap_data_key(self, data_key: bytes) -> bytes:
        """AES-256-GCM under KEK-1: format (1) ‖ KEK (1) ‖ nonce (12) ‖ cipher text ‖ tag (16)."""
        if len(data_key) not in _DATA_KEY_BYTES:
            msg = "a data key has 16, 24 or 32 bytes"
            raise ValueError(msg)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self.keys.seal(KeyLabel.KEK, nonce, data_key, _WRAP_MEANING + _WRAP_HEAD)
        return _WRAP_HEAD + nonce + sealed

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        """Unwrap it. Raises `SealBroken`."""
        head, nonce, sealed = wrapped[:2], wrapped[2:14], wrapped[14:]
        if head != _WRAP_HEAD or len(nonce) != _NONCE_BYTES:
            raise SealBroken("a wrapped key of another form or under another key")
        return self.keys.unseal(KeyLabel.KEK, nonce, sealed, _WRAP_MEANING + head)

    def blind_index(self, value: bytes) -> bytes:
        """HMAC-SHA-256 under INDEX-1, 32 bytes."""
        return self.keys.hmac_sha256(KeyLabel.INDEX, value)

    @contextmanager
    def card_keys(self, card: CardSerial, profile: ChipProfile) -> Iterator[CardKeysInHand]:
        """The keys of one card, forgotten at the end of the block (`hsm.card_keys`).

        One card at a time: `KeyUsageForbidden` for a second one while another is in hand.
        """
        before = self._card_in_hand
        if before not in (None, card):
            raise KeyUsageForbidden("another card is in hand", card=card)
        self._card_in_hand = card
        try:
            with card_keys_in_hand(self.keys, card, profile) as keys:
                yield keys
        finally:
            self._card_in_hand = before

    def sign_as_site(self, document: bytes) -> bytes:
        """A detached CMS SignedData (DER) by SITE-1 over an outgoing file."""
        from hsm.site_signature import sign_detached  # noqa: PLC0415 - takes long to load

        return sign_detached(
            document,
            self.keys.ec_key(KeyLabel.SITE),
            certificate=self.site_certificate(),
            now=self._clock.now(),
        )

    def inventory(self) -> Sequence[KeyInfo]:
        """What the token holds; `left` counts the signatures that a signer may still make."""
        held = {label: self.keys.attributes(label) for label in self.keys.labels()}
        usage = self.registry.usage(self._clock.now())
        return key_inventory(held, {signer.label: signer.left for signer in usage})

    # --- keys behind other ports -------------------------------------------------------------

    @cached_property
    def envelope_key(self) -> EnvelopeKey:
        """ENVELOPE-1 (`hsm.keys.EnvelopeKey`)."""
        return _TokenEnvelopeKey(self.keys, self.envelope_certificate())

    @cached_property
    def authority(self) -> CertificateAuthority:
        """The CSCA (`hsm.signers.authority`)."""
        # Certificates are loaded by who signs or certifies, not by who opens the vault.
        from hsm.signers.authority import CertificateAuthority  # noqa: PLC0415 - see above

        return CertificateAuthority(
            self.keys,
            self.registry,
            self._clock,
            development=self.development,
            # docs/decisions/0007-ec-parameters.md
            explicit_parameters=False,
        )

    @cached_property
    def document_signer(self) -> RollingDocumentSigner:
        """Signs what goes into `ktp-el` chips (`ektp.ports.DocumentSigner`)."""
        from hsm.signers.document_signer import RollingDocumentSigner  # noqa: PLC0415 - see above

        return RollingDocumentSigner(
            self.keys, self.registry, self._clock, authority=self.authority
        )

    @cached_property
    def security_object_signer(self) -> RollingSecurityObjectSigner:
        """Signs what goes into `icao-lds1` chips (`ektp.ports.SecurityObjectSigner`)."""
        from hsm.signers.security_object_signer import (  # noqa: PLC0415 - see above
            RollingSecurityObjectSigner,
        )

        return RollingSecurityObjectSigner(
            self.keys, self.registry, self._clock, authority=self.authority
        )

    # --- what the token shows ----------------------------------------------------------------

    def site_certificate(self) -> bytes:
        """The certificate (DER) that receivers of our files pin."""
        return self.certificate(KeyLabel.SITE)

    def envelope_certificate(self) -> bytes:
        """The certificate (DER) that senders envelope to."""
        return self.certificate(KeyLabel.ENVELOPE)

    def has_certificate(self, label: KeyLabel) -> bool:
        """Whether the folder holds one."""
        return self._certificate_file(label).exists()

    def certificate(self, label: KeyLabel) -> bytes:
        """A certificate of the folder (DER). Raises `KeyNotFound`."""
        try:
            return self._certificate_file(label).read_bytes()
        except OSError:
            raise KeyNotFound("no certificate", key=label.value) from None

    def keep_certificate(self, label: KeyLabel, certificate: bytes) -> None:
        """Put a certificate into the folder. Raises `HsmError`."""
        write_atomically(self._certificate_file(label), certificate)

    def _certificate_file(self, label: KeyLabel) -> Path:
        return self.folder / f"{label.value.lower()}.der"

    # --- modules -----------------------------------------------------------------------------

    def issue_simulated_sam(self) -> SamIssue:
        """What a simulated SAM needs, keys in clear: only a development token gives them out.

        Raises `KeyUsageForbidden` for any other.
        """
        from hsm.signers.trust import trusted_signers  # noqa: PLC0415 - see above

        if not self.development:
            raise KeyUsageForbidden("only a development token gives a key out")
        return sam_issue.opened(self.keys, self.folder, trusted_signers(self.registry))


class _TokenEnvelopeKey:
    def __init__(self, keys: TokenKeys, certificate: bytes) -> None:
        self._keys = keys
        self.certificate = certificate

    def decrypt_oaep(self, encrypted_key: bytes, *, digest: str, mask_digest: str) -> bytes:
        return self._keys.decrypt_oaep(
            KeyLabel.ENVELOPE, encrypted_key, digest=digest, mask_digest=mask_digest
        )
