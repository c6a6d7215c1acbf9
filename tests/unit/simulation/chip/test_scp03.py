"""SCP03 by published exchanges, and one test for each thing that a card must refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent
from simulation.chip.aes import AesKey, diversify
from simulation.chip.card import Chip
from simulation.chip.keys import KeySet, check_value
from simulation.chip.scp03 import Pending, Protection, Scp03Session, card_challenge

from .channel_host import Host, Keys, put_data, put_key
from .script import (
    CARD_KEYS,
    CHANGE_KEYS,
    SECURE,
    TERMINATE,
    TRANSPORT_KEYS,
    a_blank,
    a_closed_chip,
    a_written_chip,
    apdu,
    create_application,
    inside,
    keyed,
    keys_of,
    read_keys,
    send,
    sw,
    write,
)
from .worked_example import SERIAL

VECTORS = Path(__file__).parents[3] / "vectors"
CASES = json.loads((VECTORS / "scp03.json").read_text())["cases"]
SESSIONS = {case["name"]: case for case in CASES if case["protocol"] == "SCP03"}
DIVERSIFIED = json.loads((VECTORS / "an10922.json").read_text())["cases"]
# The cards of the published exchanges are eUICCs: the AID of their ISD-R.
PUBLISHED_AID = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
LEVELS = {
    "03": Protection(encrypts_commands=True, signs_responses=False, encrypts_responses=False),
    "11": Protection(encrypts_commands=False, signs_responses=True, encrypts_responses=False),
    "33": Protection(encrypts_commands=True, signs_responses=True, encrypts_responses=True),
}
OK = ResponseApdu(b"", 0x9000)
INITIALIZE = "8050000008" + "00" * 8 + "00"


def published(name: str) -> dict[str, bytes]:
    case = SESSIONS[name]
    texts = {key: value for key, value in case.items() if isinstance(value, str)}
    binary = {key for key in texts if key.startswith(("key_", "s_", "card_", "host_"))}
    binary |= {"sequence_counter", "external_authenticate_command", "initialize_update_response"}
    return {key: bytes.fromhex(texts[key]) for key in binary - {"key_bits"}}


def opened(name: str) -> tuple[Pending, Scp03Session]:
    case = published(name)
    keys = KeySet(0x30, case["key_enc"], case["key_mac"], case["key_dek"])
    pending = Pending(keys, case["host_challenge"], case["card_challenge"])
    command = CommandApdu.from_bytes(case["external_authenticate_command"])
    session = pending.authenticate(command, LEVELS[SESSIONS[name]["security_level"]])
    assert session is not None
    return pending, session


@pytest.mark.parametrize("name", SESSIONS)
def test_challenge_and_cryptograms_of_published_sessions(name: str) -> None:
    case = published(name)
    counter = int.from_bytes(case["sequence_counter"], "big")
    challenge = card_challenge(AesKey(case["key_enc"]), counter, PUBLISHED_AID)
    assert challenge == case["card_challenge"]
    assert opened(name)[0].card_cryptogram == case["card_cryptogram"]


@pytest.mark.parametrize("name", SESSIONS)
def test_published_commands_open_and_published_answers_are_made(name: str) -> None:
    _, session = opened(name)
    for exchange in SESSIONS[name]["exchanges"]:
        wrapped = CommandApdu.from_bytes(bytes.fromhex(exchange["wrapped_command"]))
        plain = session.open_command(wrapped)
        assert bytes(plain) == bytes.fromhex(exchange["plain_command"])
        if "wrapped_response" in exchange:
            status = int(exchange["response_status"], 16)
            answer = ResponseApdu(bytes.fromhex(exchange["plain_response"]), status)
            assert session.seal_response(answer).data.hex() == exchange["wrapped_response"]


@pytest.mark.parametrize("name", SESSIONS)
def test_a_published_cryptogram_with_one_bit_changed_opens_nothing(name: str) -> None:
    case = published(name)
    keys = KeySet(0x30, case["key_enc"], case["key_mac"], case["key_dek"])
    pending = Pending(keys, case["host_challenge"], case["card_challenge"])
    for byte in range(5, 21):
        raw = bytearray(case["external_authenticate_command"])
        raw[byte] ^= 0x10
        assert pending.authenticate(CommandApdu.from_bytes(bytes(raw))) is None


@pytest.mark.parametrize("case", [case for case in CASES if case["protocol"] == "KCV"])
def test_published_check_values(case: dict[str, str]) -> None:
    assert check_value(bytes.fromhex(case["key"])).hex() == case["kcv"]


@pytest.mark.parametrize("case", [c for c in DIVERSIFIED if c["algorithm"] == "AES-128"])
def test_published_diversified_keys(case: dict[str, str]) -> None:
    made = diversify(
        bytes.fromhex(case["master_key"]), bytes.fromhex(case["diversification_input"])
    )
    assert made.hex() == case["derived_key"]


def test_an_aes_256_key_is_two_macs_with_constants_of_their_own() -> None:
    made = diversify(bytes(range(32)), SERIAL)
    assert len(made) == 32
    assert made[:16] != made[16:]
    for master, message in ((bytes(24), SERIAL), (bytes(16), b""), (bytes(16), bytes(32))):
        with pytest.raises(ValueError, match="master"):
            diversify(master, message)


def test_a_message_of_31_bytes_is_not_padded() -> None:
    assert diversify(bytes(16), bytes(31)) != diversify(bytes(16), bytes(30))


# --- opening --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8050310008" + "00" * 8 + "00", "6A88"),
        ("8050300108" + "00" * 8 + "00", "6A86"),
        ("8050300007" + "00" * 7 + "00", "6700"),
        ("8050300008" + "00" * 8, "6700"),
        ("8050300008" + "00" * 8 + "10", "6700"),
        ("0050300008" + "00" * 8 + "00", "6D00"),
        ("8482330010" + "00" * 16, "6985"),
        ("8482010010" + "00" * 16, "6A86"),
        ("8482330110" + "00" * 16, "6A86"),
        ("848233000F" + "00" * 15, "6700"),
        ("84F280000A4F00" + "00" * 8 + "00", "6982"),
        ("04E0000008" + "00" * 8, "6982"),
        ("84F28000", "6982"),
    ],
)
def test_a_channel_is_not_opened_otherwise(text: str, expected: str) -> None:
    chip = a_blank()
    before = bytes(chip)
    assert sw(chip, text) == expected
    assert bytes(chip) == before


def test_the_key_information_tells_version_and_length() -> None:
    chip = a_blank()
    information = "E012C00401308810C00402308810C00403308810"
    assert send(chip, "80CA00E000").data.hex().upper() == information
    inside(chip).process(CHANGE_KEYS)
    assert send(chip, "80CA00E000").data.hex().upper() == information.replace("3088", "3188")


def test_the_chip_shows_its_serial_its_version_and_the_protocol() -> None:
    answer = send(a_blank(), INITIALIZE).data
    assert answer[:8] == SERIAL
    assert answer[8:13].hex() == "0000300370"
    assert answer[29:].hex() == "000001"


def test_the_sequence_counter_survives_everything_and_challenges_never_repeat() -> None:
    chip = a_blank()
    seen = []
    for _ in range(4):
        seen.append(send(chip, INITIALIZE).data)
        chip = Chip.from_bytes(bytes(chip))
    assert [answer[29:].hex() for answer in seen] == ["000001", "000002", "000003", "000004"]
    assert len({answer[13:21] for answer in seen}) == 4


def test_the_last_sequence_counter_blocks_the_channel() -> None:
    chip = a_blank()
    chip._state.sequence_counter = 0xFFFFFE
    assert send(chip, INITIALIZE).data[29:].hex() == "ffffff"
    assert sw(chip, INITIALIZE) == "6983"
    assert sw(Chip.from_bytes(bytes(chip)), INITIALIZE) == "6983"


def wrong_authentication(chip: Chip) -> str:
    assert sw(chip, INITIALIZE) == "9000"
    return sw(chip, "8482330010" + "00" * 16)


def test_three_wrong_cryptograms_block_the_channel_for_ever() -> None:
    chip = a_blank()
    for _ in range(3):
        assert wrong_authentication(chip) == "6300"
        chip = Chip.from_bytes(bytes(chip))
    assert sw(chip, INITIALIZE) == "6983"
    chip.reset()
    assert sw(chip, INITIALIZE) == "6983"
    assert sw(chip, "80CA9F7F00") == "9000"


def test_a_right_cryptogram_makes_the_count_begin_again() -> None:
    chip = a_blank()
    for _ in range(2):
        assert wrong_authentication(chip) == "6300"
    inside(chip)
    for _ in range(2):
        assert wrong_authentication(chip) == "6300"
    inside(chip)


@pytest.mark.parametrize("tear", [0, 1, 2])
def test_a_guess_that_is_cut_off_counts(tear: int) -> None:
    chip = a_blank()
    for _ in range(3):
        chip.reset()
        chip.tear_after(2, tear)
        with pytest.raises(CardAbsent):
            wrong_authentication(chip)
    chip.reset()
    # Without power for the count, the guess was never looked at.
    assert sw(chip, INITIALIZE) == ("9000" if tear == 0 else "6983")


def test_other_forms_of_external_authenticate_do_not_count() -> None:
    chip = a_blank()
    for _ in range(4):
        assert sw(chip, INITIALIZE) == "9000"
        assert sw(chip, "8482030010" + "00" * 16) == "6A86"
    inside(chip)


def test_an_authentication_is_good_for_one_initialize_update() -> None:
    chip = a_blank()
    host = Host(chip.process, TRANSPORT_KEYS)
    assert host.initialize().ok
    command = host.authentication()
    assert chip.process(command).ok
    assert chip.process(command).sw == 0x6985


def test_a_session_does_not_outlive_the_field_or_another_opening() -> None:
    chip = a_blank()
    host = inside(chip)
    chip.reset()
    assert host.process(create_application()).sw == 0x6982
    host = inside(chip)
    assert sw(chip, INITIALIZE) == "9000"
    assert host.process(create_application()).sw == 0x6982


@pytest.mark.parametrize("keys", ["enc", "mac"])
def test_a_host_with_another_key_is_refused(keys: str) -> None:
    chip = a_blank()
    wrong = {"enc": TRANSPORT_KEYS.enc, "mac": TRANSPORT_KEYS.mac, keys: bytes(16)}
    host = Host(chip.process, Keys(0x30, dek=bytes(16), **wrong))
    assert host.initialize().ok
    assert not host.card_is_right or keys == "enc"
    response = chip.process(host.authentication())
    if keys == "mac":
        assert response.sw == 0x6300
    else:
        # The challenge of the card is all that ENC has made so far; the first command breaks.
        assert response.ok
        assert host.process(create_application()).sw == 0x6982


# --- commands in the channel -------------------------------------------------------------------


GET_STATUS = apdu("80F28000024F0000")


def test_commands_and_answers_go_through_the_channel() -> None:
    host = inside(a_blank())
    assert host.process(GET_STATUS).data.hex().upper() == "E3049F700101"
    assert host.process(create_application()) == OK
    assert host.process(apdu("80CA9F7F00")).data[13:21] == SERIAL


def test_refusals_are_bare_and_the_session_goes_on() -> None:
    host = inside(a_blank())
    for text, expected in (
        ("00A40000026FF0", 0x6A82),
        ("80F0800F", 0x6985),
        ("80F2400000", 0x6A86),
    ):
        assert host.process(apdu(text)) == ResponseApdu(b"", expected)
    assert host.process(GET_STATUS).ok


@pytest.mark.parametrize("byte", [0, 1, 2, 3, *range(5, 29)])
def test_each_byte_of_a_wrapped_command_counts(byte: int) -> None:
    chip = a_blank()
    host = inside(chip)
    raw = bytearray(bytes(host.wrap(create_application())))
    raw[byte] ^= 0x80 if byte == 0 else 0x01
    before = bytes(chip)
    answer = chip.process(CommandApdu.from_bytes(bytes(raw)))
    assert (answer.sw, answer.data) in {(0x6982, b""), (0x6E00, b"")}
    assert bytes(chip) == before
    assert host.process(GET_STATUS).sw == 0x6982


def test_a_command_is_taken_once_and_in_its_order() -> None:
    chip = a_blank()
    host = inside(chip)
    first, second = host.wrap(GET_STATUS), host.wrap(GET_STATUS)
    assert chip.process(second).sw == 0x6982
    host = inside(chip)
    first = host.wrap(GET_STATUS)
    assert host.unwrap(chip.process(first)).ok
    assert chip.process(first).sw == 0x6982


def test_a_padding_that_is_wrong_ends_the_session() -> None:
    for data in (bytes(16), b"\x01" * 15, bytes(17)):
        chip = a_blank()
        host = inside(chip)
        host.counter += 1
        assert chip.process(host.signed(CommandApdu(0x84, 0xF2, 0x80, 0, data, 256))).sw == 0x6982
        assert host.process(GET_STATUS).sw == 0x6982


def test_plain_commands_do_not_end_a_session() -> None:
    chip = a_blank()
    host = inside(chip)
    assert sw(chip, "80CA9F7F00") == "9000"
    assert host.process(GET_STATUS).ok


def test_an_answer_that_is_longer_than_le_comes_in_pieces() -> None:
    chip = keyed()
    host = inside(chip)
    assert host.process(create_application()).ok
    assert host.process(apdu("00E00000 10 620E 80020010 820101 83026FF0 860100")).ok
    first = chip.process(host.wrap(apdu("80B40000026FF020")))
    assert (len(first.data), first.sw) == (32, 0x6118)
    rest = send(chip, "00C0000018")
    assert len(host.unwrap(ResponseApdu(first.data + rest.data, rest.sw)).data) == 32
    assert sw(chip, "00C0000018") == "6985"


# --- PUT KEY and PUT DATA ------------------------------------------------------------------------


def test_put_key_changes_the_key_set_and_tells_its_check_values() -> None:
    chip = a_blank()
    host = inside(chip)
    answer = host.process(CHANGE_KEYS).data
    assert answer == b"\x31" + b"".join(
        check_value(key) for key in (CARD_KEYS.enc, CARD_KEYS.mac, CARD_KEYS.dek)
    )
    assert chip.key_version == 0x31
    # The session goes on, and is still one under the transport keys.
    assert host.process(GET_STATUS).ok
    assert host.process(SECURE).sw == 0x6985
    assert sw(chip, "8050300008" + "00" * 8 + "00") == "6A88"
    assert inside(chip).process(CHANGE_KEYS).sw == 0x6985


def test_put_key_is_not_given_twice() -> None:
    chip = a_blank()
    host = inside(chip)
    assert host.process(CHANGE_KEYS).ok
    assert host.process(CHANGE_KEYS).sw == 0x6985
    assert keys_of(chip) == CARD_KEYS


def spoiled(at: int, change: int = 1) -> CommandApdu:
    data = bytearray(CHANGE_KEYS.data)
    data[at] ^= change
    return CommandApdu(0x80, 0xD8, 0x30, 0x81, bytes(data), 256)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (spoiled(0), 0x6A80),
        (spoiled(1), 0x6A80),
        (spoiled(2), 0x6A80),
        (spoiled(3), 0x6A80),
        (spoiled(4), 0x6982),
        (spoiled(20), 0x6A80),
        (spoiled(21), 0x6982),
        (spoiled(-1), 0x6982),
        (CommandApdu(0x80, 0xD8, 0x30, 0x81, CHANGE_KEYS.data[:-1], 256), 0x6700),
        (CommandApdu(0x80, 0xD8, 0x30, 0x81, b"", 256), 0x6700),
        (CommandApdu(0x80, 0xD8, 0x30, 0x01, CHANGE_KEYS.data, 256), 0x6A86),
        (CommandApdu(0x80, 0xD8, 0x31, 0x81, CHANGE_KEYS.data, 256), 0x6A86),
    ],
)
def test_a_key_set_that_is_wrong_changes_nothing(command: CommandApdu, expected: int) -> None:
    chip = a_blank()
    host = inside(chip)
    before = bytes(chip)
    assert host.process(command).sw == expected
    assert bytes(chip) == before
    assert host.process(CHANGE_KEYS).ok


@pytest.mark.parametrize("byte", range(49))
def test_after_a_cut_in_put_key_one_key_set_is_there_whole(byte: int) -> None:
    chip = a_blank()
    host = inside(chip)
    chip.tear_after(1, byte)
    with pytest.raises(CardAbsent):
        host.process(CHANGE_KEYS)
    chip = Chip.from_bytes(bytes(chip))
    assert chip.key_version == (0x31 if byte == 48 else 0x30)
    assert inside(chip).process(GET_STATUS).ok


SECRET = read_keys()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (put_data(CARD_KEYS, 1, SECRET[:-1]), 0x6A80),
        (put_data(CARD_KEYS, 1, b""), 0x6A80),
        (put_data(TRANSPORT_KEYS, 1, SECRET), 0x6A80),
        (put_data(CARD_KEYS, 2, SECRET), 0x6A88),
        (CommandApdu(0, 0xDA, 1, 1, put_data(CARD_KEYS, 1, SECRET).data[:-1]), 0x6A80),
        (CommandApdu(0, 0xDA, 1, 1, put_data(CARD_KEYS, 1, SECRET).data[:-1] + b"\0"), 0x6A80),
        (CommandApdu(0, 0xDA, 1, 1, bytes(67)), 0x6A80),
        (CommandApdu(0, 0xDA, 1, 1, b"abc"), 0x6A80),
        (CommandApdu(0, 0xDA, 2, 1, put_data(CARD_KEYS, 1, SECRET).data), 0x6A86),
    ],
)
def test_a_secret_that_is_wrong_is_not_taken(command: CommandApdu, expected: int) -> None:
    chip = keyed()
    host = inside(chip)
    before = bytes(chip)
    assert host.process(command).sw == expected
    assert bytes(chip) == before


def test_a_second_secret_replaces_the_first() -> None:
    chip = keyed()
    host = inside(chip)
    for secret in (SECRET, b"\x02" + bytes(48)):
        assert host.process(put_data(CARD_KEYS, 1, secret)).ok
        assert chip._state.secrets == {1: secret}


@pytest.mark.parametrize("byte", range(51))
def test_put_data_is_whole_or_not_at_all(byte: int) -> None:
    chip = keyed()
    host = inside(chip)
    chip.tear_after(1, byte)
    with pytest.raises(CardAbsent):
        host.process(put_data(CARD_KEYS, 1, SECRET))
    assert chip._state.secrets == ({1: SECRET} if byte >= 49 else {})


def test_key_sets_of_other_lengths_do_not_fit() -> None:
    long = Keys(0x31, bytes(32), bytes(32), bytes(32))
    assert inside(a_blank()).process(put_key(TRANSPORT_KEYS, long)).sw == 0x6700
    with pytest.raises(ValueError, match="one length"):
        KeySet(0x30, bytes(16), bytes(16), bytes(32))


# --- a closed chip -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80F28000024F0000", 0x9000),
        ("80CA9F7F00", 0x9000),
        ("80CA00E000", 0x6D00),
        ("00A40000027F0A", 0x6D00),
        ("00B0000010", 0x6D00),
        ("0084000008", 0x6D00),
        ("80F0800F", 0x6985),
        ("00D6000001FF", 0x6985),
        ("80B40000026FF200", 0x6985),
    ],
)
def test_a_closed_chip_carries_little_in_its_channel(text: str, expected: int) -> None:
    assert inside(a_closed_chip()).process(apdu(text)).sw == expected


def test_terminate_is_the_one_administrative_command_that_is_left() -> None:
    chip = a_closed_chip()
    assert chip.process(TERMINATE).sw == 0x6982
    host = inside(chip)
    assert host.process(TERMINATE) == OK
    assert host.process(GET_STATUS).sw == 0x6985
    for text in (
        "80CA00E000",
        "00CA7F6600",
        INITIALIZE,
        "8482330010" + "00" * 16,
        "00A40000027F0A",
    ):
        assert sw(chip, text) == "6985"


@pytest.mark.parametrize("make", [a_blank, keyed, a_written_chip])
def test_every_chip_is_terminated_in_its_channel_only(make: type[Chip]) -> None:
    chip = make()
    assert chip.process(TERMINATE).sw == 0x6982
    assert inside(chip).process(TERMINATE) == OK


def test_the_session_in_which_the_chip_was_closed_goes_on() -> None:
    host = write(a_blank())
    assert host.process(SECURE) == OK
    assert host.process(GET_STATUS).data[-1:] == b"\x0f"
