"""What a test chip does otherwise than an honest one: named flaws, refusals and odd habits.

The names follow what BSI TR-03105 part 5.1 asks a chip to do; `catalogue` says which case needs
which behaviour. A behaviour is no part of a chip's lasting state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from simulation.chip.lds1.ciphers import CipherSuite
from simulation.chip.lds1.curves import CURVES, P256
from simulation.chip.lds1.elliptic import Curve

__all__ = [
    "HONEST",
    "AccessProtocol",
    "ChipKey",
    "EndOfFile",
    "Flaw",
    "HashName",
    "Lds1Behaviour",
    "PaceSuite",
    "RsaKey",
    "Step",
]


@unique
class AccessProtocol(StrEnum):
    """How a reader may open the chip (Doc 9303-11, clause 4)."""

    BAC = "bac"
    PACE = "pace"


@unique
class Step(StrEnum):
    """A command, or a step of a protocol, that can be made to answer with a status word alone."""

    SELECT_APPLICATION = "select_application"
    SELECT_FILE = "select_file"
    READ_BINARY = "read_binary"
    GET_CHALLENGE = "get_challenge"
    EXTERNAL_AUTHENTICATE = "external_authenticate"
    PACE_SET_AT = "pace_set_at"
    PACE_NONCE = "pace_nonce"
    PACE_MAPPING = "pace_mapping"
    PACE_KEY_AGREEMENT = "pace_key_agreement"
    PACE_TOKENS = "pace_tokens"
    CHIP_AUTHENTICATION_SET_AT = "chip_authentication_set_at"
    CHIP_AUTHENTICATION = "chip_authentication"
    CHIP_AUTHENTICATION_SET_KAT = "chip_authentication_set_kat"
    ACTIVE_AUTHENTICATION = "active_authentication"


@unique
class Flaw(StrEnum):
    """One thing that a chip does wrong."""

    BAC_WRONG_CHECKSUM = "bac_wrong_checksum"
    BAC_WRONG_CRYPTOGRAM = "bac_wrong_cryptogram"
    """The answer is enciphered under another key; its checksum is right."""
    BAC_WRONG_CHALLENGE = "bac_wrong_challenge"
    """The answer is well made but repeats another RND.IFD."""

    SM_ERROR_STATUS = "sm_error_status"
    """Protected commands are refused with 6988, in plain form."""
    SM_NO_CHECKSUM = "sm_no_checksum"
    SM_NO_DATA = "sm_no_data"
    """Answers that carry data lack `87` or `85`; their checksum is right."""
    SM_NO_STATUS = "sm_no_status"
    """Answers lack `99`; their checksum is right."""
    SM_WRONG_CHECKSUM = "sm_wrong_checksum"
    SM_CORRUPT_DATA = "sm_corrupt_data"
    """The cipher text is altered, and the checksum made over the altered one."""
    SM_TAMPERED_DATA = "sm_tampered_data"
    """The cipher text is altered on the way: its checksum does not fit."""
    SM_OTHER_STATUS = "sm_other_status"
    """The protected status is 6A82, whatever the plain one says."""
    SM_UNPROTECTED = "sm_unprotected"
    """Protected commands are answered in plain form."""
    SM_REPLAY = "sm_replay"
    """Each answer is the first one, again."""

    PACE_ALTERED_NONCE = "pace_altered_nonce"
    PACE_NONCE_TAG = "pace_nonce_tag"
    """The nonce comes under `90`."""
    PACE_MAPPING_TAG = "pace_mapping_tag"
    """The mapping data come under `92`."""
    PACE_MAPPING_INVALID = "pace_mapping_invalid"
    """The mapping data are no encoded point: their last byte is missing."""
    PACE_MAPPING_OFF_CURVE = "pace_mapping_off_curve"
    PACE_MAPPING_INFINITY = "pace_mapping_infinity"
    """The mapping data are the point at infinity, `00`."""
    PACE_MAPPING_OTHER = "pace_mapping_other"
    """The mapping data are a point of the curve, but not the one that the chip goes on with."""
    PACE_MAPPING_ECHO = "pace_mapping_echo"
    PACE_KEY_TAG = "pace_key_tag"
    """The ephemeral key comes under `94`."""
    PACE_KEY_INVALID = "pace_key_invalid"
    PACE_KEY_OFF_CURVE = "pace_key_off_curve"
    PACE_KEY_INFINITY = "pace_key_infinity"
    PACE_KEY_ECHO = "pace_key_echo"
    """The chip sends the reader's own ephemeral key back."""
    PACE_TOKEN_TAG = "pace_token_tag"
    """The token comes under `96`."""
    PACE_WRONG_TOKEN = "pace_wrong_token"
    PACE_ANY_PASSWORD = "pace_any_password"
    """The chip does not look at the reader's token."""
    PACE_STRAY_CAM_DATA = "pace_stray_cam_data"
    """A data object `8A` beside the token, which the generic mapping does not have."""

    CA_KEEPS_OLD_KEYS = "ca_keeps_old_keys"
    """Chip Authentication is answered 9000, and the session goes on under the keys before."""

    AA_WRONG_SIGNATURE = "aa_wrong_signature"
    AA_OTHER_CHALLENGE = "aa_other_challenge"
    """A good signature, but over a challenge of the chip's own choice."""


@unique
class EndOfFile(StrEnum):
    """How READ BINARY answers where the file ends before the bytes that were asked for."""

    WARNING = "6282"
    """What there is, with 6282."""
    SILENT = "9000"
    """What there is, with 9000."""
    REFUSED = "6B00"
    """Nothing but 6B00."""
    CORRECTED = "6Cxx"
    """Nothing but 6Cxx, with the number of bytes that there are."""


@unique
class HashName(StrEnum):
    """Digests of Active Authentication, as `hashlib` calls them."""

    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceSuite:
    """ECDH with generic mapping, a cipher suite and a standardized curve."""

    cipher: CipherSuite = CipherSuite.AES_128
    parameter_id: int = 12

    @property
    def curve(self) -> Curve:
        """The curve of that number."""
        return CURVES[self.parameter_id]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChipKey:
    """A further key pair for Chip Authentication.

    `key_id` is the reference that a reader names it by; None is the only key of a chip.
    """

    private: int
    curve: Curve = P256
    key_id: int | None = None

    def __repr__(self) -> str:
        return f"ChipKey({self.curve.name}, key_id={self.key_id})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RsaKey:
    """A key pair for Active Authentication by RSA."""

    modulus: int
    private_exponent: int

    @property
    def size_bytes(self) -> int:
        """Length of the modulus, and of a signature."""
        return (self.modulus.bit_length() + 7) // 8

    def __repr__(self) -> str:
        return f"RsaKey({8 * self.size_bytes} bits)"


_BOTH: Final = frozenset(AccessProtocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lds1Behaviour:
    """What a chip with the profile `icao-lds1` does; the default is the honest chip.

    `offers`: the access protocols that the chip knows; `guarded`: whether its files need one.
    `statuses`: steps that end with a status word. `file_statuses`, `read_statuses`: the same for
    SELECT and READ BINARY of one file. `flaws` begin after `good_answers` protected answers where
    they concern secure messaging. `endless`: files without an end, which repeat their last byte.
    `delay_s` passes before each answer. `aa_trailer` stands in place of the one of `aa_hash`.
    `chip_keys` are there in place of the chip's own key where there are any.
    """

    offers: frozenset[AccessProtocol] = _BOTH
    guarded: bool = True
    pace_suites: tuple[PaceSuite, ...] = (PaceSuite(),)
    end_of_file: EndOfFile = EndOfFile.WARNING
    statuses: Mapping[Step, int] = field(default_factory=dict)
    file_statuses: Mapping[int, int] = field(default_factory=dict)
    read_statuses: Mapping[int, int] = field(default_factory=dict)
    flaws: frozenset[Flaw] = frozenset()
    good_answers: int = 0
    endless: frozenset[int] = frozenset()
    delay_s: float = 0.0
    chip_keys: tuple[ChipKey, ...] = ()
    aa_rsa: RsaKey | None = None
    aa_hash: HashName = HashName.SHA256
    aa_trailer: bytes | None = None

    def has(self, flaw: Flaw) -> bool:
        """Whether the chip has that flaw."""
        return flaw in self.flaws


HONEST: Final = Lds1Behaviour()
"""The chip as the specification wants it."""
