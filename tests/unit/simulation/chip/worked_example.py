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


def worked_example() -> dict[str, str]:
    proof = cmac(derived("EKTP-ADM", 16), b"\xff" + RND_ICC)[:8]
    proved = authentication()
    values = {
        "M (version `01`)": MASTER,
        "CC": card_control(),
        "SHA-256(CC)[0:16]": hashlib.sha256(card_control()).digest()[:16],
        "K_ENC": derived("EKTP-ENC", 24),
        "K_MAC": derived("EKTP-MAC", 24),
        "K_FILE": derived("EKTP-FILE", 24),
        "K_ADM": derived("EKTP-ADM", 16),
        "RND.ICC": RND_ICC,
        "RND.IFD": RND_IFD,
        "K.IFD": K_IFD,
        "K.ICC": K_ICC,
        **proved,
        **messaging(proved["KS_ENC"], proved["KS_MAC"], proved["SSC"]),
        "`6FF4` plain, 8 bytes": MINUTIAE,
        "`6FF4` as stored": tdes(derived("EKTP-FILE", 24), MINUTIAE),
        "TERMINATE proof for RND.ICC": proof,
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
