"""Active Authentication: what a chip may sign with, and what is no signature of its."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault, Refused
from inspection.lds1 import active_authentication as module
from inspection.lds1.active_authentication import active_authentication
from inspection.lds1.curve_table import CURVES
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey, public_key
from tests.unit.inspection.lds1.helpers import sign_plain, spki_of

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - chips in the field use it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
CURVE_KEYS = [ec.SECP256R1(), ec.SECP384R1(), ec.BrainpoolP256R1(), ec.SECP521R1()]
RSA_KEYS = {bits: rsa.generate_private_key(65537, bits) for bits in (1024, 2048)}
TRAILERS = {
    "sha1": b"\xbc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}


class Chip:
    def __init__(self, sign: Callable[[bytes], bytes], sw: int = 0x9000) -> None:
        self._sign = sign
        self._sw = sw
        self.commands: list[CommandApdu] = []

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        return ResponseApdu(self._sign(command.data), self._sw)


def scheme_1(
    key: rsa.RSAPrivateKey,
    challenge: bytes,
    name: str,
    *,
    trailer: bytes | None = None,
    head: bytes = b"\x6a",
    smaller: bool = False,
) -> bytes:
    """ISO/IEC 9796-2 digital signature scheme 1 with partial recovery, by plain integers."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    size = key.key_size // 8
    trailer = TRAILERS[name] if trailer is None else trailer
    room = size - len(head) - hashlib.new(name).digest_size - len(trailer)
    recovered = bytes(n % 253 for n in range(room))
    digest = hashlib.new(name, recovered + challenge).digest()
    value = pow(int.from_bytes(head + recovered + digest + trailer, "big"), numbers.d, modulus)
    if smaller:
        value = min(value, modulus - value)
    return value.to_bytes(size, "big")


def rsa_key(key: rsa.RSAPrivateKey) -> RsaPublicKey:
    found = public_key(spki_of(key))
    assert isinstance(found, RsaPublicKey)
    return found


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("curve", CURVE_KEYS, ids=lambda curve: curve.name)
def test_ecdsa_with_every_hash(curve: ec.EllipticCurve, name: str) -> None:
    """ISO7816_F_02."""
    key = ec.derive_private_key(0x5151, curve)
    chip = Chip(lambda challenge: sign_plain(challenge, key, HASHES[name]))
    assert name in active_authentication(chip, public_key(spki_of(key)), name)
    (command,) = chip.commands
    assert bytes(command)[:5] == bytes.fromhex("0088000008")
    assert command.le == 256
    for other in HASHES.keys() - {name}:
        with pytest.raises(ChipFault, match="does not verify"):
            active_authentication(chip, public_key(spki_of(key)), other)


@pytest.mark.parametrize("smaller", [False, True])
@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("bits", RSA_KEYS)
def test_rsa_with_every_hash(bits: int, name: str, smaller: bool) -> None:
    """ISO7816_F_01 and _04 to _07."""
    key = RSA_KEYS[bits]
    chip = Chip(lambda challenge: scheme_1(key, challenge, name, smaller=smaller))
    assert active_authentication(chip, rsa_key(key), None) == f"RSA-{bits} {name}"
    # A signature longer than a short answer under secure messaging asks for an extended one.
    assert chip.commands[0].le == (256 if bits == 1024 else 65536)


@pytest.mark.parametrize(
    "trailer", ["38CC", "36CC", "35CC", "33CC", "BC", "31CC", "34CB", "00CC", "CC"]
)
def test_a_trailer_that_names_the_wrong_hash(trailer: str) -> None:
    """ISO7816_F_08."""
    key = RSA_KEYS[1024]
    raw = bytes.fromhex(trailer)
    chip = Chip(lambda challenge: scheme_1(key, challenge, "sha256", trailer=raw))
    with pytest.raises(ChipFault, match=r"another message|does not open"):
        active_authentication(chip, rsa_key(key), None)


@pytest.mark.parametrize("head", [b"\x4a", b"\x60", b"\x00", b"\x6b"])
def test_a_message_with_another_head(head: bytes) -> None:
    key = RSA_KEYS[1024]
    chip = Chip(lambda challenge: scheme_1(key, challenge, "sha256", head=head))
    with pytest.raises(ChipFault, match="does not open"):
        active_authentication(chip, rsa_key(key), None)


def test_a_signature_over_another_challenge() -> None:
    key, curve_key = RSA_KEYS[1024], ec.derive_private_key(9, ec.SECP256R1())
    with pytest.raises(ChipFault, match="another message"):
        active_authentication(Chip(lambda _: scheme_1(key, bytes(8), "sha1")), rsa_key(key), None)
    replay = sign_plain(bytes(8), curve_key)
    with pytest.raises(ChipFault, match="does not verify"):
        active_authentication(Chip(lambda _: replay), public_key(spki_of(curve_key)), "sha256")


def test_every_challenge_is_another() -> None:
    key = ec.derive_private_key(9, ec.SECP256R1())
    chip = Chip(lambda challenge: sign_plain(challenge, key))
    for _ in range(20):
        active_authentication(chip, public_key(spki_of(key)), "sha256")
    assert len({command.data for command in chip.commands}) == 20


@pytest.mark.parametrize(
    "signature", [b"", bytes(63), bytes(65), bytes(64), b"\xff" * 64, bytes(40000)]
)
def test_signatures_that_are_none(signature: bytes) -> None:
    key = ec.derive_private_key(9, ec.SECP256R1())
    with pytest.raises(ChipFault, match="signature"):
        active_authentication(Chip(lambda _: signature), public_key(spki_of(key)), "sha256")


@pytest.mark.parametrize(
    "signature", [b"", bytes(128), b"\x00" * 127 + b"\x01", b"\xff" * 128, bytes(129)]
)
def test_rsa_signatures_that_are_none(signature: bytes) -> None:
    with pytest.raises(ChipFault, match="signature"):
        active_authentication(Chip(lambda _: signature), rsa_key(RSA_KEYS[1024]), None)


def test_a_der_signature_is_not_a_plain_one() -> None:
    key = ec.derive_private_key(9, ec.SECP256R1())
    chip = Chip(lambda challenge: key.sign(challenge, ec.ECDSA(hashes.SHA256())))
    with pytest.raises(ChipFault, match="bytes, not 64"):
        active_authentication(chip, public_key(spki_of(key)), "sha256")


@pytest.mark.parametrize("sw", [0x6982, 0x6985, 0x6300, 0x9001, 0x6D00])
def test_a_refusal(sw: int) -> None:
    key = ec.derive_private_key(9, ec.SECP256R1())
    chip = Chip(lambda challenge: sign_plain(challenge, key), sw)
    with pytest.raises(Refused, match=f"{sw:04X}"):
        active_authentication(chip, public_key(spki_of(key)), "sha256")


def test_a_curve_key_needs_an_announced_hash() -> None:
    key = ec.derive_private_key(9, ec.SECP256R1())
    chip = Chip(lambda challenge: sign_plain(challenge, key))
    with pytest.raises(ChipFault, match="announces no hash"):
        active_authentication(chip, public_key(spki_of(key)), None)


def test_a_curve_that_the_library_lacks_is_declared() -> None:
    curve = CURVES[14]
    with pytest.raises(Fault, match="not supported") as fault:
        active_authentication(
            Chip(lambda _: bytes(80)), EcPublicKey(curve, curve.generator), "sha256"
        )
    assert fault.value.outcome is CheckOutcome.UNAVAILABLE


def test_a_curve_that_this_hosts_library_was_built_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Missing(ec.EllipticCurve):
        name = "secp256r1-of-nowhere"
        key_size = 256
        group_order = CURVES[12].n

    monkeypatch.setitem(module.LIBRARY_CURVES, "secp256r1", Missing)
    curve = CURVES[12]
    with pytest.raises(Fault, match="not in this host's library") as fault:
        active_authentication(
            Chip(lambda _: bytes(64)), EcPublicKey(curve, curve.generator), "sha256"
        )
    assert fault.value.outcome is CheckOutcome.UNAVAILABLE
