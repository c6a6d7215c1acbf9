"""Writes `personalization-script.txt` by hand from `docs/chip-profile-ktp-el.md` and
`docs/secure-channel.md`.

It uses nothing of the project, so that the golden file and the code under test are two readings of
the same document. Running it again gives no diff.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

ATTEMPT, JOB = b"A-00000000077", b"J-00000000055"
SERIAL = bytes.fromhex("0011223344556677")
CONTROL = (
    b"\x01"
    + SERIAL
    + b"\x03EKTP"
    + hashlib.sha256(ATTEMPT).digest()[:16]
    + bytes.fromhex("20260131")
    + b"signer-1"
    + bytes(9)
)
FILES = (
    # identifier, name, rule once closed, content
    ("6FF0", "card_control", "00", b"\x00\x33" + CONTROL),
    ("6FF1", "biodata", "01", b"biodata" * 8),
    ("6FF2", "photo", "00", bytes(range(256)) * 2),
    ("6FF3", "signature_image", "01", b"signature_image" * 8),
    ("6FF4", "minutiae_1", "01", b"minutiae_1" * 8),
    ("6FF5", "minutiae_2", "01", b"minutiae_2" * 8),
    ("6FF6", "digital_signature", "01", b"digital_signature" * 8),
)


def line(header: str, data: bytes = b"", tail: str = "-> 9000") -> str:
    """One exchange, its data shown by the first 8 bytes of their SHA-256."""
    body = f"Lc={len(data):02X} data={hashlib.sha256(data).hexdigest()[:16]} " if data else ""
    return f"  {header} {body}{tail}"


def create(identifier: str, rule: str, size: int) -> str:
    """CREATE FILE of an elementary file."""
    control = f"8002{size:04X}8201018302{identifier}8601{rule}"
    return line("00E00000", bytes.fromhex(f"62{len(control) // 2:02X}{control}"))


def update(content: bytes) -> list[str]:
    """UPDATE BINARY in blocks of 239 bytes: what a short command carries in the channel."""
    starts = range(0, len(content), 239)
    return [line(f"00D6{at:04X}", content[at : at + 239]) for at in starts]


def script() -> list[str]:
    """The order of `docs/secure-channel.md` section 8."""
    marker = JOB + b"\x00" + ATTEMPT + bytes(5)
    lines = ["mark: open session under 30"]
    lines += ["mark: create application", line("00E00000", bytes.fromhex("620782013883027F0A"))]
    lines += ["mark: write marker", create("6FFE", "FF", 32), *update(marker)]
    check_values = (b"AAA" + b"BBB" + b"CCC").hex().upper()
    lines += ["keys: change keys"]
    lines += [f"  80D83081 Lc=46 data=secret Le=00 -> 31{check_values} 9000"]
    lines += ["secrets: open session under 31"]
    lines += ["secrets: put read keys", "  00DA0101 Lc=43 data=secret -> 9000"]
    lines += ["files: select application", line("00A40000", bytes.fromhex("7F0A"))]
    for identifier, name, rule, content in FILES:
        lines += [f"files: write {name}", create(identifier, rule, len(content)), *update(content)]
    identifiers = "".join(identifier for identifier, *_ in FILES)
    digests = b"".join(hashlib.sha256(content).digest() for *_, content in FILES)
    answer = f"Le=00 -> {hashlib.sha256(digests).hexdigest().upper()} 9000"
    lines += ["verify: compare digests", line("80B40000", bytes.fromhex(identifiers), answer)]
    return [*lines, "close: close", line("80F0800F")]


if __name__ == "__main__":
    target = Path(__file__).with_name("personalization-script.txt")
    target.write_text("\n".join(script()) + "\n", encoding="ascii")
