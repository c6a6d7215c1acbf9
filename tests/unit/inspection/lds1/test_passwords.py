"""What is printed on a card, as passwords; none of it is ever shown."""

from __future__ import annotations

import hashlib

import pytest

from inspection.lds1.passwords import AccessPasswords, mrz_information
from tests.unit.inspection.lds1.helpers import ACCESS, CAN, MRZ, MRZ_SECRET


def test_the_td1_zones_of_doc_9303() -> None:
    """Doc 9303-11 appendix D.2: TD1 zones with a short and with a long document number."""
    short = ("I<UTOL898902C<3<<<<<<<<<<<<<<<", "6908061F9406236UTO<<<<<<<<<<<2", "E" + "<" * 29)
    assert mrz_information(short) == "L898902C<369080619406236"
    long = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "S" + "<" * 29)
    assert mrz_information(long) == "D23145890734934071279507122"


def test_secrets_of_a_card() -> None:
    passwords = AccessPasswords.of(ACCESS)
    assert passwords.mrz_secret == MRZ_SECRET
    assert passwords.can_secret == CAN.encode()
    assert AccessPasswords() == AccessPasswords(mrz_information=None, can=None)
    assert (AccessPasswords().mrz_secret, AccessPasswords().can_secret) == (None, None)
    assert AccessPasswords.of_mrz(tuple(line.lower() for line in MRZ)).mrz_secret == MRZ_SECRET
    assert passwords.mrz_information is not None
    assert hashlib.sha1(passwords.mrz_information.encode()).digest() == MRZ_SECRET  # noqa: S324


def test_nothing_of_it_is_shown() -> None:
    shown = repr(AccessPasswords.of(ACCESS))
    assert CAN not in shown
    assert "AB12" not in shown


@pytest.mark.parametrize(
    "lines",
    [
        (),
        MRZ[:2],
        (*MRZ, MRZ[0]),
        (MRZ[0][:-1], *MRZ[1:]),
        (MRZ[0], MRZ[1] + "<", MRZ[2]),
        (MRZ[0].replace("<", " "), *MRZ[1:]),
        ("I<IDNAB1234567" + "<" * 16, *MRZ[1:]),
        ("I<IDNAB1234567<4" + "<" * 14, *MRZ[1:]),
    ],
    ids=range(8),
)
def test_zones_that_are_none(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"characters|check digit") as refused:
        mrz_information(lines)
    assert "AB12" not in str(refused.value)


@pytest.mark.parametrize("mrz", ["", "A" * 23, "A" * 39, "a" * 24, "A" * 23 + " "])
def test_mrz_information_that_is_none(mrz: str) -> None:
    with pytest.raises(ValueError, match="MRZ"):
        AccessPasswords(mrz_information=mrz)


@pytest.mark.parametrize("can", ["", "12345x", "１２３４５６", " 123456"])
def test_a_can_that_is_none(can: str) -> None:
    with pytest.raises(ValueError, match="CAN"):
        AccessPasswords(can=can)
