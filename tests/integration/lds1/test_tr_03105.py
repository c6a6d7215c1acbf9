"""All 338 cases of BSI TR-03105 part 5.1: each reaches its verdict by the check that must say so,
or is named with the reason why it does not apply to this profile.

The table (`tests/vectors/tr-03105-5-1.tsv`) keeps the mark of outcomes that are only inferred.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ektp.cards import CheckOutcome, Verdict
from tests.integration.lds1.documents import Case
from tests.integration.lds1.file_cases import FILE_CASES
from tests.integration.lds1.sod_cases import SOD_CASES
from tests.integration.lds1.specimens import (
    contents,
    expectation,
    failed,
    files_of,
    look,
    passport_groups,
    verify,
)
from tests.integration.lds1.test_inspect_simulated_chip import ACCEPT, ROWS

TABLE = {
    row[0]: row[1]
    for line in (Path(__file__).parents[2] / "vectors" / "tr-03105-5-1.tsv")
    .read_text()
    .splitlines()
    if not line.startswith("#") and (row := line.split("\t"))
}
CASES: dict[str, Case] = {**FILE_CASES, **SOD_CASES}
BY_RSA = {f"ISO7816_F_{number:02}" for number in (1, 4, 5, 6, 7, 8)}
"""Run in `test_the_cases_of_active_authentication_by_rsa`."""

TERMINAL = "Terminal Authentication: the profile has no data for terminals with certificates"
MAPPING = "the profile and its reader have the generic mapping on elliptic curves alone"
GROUP_DH = "Diffie-Hellman in a group: told to be unsupported, never computed with"
BIOMETRICS = "fingerprints and irises are on no chip of the house"
WITHDRAWN = "withdrawn by the guideline"
NOT_APPLICABLE = {
    r"ISO7816_E_\d\d": TERMINAL,
    r"LDS_[DE]_\d\d": BIOMETRICS,
    r"LDS_G_\d\d": TERMINAL,
    r"LDS_J_\d\d": "EF.CardSecurity: for PACE with Chip Authentication Mapping",
    r"LDS_K_\d\d": "EF.ATR/INFO: the profile has none; lengths go by what the chip's answers allow",
    r"LDS_H_93": "EF.CardSecurity: for PACE with Chip Authentication Mapping",
    r"ISO7816_D_(01|07|11)": GROUP_DH,
    r"ISO7816_G_(17|22)": GROUP_DH,
    r"ISO7816_G_(03|15)": MAPPING,
    r"ISO7816_G_(29|3[0-4]|36|38|39|4[01])": MAPPING,
    r"LDS_H_16|LDS_H_34|LDS_H_35|ISO7816_F_03|ISO7816_G_37|ISO7816_E_(20|21|25)": WITHDRAWN,
}
DIFFERENTLY = {
    "ISO7816_A_01": "a chip without access control is not what the profile asks for: FAIL",
    "LDS_H_08": "DSA: held, not passed",
    "LDS_H_97": "DSA: held, not passed",
    "LDS_H_98": "DSA: held, not passed",
}
"""Cases that the guideline accepts, and this inspector for a reason does not."""


def reason(name: str) -> str | None:
    return next((why for shape, why in NOT_APPLICABLE.items() if re.fullmatch(shape, name)), None)


COUNTED = 236


def test_all_338_cases_are_accounted_for() -> None:
    assert len(TABLE) == 338
    run = CASES.keys() | ROWS.keys() | BY_RSA
    assert run <= TABLE.keys()
    left_out = {name for name in TABLE if reason(name)}
    assert not run & left_out
    assert run | left_out == TABLE.keys()
    assert (len(run), len(left_out)) == (COUNTED, 338 - COUNTED)


def test_what_is_withdrawn_is_not_run() -> None:
    gone = {name for name, verdict in TABLE.items() if verdict == "withdrawn"}
    assert len(gone) == 8
    assert all(reason(name) for name in gone)


@pytest.mark.parametrize("name", sorted(CASES.keys() | ROWS.keys()))
def test_what_is_done_is_what_the_table_says(name: str) -> None:
    said = TABLE[name].rstrip("?")
    rejects = bool(CASES[name].fails) if name in CASES else ROWS[name] != ACCEPT
    if name in DIFFERENTLY:
        assert said == "accept"
    elif said != "open":
        assert said == ("reject" if rejects else "accept")


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_case(name: str) -> None:
    case = CASES[name]
    for number, document in enumerate(case.documents):
        if document.looked_at is not None:
            expected = expectation(document.looked_at, document.zone)
            verdict = look(document.files, expected, checks=document.checks())
        else:
            verdict = verify(document.files, document.zone, checks=document.checks())
        if case.fails:
            assert verdict.verdict is Verdict.FAIL, number
            assert case.fails & failed(verdict), (number, failed(verdict))
        elif case.holds:
            assert verdict.verdict is Verdict.HOLD, (number, verdict.failed)
            outcomes = {check.outcome for check in verdict.checks if check.name in verdict.failed}
            assert CheckOutcome.UNAVAILABLE in outcomes
        else:
            assert verdict.verdict is Verdict.PASS, (number, verdict.failed)


def test_an_honest_document_passes_so_that_rejections_mean_something() -> None:
    verdict = verify(files_of(passport_groups()), checks=contents())
    assert verdict.verdict is Verdict.PASS, verdict.failed
