"""Accounting, chain, verdicts, packages, geometry, regions: small values from all sides."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ektp.accounting import BatchCount, MachineCount, StockCount
from ektp.cards import STEP_ORDER, BlankKind, Check, CheckOutcome, QaVerdict, Step, Verdict
from ektp.chip_profiles import KTP_EL, FileId, chip_profile
from ektp.errors import ConfigurationError
from ektp.ids import AttemptId, CardSerial
from ektp.journal import GENESIS, Actor, JournalEntry, Phase, Role, chain_hash, utc_text
from ektp.perso import Artwork, ChipImage, DataFile, Panel, PersoPackage
from ektp.personal import PersonalBytes
from ektp.printer_profiles import (
    CARD_HEIGHT_MM,
    CARD_WIDTH_MM,
    GEOMETRIES,
    PanelKind,
    Side,
    print_geometry,
)
from ektp.record import CardVariant, Finger
from ektp.regions import OfficeCode, RegionCode

COUNT = st.integers(0, 10_000)


# --- accounting -----------------------------------------------------------------------------------


@given(COUNT, COUNT, COUNT, COUNT, COUNT, st.integers(-5, 5))
def test_a_batch_differs_by_what_nobody_explains(
    passed: int, spoiled: int, held: int, in_doubt: int, on_machine: int, unexplained: int
) -> None:
    explained = passed + spoiled + held + in_doubt + on_machine
    count = BatchCount(
        picked=explained + unexplained,
        passed=passed,
        spoiled=spoiled,
        held=held,
        in_doubt=in_doubt,
        on_machine=on_machine,
    )
    assert count.difference == unexplained


@given(COUNT, COUNT, COUNT, COUNT, st.integers(-5, 5), st.integers(-5, 5))
def test_a_machine_differs_from_itself_and_from_the_journal(
    good: int, rejected: int, lost: int, inside: int, missing: int, unjournalled: int
) -> None:
    fed = good + rejected + lost + inside + missing
    count = MachineCount(
        fed=fed,
        good=good,
        rejected=rejected,
        lost=lost,
        inside=inside,
        journal_fed=fed - unjournalled,
    )
    assert (count.difference, count.unjournalled) == (missing, unjournalled)


CAME_IN = {"opening", "received", "transferred_in"}


@pytest.mark.parametrize("name", [item.name for item in fields(StockCount)])
def test_each_term_of_the_stock_identity_stands_on_its_side(name: str) -> None:
    one: dict[str, Any] = {name: 1}
    assert StockCount(**one).difference == (1 if name in CAME_IN else -1)


def test_an_empty_stock_balances() -> None:
    assert StockCount().difference == 0


# --- journal --------------------------------------------------------------------------------------

ACTOR = Actor(principal="olga", role=Role.OPERATOR, station="L1")
ENTRY = JournalEntry(
    seq=1, at="2026-01-01T00:00:00.000000Z", phase=Phase.FACT, event="x", actor=ACTOR, data={"a": 1}
)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"at": "2026-01-01T00:00:00.000001Z"},
        {"phase": Phase.INTENT},
        {"event": "y"},
        {"data": {"a": 2}},
        {"data": {"a": "1"}},
        {"data": {}},
        {"actor": replace(ACTOR, principal="omar")},
        {"actor": replace(ACTOR, role=Role.QA)},
        {"actor": replace(ACTOR, station="L2")},
    ],
)
def test_every_part_of_an_entry_is_in_its_hash(change: dict[str, Any]) -> None:
    assert chain_hash(GENESIS, replace(ENTRY, **change)) != chain_hash(GENESIS, ENTRY)


def test_the_hash_follows_the_one_before_and_not_the_order_of_keys() -> None:
    assert chain_hash(b"\x01" * 32, ENTRY) != chain_hash(GENESIS, ENTRY)
    one, other = replace(ENTRY, data={"a": 1, "b": 2}), replace(ENTRY, data={"b": 2, "a": 1})
    assert chain_hash(GENESIS, one) == chain_hash(GENESIS, other)


def test_the_canonical_bytes_are_those_of_rfc_8785() -> None:
    assert ENTRY.canonical == (
        b'{"at":"2026-01-01T00:00:00.000000Z","data":{"a":1},"event":"x","phase":"fact",'
        b'"principal":"olga","role":"operator","seq":1,"station":"L1"}'
    )


def test_times_are_kept_in_utc_with_microseconds() -> None:
    jakarta = timezone(timedelta(hours=7))
    moment = datetime(2026, 1, 1, 7, 0, tzinfo=jakarta)
    assert utc_text(moment) == "2026-01-01T00:00:00.000000Z"
    assert utc_text(moment.astimezone(UTC)) == utc_text(moment)


# --- verdicts -------------------------------------------------------------------------------------


def _verdict(*outcomes: CheckOutcome) -> QaVerdict:
    checks = tuple(Check(name=str(n), outcome=outcome) for n, outcome in enumerate(outcomes))
    return QaVerdict.of(None, checks)


@given(st.lists(st.sampled_from(CheckOutcome), max_size=6))
def test_a_card_passes_only_where_something_passed_and_nothing_stayed_open(
    outcomes: list[CheckOutcome],
) -> None:
    verdict = _verdict(*outcomes).verdict
    if CheckOutcome.FAILED in outcomes:
        assert verdict is Verdict.FAIL
    elif set(outcomes) <= {CheckOutcome.PASSED, CheckOutcome.NOT_APPLICABLE} and (
        CheckOutcome.PASSED in outcomes
    ):
        assert verdict is Verdict.PASS
    else:
        assert verdict is Verdict.HOLD


def test_nothing_checked_is_no_pass_and_what_did_not_pass_is_named() -> None:
    assert _verdict().verdict is Verdict.HOLD
    found = _verdict(CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNAVAILABLE)
    assert found.failed == ("1", "2")


def test_kinds_never_mix_and_reject_comes_last() -> None:
    assert BlankKind.for_variant(CardVariant.WNI) is BlankKind.WNI_8K
    assert BlankKind.for_variant(CardVariant.OA) is BlankKind.OA_8K
    assert STEP_ORDER[0] is Step.FEED
    assert STEP_ORDER[-1] is Step.REJECT
    assert [finger.position for finger in Finger] == [2, 7]


# --- packages -------------------------------------------------------------------------------------


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    width, height, bits = (
        draw(st.integers(1, 20)),
        draw(st.integers(1, 5)),
        draw(st.sampled_from([1, 8])),
    )
    row = width if bits == 8 else (width + 7) // 8
    return Panel(
        side=draw(st.sampled_from(Side)),
        kind=draw(st.sampled_from(PanelKind)),
        x_px=draw(st.integers(0, 99)),
        y_px=draw(st.integers(0, 99)),
        width_px=width,
        height_px=height,
        bits=bits,
        data=PersonalBytes(draw(st.binary(min_size=row * height, max_size=row * height))),
    )


PACKAGES = st.builds(
    PersoPackage,
    profile=st.just("ktp-el"),
    artwork=st.builds(
        Artwork,
        layout=st.text(max_size=5),
        geometry=st.just("g"),
        panels=st.lists(panels(), max_size=4).map(tuple),
    ),
    files=st.lists(
        st.builds(
            DataFile,
            name=st.sampled_from(["biodata", "photo", "a"]),
            content=st.binary(max_size=50).map(PersonalBytes),
        ),
        max_size=3,
    ).map(tuple),
)


@given(PACKAGES)
def test_a_package_reads_back_with_its_digest(package: PersoPackage) -> None:
    back = PersoPackage.from_bytes(bytes(package))
    assert back == package
    assert back.digest == package.digest


@given(PACKAGES, st.data())
def test_a_package_with_another_content_has_another_digest(
    package: PersoPackage, data: st.DataObject
) -> None:
    more = DataFile(name="more", content=PersonalBytes(data.draw(st.binary(max_size=5))))
    assert replace(package, files=(*package.files, more)).digest != package.digest
    artwork = replace(package.artwork, layout=package.artwork.layout + "x")
    assert replace(package, artwork=artwork).digest != package.digest


@pytest.mark.parametrize(("bits", "length"), [(8, 15), (8, 17), (1, 1), (1, 3), (4, 8)])
def test_a_panel_has_the_bytes_that_its_size_asks_for(bits: int, length: int) -> None:
    with pytest.raises(ValueError, match="panel"):
        Panel(
            side=Side.FRONT,
            kind=PanelKind.CYAN,
            x_px=0,
            y_px=0,
            width_px=8,
            height_px=2,
            bits=bits,
            data=PersonalBytes(bytes(length)),
        )


def test_a_file_is_found_by_its_name_or_not_at_all() -> None:
    package = PersoPackage(
        profile="ktp-el",
        artwork=Artwork(layout="l", geometry="g", panels=()),
        files=(DataFile(name="photo", content=PersonalBytes(b"x")),),
    )
    assert package.file("photo").content.reveal() == b"x"
    with pytest.raises(KeyError):
        package.file("other")


def test_an_image_tells_its_digests_and_its_size() -> None:
    image = ChipImage(
        profile="ktp-el",
        card=CardSerial("00" * 8),
        attempt=AttemptId("A-00000000000"),
        files=((FileId(0x6FF0), PersonalBytes(b"abc")), (FileId(0x6FF1), PersonalBytes(b""))),
        signer_key_id=bytes(8),
    )
    assert image.payload_bytes == 3
    assert [str(file_id) for file_id in image.digests] == ["6FF0", "6FF1"]
    assert "abc" not in repr(image)


# --- profiles -------------------------------------------------------------------------------------


def test_the_chip_profile_fits_its_chip_and_is_known_by_name() -> None:
    assert KTP_EL.used_bytes <= KTP_EL.memory_bytes
    assert chip_profile("ktp-el") is KTP_EL
    assert bytes(KTP_EL.application) == b"\x7f\x0a"
    assert len({file.file_id for file in (*KTP_EL.files, KTP_EL.marker)}) == 8
    assert KTP_EL.file("photo").file_id == 0x6FF2
    with pytest.raises(KeyError):
        KTP_EL.file("face")
    with pytest.raises(ConfigurationError):
        chip_profile("icao-lds2")


@pytest.mark.parametrize("geometry", list(GEOMETRIES.values()), ids=lambda g: g.name)
def test_a_raster_is_centred_on_the_card_and_covers_it(geometry: Any) -> None:
    assert abs(geometry.x_px(CARD_WIDTH_MM / 2) - geometry.width_px / 2) <= 0.5
    assert abs(geometry.y_px(CARD_HEIGHT_MM / 2) - geometry.height_px / 2) <= 0.5
    left, right = geometry.x_px(0), geometry.x_px(CARD_WIDTH_MM)
    assert abs(left + right - geometry.width_px) <= 1
    assert geometry.length_px(25.4) == geometry.dpi
    assert f"{geometry.width_px}x{geometry.height_px}" in geometry.name
    assert print_geometry(geometry.name) is geometry


@given(st.floats(0, 85), st.floats(0, 85))
def test_distances_grow_with_millimetres(a: float, b: float) -> None:
    geometry = print_geometry("cr80-300-1016x648")
    if a <= b:
        assert geometry.x_px(a) <= geometry.x_px(b)
        assert geometry.y_px(a) <= geometry.y_px(b)


def test_an_unknown_raster_is_named() -> None:
    with pytest.raises(ConfigurationError, match="a5-landscape"):
        print_geometry("a5-landscape")


# --- regions --------------------------------------------------------------------------------------


def test_a_village_code_knows_what_it_lies_in() -> None:
    code = RegionCode.parse("16.71.01.1001")
    assert (code.province, code.regency, code.district) == ("16", "16.71", "16.71.01")
    assert OfficeCode.parse("16.71.01") == "16.71.01"


@pytest.mark.parametrize(
    "text",
    ["", "1", "167101", "16.71.1", "16.71.01.100", "16.71.01.10011", "16.71.٠١", "16.71.01\n"],
)
def test_other_forms_are_no_region(text: str) -> None:
    with pytest.raises(ValueError, match="region"):
        RegionCode.parse(text)


@pytest.mark.parametrize("text", ["16", "16.71", "16.71.01.1001"])
def test_only_a_kecamatan_is_an_office(text: str) -> None:
    with pytest.raises(ValueError, match="office"):
        OfficeCode.parse(text)
