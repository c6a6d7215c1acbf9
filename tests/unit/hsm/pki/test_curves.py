"""EC public keys by name and by explicit parameters; what is refused of the latter."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from asn1crypto.keys import PublicKeyInfo
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ektp.errors import HsmError
from hsm.keys import Curve
from hsm.pki.curves import DOMAINS, EcPublicKey, explicit_spki, named_spki, read_spki
from hsm.pki.signatures import public_key_of, signature_as_der, verifies
from tests.unit.hsm.pki.helpers import LyingKey, MemoryKey

KEYS = {curve: MemoryKey(curve) for curve in Curve}


def key_of(curve: Curve) -> EcPublicKey:
    return public_key_of(KEYS[curve], label="key")


def explicit_with(curve: Curve, **changes: object) -> bytes:
    info = PublicKeyInfo.load(explicit_spki(key_of(curve)))
    specified = info["algorithm"]["parameters"].chosen
    for field, value in changes.items():
        if field in {"a", "b"}:
            specified["curve"][field] = value
        elif field == "parameters":
            specified["field_id"][field] = value
        else:
            specified[field] = value
    return info.dump(force=True)


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes((raw[-1] ^ 1,))


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize(
    "what", ["a", "b", "base", "order", "order+1", "cofactor", "no cofactor", "prime"]
)
def test_explicit_parameters_off_by_anything_are_refused(curve: Curve, what: str) -> None:
    from asn1crypto.core import Integer  # noqa: PLC0415 - one use

    domain = DOMAINS[curve]
    changes = {
        "a": {"a": flipped(domain.a)},
        "b": {"b": flipped(domain.b)},
        # CVE-2020-0601: the key itself as the generator.
        "base": {"base": key_of(curve).point},
        "order": {"order": domain.order - 2},
        "order+1": {"order": domain.order + 1},
        "cofactor": {"cofactor": 2},
        "no cofactor": {"cofactor": None},
        "prime": {"parameters": Integer(domain.prime - 2)},
    }[what]
    with pytest.raises(HsmError):
        read_spki(explicit_with(curve, **changes))


@pytest.mark.parametrize("curve", list(Curve))
def test_a_point_off_the_curve_or_compressed_is_refused(curve: Curve) -> None:
    point = key_of(curve).point
    for wrong in (flipped(point), b"\x02" + point[1 : 1 + curve.coordinate_bytes], b"\x00", b""):
        with pytest.raises(HsmError):
            read_spki(named_spki(EcPublicKey(curve, wrong)))


def test_a_key_of_another_kind_or_curve_is_refused() -> None:
    others = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.BrainpoolP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
    )
    for other in others:
        spki = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(HsmError):
            read_spki(spki)


@pytest.mark.parametrize("raw", [b"", b"0", b"\x30\x00", b"\x30\x80", b"\x00" * 40, b"0" * 5000])
def test_bytes_that_are_no_key_are_refused(raw: bytes) -> None:
    with pytest.raises(HsmError):
        read_spki(raw)


@pytest.mark.parametrize("curve", list(Curve))
def test_every_cut_of_a_key_is_refused(curve: Curve) -> None:
    for spki in (named_spki(key_of(curve)), explicit_spki(key_of(curve))):
        for length in range(len(spki)):
            with pytest.raises(HsmError):
                read_spki(spki[:length])


def test_a_wrong_signature_or_digest_does_not_verify() -> None:
    digest = bytes(48)
    lying = LyingKey(KEYS[Curve.P384]).sign_digest(b"\x01" * 48)
    key = key_of(Curve.P384)
    assert verifies(key, signature_as_der(lying), digest)
    assert not verifies(key, signature_as_der(lying), b"\x01" * 48)
    assert not verifies(key, signature_as_der(bytes(96)), digest)
    assert not verifies(key, b"", digest)
    assert not verifies(key, signature_as_der(lying), bytes(20))


def test_a_token_key_that_says_another_curve_is_refused() -> None:
    key = MemoryKey(Curve.P256)
    key.curve = Curve.P384
    with pytest.raises(HsmError, match="another curve"):
        public_key_of(key, label="DS-1")


@pytest.mark.parametrize("curve", list(Curve))
def test_both_forms_are_read_back(curve: Curve) -> None:
    key = key_of(curve)
    assert named_spki(key) == KEYS[curve].public_key
    assert read_spki(named_spki(key)) == read_spki(explicit_spki(key)) == key


def test_a_seed_changes_nothing() -> None:
    info = PublicKeyInfo.load(explicit_spki(key_of(Curve.P256)))
    seed = bytes.fromhex("c49d360886e704936a6678e1139d26b7819f7e90")
    info["algorithm"]["parameters"].chosen["curve"]["seed"] = seed
    assert read_spki(info.dump(force=True)) == key_of(Curve.P256)


def test_the_library_refuses_what_it_should_of_explicit_parameters() -> None:
    """Why they are read here: `cryptography` gives up on a certificate's explicit P-384."""
    spki = explicit_spki(key_of(Curve.P384))
    try:
        loaded = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return
    assert loaded == key_of(Curve.P384).for_library


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here")
@pytest.mark.parametrize(("curve", "name"), [(Curve.P256, "prime256v1"), (Curve.P384, "secp384r1")])
def test_the_domain_parameters_are_those_of_openssl(curve: Curve, name: str) -> None:
    from asn1crypto.keys import SpecifiedECDomain  # noqa: PLC0415 - one use

    der = subprocess.run(
        ["openssl", "ecparam", "-name", name, "-param_enc", "explicit", "-outform", "DER"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    stated, ours = SpecifiedECDomain.load(der), DOMAINS[curve]
    assert stated["field_id"]["parameters"].native == ours.prime
    assert stated["curve"]["a"].native == ours.a
    assert stated["curve"]["b"].native == ours.b
    assert stated["base"].native == ours.generator
    assert stated["order"].native == ours.order
    assert stated["cofactor"].native == ours.cofactor
