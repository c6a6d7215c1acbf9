"""Binding of the profile `icao-lds1` (`docs/chip-profile-icao-lds1.md` sections 1, 4, 5 and 6).

Here a card gets what only a card has: document number, CAN, the two key pairs of its chip, and the
security object over all data groups. `dg13` names chip and attempt, so that the signature does too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Final

from ektp.cards import ChipAccess, Expectation
from ektp.chip_profiles import ICAO_LDS1
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.perso import ChipImage, ChipKeyPair, ChipKeyUse, PersoPackage
from ektp.personal import PersonalBytes, PersonalText
from ektp.ports import Entropy, KeyService, SecurityObjectSigner
from personalization.binding import check_profile, check_sizes, control_file, expectation
from personalization.card_control import CardControl, attempt_digest
from personalization.datafiles.lds1 import groups, mrz, numbers, security
from personalization.datafiles.lds1.national import complete_dg13
from personalization.datafiles.lds1.prepare import MRZ_FILE

__all__ = ["bind_lds1"]

_KEY_VERSION: Final = 1
_MOST_DRAWS: Final = 20
_PREPARED: Final = ("dg2", "dg7", "dg11", "dg12")


def bind_lds1(
    package: PersoPackage,
    *,
    card: CardSerial,
    attempt: AttemptId,
    on: date,
    keys: KeyService,
    signer: SecurityObjectSigner,
    entropy: Entropy,
    is_free: numbers.IsFree,
) -> tuple[ChipImage, Expectation]:
    """The exact bytes of each file in writing order, and what a reader must find.

    `is_free` books a document number or says that it was given before: another is drawn then.
    Raises `ConfigurationError` for a package of another profile or where no number is free,
    `ChipImageTooLarge`, and what the signer raises.
    """
    check_profile(package, ICAO_LDS1)
    prepared = {file.name: file.content.reveal() for file in package.files}
    access = _access(prepared[MRZ_FILE], entropy, is_free)
    with keys.card_keys(card, ICAO_LDS1) as card_keys:
        pairs = tuple(card_keys.make_key_pair(use) for use in ChipKeyUse)
    named = attempt_digest(attempt)
    data_groups = _data_groups(prepared, access, pairs, card, named)
    security_object = signer.sign(data_groups)
    control = CardControl(
        card=card,
        key_version=_KEY_VERSION,
        attempt_digest=named,
        bound_on=on,
        signing_key_id=security_object.key_id,
    )
    plain = {f"dg{number}": content for number, content in data_groups.items()}
    plain["com"] = groups.com(sorted(data_groups))
    plain["card_access"] = security.card_access()
    plain["card_control"] = control_file(ICAO_LDS1, control)
    plain["sod"] = security_object.content
    check_sizes(ICAO_LDS1, plain)
    image = ChipImage(
        profile=ICAO_LDS1.name,
        card=card,
        attempt=attempt,
        files=tuple((file.file_id, PersonalBytes(plain[file.name])) for file in ICAO_LDS1.files),
        signer_key_id=security_object.key_id,
        signature_digest=hashlib.sha256(security_object.content).digest(),
        access=access,
        key_pairs=pairs,
    )
    return image, expectation(ICAO_LDS1, plain, image, access)


def _access(zone: bytes, entropy: Entropy, is_free: numbers.IsFree) -> ChipAccess:
    number = _document_number(entropy, is_free)
    upper, middle, lower = mrz.complete_mrz(mrz.mrz_from_content(zone), number.reveal())
    return ChipAccess(
        document_number=number,
        mrz=(PersonalText(upper), PersonalText(middle), PersonalText(lower)),
        can=PersonalText(numbers.can(entropy.token_bytes(numbers.RANDOM_BYTES))),
    )


def _document_number(entropy: Entropy, is_free: numbers.IsFree) -> PersonalText:
    for _ in range(_MOST_DRAWS):
        number = PersonalText(numbers.document_number(entropy.token_bytes(numbers.RANDOM_BYTES)))
        if is_free(number):
            return number
    # Of 2^41 numbers: twenty taken ones in a row are no chance but a fault.
    raise ConfigurationError("no document number is free", drawn=_MOST_DRAWS)


def _data_groups(
    prepared: Mapping[str, bytes],
    access: ChipAccess,
    pairs: tuple[ChipKeyPair, ...],
    card: CardSerial,
    named: bytes,
) -> dict[int, bytes]:
    """The eight data groups that the security object covers, by number."""
    public = {pair.use: pair.public_key for pair in pairs}
    data_groups = {int(name.removeprefix("dg")): prepared[name] for name in _PREPARED}
    data_groups[1] = groups.dg1([line.reveal() for line in access.mrz])
    data_groups[13] = complete_dg13(prepared["dg13"], card, named)
    data_groups[14] = security.dg14(public[ChipKeyUse.CHIP_AUTHENTICATION])
    data_groups[15] = security.dg15(public[ChipKeyUse.ACTIVE_AUTHENTICATION])
    return dict(sorted(data_groups.items()))
