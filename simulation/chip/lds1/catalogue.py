"""Test chips by the identifiers of BSI TR-03105 part 5.1: what each case asks of the chip itself.

Here are the cases of access, secure messaging, reading, Chip and Active Authentication and PACE.
Cases about the content of data groups or of EF.SOD need honest chips with other files. A case that
several chips show has several; what an inspection must say of each is not told here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulation.chip.lds1.behaviour import (
    HONEST,
    AccessProtocol,
    ChipKey,
    EndOfFile,
    Flaw,
    HashName,
    Lds1Behaviour,
    PaceSuite,
    RsaKey,
    Step,
)
from simulation.chip.lds1.ciphers import CipherSuite
from simulation.chip.lds1.curves import CURVES
from simulation.chip.lds1.security_infos import (
    card_access,
    pace_domain_parameter_info,
    pace_info,
    security_info,
)
from simulation.chip.lds1.specimen import overstated

__all__ = ["CASES", "EXTRAS", "ChipVariant", "rsa_cases"]

ABSURD_LENGTHS: Final = tuple(
    bytes.fromhex(length) for length in ("84FFFFFFFF", "847FFFFFFF", "82FFFF", "88FFFFFFFFFFFFFFFF")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipVariant:
    """A behaviour, and what its files have otherwise than those of an honest chip.

    `files` stand in place of those of the same name; None takes one away. The outer lengths of
    `overstate` say `overstated_as`.
    """

    behaviour: Lds1Behaviour = HONEST
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    overstate: frozenset[str] = frozenset()
    overstated_as: bytes = ABSURD_LENGTHS[0]

    def changed(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """The files of this chip, from those of an honest one."""
        merged = {**files, **self.files}
        return {
            name: overstated(content, self.overstated_as) if name in self.overstate else content
            for name, content in merged.items()
            if content is not None
        }


_BAC: Final = frozenset({AccessProtocol.BAC})
_PACE: Final = frozenset({AccessProtocol.PACE})
_NO_CARD_ACCESS: Final[Mapping[str, bytes | None]] = {"card_access": None}
_ERROR: Final = 0x6A80
_DEFAULT_INFO: Final = pace_info(PaceSuite())
_DEFAULT_ACCESS: Final = card_access(_DEFAULT_INFO)


def _flawed(*flaws: Flaw, good_answers: int = 0) -> ChipVariant:
    behaviour = Lds1Behaviour(flaws=frozenset(flaws), good_answers=good_answers)
    return ChipVariant(behaviour=behaviour)


def _bac(*flaws: Flaw, **statuses: int) -> ChipVariant:
    """A chip without PACE."""
    refused = {Step(name): sw for name, sw in statuses.items()}
    behaviour = Lds1Behaviour(offers=_BAC, flaws=frozenset(flaws), statuses=refused)
    return ChipVariant(behaviour=behaviour, files=_NO_CARD_ACCESS)


def _messaging(flaw: Flaw) -> tuple[ChipVariant, ...]:
    """In the first answer after BAC, after PACE, and in the middle of reading."""
    return _bac(flaw), _flawed(flaw), _flawed(flaw, good_answers=7)


def _refusing(
    step: Step, *words: int, offers: frozenset[AccessProtocol] = _PACE
) -> tuple[ChipVariant, ...]:
    """Chips that end a step with a status word, one for each word."""
    return tuple(
        ChipVariant(behaviour=Lds1Behaviour(offers=offers, statuses={step: sw}))
        for sw in words or (_ERROR,)
    )


def _pace(*flaws: Flaw) -> ChipVariant:
    """A chip without BAC."""
    return ChipVariant(behaviour=Lds1Behaviour(offers=_PACE, flaws=frozenset(flaws)))


def _ending(end: EndOfFile) -> tuple[ChipVariant, ...]:
    return (ChipVariant(behaviour=Lds1Behaviour(end_of_file=end)),)


def _with_keys(*key_ids: int) -> tuple[ChipVariant, ...]:
    keys = tuple(ChipKey(private=0xC0DE << 200 | number, key_id=number) for number in key_ids)
    return (ChipVariant(behaviour=Lds1Behaviour(chip_keys=keys)),)


def _suites(*suites: PaceSuite, extra: tuple[bytes, ...] = ()) -> ChipVariant:
    """A chip that offers these suites, and says so in EF.CardAccess."""
    access = card_access(*(pace_info(suite) for suite in suites), *extra)
    behaviour = Lds1Behaviour(pace_suites=suites)
    return ChipVariant(behaviour=behaviour, files={"card_access": access})


def _announcing(content: bytes) -> ChipVariant:
    """An honest chip with another EF.CardAccess, and no BAC beside it."""
    behaviour = Lds1Behaviour(offers=_PACE)
    return ChipVariant(behaviour=behaviour, files={"card_access": content})


_UNKNOWN_INFO: Final = security_info(bytes.fromhex("2B060104018688670101"), b"\x02\x01\x07")
_AES_128, _AES_256 = CipherSuite.AES_128, CipherSuite.AES_256
_HONEST: Final = (ChipVariant(),)
_REFERENCE_REFUSALS: Final = (0x6A80, 0x6A86, 0x6A88, 0x6985, 0x6D00)

CASES: Final[Mapping[str, tuple[ChipVariant, ...]]] = {
    "ISO7816_A_01": (
        ChipVariant(
            behaviour=Lds1Behaviour(offers=frozenset(), guarded=False), files=_NO_CARD_ACCESS
        ),
    ),
    "ISO7816_A_02": (_bac(),),
    "ISO7816_A_03": (
        *_refusing(Step.SELECT_APPLICATION, 0x6A82),
        _bac(select_application=0x6A82),
    ),
    "ISO7816_B_01": (_bac(Flaw.BAC_WRONG_CHECKSUM),),
    "ISO7816_B_02": (_bac(Flaw.BAC_WRONG_CRYPTOGRAM), _bac(Flaw.BAC_WRONG_CHALLENGE)),
    "ISO7816_B_03": (_bac(external_authenticate=0x6300), _bac(get_challenge=0x6D00)),
    "ISO7816_B_04": _messaging(Flaw.SM_ERROR_STATUS),
    "ISO7816_B_05": _messaging(Flaw.SM_NO_CHECKSUM),
    "ISO7816_B_06": _messaging(Flaw.SM_NO_DATA),
    "ISO7816_B_07": _messaging(Flaw.SM_NO_STATUS),
    "ISO7816_B_08": _messaging(Flaw.SM_WRONG_CHECKSUM),
    "ISO7816_B_09": (*_messaging(Flaw.SM_CORRUPT_DATA), *_messaging(Flaw.SM_TAMPERED_DATA)),
    "ISO7816_C_01": (
        ChipVariant(behaviour=Lds1Behaviour(file_statuses={0x0101: 0x6A82})),
        ChipVariant(behaviour=Lds1Behaviour(file_statuses={0x011D: 0x6A82})),
        ChipVariant(behaviour=Lds1Behaviour(read_statuses={0x0101: 0x6982})),
    ),
    "ISO7816_C_02": _HONEST,
    "ISO7816_C_03": _HONEST,
    "ISO7816_C_04": _ending(EndOfFile.REFUSED),
    "ISO7816_C_05": _ending(EndOfFile.WARNING),
    "ISO7816_C_06": _ending(EndOfFile.CORRECTED),
    "ISO7816_C_07": _HONEST,
    "ISO7816_D_02": _HONEST,
    "ISO7816_D_03": _with_keys(1),
    "ISO7816_D_04": _with_keys(1, 2),
    "ISO7816_D_05": _with_keys(1, 2, 3),
    "ISO7816_D_06": _with_keys(1),
    "ISO7816_D_08": _HONEST,
    "ISO7816_D_09": (_flawed(Flaw.CA_KEEPS_OLD_KEYS),),
    "ISO7816_D_10": _HONEST,
    "ISO7816_D_12": _HONEST,
    "ISO7816_D_13": _with_keys(1),
    "ISO7816_D_14": _HONEST,
    "ISO7816_D_15": _refusing(
        Step.CHIP_AUTHENTICATION_SET_AT, *_REFERENCE_REFUSALS, offers=frozenset(AccessProtocol)
    ),
    "ISO7816_F_02": _HONEST,
    "ISO7816_G_01": (_suites(PaceSuite()),),
    "ISO7816_G_02": tuple(_suites(PaceSuite(parameter_id=number)) for number in CURVES),
    "ISO7816_G_04": tuple(
        _suites(PaceSuite(cipher=cipher, parameter_id=number))
        for cipher in CipherSuite
        for number in (12, 16)
    ),
    "ISO7816_G_05": (_suites(PaceSuite(), extra=(_UNKNOWN_INFO,)),),
    "ISO7816_G_06": (_suites(PaceSuite(), PaceSuite(cipher=_AES_256, parameter_id=16)),),
    "ISO7816_G_07": (
        _suites(
            PaceSuite(cipher=_AES_128),
            PaceSuite(cipher=_AES_128, parameter_id=13),
            extra=(pace_domain_parameter_info(13),),
        ),
    ),
    "ISO7816_G_08": _refusing(Step.PACE_SET_AT, *_REFERENCE_REFUSALS),
    "ISO7816_G_09": (_pace(Flaw.PACE_ALTERED_NONCE),),
    "ISO7816_G_10": _refusing(Step.PACE_NONCE),
    "ISO7816_G_11": (_pace(Flaw.PACE_NONCE_TAG),),
    "ISO7816_G_12": _refusing(Step.PACE_MAPPING),
    "ISO7816_G_13": (_pace(Flaw.PACE_MAPPING_TAG),),
    "ISO7816_G_14": (
        _pace(Flaw.PACE_MAPPING_INVALID),
        _pace(Flaw.PACE_MAPPING_OTHER),
        _pace(Flaw.PACE_MAPPING_ECHO),
    ),
    "ISO7816_G_16": (_pace(Flaw.PACE_MAPPING_OFF_CURVE), _pace(Flaw.PACE_MAPPING_INFINITY)),
    "ISO7816_G_18": _refusing(Step.PACE_KEY_AGREEMENT),
    "ISO7816_G_19": (_pace(Flaw.PACE_KEY_TAG),),
    "ISO7816_G_20": (_pace(Flaw.PACE_KEY_INVALID),),
    "ISO7816_G_21": (_pace(Flaw.PACE_KEY_OFF_CURVE), _pace(Flaw.PACE_KEY_INFINITY)),
    "ISO7816_G_23": (_pace(Flaw.PACE_KEY_ECHO),),
    "ISO7816_G_24": _refusing(Step.PACE_TOKENS, 0x6300, _ERROR),
    "ISO7816_G_25": (_pace(Flaw.PACE_TOKEN_TAG),),
    "ISO7816_G_26": (_pace(Flaw.PACE_WRONG_TOKEN),),
    "ISO7816_G_27": tuple(
        _announcing(content)
        for content in (
            _DEFAULT_ACCESS[:-1],
            b"\x30" + _DEFAULT_ACCESS[1:],
            b"\x31\x80" + _DEFAULT_ACCESS[2:] + b"\x00\x00",
            overstated(_DEFAULT_ACCESS),
            card_access(_DEFAULT_INFO[:-1]),
        )
    ),
    "ISO7816_G_28": tuple(
        _announcing(card_access(pace_info(PaceSuite(parameter_id=number))))
        for number in (3, 7, 19, 31, 99)
    ),
    "ISO7816_G_35": (_pace(Flaw.PACE_STRAY_CAM_DATA),),
}
"""The chips of each case."""

EXTRAS: Final[Mapping[str, tuple[ChipVariant, ...]]] = {
    "downgrade": tuple(
        ChipVariant(behaviour=Lds1Behaviour(statuses={step: sw}))
        for step, sw in ((Step.PACE_SET_AT, 0x6A88), (Step.PACE_NONCE, 0x6985))
    ),
    "unguarded": (ChipVariant(behaviour=Lds1Behaviour(guarded=False)),),
    "any_password": (_flawed(Flaw.PACE_ANY_PASSWORD),),
    "unprotected_answers": _messaging(Flaw.SM_UNPROTECTED),
    "other_status": _messaging(Flaw.SM_OTHER_STATUS),
    "replayed_answers": _messaging(Flaw.SM_REPLAY),
    "wrong_active_signature": (_flawed(Flaw.AA_WRONG_SIGNATURE), _flawed(Flaw.AA_OTHER_CHALLENGE)),
    "other_active_hash": (ChipVariant(behaviour=Lds1Behaviour(aa_hash=HashName.SHA1)),),
    "slow": (ChipVariant(behaviour=Lds1Behaviour(delay_s=0.2)),),
    "endless": tuple(
        ChipVariant(
            behaviour=Lds1Behaviour(endless=frozenset({file_id})),
            overstate=frozenset({name}),
            overstated_as=ABSURD_LENGTHS[1],
        )
        for name, file_id in (("dg2", 0x0102), ("sod", 0x011D))
    ),
    "absurd_lengths": tuple(
        ChipVariant(overstate=frozenset({name}), overstated_as=length)
        for name in ("com", "dg1", "dg2", "sod")
        for length in ABSURD_LENGTHS
    ),
}
"""Chips that no case asks for: a silent downgrade, dishonest frames, hostile files and answers."""


def rsa_cases(key: RsaKey) -> dict[str, tuple[ChipVariant, ...]]:
    """The cases of Active Authentication by RSA (ISO/IEC 9796-2), for a key that DG15 names."""

    def signing(digest: HashName, trailer: bytes | None = None) -> tuple[ChipVariant, ...]:
        behaviour = Lds1Behaviour(aa_rsa=key, aa_hash=digest, aa_trailer=trailer)
        return (ChipVariant(behaviour=behaviour),)

    return {
        "ISO7816_F_01": signing(HashName.SHA1),
        "ISO7816_F_04": signing(HashName.SHA224),
        "ISO7816_F_05": signing(HashName.SHA256),
        "ISO7816_F_06": signing(HashName.SHA384),
        "ISO7816_F_07": signing(HashName.SHA512),
        "ISO7816_F_08": signing(HashName.SHA256, b"\x36\xcc"),
    }
