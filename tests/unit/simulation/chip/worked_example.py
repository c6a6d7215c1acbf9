"""Section 10 of docs/chip-profile-ktp-el.md, computed by the openssl command and nothing of ours.

Run it to print the table: `python tests/unit/simulation/chip/worked_example.py`.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

DOCUMENT = Path(__file__).parents[4] / "docs" / "chip-profile-ktp-el.md"
OPENSSL = shutil.which("openssl")

MASTER = bytes(range(32))
SERIAL = bytes.fromhex("60010000002A0001")
ATTEMPT = "A-0123456789P"
SIGNER_KEY_ID = bytes.fromhex("A0A1A2A3A4A5A6A7")
TRANSPORT_MASTER, CARD_MASTER = bytes(range(0x40, 0x50)), bytes(range(0x50, 0x60))
HOST_CHALLENGE = bytes(range(8))
MARKER = b"J-0123456789A\x00A-0123456789P" + bytes(5)
RND_ICC, RND_IFD = bytes(range(0x10, 0x18)), bytes(range(0x20, 0x28))
K_IFD, K_ICC = bytes(range(0x30, 0x40)), bytes(range(0x5F, 0x4F, -1))
STATUS = bytes.fromhex("99029000")
CONTENT = b'\x00\x06"3171"'
MINUTIAE = b"\x00\x06FMR\x00 2"


def _openssl(*arguments: str, data: bytes) -> bytes:
    command = [OPENSSL or "openssl", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def tdes(key: bytes, data: bytes) -> bytes:
    options = ("-e", "-des-ede3-cbc", "-nopad", "-K", key.hex(), "-iv", "00" * 8)
    return _openssl("enc", *options, data=data)


def cmac(key: bytes, data: bytes) -> bytes:
    options = ("-cipher", f"aes-{8 * len(key)}-cbc", "-macopt", f"hexkey:{key.hex()}")
    return bytes.fromhex(_openssl("mac", *options, "-in", "/dev/stdin", "CMAC", data=data).decode())


def padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % 8)


def mac(key: bytes, data: bytes) -> bytes:
    return tdes(key, padded(data))[-8:]


def card_control() -> bytes:
    attempt = hashlib.sha256(ATTEMPT.encode("ascii")).digest()[:16]
    date = bytes.fromhex("20260105")
    return b"\x01" + SERIAL + b"\x01" + b"EKTP" + attempt + date + SIGNER_KEY_ID + bytes(9)


def derived(label: str, length: int) -> bytes:
    context = hashlib.sha256(card_control()).digest()[:16]
    fixed = label.encode() + b"\x00" + context + (8 * length).to_bytes(2, "big")
    return (cmac(MASTER, b"\x01" + fixed) + cmac(MASTER, b"\x02" + fixed))[:length]


def authentication() -> dict[str, bytes]:
    enc, mac_key = derived("EKTP-ENC", 24), derived("EKTP-MAC", 24)
    token = tdes(enc, RND_IFD + RND_ICC + K_IFD)
    answer = tdes(enc, RND_ICC + RND_IFD + K_ICC)
    seed = bytes(a ^ b for a, b in zip(K_IFD, K_ICC, strict=True))
    return {
        "token": token + mac(mac_key, token),
        "answer": answer + mac(mac_key, answer),
        "KS_ENC": hashlib.sha256(seed + b"\x00\x00\x00\x01").digest()[:24],
        "KS_MAC": hashlib.sha256(seed + b"\x00\x00\x00\x02").digest()[:24],
        "SSC": RND_ICC[4:] + RND_IFD[4:],
    }


def messaging(enc: bytes, mac_key: bytes, ssc: bytes) -> dict[str, bytes]:
    def checksum(step: int, message: bytes) -> bytes:
        counter = int.from_bytes(ssc, "big") + step
        return b"\x8e\x08" + mac(mac_key, counter.to_bytes(8, "big") + message)

    def command(step: int, header: str, objects: bytes) -> bytes:
        head = bytes.fromhex(header)
        data = objects + checksum(step, padded(head) + objects)
        return head + bytes((len(data),)) + data + b"\x00"

    def response(step: int, objects: bytes) -> bytes:
        return objects + STATUS + checksum(step, objects + STATUS) + b"\x90\x00"

    select = b"\x87\x09\x01" + tdes(enc, padded(bytes.fromhex("6FF1")))
    content = b"\x87\x11\x01" + tdes(enc, padded(CONTENT))
    return {
        "SELECT `6FF1`, protected": command(1, "0CA40000", select),
        "its answer": response(2, b""),
        "READ BINARY, 8 bytes, protected": command(3, "0CB00000", b"\x97\x01\x08"),
        'its answer, with `0006` ‖ `"3171"`': response(4, content),
    }


def aes(key: bytes, data: bytes, iv: bytes = bytes(16), mode: str = "cbc") -> bytes:
    options = ["-e", f"-aes-{8 * len(key)}-{mode}", "-nopad", "-K", key.hex()]
    options += ["-iv", iv.hex()] if mode == "cbc" else []
    return _openssl("enc", *options, data=data)


def aes_padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


def doubled(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")


def diversified(master: bytes, key_id: int, version: int) -> bytes:
    """AN10922, AES-128: CMAC over `01` ‖ M, which is padded to two blocks."""
    message = b"\x01" + SERIAL + bytes((key_id, version)) + b"EKTP"
    message += b"\x80" + bytes(31 - len(message))
    subkey = doubled(doubled(aes(master, bytes(16), mode="ecb")))
    last = bytes(a ^ b for a, b in zip(message[16:], subkey, strict=True))
    return aes(master, message[:16] + last)[16:]


def kdf(key: bytes, constant: int, length: int, context: bytes) -> bytes:
    head = bytes(11) + bytes((constant, 0)) + (8 * length).to_bytes(2, "big")
    return cmac(key, head + b"\x01" + context)[:length]


class Channel:
    """The session of the example, both halves."""

    def __init__(self, enc: bytes, mac: bytes, counter: bytes) -> None:
        isd = bytes.fromhex("A000000151000000")
        self.challenge = kdf(enc, 0x02, 8, counter + isd)
        context = HOST_CHALLENGE + self.challenge
        self.enc, self.mac = kdf(enc, 0x04, 16, context), kdf(mac, 0x06, 16, context)
        self.rmac = kdf(mac, 0x07, 16, context)
        self.card = kdf(self.mac, 0x00, 8, context)
        self.host = kdf(self.mac, 0x01, 8, context)
        self.chain = bytes(16)
        self.counter = 0

    def signed(self, header: str, data: bytes, le: bytes = b"") -> bytes:
        head = bytes.fromhex(header) + bytes((len(data) + 8,))
        self.chain = cmac(self.mac, self.chain + head + data)
        return head + data + self.chain[:8] + le

    def iv(self, first: int) -> bytes:
        return aes(self.enc, bytes((first,)) + self.counter.to_bytes(15, "big"), mode="ecb")

    def command(self, header: str, data: bytes, le: bytes = b"") -> bytes:
        self.counter += 1
        return self.signed(header, aes(self.enc, aes_padded(data), self.iv(0)), le)

    def response(self, data: bytes = b"") -> bytes:
        cipher = aes(self.enc, aes_padded(data), self.iv(0x80)) if data else b""
        return cipher + cmac(self.rmac, self.chain + cipher + b"\x90\x00")[:8] + b"\x90\x00"


def secure_channel() -> dict[str, bytes]:
    transport = [diversified(TRANSPORT_MASTER, key_id, 0x30) for key_id in (1, 2, 3)]
    card = [diversified(CARD_MASTER, key_id, 0x31) for key_id in (1, 2, 3)]
    counter = b"\x00\x00\x01"
    channel = Channel(transport[0], transport[1], counter)
    answer = SERIAL + bytes.fromhex("0000300370") + channel.challenge + channel.card + counter
    checks = [aes(key, b"\x01" * 16, mode="ecb")[:3] for key in card]
    values = zip(card, checks, strict=True)
    block = [b"\x88\x11\x10" + aes(transport[2], key) + b"\x03" + kcv for key, kcv in values]
    put_key = b"\x31" + b"".join(block)
    secret = b"\x01" + derived("EKTP-ENC", 24) + derived("EKTP-MAC", 24)
    names = ("ENC", "MAC", "DEK")
    return {
        "transport master, AES-128": TRANSPORT_MASTER,
        **{f"{name} `30`": key for name, key in zip(names, transport, strict=True)},
        "card master, AES-128": CARD_MASTER,
        **{f"{name} `31`": key for name, key in zip(names, card, strict=True)},
        "INITIALIZE UPDATE": bytes.fromhex("8050300008") + HOST_CHALLENGE + b"\x00",
        "the chip's answer, first session of its life": answer + b"\x90\x00",
        "S-ENC": channel.enc,
        "S-MAC": channel.mac,
        "S-RMAC": channel.rmac,
        "EXTERNAL AUTHENTICATE": channel.signed("84823300", channel.host),
        "CREATE FILE `7F0A`, wrapped": channel.command(
            "04E00000", bytes.fromhex("620782013883027F0A")
        ),
        "the answer to it": channel.response(),
        "CREATE FILE `6FFE`, wrapped": channel.command(
            "04E00000", bytes.fromhex("620E8002002082010183026FFE8601FF")
        ),
        "UPDATE BINARY of the marker, wrapped": channel.command("04D60000", MARKER),
        "the answer to that": channel.response(),
        "data of PUT KEY": put_key,
        "PUT KEY, wrapped": channel.command("84D83081", put_key, b"\x00"),
        "the answer to PUT KEY, wrapped": channel.response(b"\x31" + b"".join(checks)),
        "secret `01`": secret,
        "secret `01`, sealed for PUT DATA": aes(card[2], aes_padded(secret))
        + hashlib.sha256(secret).digest()[:3],
    }


@functools.cache
def worked_example() -> dict[str, str]:
    proved = authentication()
    values = {
        "M (version `01`)": MASTER,
        "CC": card_control(),
        "SHA-256(CC)[0:16]": hashlib.sha256(card_control()).digest()[:16],
        "K_ENC": derived("EKTP-ENC", 24),
        "K_MAC": derived("EKTP-MAC", 24),
        "K_FILE": derived("EKTP-FILE", 24),
        "RND.ICC": RND_ICC,
        "RND.IFD": RND_IFD,
        "K.IFD": K_IFD,
        "K.ICC": K_ICC,
        **proved,
        **messaging(proved["KS_ENC"], proved["KS_MAC"], proved["SSC"]),
        "`6FF4` plain, 8 bytes": MINUTIAE,
        "`6FF4` as stored": tdes(derived("EKTP-FILE", 24), MINUTIAE),
        **secure_channel(),
    }
    return {"attempt id": ATTEMPT, **{what: value.hex().upper() for what, value in values.items()}}


def table() -> str:
    return "".join(f"| {what} | `{value}` |\n" for what, value in worked_example().items())


@functools.cache
def printed_example() -> dict[str, bytes]:
    """The table as it stands in the document, but for the attempt id."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## 10. Worked example")[1]
    lines = [line.strip("|").rsplit("|", 1) for line in section.splitlines() if "` |" in line]
    cells = {what.strip(): value.strip(" `") for what, value in lines}
    assert cells.pop("attempt id") == ATTEMPT
    return {what: bytes.fromhex(value) for what, value in cells.items()}


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - this is what the script is for
