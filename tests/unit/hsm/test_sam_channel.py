"""The SAM's published commands, byte for byte, over a card that follows a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.errors import CardAbsent, HsmError, SecureMessagingBroken
from hsm.sam_channel import CardSamChannel

SECRET = bytes(range(0x40, 0x60))
CARD_CONTROL = bytes(range(51))
UID, CHALLENGE = b"\x80" + b"U" * 7, b"R" * 8
TOKEN = bytes(range(0x80, 0xA8))


class ScriptedCard:
    """Answers each command with the next of the script; an empty script means nobody answers."""

    def __init__(self, *answers: str) -> None:
        self._answers = [bytes.fromhex(answer) for answer in answers]
        self.heard: list[str] = []

    def atr(self) -> bytes:
        return b"\x3b\x00"

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.heard.append(bytes(command).hex())
        if not self._answers:
            raise CardAbsent
        return ResponseApdu.from_bytes(self._answers.pop(0))

    def reset(self) -> None:
        self.heard.append("reset")


def sam(*answers: str) -> tuple[CardSamChannel, ScriptedCard]:
    card = ScriptedCard(*answers)
    return CardSamChannel(card, SECRET), card


USES: dict[str, Callable[[CardSamChannel], object]] = {
    "open": lambda it: it.open(),
    "reset": lambda it: it.reset_session(),
    "challenge": lambda it: it.calculate_challenge(CARD_CONTROL, UID, CHALLENGE),
    "verify": lambda it: it.verify_card(TOKEN),
    "wrap": lambda it: it.wrap(CommandApdu(0, 0xB0, 0, 0, le=8)),
    "unwrap": lambda it: it.unwrap(ResponseApdu(b"x", 0x9000)),
    "decipher": lambda it: it.decipher_files(),
    "begin": lambda it: it.begin_signature_check(),
    "hash": lambda it: it.hash_plain(b"photo"),
    "last": lambda it: it.next_is_last_hashed(),
    "signature": lambda it: it.give_signature(bytes(80)),
    "good": lambda it: it.signature_is_good(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize("sw", ["6985", "6700", "6d00", "6f00", "6100"])
def test_a_module_that_refuses(use: Callable[[CardSamChannel], object], sw: str) -> None:
    it, _ = sam(sw)
    with pytest.raises(HsmError, match=f"sw={sw.upper()}"):
        use(it)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_module_that_does_not_answer(use: Callable[[CardSamChannel], object]) -> None:
    it, _ = sam()
    with pytest.raises(HsmError, match="does not answer"):
        use(it)


@pytest.mark.parametrize(
    "name", ["open", "reset", "verify", "decipher", "begin", "hash", "last", "signature"]
)
def test_an_answer_where_none_belongs(name: str) -> None:
    it, _ = sam("019000")
    with pytest.raises(HsmError, match="length"):
        USES[name](it)


@pytest.mark.parametrize("length", [0, 39, 40, 42])
def test_a_token_of_another_length(length: int) -> None:
    it, _ = sam("28" * length + "9000")
    with pytest.raises(HsmError, match="length"):
        it.calculate_challenge(CARD_CONTROL, UID, CHALLENGE)


def test_a_token_with_another_end() -> None:
    it, _ = sam(TOKEN.hex() + "29" + "9000")
    with pytest.raises(HsmError):
        it.calculate_challenge(CARD_CONTROL, UID, CHALLENGE)


@pytest.mark.parametrize(
    ("uid", "challenge"), [(b"", CHALLENGE), (UID, b""), (UID + b"1", CHALLENGE)]
)
def test_names_of_another_length_are_mistakes(uid: bytes, challenge: bytes) -> None:
    it, card = sam()
    with pytest.raises(ValueError, match="8 bytes"):
        it.calculate_challenge(CARD_CONTROL, uid, challenge)
    assert not card.heard


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_of_another_length_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        CardSamChannel(ScriptedCard(), bytes(length))


def test_a_wrong_answer_of_the_chip() -> None:
    it, _ = sam("6982")
    with pytest.raises(SecureMessagingBroken):
        it.verify_card(TOKEN)


@pytest.mark.parametrize("length", [0, 39, 41])
def test_a_chips_answer_of_another_length_is_not_sent(length: int) -> None:
    it, card = sam()
    with pytest.raises(SecureMessagingBroken):
        it.verify_card(bytes(length))
    assert not card.heard


@pytest.mark.parametrize("sw", ["6987", "6988"])
def test_a_response_that_the_module_does_not_accept(sw: str) -> None:
    it, _ = sam(sw)
    with pytest.raises(SecureMessagingBroken, match=sw):
        it.unwrap(ResponseApdu(b"", 0x6982))


@pytest.mark.parametrize("plain", ["", "90"])
def test_a_plain_response_without_a_status_word(plain: str) -> None:
    it, _ = sam(plain + "9000")
    with pytest.raises(HsmError, match="status word"):
        it.unwrap(ResponseApdu(b"x", 0x9000))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "0cb000",
        "0cb00000ff00",
        "00b000000d9701088e0800000000000000000000",
        "0cb0000100",
        "0ca4000000",
    ],
)
def test_a_protected_command_that_is_another(answer: str) -> None:
    it, _ = sam(answer + "9000")
    with pytest.raises(HsmError):
        it.wrap(CommandApdu(0, 0xB0, 0, 0, le=8))


@pytest.mark.parametrize("verdict", ["0002", "0100"])
def test_a_verdict_that_is_none(verdict: str) -> None:
    it, _ = sam(verdict + "9000")
    with pytest.raises(HsmError):
        it.signature_is_good()


@pytest.mark.parametrize("length", [0, 79, 81])
def test_a_signature_object_of_another_length_is_not_sent(length: int) -> None:
    it, card = sam()
    with pytest.raises(SecureMessagingBroken):
        it.give_signature(bytes(length))
    assert not card.heard


def test_every_command_as_published() -> None:
    protected = "0cb000000d9701088e08c2d209ff9898c0e600"
    answer = "871101389a4c661f0a0a7c2ec5a9aa69dbccfa990290008e08128b22c7aff0e86b9000"
    it, card = sam(
        "9000", "9000", TOKEN.hex() + "289000", "9000", protected + "9000",
        "0006223331373122" + "9000" + "9000", "9000", "9000", "9000", "9000", "9000",
        "00009000", "00019000",
    )  # fmt: skip
    it.open()
    it.reset_session()
    assert it.calculate_challenge(CARD_CONTROL, UID, CHALLENGE) == TOKEN
    it.verify_card(TOKEN)
    assert bytes(it.wrap(CommandApdu(0, 0xB0, 0, 0, le=8))).hex() == protected
    plain = it.unwrap(ResponseApdu.from_bytes(bytes.fromhex(answer)))
    assert (plain.data, plain.sw) == (b'\x00\x06"3171"', 0x9000)
    it.begin_signature_check()
    it.hash_plain(b"photo")
    it.decipher_files()
    it.next_is_last_hashed()
    it.give_signature(bytes(80))
    assert it.signature_is_good()
    assert not it.signature_is_good()
    assert card.heard == [
        "00f0000020" + SECRET.hex(),
        "00ff000000",
        "00f1000143" + (CARD_CONTROL + UID + CHALLENGE).hex(),
        "00f2000028" + TOKEN.hex(),
        "00f3000005" + "00b0000008",
        f"00f40000{len(answer) // 2:02x}" + answer,
        "00fa000000",
        "00fa030005" + b"photo".hex(),
        "00fa050000",
        "00fa020000",
        "00fa060050" + "00" * 80,
        "00fa040000",
        "00fa040000",
    ]


@pytest.mark.parametrize("length", [24, 29])
def test_card_control_of_another_length_says_so(length: int) -> None:
    it, card = sam(TOKEN.hex() + "289000")
    it.calculate_challenge(bytes(length), UID, CHALLENGE)
    assert card.heard == [
        f"00f10000{length + 16:02x}" + bytes(length).hex() + (UID + CHALLENGE).hex()
    ]


def test_the_card_s_own_refusal_comes_through() -> None:
    it, _ = sam("6a82" + "9000")
    assert it.unwrap(ResponseApdu(b"x", 0x6A82)) == ResponseApdu(b"", 0x6A82)


def test_the_secret_does_not_show() -> None:
    it, _ = sam("6982")
    with pytest.raises(HsmError) as caught:
        it.open()
    assert SECRET.hex() not in repr(it) + str(caught.value)
