"""Secure messaging with every cipher, against the other half of it; every way to answer wrongly."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from inspection.faults import ChannelBroken
from inspection.lds1.ciphers import SessionCipher, SessionKeys, derive_key, pad, unpad
from inspection.lds1.secure_messaging import SecureChannel, SecureMessaging
from inspection.lds1.tlv import data_objects, encode
from tests.unit.inspection.lds1.helpers import ChipMessaging

ALL = list(SessionCipher)
READ = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=0x20)


def keys_of(cipher: SessionCipher, counter: int = 0) -> SessionKeys:
    return SessionKeys.derive(cipher, b"a shared secret", counter)


@pytest.mark.parametrize("cipher", ALL)
def test_commands_and_answers_of_all_shapes_arrive(cipher: SessionCipher) -> None:
    terminal, chip = SecureMessaging(keys_of(cipher)), ChipMessaging(keys_of(cipher))
    commands = [
        CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"),
        READ,
        CommandApdu(0x00, 0x88, 0x00, 0x00, bytes(8), le=256),
        CommandApdu(0x00, 0xB1, 0x00, 0x00, b"\x54\x02\x80\x00", le=0xDF),
        CommandApdu(0x00, 0x86, 0x00, 0x00, bytes(300), le=256),
        CommandApdu(0x00, 0x88, 0x00, 0x00, bytes(8), le=65536),
        CommandApdu(0x00, 0xB0, 0x00, 0x00, le=1000),
    ]
    for command in commands:
        protected = CommandApdu.from_bytes(bytes(terminal.wrap(command)))
        assert protected.cla == 0x0C
        assert protected.extended == (len(protected.data) > 255 or command.extended)
        assert chip.open(protected) == command
        odd = bool(command.ins & 1)
        for data in (b"", b"x", bytes(223)):
            answer = chip.seal(ResponseApdu(data, 0x9000), odd=odd)
            assert len(bytes(answer)) <= 256 + 2
            assert terminal.unwrap(answer, odd=odd) == ResponseApdu(data, 0x9000)
            # One answer for one command: bring both counters to the same place again.
            chip.open(CommandApdu.from_bytes(bytes(terminal.wrap(READ))))
        terminal._counter = chip.counter


def test_keys_have_the_lengths_and_the_parity_of_their_ciphers() -> None:
    for cipher in ALL:
        for counter in (1, 2, 3):
            key = derive_key(b"secret", counter, cipher)
            assert len(key) == cipher.key_bytes
            if cipher is SessionCipher.TDES:
                assert all(byte.bit_count() % 2 for byte in key)
    # Doc 9303-11 clause 9.7.1: SHA-256 for the longer keys, SHA-1 for the shorter ones.
    long = derive_key(b"secret", 1, SessionCipher.AES_256)
    assert derive_key(b"secret", 1, SessionCipher.AES_192) == long[:24]
    assert derive_key(b"secret", 1, SessionCipher.AES_128) != long[:16]


@pytest.mark.parametrize("block", [8, 16])
def test_padding_comes_off_as_it_went_on(block: int) -> None:
    for length in range(3 * block):
        padded = pad(bytes(length), block)
        assert len(padded) % block == 0
        assert unpad(padded, block) == bytes(length)
    for wrong in (b"", bytes(block), b"\x80" + bytes(block), b"\x81" + bytes(block - 1)):
        assert unpad(wrong, block) is None


def broken_answers(cipher: SessionCipher) -> dict[str, ResponseApdu]:
    """What a chip may answer a read with instead, its checksum right wherever it can be."""
    session = ChipMessaging(keys_of(cipher))
    session.counter = 1
    whole = session.seal(ResponseApdu(b"content", 0x9000))
    data, status, checksum = (item.raw for item in data_objects(whole.data))

    def sealed(objects: bytes, sw: int = 0x9000) -> ResponseApdu:
        session.counter = 2
        return ResponseApdu(objects + encode(0x8E, session._mac(objects)), sw)

    def enciphered(padded: bytes, tag: int = 0x87, indicator: bytes = b"\x01") -> bytes:
        session.counter = 2
        value = cipher.encipher(session.keys.enciphering, padded, session._iv())
        return encode(tag, indicator + value)

    block = cipher.block_bytes
    return {
        "bare success": ResponseApdu(b"", 0x9000),
        "bare error": ResponseApdu(b"", 0x6988),
        "bare data": ResponseApdu(b"content", 0x9000),
        "no checksum": ResponseApdu(data + status, 0x9000),
        "no status": sealed(data),
        "neither": ResponseApdu(data, 0x9000),
        "checksum alone": ResponseApdu(checksum, 0x9000),
        "checksum first": ResponseApdu(checksum + data + status, 0x9000),
        "status first": sealed(status + data),
        "data twice": sealed(data + data + status),
        "something more": sealed(data + encode(0x99, b"\x90\x00") + status),
        "plain data object": sealed(encode(0x81, b"content") + status),
        "odd data object": sealed(enciphered(pad(b"content", block), 0x85, b"") + status),
        "cut off": ResponseApdu(whole.data[:-1], 0x9000),
        "short checksum": ResponseApdu(data + status + encode(0x8E, bytes(7)), 0x9000),
        "empty checksum": ResponseApdu(data + status + encode(0x8E, b""), 0x9000),
        "long checksum": ResponseApdu(data + status + encode(0x8E, bytes(16)), 0x9000),
        "other checksum": ResponseApdu(data + status + encode(0x8E, bytes(8)), 0x9000),
        "another status": sealed(data + encode(0x99, b"\x62\x82")),
        "status in clear": ResponseApdu(whole.data, 0x6282),
        "one byte of status": sealed(data + encode(0x99, b"\x90")),
        "no status bytes": sealed(data + encode(0x99, b"")),
        "padding indicator 2": sealed(
            enciphered(pad(b"content", block), indicator=b"\x02") + status
        ),
        "no cryptogram": sealed(encode(0x87, b"\x01") + status),
        "empty cryptogram": sealed(encode(0x87, b"") + status),
        "half a block": sealed(encode(0x87, b"\x01" + bytes(block // 2)) + status),
        "no padding": sealed(enciphered(b"\x11" * block) + status),
        "only zeros": sealed(enciphered(bytes(block)) + status),
        "padding of a whole block": sealed(enciphered(b"\x80" + bytes(2 * block - 1)) + status),
        "the answer before": session.seal(ResponseApdu(b"content", 0x9000)),
    }


@pytest.mark.parametrize("name", broken_answers(SessionCipher.TDES))
@pytest.mark.parametrize("cipher", ALL)
def test_an_answer_that_is_not_whole_ends_the_session(cipher: SessionCipher, name: str) -> None:
    """ISO7816_B_04 to _09 and what else there is to get wrong."""

    class Once:
        sent = 0

        def transmit(self, command: CommandApdu) -> ResponseApdu:
            assert command.ins == READ.ins
            Once.sent += 1
            return broken_answers(cipher)[name]

    channel = SecureChannel(Once(), keys_of(cipher))
    with pytest.raises(ChannelBroken):
        channel.transmit(READ)
    assert channel.broken
    with pytest.raises(ChannelBroken, match="over"):
        channel.transmit(READ)
    assert Once.sent == 1


@pytest.mark.parametrize("cipher", ALL)
def test_the_answer_that_they_are_made_from_is_good(cipher: SessionCipher) -> None:
    chip = ChipMessaging(keys_of(cipher))

    class Honest:
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            assert chip.open(command) == READ
            return chip.seal(ResponseApdu(b"content", 0x9000))

    channel = SecureChannel(Honest(), keys_of(cipher))
    assert channel.transmit(READ).data == b"content"
    assert channel.transmit(READ).data == b"content"
    assert channel.cipher is cipher


def test_a_counter_goes_round() -> None:
    cipher = SessionCipher.TDES
    terminal = SecureMessaging(keys_of(cipher, (1 << 64) - 1))
    terminal.wrap(READ)
    assert terminal._counter == 0
