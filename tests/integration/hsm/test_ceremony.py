"""A key ceremony in a key process, on a software token and on SoftHSM, and what comes of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ektp.errors import HsmError, KeyUsageForbidden, SealBroken, TokenNotFound
from ektp.ids import CardSerial
from hsm.ceremony import CeremonyPlan, ComponentFile, Custodian, hold_ceremony
from hsm.ceremony_record import CeremonyRecord
from hsm.components import combine, open_component, seal_component, split
from hsm.key_set import key_check_value
from hsm.keys import KeyLabel
from hsm.places import TokenKind, TokenPlace
from hsm.sam_channel import CardSamChannel
from hsm.sam_loader import issue_sam, open_secret, read_sam_info
from hsm.token_client import TokenClient
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam
from tests.services.softhsm import SoftHsm

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
PIN = "4711-0815"
MAKER = MakerKeys.at_random()
MASTERS = {
    KeyLabel.TRANSPORT_128: MAKER.aes_128,
    KeyLabel.TRANSPORT_256: MAKER.aes_256,
    KeyLabel.TRANSPORT_SAM: MAKER.sam,
}
MAKERS_PEOPLE = {"Maker's first courier": "by the first road", "Second courier": "by another road"}
MODULE = CardSerial("5341000000000001")
OURS = (
    Custodian(name="Sri Rahayu", passphrase="padi menguning di sawah"),
    Custodian(name="Bagus Wicaksono", passphrase="ombak memecah di pantai"),
)


class Noon:
    def now(self) -> datetime:
        return NOW


def transport_files(folder: Path) -> dict[KeyLabel, list[ComponentFile]]:
    """What the maker's couriers bring."""
    given: dict[KeyLabel, list[ComponentFile]] = {}
    for label, master in MASTERS.items():
        for component in split(label.value, master, tuple(MAKERS_PEOPLE)):
            word = MAKERS_PEOPLE[component.custodian]
            path = folder / f"{label.value}-{component.number}"
            path.write_text(seal_component(component, word))
            given.setdefault(label, []).append(ComponentFile(path=path, passphrase=word))
    return given


def plan_in(folder: Path) -> CeremonyPlan:
    brought = folder / "brought"
    brought.mkdir(exist_ok=True)
    return CeremonyPlan(
        place="key room, Jakarta",
        custodians=OURS,
        witnesses=("Made Suartini",),
        components=folder / "components",
        given=transport_files(brought),
    )


def soft_place(folder: Path) -> TokenPlace:
    return TokenPlace(
        kind=TokenKind.SOFT, folder=folder / "token", development=True, pin_file=folder / "pin"
    )


def hsm_place(hsm: SoftHsm, folder: Path) -> TokenPlace:
    pin_file = folder / "pin"
    pin_file.write_text(PIN)
    return TokenPlace(
        kind=TokenKind.PKCS11,
        folder=folder / "token",
        development=False,
        pin_file=pin_file,
        module=hsm.module,
        label="ektp",
        serial=hsm.add_token("ektp", PIN),
    )


def read_files(folder: Path) -> list[ComponentFile]:
    return [
        ComponentFile(path=folder / f"read-1-{number}-of-2.txt", passphrase=one.passphrase)
        for number, one in enumerate(OURS, 1)
    ]


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "custodians",
    [
        OURS[:1],
        (OURS[0], replace(OURS[0], passphrase="another passphrase")),
        (OURS[0], replace(OURS[1], passphrase=OURS[0].passphrase)),
        (OURS[0], replace(OURS[1], passphrase="too short")),
    ],
)
def test_people_who_will_not_do(tmp_path: Path, custodians: tuple[Custodian, ...]) -> None:
    plan = CeremonyPlan(place="here", custodians=custodians, components=tmp_path / "components")
    with pytest.raises(KeyUsageForbidden):
        hold_ceremony(soft_place(tmp_path), Noon(), plan)
    assert not list(tmp_path.rglob("*.txt"))


def test_a_component_that_does_not_open_makes_no_key(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    first, second = plan.given[KeyLabel.TRANSPORT_SAM]
    wrong = replace(second, passphrase="not her passphrase")
    spoiled = replace(plan, given={KeyLabel.TRANSPORT_SAM: [first, wrong]})
    with pytest.raises(SealBroken):
        hold_ceremony(soft_place(tmp_path), Noon(), spoiled)
    gone = replace(second, path=tmp_path / "none")
    with pytest.raises(HsmError):
        hold_ceremony(
            soft_place(tmp_path), Noon(), replace(plan, given={KeyLabel.READ: [first, gone]})
        )
    short = {KeyLabel.TRANSPORT_256: plan.given[KeyLabel.TRANSPORT_128]}
    with pytest.raises(HsmError, match="another key"):
        hold_ceremony(soft_place(tmp_path), Noon(), replace(plan, given=short))
    assert not (tmp_path / "token").exists()


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"form":"ektp-key-ceremony-1"}', b"\xff"])
def test_what_is_no_record(raw: bytes) -> None:
    with pytest.raises(HsmError):
        CeremonyRecord.from_bytes(raw)


# --- done ----------------------------------------------------------------------------------------


def test_a_software_token_by_ceremony(tmp_path: Path) -> None:
    record = hold_ceremony(soft_place(tmp_path), Noon(), plan_in(tmp_path))
    assert record.token == {"kind": "soft"}
    assert CeremonyRecord.from_bytes(bytes(record)) == record
    assert len(record.digest) == 32
    assert record.held_at == "2026-01-05T08:30:00+00:00"


def test_a_production_token_by_ceremony(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    place = hsm_place(soft_hsm, tmp_path)
    plan = plan_in(tmp_path)
    record = hold_ceremony(place, Noon(), plan)
    assert_record(record, place)
    files = read_files(plan.components)
    parts = [open_component(one.path.read_text(), one.passphrase) for one in files]
    master = combine(parts)
    lines = {line.label: line for line in record.keys}
    assert lines["READ-1"].check_value == key_check_value(master).hex()
    for secret in (master, *(one.value for one in parts), *MASTERS.values()):
        assert secret.hex() not in bytes(record).decode()
        assert not [
            one for one in tmp_path.rglob("*") if one.is_file() and secret in one.read_bytes()
        ]
    with TokenClient(place, Noon()) as client:
        issue_and_open(client, files)
        with pytest.raises(KeyUsageForbidden):
            client.issue_simulated_sam()
        soft_hsm.pull_out()
        with pytest.raises(TokenNotFound):
            client.sign_as_site(b"{}\n")
        soft_hsm.put_back()
        assert client.sign_as_site(b"{}\n")
        issue_and_open(client, files)
        wrapped = client.wrap_data_key(bytes(32))
        assert client.unwrap_data_key(wrapped) == bytes(32)
    with pytest.raises(HsmError, match="already"):
        hold_ceremony(place, Noon(), replace(plan, components=tmp_path / "others"))
    assert not (tmp_path / "others").exists()
    again = hold_ceremony(place, Noon(), replace(plan, given={**plan.given, KeyLabel.READ: files}))
    assert again.keys == record.keys
    assert again.components == ()
    others = split("READ-1", bytes(range(32)), [one.name for one in OURS])
    for one, other in zip(files, others, strict=True):
        one.path.write_text(seal_component(other, one.passphrase))
    with pytest.raises(HsmError, match="another key than the components"):
        hold_ceremony(place, Noon(), replace(plan, given={**plan.given, KeyLabel.READ: files}))


def assert_record(record: CeremonyRecord, place: TokenPlace) -> None:
    lines = {line.label: line for line in record.keys}
    assert (record.token["label"], record.token["serial"]) == ("ektp", place.serial)
    assert record.token["manufacturer"].startswith("SoftHSM")
    assert record.witnesses == ("Made Suartini",)
    assert record.custodians == tuple(one.name for one in OURS)
    assert all(line.sensitive and not line.extractable for line in record.keys)
    came = {label for label, line in lines.items() if not line.made_inside}
    assert came == {"READ-1", *(label.value for label in MASTERS)}
    assert {lines[label].origin for label in came} == {"2 components"}
    assert lines["TRANSPORT-SAM"].check_value == key_check_value(MAKER.sam).hex()
    assert len(lines["DS-1"].key_id) == 16
    assert [one.custodian for one in record.components] == [one.name for one in OURS]


def issue_and_open(client: TokenClient, files: list[ComponentFile]) -> None:
    sam = SimulatedSam(serial=bytes(MODULE), transport_keys=MAKER.module_key_set(bytes(MODULE)))
    channel = SamCardChannel(sam)
    issue_sam(channel, client, version=1, valid_until=date(2027, 1, 5), components=files)
    assert read_sam_info(channel).in_use
    CardSamChannel(channel, open_secret(client, MODULE)).open()
    fresh = SamCardChannel(
        SimulatedSam(serial=bytes(MODULE), transport_keys=MAKER.module_key_set(bytes(MODULE)))
    )
    with pytest.raises(KeyUsageForbidden, match="components are needed"):
        issue_sam(fresh, client, version=2, valid_until=date(2027, 1, 5))


_HOLD = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from hsm.ceremony import hold_ceremony
from tests.integration.hsm.test_ceremony import Noon, plan_in, soft_place
folder = Path(sys.argv[1])
record = hold_ceremony(soft_place(folder), Noon(), plan_in(folder))
print(record.digest.hex(), flush=True)
sys.stdin.readline()
"""


def test_no_value_comes_to_whoever_asks(tmp_path: Path) -> None:
    """The process that holds a ceremony has its record, and neither components nor read master."""
    asking = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path), "", str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert asking.stdin is not None
    assert asking.stdout is not None
    try:
        digest = asking.stdout.readline().strip()
        memory = memory_of(asking.pid)
    finally:
        asking.stdin.close()
        asking.stdout.close()
        asking.wait(30)
    files = read_files(tmp_path / "components")
    parts = [open_component(one.path.read_text(), one.passphrase) for one in files]
    # What it had for certain is found: so the search finds.
    assert digest.encode() in memory
    assert OURS[0].passphrase.encode() in memory
    for secret in (combine(parts), *(one.value for one in parts)):
        assert secret not in memory
        assert secret.hex().encode() not in memory


def memory_of(pid: int) -> bytes:
    """All readable and private memory of a process."""
    content = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            begin, end = (int(one, 16) for one in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(begin)
                content.append(memory.read(end - begin) or b"")
    return b"".join(content)
