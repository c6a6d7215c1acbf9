"""Binding: from a package that belongs to a job to a signed image that belongs to one chip.

A signature belongs to one chip and one attempt. This is what the profiles share, and the profile
`ktp-el`: the card control (`6FF0`), the files that protect themselves, and the signature (`6FF6`,
`docs/chip-profile-ktp-el.md` sections 2, 6 and 7). `personalization.binding_lds1` has the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Final

from ektp.cards import ChipAccess, Expectation
from ektp.chip_profiles import KTP_EL, ChipProfile
from ektp.errors import ChipImageTooLarge, ConfigurationError, HsmError
from ektp.ids import AttemptId, CardSerial
from ektp.perso import ChipImage, PersoPackage
from ektp.personal import PersonalBytes
from ektp.ports import CardKeys, DocumentSigner, KeyService, SigningTurn
from personalization.card_control import CardControl, attempt_digest
from personalization.datafiles.framing import framed

__all__ = ["bind", "check_profile", "check_sizes", "control_file", "expectation"]

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
    """The exact bytes of each file of `ktp-el` in writing order, and what a reader must find.

    `on` is the calendar day of the installation, `key_version` that of the read master key. One
    signature is taken before anything names its key: a key that is used up in the middle of a batch
    gives way between two cards, never within one. Raises `ConfigurationError` for a package of
    another profile, `KeyUsageForbidden` where no key may sign, and `HsmError` for an answer of the
    wrong form.
    """
    check_profile(package, KTP_EL)
    turn = signer.take()
    control = CardControl(
        card=card,
        key_version=key_version,
        attempt_digest=attempt_digest(attempt),
        bound_on=on,
        signing_key_id=_checked_key_id(turn.key_id),
    )
    plain = {file.name: file.content.reveal() for file in package.files}
    plain["card_control"] = control_file(KTP_EL, control)
    message = b"".join(plain[name] for name in _SIGNED_ORDER) + bytes(card)
    plain["digital_signature"] = _signature_object(turn, message, card)
    check_sizes(KTP_EL, plain)
    with keys.card_keys(card, KTP_EL) as card_keys:
        written = _as_written(KTP_EL, plain, card_keys, bytes(control))
    image = ChipImage(
        profile=KTP_EL.name,
        card=card,
        attempt=attempt,
        files=tuple((file.file_id, written[file.name]) for file in KTP_EL.files),
        signer_key_id=turn.key_id,
        signature_digest=hashlib.sha256(plain["digital_signature"]).digest(),
    )
    return image, expectation(KTP_EL, plain, image)


def _checked_key_id(key_id: bytes) -> bytes:
    if len(key_id) != _KEY_ID_BYTES:
        raise HsmError("a key id of the wrong length", key_id_bytes=len(key_id))
    return key_id


def _signature_object(turn: SigningTurn, message: bytes, card: CardSerial) -> bytes:
    """Section 6: r ‖ s ‖ key id ‖ chip serial, 80 bytes."""
    signature = turn.sign(message)
    if len(signature.r_s) != _SIGNATURE_BYTES:
        raise HsmError("a signature of the wrong length", bytes=len(signature.r_s))
    if signature.key_id != turn.key_id:
        # The card control is signed and names the key: it cannot be put right afterwards.
        raise HsmError(
            "another key signed than the one that was taken",
            taken=turn.key_id.hex(),
            used=signature.key_id.hex(),
        )
    return signature.r_s + turn.key_id + bytes(card)


def _as_written(
    profile: ChipProfile, plain: Mapping[str, bytes], keys: CardKeys, control: bytes
) -> dict[str, PersonalBytes]:
    return {
        file.name: PersonalBytes(
            keys.encipher_file(control, plain[file.name]) if file.enciphered else plain[file.name]
        )
        for file in profile.files
    }


# --- what the profiles share ---------------------------------------------------------------------


def check_profile(package: PersoPackage, profile: ChipProfile) -> None:
    """That a package was prepared for this profile. Raises `ConfigurationError`."""
    if package.profile != profile.name:
        raise ConfigurationError(
            "the package is of another profile", profile=package.profile, wanted=profile.name
        )


def control_file(profile: ChipProfile, control: CardControl) -> bytes:
    """The content of the file that holds a card control: length ‖ 51 bytes."""
    return framed(profile.file("card_control"), bytes(control))


def check_sizes(profile: ChipProfile, plain: Mapping[str, bytes]) -> None:
    """That each file fits. Raises `ChipImageTooLarge`, before a chip is touched."""
    for file in profile.files:
        if len(plain[file.name]) > file.size_bytes:
            raise ChipImageTooLarge(
                "a file", file=file.name, bytes=len(plain[file.name]), limit=file.size_bytes
            )


def expectation(
    profile: ChipProfile,
    plain: Mapping[str, bytes],
    image: ChipImage,
    access: ChipAccess | None = None,
) -> Expectation:
    """What a reader must find on the chip of an image: the digest of each file's plain content."""
    digests = {file.name: hashlib.sha256(plain[file.name]).digest() for file in profile.files}
    return Expectation(
        profile=profile.name,
        card=image.card,
        attempt=image.attempt,
        digests=digests,
        access=access,
    )
