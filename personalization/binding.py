"""Binding: from a package that belongs to a job to a signed image that belongs to one chip.

Adds the card control (`6FF0`), enciphers the files that protect themselves, and has everything
signed (`6FF6`): `docs/chip-profile-ktp-el.md` sections 2, 6 and 7. A signature belongs to one chip
and one attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from ektp.cards import Expectation
from ektp.chip_profiles import KTP_EL, ChipProfile, FileId, chip_profile
from ektp.errors import ConfigurationError, HsmError, KeyUsageForbidden
from ektp.ids import AttemptId, CardSerial
from ektp.perso import ChipImage, PersoPackage
from ektp.personal import PersonalBytes
from ektp.ports import DocumentSignature, DocumentSigner, KeyService
from personalization.datafiles.framing import framed

__all__ = ["CARD_CONTROL_BYTES", "CardControl", "attempt_digest", "bind", "card_control_of"]

CARD_CONTROL_BYTES: Final = 51

_VERSION: Final = 1
_ISSUER: Final = b"EKTP"
_KEY_ID_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
_SIGNED_ORDER: Final = (
    "biodata",
    "photo",
    "signature_image",
    "minutiae_1",
    "minutiae_2",
    "card_control",
)


def attempt_digest(attempt: AttemptId) -> bytes:
    """The 16 bytes by which a card control names an attempt: they tell a stranger nothing."""
    return hashlib.sha256(attempt.encode("ascii")).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardControl:
    """The 51 bytes of section 2, from which the chip's keys are derived."""

    card: CardSerial
    key_version: int
    attempt_digest: bytes
    bound_on: date
    signing_key_id: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.key_version <= 0x7F:
            msg = "the version of a read master key in a card control is 1 to 127"
            raise ValueError(msg)

    def __bytes__(self) -> bytes:
        content = b"".join(
            (
                bytes((_VERSION,)),
                bytes(self.card),
                bytes((self.key_version,)),
                _ISSUER,
                self.attempt_digest,
                bytes.fromhex(f"{self.bound_on:%Y%m%d}"),
                self.signing_key_id,
            )
        )
        return content.ljust(CARD_CONTROL_BYTES, b"\x00")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a card control of this version; raises `ValueError` for anything else."""
        if len(content) != CARD_CONTROL_BYTES or content[0] != _VERSION or any(content[42:]):
            msg = "not a card control of version 01"
            raise ValueError(msg)
        if content[10:14] != _ISSUER:
            msg = "a card control of another issuer"
            raise ValueError(msg)
        year, month, day = (int(content[a:b].hex()) for a, b in ((30, 32), (32, 33), (33, 34)))
        return cls(
            card=CardSerial.from_bytes(content[1:9]),
            key_version=content[9],
            attempt_digest=content[14:30],
            bound_on=date(year, month, day),
            signing_key_id=content[34:42],
        )


def card_control_of(image: ChipImage) -> bytes:
    """The 51 bytes of an image's card control, without their length prefix."""
    file = chip_profile(image.profile).file("card_control")
    content = next(content for file_id, content in image.files if file_id == file.file_id)
    return content.reveal()[2:]


def bind(
    package: PersoPackage,
    *,
    card: CardSerial,
    attempt: AttemptId,
    on: date,
    keys: KeyService,
    signer: DocumentSigner,
    key_version: int,
) -> tuple[ChipImage, Expectation]:
    """The exact bytes of each file in writing order, and what a reader must find.

    `on` is the calendar day of the installation, `key_version` that of the read master key. Raises
    `ConfigurationError` for a package of another profile, `KeyUsageForbidden` where the signer may
    not sign or changed its key meanwhile, and `HsmError` for an answer of the wrong form.
    """
    if package.profile != KTP_EL.name:
        raise ConfigurationError("binding does not know this profile", profile=package.profile)
    key_id = signer.key_id()
    control = bytes(
        CardControl(
            card=card,
            key_version=key_version,
            attempt_digest=attempt_digest(attempt),
            bound_on=on,
            signing_key_id=key_id,
        )
    )
    plain = {file.name: file.content.reveal() for file in package.files}
    plain["card_control"] = framed(KTP_EL.file("card_control"), control)
    message = b"".join(plain[name] for name in _SIGNED_ORDER) + bytes(card)
    plain["digital_signature"] = _signature_object(signer.sign(message), key_id, card)
    image = ChipImage(
        profile=KTP_EL.name,
        card=card,
        attempt=attempt,
        files=_as_written(KTP_EL, plain, keys, card, control),
        signer_key_id=key_id,
    )
    digests = {file.name: hashlib.sha256(plain[file.name]).digest() for file in KTP_EL.files}
    return image, Expectation(profile=KTP_EL.name, card=card, attempt=attempt, digests=digests)


def _signature_object(signature: DocumentSignature, key_id: bytes, card: CardSerial) -> bytes:
    """Section 6: r ‖ s ‖ key id ‖ chip serial, 80 bytes."""
    if len(signature.r_s) != _SIGNATURE_BYTES or len(key_id) != _KEY_ID_BYTES:
        raise HsmError(
            "a signature of the wrong length", bytes=len(signature.r_s), key_id_bytes=len(key_id)
        )
    if signature.key_id != key_id:
        # The card control is signed and names the key: it cannot be put right afterwards.
        raise KeyUsageForbidden(
            "the signing key changed while a card was bound",
            named=key_id.hex(),
            used=signature.key_id.hex(),
        )
    return signature.r_s + key_id + bytes(card)


def _as_written(
    profile: ChipProfile,
    plain: Mapping[str, bytes],
    keys: KeyService,
    card: CardSerial,
    control: bytes,
) -> tuple[tuple[FileId, PersonalBytes], ...]:
    with keys.chip_keys(card, control) as chip:
        return tuple(
            (
                file.file_id,
                PersonalBytes(
                    chip.encipher_file(plain[file.name]) if file.enciphered else plain[file.name]
                ),
            )
            for file in profile.files
        )
