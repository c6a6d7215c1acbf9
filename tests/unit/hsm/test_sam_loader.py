"""Issuing a SAM: the host's half against the simulated module, which knows the paper alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import (
    CardNotAuthentic,
    HsmError,
    KeyUsageForbidden,
    SealBroken,
    SecureMessagingBroken,
)
from ektp.ids import CardSerial
from ektp.ports import TrustedSigner
from hsm._process_service import Service
from hsm.ceremony import ComponentFile
from hsm.components import seal_component, split
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.keys import KeyLabel, key_id_of
from hsm.sam_channel import CardSamChannel
from hsm.sam_loader import issue_sam, open_secret, read_sam_info, retire_sam
from hsm.soft_keys import SoftKeys
from hsm.token_client import TokenClient
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
UNTIL = date(2027, 1, 5)
SERIAL = CardSerial("5341000000000001")
MAKER = MakerKeys(aes_128=bytes(range(16)), aes_256=bytes(range(32)), sam=bytes(range(32, 64)))
READ_MASTER = bytes(range(64, 96))
PEOPLE = ("Sri Rahayu", "Bagus Wicaksono")
WORDS = ("first passphrase", "second passphrase")


class Noon:
    def now(self) -> datetime:
        return NOW


class Here:
    """A token's client without a process: the same words, answered here."""

    def __init__(self, token: Token) -> None:
        self.service = Service(token)
        self.ended: list[int] = []

    def ask(self, word: str, *arguments: object) -> Any:
        return self.service.answer(word, arguments)

    def ask_of(self, process: None, word: str, *arguments: object) -> Any:
        assert process is None
        if word == "card.end":
            self.ended.append(cast("int", arguments[0]))
        return self.ask(word, *arguments)

    def hold(self, word: str, *arguments: object) -> tuple[None, Any]:
        return None, self.ask(word, *arguments)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    folder = tmp_path_factory.mktemp("token")
    token = initialise(
        SoftKeys.create(folder, "1234"),
        folder,
        Noon(),
        development=True,
        read_master=READ_MASTER,
        transport={KeyLabel.TRANSPORT_SAM: MAKER.sam},
    )
    yield token
    token.close()


@pytest.fixture
def client(house: Token) -> TokenClient:
    return cast("TokenClient", Here(house))


@dataclass
class Slot:
    """A module in its slot; `spoil` changes commands on their way."""

    sam: SimulatedSam
    sent: list[CommandApdu] = field(default_factory=list)
    answers: dict[int, ResponseApdu] = field(default_factory=dict)

    def atr(self) -> bytes:
        return self.sam.atr

    def reset(self) -> None:
        self.sam.reset()

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.sent.append(command)
        answer = SamCardChannel(self.sam).transmit(command)
        return self.answers.get(command.ins, answer)


@pytest.fixture
def slot() -> Slot:
    keys = MAKER.module_key_set(bytes(SERIAL))
    return Slot(SimulatedSam(serial=bytes(SERIAL), transport_keys=keys))


def component_files(folder: Path, label: str, secret: bytes) -> list[ComponentFile]:
    files = []
    for component, word in zip(split(label, secret, PEOPLE), WORDS, strict=True):
        path = folder / f"{label}-{component.number}.txt"
        path.write_text(seal_component(component, word))
        files.append(ComponentFile(path=path, passphrase=word))
    return files


# --- refused -------------------------------------------------------------------------------------


def test_a_module_of_another_maker_is_refused(client: TokenClient) -> None:
    other = MakerKeys(aes_128=bytes(16), aes_256=bytes(32), sam=bytes(32))
    sam = SimulatedSam(serial=bytes(SERIAL), transport_keys=other.module_key_set(bytes(SERIAL)))
    with pytest.raises(CardNotAuthentic):
        issue_sam(Slot(sam), client, version=1, valid_until=UNTIL)
    assert read_sam_info(Slot(sam)).valid_until is None


def test_a_module_that_was_not_approved_is_refused(client: TokenClient, slot: Slot) -> None:
    expected = CardSerial("5341000000000002")
    with pytest.raises(KeyUsageForbidden, match="another module"):
        issue_sam(slot, client, version=1, valid_until=UNTIL, expected=expected)
    assert {command.ins for command in slot.sent} == {0xCA}


@pytest.mark.parametrize("version", [0, 4, 5])
def test_a_roll_back_is_refused(client: TokenClient, slot: Slot, version: int) -> None:
    issue_sam(slot, client, version=5, valid_until=UNTIL)
    with pytest.raises(KeyUsageForbidden, match="held=5"):
        issue_sam(slot, client, version=version, valid_until=UNTIL)
    assert read_sam_info(slot).version == 5


def test_a_roll_back_is_refused_by_the_module_too(client: TokenClient, slot: Slot) -> None:
    issue_sam(slot, client, version=5, valid_until=UNTIL)
    # What the module tells in plain form was changed on its way.
    told = bytes.fromhex("DF2012") + bytes(SERIAL) + bytes(10)
    slot.answers[0xCA] = ResponseApdu(told, 0x9000)
    with pytest.raises(KeyUsageForbidden, match="or a later one"):
        issue_sam(slot, client, version=4, valid_until=UNTIL)
    slot.answers.clear()
    assert read_sam_info(slot).version == 5


@pytest.mark.parametrize(
    "told",
    [
        ResponseApdu(b"", 0x6A88),
        ResponseApdu(b"", 0x9000),
        ResponseApdu(bytes(21), 0x9000),
        ResponseApdu(bytes.fromhex("DF2012") + bytes(12) + b"\x99\x99\x99\x99" + bytes(2), 0x9000),
        ResponseApdu(bytes.fromhex("DF2012") + bytes(12) + b"\xaa\xaa\x01\x01" + bytes(2), 0x9000),
        ResponseApdu(bytes.fromhex("DF2012") + bytes(19), 0x9000),
    ],
)
def test_a_module_that_tells_nonsense_is_refused(slot: Slot, told: ResponseApdu) -> None:
    slot.answers[0xCA] = told
    with pytest.raises(HsmError):
        read_sam_info(slot)


def test_a_package_that_was_changed_on_its_way_is_not_taken(
    client: TokenClient, slot: Slot
) -> None:
    slot.answers[0xE8] = ResponseApdu(b"", 0x9000)
    with pytest.raises(SecureMessagingBroken):
        issue_sam(slot, client, version=1, valid_until=UNTIL)


def test_what_was_in_hand_is_let_go_after_a_failure(client: TokenClient, slot: Slot) -> None:
    here = cast("Here", client)
    slot.answers[0x82] = ResponseApdu(b"", 0x6300)
    with pytest.raises(CardNotAuthentic):
        issue_sam(slot, client, version=1, valid_until=UNTIL)
    (number,) = here.ended
    with pytest.raises(HsmError):
        here.ask("module.sealed_package", number, 1, "2027-01-05")


def test_components_of_another_master_are_refused(
    client: TokenClient, slot: Slot, tmp_path: Path
) -> None:
    files = component_files(tmp_path, "READ-1", bytes(range(32)))
    with pytest.raises(HsmError, match="not the read master"):
        issue_sam(slot, client, version=1, valid_until=UNTIL, components=files)


def test_components_of_another_key_are_refused(
    client: TokenClient, slot: Slot, tmp_path: Path
) -> None:
    files = component_files(tmp_path, "TRANSPORT-256", READ_MASTER)
    with pytest.raises(HsmError, match="another key"):
        issue_sam(slot, client, version=1, valid_until=UNTIL, components=files)


def test_one_component_is_not_enough(client: TokenClient, slot: Slot, tmp_path: Path) -> None:
    files = component_files(tmp_path, "READ-1", READ_MASTER)
    with pytest.raises(HsmError):
        issue_sam(slot, client, version=1, valid_until=UNTIL, components=files[:1])
    wrong = [files[0], ComponentFile(path=files[1].path, passphrase=WORDS[0])]
    with pytest.raises(SealBroken):
        issue_sam(slot, client, version=1, valid_until=UNTIL, components=wrong)


def test_a_production_token_needs_components(house: Token, slot: Slot) -> None:
    production = Token(house.keys, house.folder, Noon(), development=False)
    with pytest.raises(KeyUsageForbidden, match="components are needed"):
        issue_sam(slot, cast("TokenClient", Here(production)), version=1, valid_until=UNTIL)


# --- done ----------------------------------------------------------------------------------------


def test_an_issued_module_opens_and_trusts_the_signers(
    house: Token, client: TokenClient, slot: Slot
) -> None:
    assert read_sam_info(slot).valid_until is None
    assert not read_sam_info(slot).in_use
    issued = issue_sam(slot, client, version=1, valid_until=UNTIL, expected=SERIAL)
    info = read_sam_info(slot)
    assert (info.version, info.valid_until, info.in_use) == (1, UNTIL, True)
    assert (issued.serial, issued.version, issued.signers) == (SERIAL, 1, 1)
    sam = CardSamChannel(slot, open_secret(client, SERIAL))
    sam.open()
    control = b"\x01" + bytes.fromhex("60010000002A0001") + b"\x01EKTP" + bytes(37)
    assert len(sam.calculate_challenge(control, bytes(8), bytes(8))) == 40
    other = CardSamChannel(slot, open_secret(client, CardSerial("5341000000000002")))
    with pytest.raises(HsmError):
        other.open()
    packed = bytes(slot.sam)
    assert READ_MASTER in packed
    assert not any(READ_MASTER[:8] in command.data for command in slot.sent)
    assert house.registry.roll().signers


def test_the_module_and_the_token_derive_the_same_chip_keys(
    client: TokenClient, slot: Slot, tmp_path: Path
) -> None:
    files = component_files(tmp_path, "READ-1", READ_MASTER)
    issue_sam(slot, client, version=1, valid_until=UNTIL, components=files)
    development = Slot(
        SimulatedSam(serial=bytes(SERIAL), transport_keys=MAKER.module_key_set(bytes(SERIAL)))
    )
    issue_sam(development, client, version=1, valid_until=UNTIL)
    before = bytes(slot.sam)
    assert before == bytes(development.sam)


def test_a_second_package_replaces_the_first(client: TokenClient, slot: Slot) -> None:
    issue_sam(slot, client, version=1, valid_until=UNTIL)
    issue_sam(slot, client, version=7, valid_until=date(2028, 1, 1))
    assert read_sam_info(slot).version == 7


def test_a_module_goes_out_of_use(client: TokenClient, slot: Slot) -> None:
    issue_sam(slot, client, version=1, valid_until=UNTIL)
    retire_sam(slot, client, version=2, expected=SERIAL)
    info = read_sam_info(slot)
    assert (info.in_use, info.masters, info.signers) == (False, 0, 0)
    assert READ_MASTER not in bytes(slot.sam)


def test_a_package_longer_than_one_command_is_chained(
    client: TokenClient, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_sam(slot, client, version=1, valid_until=UNTIL)
    assert [one.cla for one in slot.sent if one.ins == 0xE8] == [0x84]
    slot.sent.clear()
    points = [ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(9)]
    ders = [one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for one in points]
    signers = [TrustedSigner(key_id=key_id_of(der), public_key=der) for der in ders]
    monkeypatch.setattr("hsm.signers.trust.trusted_signers", lambda _: signers)
    assert issue_sam(slot, client, version=2, valid_until=UNTIL).signers == 9
    loads = [one for one in slot.sent if one.ins == 0xE8]
    assert [one.cla for one in loads] == [0x94, 0x94, 0x84]
    assert [len(one.data) for one in loads[:2]] == [255, 255]
    assert read_sam_info(slot).signers == 9


def test_a_module_that_refuses_in_the_middle(
    client: TokenClient, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsm.sam_loader._PIECE", 64)
    slot.answers[0xE8] = ResponseApdu(b"", 0x6A84)
    with pytest.raises(HsmError, match="6A84"):
        issue_sam(slot, client, version=1, valid_until=UNTIL)
    assert len([one for one in slot.sent if one.ins == 0xE8]) == 1
