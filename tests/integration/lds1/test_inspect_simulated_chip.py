"""The inspector against the simulated chip: two readings of one standard that share no code.

The rows are the cases of BSI TR-03105 part 5.1 on access, secure messaging, reading, Chip and
Active Authentication and PACE, by their identifiers; what the chips do is in the simulation's
catalogue. A case that the profile answers otherwise than the guideline says so.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ektp.cards import CheckOutcome, QaVerdict, Verdict
from inspection.faults import ChipFault
from inspection.lds1.curve_table import CURVES
from inspection.lds1.inspector import LdsInspector
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.tlv import data_objects, encode, only
from personalization.datafiles.lds1 import security
from simulation.chip.channel import ChipChannel
from simulation.chip.lds1.behaviour import ChipKey, RsaKey
from simulation.chip.lds1.catalogue import CASES, EXTRAS, ChipVariant, rsa_cases
from simulation.chip.lds1.specimen import SPECIMEN_SERIAL, chip_with
from tests.unit.inspection.lds1 import helpers
from tests.unit.inspection.lds1.helpers import (
    AA_KEY,
    CA_PRIVATE,
    CAN,
    MRZ,
    aa_info,
    ca_info,
    ca_key_info,
    com_of,
    evidence,
    explicit_spki,
    groups_of,
    named_spki,
    outcome,
    pace_info,
    security_infos,
    sod_of,
    spki_of,
)

CURVE = CURVES[12]
PUBLIC = CURVE.multiply(CA_PRIVATE, CURVE.generator)
BOTH = AccessPasswords.of(helpers.ACCESS)
CONTROL = bytes.fromhex("0033") + bytes(51)


def key_infos(keys: tuple[ChipKey, ...]) -> list[bytes]:
    found = keys or (ChipKey(private=CA_PRIVATE),)
    infos = []
    for key in found:
        curve = next(curve for curve in CURVES.values() if curve.p == key.curve.p)
        public = curve.multiply(key.private, curve.generator)
        infos += [ca_info(key_id=key.key_id), ca_key_info(named_spki(curve, public), key.key_id)]
    return infos


def files_of(
    variant: ChipVariant, infos: list[bytes] | None = None, active: bytes | None = None
) -> dict[str, bytes]:
    """A card of this house, with what the variant has otherwise.

    DG14 repeats what EF.CardAccess says.
    """
    access = {"card_access": security_infos(pace_info()), **variant.files}["card_access"]
    offered: list[bytes] = []
    if access is not None:
        # A malformed one has nothing that could be repeated.
        with suppress(ChipFault):
            offered = [item.raw for item in data_objects(only(access, 0x31))]
    own = key_infos(variant.behaviour.chip_keys) if infos is None else infos
    groups = groups_of(infos=(*offered, *own, aa_info()), active=active, picture_bytes=9000)
    files = {f"dg{number}": content for number, content in groups.items()}
    files |= {
        "card_access": security_infos(pace_info()),
        "card_control": CONTROL,
        "com": com_of(groups),
        "sod": sod_of(groups),
    }
    return variant.changed(files)


def channel_of(variant: ChipVariant, files: Mapping[str, bytes]) -> ChipChannel:
    chip = chip_with(
        files,
        mrz="".join(MRZ),
        can=CAN,
        ca_key=CA_PRIVATE.to_bytes(32, "big"),
        aa_key=AA_KEY.private_numbers().private_value.to_bytes(32, "big"),
        behaviour=variant.behaviour,
    )
    return ChipChannel(chip)


def verify(
    variant: ChipVariant, infos: list[bytes] | None = None, active: bytes | None = None
) -> QaVerdict:
    files = files_of(variant, infos, active)
    return LdsInspector().verify(channel_of(variant, files), passwords=BOTH)


def test_a_card_of_this_house_passes_every_check() -> None:
    variant = ChipVariant()
    expected = replace(helpers.expectation(), card=SPECIMEN_SERIAL)
    verdict = LdsInspector().inspect(channel_of(variant, files_of(variant)), expected)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    for name in ("access.pace_can", "access.pace_mrz", "access.bac", "access.forbidden_writes"):
        assert outcome(verdict, name) is CheckOutcome.PASSED
    for name in ("channel.chip_authentication", "chip.active_authentication"):
        assert outcome(verdict, name) is CheckOutcome.PASSED


def test_what_the_personalization_says_of_the_chip_is_understood() -> None:
    """EF.CardAccess, DG14 and DG15 as they are prepared, in a chip with those keys."""
    variant = ChipVariant()
    files = files_of(variant) | {
        "card_access": security.card_access(),
        "dg14": security.dg14(named_spki(CURVE, PUBLIC)),
        "dg15": security.dg15(spki_of(AA_KEY)),
    }
    expected = replace(helpers.expectation(), card=SPECIMEN_SERIAL)
    verdict = LdsInspector().inspect(channel_of(variant, files), expected)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert evidence(verdict, "access.pace_mrz") == "MRZ, GM AES-128 secp256r1"
    assert evidence(verdict, "channel.chip_authentication") == "AES-128 secp256r1"
    assert evidence(verdict, "chip.active_authentication") == "secp256r1 sha256"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What must be said of the chips of a case: PASS, or which of these checks fails."""

    fails: frozenset[str] = frozenset()
    infos: tuple[bytes, ...] | None = field(default=None, repr=False)


def fails(*names: str) -> Row:
    return Row(fails=frozenset(names))


DAMAGED = named_spki(CURVE, PUBLIC)[:-1] + bytes((PUBLIC.y % 256 ^ 1,))
ACCEPT = Row()
PACE = fails("access.pace_can")
BAC = fails("access.bac")
PROOF = fails("channel.chip_authentication")
CHANNEL = fails("channel.secure_messaging", "chip.application", "channel.chip_authentication")


def with_infos(row: Row, *infos: bytes) -> Row:
    return Row(fails=row.fails, infos=infos)


ROWS = {
    # The guideline accepts a chip without access control; the profile does not have one.
    "ISO7816_A_01": fails("access.forbidden_reads"),
    "ISO7816_A_02": ACCEPT,
    "ISO7816_A_03": fails("chip.application"),
    "ISO7816_B_01": BAC,
    "ISO7816_B_02": BAC,
    "ISO7816_B_03": BAC,
    "ISO7816_B_04": CHANNEL,
    "ISO7816_B_05": CHANNEL,
    "ISO7816_B_06": fails(*CHANNEL.fails, "file.com", "file.sod", "file.dg14"),
    "ISO7816_B_07": CHANNEL,
    "ISO7816_B_08": CHANNEL,
    "ISO7816_B_09": fails(*CHANNEL.fails, "file.com"),
    "ISO7816_C_01": fails("file.dg1", "file.sod"),
    "ISO7816_C_02": ACCEPT,
    "ISO7816_C_03": ACCEPT,
    "ISO7816_C_04": ACCEPT,
    "ISO7816_C_05": ACCEPT,
    "ISO7816_C_06": ACCEPT,
    "ISO7816_C_07": ACCEPT,
    "ISO7816_D_02": ACCEPT,
    "ISO7816_D_03": ACCEPT,
    "ISO7816_D_04": ACCEPT,
    "ISO7816_D_05": ACCEPT,
    "ISO7816_D_06": with_infos(PROOF, ca_info(key_id=9), ca_key_info(named_spki(CURVE, PUBLIC), 9)),
    "ISO7816_D_08": with_infos(PROOF, ca_info(), ca_key_info(DAMAGED)),
    "ISO7816_D_09": PROOF,
    "ISO7816_D_10": ACCEPT,
    "ISO7816_D_12": with_infos(
        PROOF, ca_info(), ca_key_info(explicit_spki(CURVE, PUBLIC, a=CURVE.a - 1))
    ),
    "ISO7816_D_13": with_infos(PROOF, ca_info(key_id=2), ca_key_info(named_spki(CURVE, PUBLIC), 1)),
    "ISO7816_D_14": ACCEPT,
    "ISO7816_D_15": PROOF,
    "ISO7816_F_02": ACCEPT,
    "ISO7816_G_01": ACCEPT,
    "ISO7816_G_02": ACCEPT,
    "ISO7816_G_04": ACCEPT,
    "ISO7816_G_05": ACCEPT,
    "ISO7816_G_06": ACCEPT,
    "ISO7816_G_07": ACCEPT,
    **{f"ISO7816_G_{n:02}": PACE for n in (*range(8, 15), 16, *range(18, 22), *range(23, 27))},
    "ISO7816_G_27": fails("access.card_access", "file.card_access"),
    "ISO7816_G_28": fails("access.card_access", "access.bac"),
    # The guideline leaves it open; this reader takes no object that does not belong.
    "ISO7816_G_35": PACE,
}
CHIPS = [(name, n) for name, variants in CASES.items() for n in range(len(variants))]


def test_the_rows_are_those_of_the_catalogue() -> None:
    assert ROWS.keys() == CASES.keys()


@pytest.mark.parametrize(("name", "number"), CHIPS)
def test_the_cases_of_tr_03105(name: str, number: int) -> None:
    row = ROWS[name]
    verdict = verify(CASES[name][number], None if row.infos is None else list(row.infos))
    if row == ACCEPT:
        assert verdict.verdict is Verdict.PASS, verdict.failed
    else:
        assert verdict.verdict is Verdict.FAIL
        assert row.fails & set(verdict.failed), verdict.failed


EXTRA_ROWS = {
    "downgrade": fails("access.no_downgrade"),
    "unguarded": fails("access.forbidden_reads"),
    "any_password": ACCEPT,
    "unprotected_answers": CHANNEL,
    "other_status": fails(*CHANNEL.fails, "file.com"),
    "replayed_answers": CHANNEL,
    "wrong_active_signature": fails("chip.active_authentication"),
    "other_active_hash": fails("chip.active_authentication"),
    "endless": fails("file.dg2", "file.sod"),
    "absurd_lengths": fails("file.com", "file.dg1", "file.dg2", "file.sod"),
}
EXTRA_CHIPS = [(name, n) for name in EXTRA_ROWS for n in range(len(EXTRAS[name]))]


@pytest.mark.parametrize(("name", "number"), EXTRA_CHIPS)
def test_chips_that_no_case_asks_for(name: str, number: int) -> None:
    row = EXTRA_ROWS[name]
    began = time.process_time()
    verdict = verify(EXTRAS[name][number])
    assert time.process_time() - began < 1
    if row == ACCEPT:
        assert verdict.verdict is Verdict.PASS, verdict.failed
    else:
        assert verdict.verdict is Verdict.FAIL
        assert row.fails & set(verdict.failed), verdict.failed


def test_a_slow_chip_holds_the_card() -> None:
    """Its delay is on the reader's clock, so that nobody waits for it here."""
    now = 0.0

    class Slow(ChipChannel):
        def transmit(self, command):  # noqa: ANN001, ANN202 - as it is above
            nonlocal now
            now += 0.5
            return super().transmit(command)

    honest = ChipVariant()
    channel = Slow(channel_of(honest, files_of(honest))._chip)
    verdict = LdsInspector(clock=lambda: now).verify(channel, passwords=BOTH)
    assert verdict.verdict is Verdict.HOLD
    assert outcome(verdict, "chip.answers") is CheckOutcome.INCONCLUSIVE


@pytest.mark.parametrize("bits", [1024, 2048])
def test_the_cases_of_active_authentication_by_rsa(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    numbers = key.private_numbers()
    card = RsaKey(modulus=numbers.public_numbers.n, private_exponent=numbers.d)
    for name, variants in rsa_cases(card).items():
        for variant in variants:
            verdict = verify(variant, active=spki_of(key))
            good = name != "ISO7816_F_08"
            assert (verdict.verdict is Verdict.PASS) == good, (name, verdict.failed)
            shown = evidence(verdict, "chip.active_authentication")
            assert shown.startswith(f"RSA-{bits}") == good


@pytest.mark.parametrize(
    "passwords",
    [
        AccessPasswords(can="000000"),
        AccessPasswords.of_mrz((MRZ[0], MRZ[1].replace("900115", "900116"), MRZ[2])),
    ],
)
def test_a_wrong_password_opens_nothing(passwords: AccessPasswords) -> None:
    honest = ChipVariant()
    channel = channel_of(honest, files_of(honest))
    verdict = LdsInspector().verify(channel, passwords=passwords)
    assert verdict.verdict is Verdict.FAIL
    assert outcome(verdict, "file.dg1") is CheckOutcome.INCONCLUSIVE


def test_a_large_file_needs_odd_instructions() -> None:
    """ISO7816_C_07: offsets beyond 32767 go by READ BINARY with odd INS."""
    honest = ChipVariant()
    files = files_of(honest)
    files["dg2"] = encode(0x75, bytes(n % 249 for n in range(50_000)))
    verdict = LdsInspector().verify(channel_of(honest, files), passwords=BOTH)
    assert verdict.verdict is Verdict.PASS, verdict.failed
    assert evidence(verdict, "file.dg2") == "50004 bytes"
