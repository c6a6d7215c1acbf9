"""A chip written with the token's keys, read through a SAM: three parties that share no code.

The SAM's side is `hsm.sam_channel` over a simulated SAM card, the chip is the simulated one, and
its content is enciphered and signed by the token.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import KTP_EL
from ektp.errors import HsmError, SecureMessagingBroken
from ektp.ids import CardSerial
from ektp.ports import CARD_KEY_VERSION, TRANSPORT_KEY_VERSION, CardKeys, SigningTurn
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.keys import KeyLabel
from hsm.sam_channel import CardSamChannel
from hsm.soft_keys import SoftKeys
from simulation.chip.card import Chip
from simulation.chip.channel import ChipChannel
from simulation.chip.maker import MakerKeys
from simulation.sam.card import SamCardChannel, SimulatedSam
from tests.unit.hsm.soft_tokens import PIN, TRANSPORT, soft_token

from .conftest import SettableClock

CARD = CardSerial("60010000002A0001")
BIODATA = b"\x00\x12" + b'"1671015501900000"'
PHOTO = b"\x00\x04\xff\xd8\xff\xd9"
PLAIN = {0x6FF3: b"\x00\x0e" + b"S" * 14, 0x6FF4: bytes(8), 0x6FF5: b"\x00\x03FMR" + bytes(3)}
UID = b"\x80" + bytes(7)


@pytest.fixture
def token(tmp_path: Path) -> Token:
    return soft_token(tmp_path / "token")


def card_control(turn: SigningTurn | None = None) -> bytes:
    key_id = bytes(8) if turn is None else turn.key_id
    return b"\x01" + bytes(CARD) + b"\x01EKTP" + bytes(20) + key_id + bytes(9)


def another_token(folder: Path) -> Token:
    """One of the same maker's customers: transport keys in common, and nothing else."""
    keys = SoftKeys.create(folder, PIN)
    return initialise(keys, folder, SettableClock(), development=True, transport=TRANSPORT)


class Blank(ChipChannel):
    """A new chip that holds the transport keys of the token's maker."""

    def __init__(self) -> None:
        keys = MakerKeys(
            aes_128=TRANSPORT[KeyLabel.TRANSPORT_128],
            aes_256=TRANSPORT[KeyLabel.TRANSPORT_256],
            sam=bytes(32),
        )
        super().__init__(Chip.blank(CARD, transport_keys=keys.key_set(CARD, KTP_EL)))

    def session(self, keys: CardKeys, version: int) -> Callable[[CommandApdu], bytes]:
        """What sends through the channel, once it is open."""
        session = keys.secure_channel(version)
        opening = self.transmit(session.initialize_update())
        session.check_authenticated(self.transmit(session.external_authenticate(opening)))

        def through(command: CommandApdu) -> bytes:
            response = session.unwrap(self.transmit(session.wrap(command)))
            assert response.ok, (command, response)
            return response.data

        return through


def closed_chip(token: Token, spoil: int | None = None) -> Blank:
    """A chip with the seven files; one byte of a file may be changed after signing."""
    turn = token.document_signer.take()
    control = card_control(turn)
    signed = BIODATA + PHOTO + b"".join(PLAIN.values()) + b"\x00\x33" + control + bytes(CARD)
    signature = turn.sign(signed)
    blank = Blank()
    with token.card_keys(CARD, KTP_EL) as keys:
        protected = {
            number: (keys.encipher_file(control, content), 0x01)
            for number, content in PLAIN.items()
        }
        files = {
            0x6FF0: (b"\x00\x33" + control, 0x00),
            0x6FF1: (BIODATA, 0x01),
            0x6FF2: (PHOTO, 0x00),
            **protected,
            0x6FF6: (signature.r_s + signature.key_id + bytes(CARD), 0x01),
        }
        if spoil is not None:
            content, rule = files[spoil]
            files[spoil] = (content[:-1] + bytes((content[-1] ^ 1,)), rule)
        through = blank.session(keys, TRANSPORT_KEY_VERSION)
        through(CommandApdu(0x00, 0xE0, data=bytes.fromhex("62078201388302" + "7F0A")))
        answer = through(CommandApdu(0x80, 0xD8, 0x30, 0x81, keys.card_key_set().body, 256))
        assert answer == b"\x31" + b"".join(keys.card_key_set().check_values)
        through = blank.session(keys, CARD_KEY_VERSION)
        through(CommandApdu(0x00, 0xA4, data=b"\x7f\x0a"))
        through(CommandApdu(0x00, 0xDA, 0x01, 0x01, keys.read_keys(control)))
        for number, (content, rule) in files.items():
            fcp = b"\x80\x02" + len(content).to_bytes(2, "big") + b"\x82\x01\x01\x83\x02"
            fcp += number.to_bytes(2, "big") + b"\x86\x01" + bytes((rule,))
            through(CommandApdu(0x00, 0xE0, data=b"\x62" + bytes((len(fcp),)) + fcp))
            through(CommandApdu(0x00, 0xD6, data=content))
        through(CommandApdu(0x80, 0xF0, 0x80, 0x0F))
    blank.reset()
    ok(blank, CommandApdu(0x00, 0xA4, data=b"\x7f\x0a"))
    return blank


def control_of(chip: ChipChannel) -> bytes:
    """Card control as the chip gives it to everybody."""
    ok(chip, CommandApdu(0x00, 0xA4, data=b"\x6f\xf0"))
    return ok(chip, CommandApdu(0x00, 0xB0, le=53))[2:]


def ok(channel: ChipChannel, command: CommandApdu) -> bytes:
    response = channel.transmit(command)
    assert response.ok, (command, response)
    return response.data


def sam_of(token: Token) -> CardSamChannel:
    issue = token.issue_simulated_sam()
    card = SimulatedSam(
        master_keys={issue.read_master_version: issue.read_master_key},
        open_secret=issue.open_secret,
        signers=issue.signers,
    )
    return CardSamChannel(SamCardChannel(card), issue.open_secret)


def authenticate(sam: CardSamChannel, chip: ChipChannel, control: bytes) -> None:
    challenge = ok(chip, CommandApdu(0x00, 0x84, le=8))
    token = sam.calculate_challenge(control, UID, challenge)
    sam.verify_card(ok(chip, CommandApdu(0x00, 0x82, data=token, le=40)))


def protected(sam: CardSamChannel, chip: ChipChannel, command: CommandApdu) -> bytes:
    response = sam.unwrap(chip.transmit(sam.wrap(command)))
    assert response.ok, response
    return response.data


def read(sam: CardSamChannel, chip: ChipChannel, number: int, length: int) -> bytes:
    protected(sam, chip, CommandApdu(0x00, 0xA4, data=number.to_bytes(2, "big")))
    return protected(sam, chip, CommandApdu(0x00, 0xB0, le=length))


def read_and_verify(token: Token, chip: ChipChannel) -> bool:
    sam = sam_of(token)
    sam.open()
    authenticate(sam, chip, control_of(chip))
    signature = read(sam, chip, 0x6FF6, 80)
    sam.begin_signature_check()
    assert len(read(sam, chip, 0x6FF1, len(BIODATA))) == len(BIODATA)
    sam.hash_plain(PHOTO)
    sam.decipher_files()
    for number, content in PLAIN.items():
        if number == 0x6FF5:
            protected(sam, chip, CommandApdu(0x00, 0xA4, data=number.to_bytes(2, "big")))
            sam.next_is_last_hashed()
            protected(sam, chip, CommandApdu(0x00, 0xB0, le=len(content)))
        else:
            assert len(read(sam, chip, number, len(content))) == len(content)
    sam.give_signature(signature)
    return sam.signature_is_good()


# --- refused -------------------------------------------------------------------------------------


def test_a_wrong_secret_does_not_open(token: Token) -> None:
    issue = token.issue_simulated_sam()
    card = SimulatedSam(master_keys={1: issue.read_master_key}, open_secret=issue.open_secret)
    sam = CardSamChannel(SamCardChannel(card), bytes(32))
    with pytest.raises(HsmError, match="6982"):
        sam.open()


def test_nothing_before_open(token: Token) -> None:
    with pytest.raises(HsmError, match="6985"):
        sam_of(token).calculate_challenge(card_control(), UID, bytes(8))


def test_nothing_before_the_card_was_verified(token: Token) -> None:
    sam = sam_of(token)
    sam.open()
    with pytest.raises(HsmError, match="6985"):
        sam.wrap(CommandApdu(0x00, 0xB0, le=8))


def test_a_card_control_that_is_unknown(token: Token) -> None:
    sam = sam_of(token)
    sam.open()
    with pytest.raises(HsmError):
        sam.calculate_challenge(bytes(24), UID, bytes(8))


def test_a_chip_of_another_token_is_not_accepted(token: Token, tmp_path: Path) -> None:
    other = another_token(tmp_path / "other")
    chip, sam = closed_chip(other), sam_of(token)
    sam.open()
    challenge = ok(chip, CommandApdu(0x00, 0x84, le=8))
    wrong = sam.calculate_challenge(control_of(chip), UID, challenge)
    assert chip.transmit(CommandApdu(0x00, 0x82, data=wrong, le=40)).sw == 0x6982
    with pytest.raises(SecureMessagingBroken):
        sam.verify_card(bytes(40))


@pytest.mark.parametrize("at", [3, -1])
def test_a_response_that_was_changed_on_its_way(token: Token, at: int) -> None:
    chip, sam = closed_chip(token), sam_of(token)
    sam.open()
    authenticate(sam, chip, control_of(chip))
    protected(sam, chip, CommandApdu(0x00, 0xA4, data=b"\x6f\xf1"))
    response = chip.transmit(sam.wrap(CommandApdu(0x00, 0xB0, le=8)))
    changed = bytearray(response.data)
    changed[at] ^= 1
    with pytest.raises(SecureMessagingBroken):
        sam.unwrap(ResponseApdu(bytes(changed), response.sw))


def test_after_a_reset_of_the_session_nothing_is_wrapped(token: Token) -> None:
    chip, sam = closed_chip(token), sam_of(token)
    sam.open()
    authenticate(sam, chip, control_of(chip))
    sam.reset_session()
    with pytest.raises(HsmError):
        sam.wrap(CommandApdu(0x00, 0xB0, le=8))


@pytest.mark.parametrize("file", [0x6FF1, 0x6FF3, 0x6FF4, 0x6FF5, 0x6FF6])
def test_a_chip_whose_content_was_changed_is_bad(token: Token, file: int) -> None:
    assert not read_and_verify(token, closed_chip(token, spoil=file))


# --- read ----------------------------------------------------------------------------------------


def test_a_chip_of_ours_is_read_and_good(token: Token) -> None:
    assert read_and_verify(token, closed_chip(token))


def test_files_come_in_clear_from_the_module(token: Token) -> None:
    chip, sam = closed_chip(token), sam_of(token)
    sam.open()
    authenticate(sam, chip, control_of(chip))
    assert read(sam, chip, 0x6FF1, len(BIODATA)) == BIODATA
    assert read(sam, chip, 0x6FF3, 16) != PLAIN[0x6FF3]
    sam.decipher_files()
    assert read(sam, chip, 0x6FF3, 16) == PLAIN[0x6FF3]


def test_the_chip_is_terminated_under_its_own_keys(token: Token) -> None:
    chip = closed_chip(token)
    with token.card_keys(CARD, KTP_EL) as keys:
        chip.session(keys, CARD_KEY_VERSION)(CommandApdu(0x80, 0xF0, 0x80, 0xFF))
    assert ok(chip, CommandApdu(0x80, 0xF2, 0x80, 0x00, b"\x4f\x00", 256))[-1] == 0xFF
