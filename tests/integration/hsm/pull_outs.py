"""Pulling a token out and putting it back, many times: what was signed, and how fast it healed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ektp.errors import TokenNotFound
from hsm.key_proofs import prove_keys
from hsm.key_records import RecordedKeys
from hsm.keys import Curve, EcSigningKey, SecretKind
from hsm.pkcs11_keys import Pkcs11Keys
from tests.services.softhsm import SoftHsm

PIN = "4711-0815"


@dataclass
class PullOuts:
    """What `pull_out_and_back` saw."""

    signed: int = 0
    refused: int = 0
    longest_s: float = 0.0


def recorded(hsm: SoftHsm, folder: Path) -> RecordedKeys:
    """A token with a signing key, an AES key and an HMAC key, each recorded."""
    serial = hsm.add_token("ektp", PIN)
    keys = RecordedKeys(Pkcs11Keys.open(hsm.module, "ektp", PIN, serial=serial), folder)
    keys.make_ec_key("DS-1", Curve.P256)
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    keys.make_secret("INDEX-1", SecretKind.HMAC, 32)
    return keys


def pull_out_and_back(hsm: SoftHsm, keys: RecordedKeys, times: int) -> PullOuts:
    """So many times: sign, pull out, be refused by every use, put back, heal, prove.

    `AssertionError` for a signature that does not verify, and for a use that is not refused.
    """
    seen = PullOuts()
    public_key = keys.ec_key("DS-1").public_key
    signer = keys.ec_key("DS-1")
    for _ in range(times):
        assert verifies(public_key, signer)
        seen.signed += 1
        hsm.pull_out()
        for use in (
            lambda: signer.sign_digest(bytes(32)),
            lambda: keys.ec_key("DS-1"),
            lambda: keys.cmac("KEK-1", b""),
            lambda: keys.unseal("KEK-1", bytes(12), bytes(32), b""),
            lambda: keys.hmac_sha256("INDEX-1", b""),
            keys.labels,
            keys.reopen,
        ):
            try:
                use()
            except TokenNotFound:
                seen.refused += 1
            else:
                msg = "a key was used without its token"
                raise AssertionError(msg)
        hsm.put_back()
        begin = time.monotonic()
        keys.reopen()
        prove_keys(keys, keys.records.all())
        assert verifies(public_key, signer)
        seen.longest_s = max(seen.longest_s, time.monotonic() - begin)
        seen.signed += 1
    return seen


def verifies(public_key: bytes, key: EcSigningKey, digest: bytes | None = None) -> bool:
    """Whether a signature by the key is one of the public key. `InvalidSignature` where not."""
    half = key.curve.coordinate_bytes
    digest = os.urandom(half) if digest is None else digest
    r_s = key.sign_digest(digest)
    assert len(r_s) == 2 * half
    loaded = load_der_public_key(public_key)
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(r_s[:half], "big"), int.from_bytes(r_s[half:], "big")
    algorithm = hashes.SHA256() if key.curve is Curve.P256 else hashes.SHA384()
    loaded.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(algorithm)))
    return True
