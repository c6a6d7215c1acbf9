"""A small passport reader of another make: Basic Access Control and nothing else.

Written after ICAO Doc 9303-11 (clauses 4.3, 9.7, 9.8 and its appendix D) and 9303-10; it shares no
code with the house.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.integration.wire.pcsc import RawCard

WEIGHTS = (7, 3, 1)
STEP = 0xDF


class Refused(Exception):
    """The chip does not open."""


def check_digit(field: str) -> str:
    def value(character: str) -> int:
        return 0 if character == "<" else int(character, 36)

    return str(sum(value(c) * WEIGHTS[i % 3] for i, c in enumerate(field)) % 10)


def key_seed(mrz: list[str]) -> bytes:
    """From the three lines of a TD1 card: number, birth and expiry, each with its digit."""
    fields = (mrz[0][5:14], mrz[1][0:6], mrz[1][8:14])
    text = "".join(field + check_digit(field) for field in fields)
    return hashlib.sha1(text.encode()).digest()[:16]  # noqa: S324 - as the standard has it


def derive(seed: bytes, counter: int) -> bytes:
    """A two-key TDES key; parity means nothing to the cipher."""
    return hashlib.sha1(seed + counter.to_bytes(4, "big")).digest()[:16]  # noqa: S324 - see above


def _whole(key: bytes) -> bytes:
    """Three DES keys, the first once more as the third."""
    return key + key[:8] if len(key) == 16 else key


def _cbc(key: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    cipher = Cipher(TripleDES(_whole(key)), modes.CBC(bytes(8)))
    run = cipher.decryptor() if decrypt else cipher.encryptor()
    return run.update(data) + run.finalize()


def _pad(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % 8)


def _unpad(data: bytes) -> bytes:
    body = data.rstrip(b"\x00")
    assert body.endswith(b"\x80")
    return body[:-1]


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES."""
    last = _cbc(key[:8] * 3, padded)[-8:]
    step = Cipher(TripleDES(key[8:] * 3), modes.ECB()).decryptor()  # noqa: S305 - one block
    final = Cipher(TripleDES(key[:8] * 3), modes.ECB()).encryptor()  # noqa: S305 - one block
    return final.update(step.update(last))


class Passport:
    """An open chip."""

    def __init__(self, card: RawCard, mrz: list[str]) -> None:
        card.ask("00A4040C07A0000002471001")
        seed = key_seed(mrz)
        k_enc, k_mac = derive(seed, 1), derive(seed, 2)
        random_ic = card.ask("0084000008")
        random_ifd, k_ifd = os.urandom(8), os.urandom(16)
        sent = _cbc(k_enc, random_ifd + random_ic + k_ifd)
        token = sent + retail_mac(k_mac, _pad(sent))
        answer, sw = card.say("0082000028" + token.hex() + "28")
        if sw != "9000":
            raise Refused(sw)
        assert retail_mac(k_mac, _pad(answer[:32])) == answer[32:]
        plain = _cbc(k_enc, answer[:32], decrypt=True)
        assert plain[:16] == random_ic + random_ifd
        session = bytes(a ^ b for a, b in zip(k_ifd, plain[16:], strict=True))
        self._card = card
        self._enc, self._mac = derive(session, 1), derive(session, 2)
        self._counter = int.from_bytes(random_ic[4:] + random_ifd[4:], "big")

    def read(self, file_id: str) -> bytes:
        """A whole elementary file, by its identifier."""
        self._exchange("0CA4020C", data=bytes.fromhex(file_id))
        head = self._read(0, 4)
        length = 2 + head[1]
        if head[1] & 0x80:
            count = head[1] & 0x7F
            length = 2 + count + int.from_bytes(head[2 : 2 + count], "big")
        content = head
        while len(content) < length:
            content += self._read(len(content), min(STEP, length - len(content)))
        return content

    def _read(self, offset: int, length: int) -> bytes:
        return self._exchange(f"0CB0{offset:04X}", le=length)

    def _exchange(self, header: str, data: bytes = b"", le: int | None = None) -> bytes:
        objects = b""
        if data:
            sealed = _cbc(self._enc, _pad(data))
            objects += bytes((0x87, len(sealed) + 1, 1)) + sealed
        if le is not None:
            objects += bytes((0x97, 1, le))
        mac = self._checksum(_pad(bytes.fromhex(header)) + objects)
        body = objects + b"\x8e\x08" + mac
        answer, sw = self._card.say(f"{header}{len(body):02X}{body.hex()}00")
        assert sw == "9000", sw
        assert answer[-10:-8] == b"\x8e\x08"
        assert answer[-8:] == self._checksum(answer[:-10])
        assert answer[-14:-10] == b"\x99\x02\x90\x00"
        sealed = answer[:-14]
        if not sealed:
            return b""
        assert sealed[0] == 0x87
        start = 2 + (sealed[1] & 0x7F if sealed[1] & 0x80 else 0)
        assert sealed[start] == 1
        return _unpad(_cbc(self._enc, sealed[start + 1 :], decrypt=True))

    def _checksum(self, data: bytes) -> bytes:
        self._counter += 1
        return retail_mac(self._mac, _pad(self._counter.to_bytes(8, "big") + data))
