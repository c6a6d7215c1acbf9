"""A token's CMAC and ECDSA against Project Wycheproof (C2SP), through PKCS#11.

The vectors are third-party data and are not kept here: name their folder in EKTP_WYCHEPROOF.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism

from hsm._cryptoki_templates import CURVE_PARAMETERS
from hsm.keys import Curve, SecretKind
from hsm.pkcs11_keys import Pkcs11Keys
from tests.services.softhsm import SoftHsm

from .pull_outs import PIN

FOLDER = os.environ.get("EKTP_WYCHEPROOF", "")
FILES = {
    Curve.P256: ("ecdsa_secp256r1_sha256_test.json", "sha256"),
    Curve.P384: ("ecdsa_secp384r1_sha384_test.json", "sha384"),
}
AES_BITS = {128, 192, 256}

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="EKTP_WYCHEPROOF names no folder of Wycheproof's vectors"
)


@pytest.fixture
def keys(soft_hsm: SoftHsm) -> Pkcs11Keys:
    soft_hsm.add_token("ektp", PIN)
    return Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)


def groups(name: str) -> list[dict[str, Any]]:
    told: dict[str, Any] = json.loads((Path(FOLDER) / name).read_text())
    found: list[dict[str, Any]] = told["testGroups"]
    return found


def test_cmac(keys: Pkcs11Keys) -> None:
    judged = 0
    for group in groups("aes_cmac_test.json"):
        for case in group["tests"]:
            key = bytes.fromhex(case["key"])
            if group["keySize"] not in AES_BITS:
                with pytest.raises(ValueError, match="AES key"):
                    keys.import_secret("ONE", SecretKind.AES, key)
            else:
                keys.import_secret("ONE", SecretKind.AES, key)
                mac = keys.cmac("ONE", bytes.fromhex(case["msg"]))
                agrees = hmac.compare_digest(mac, bytes.fromhex(case["tag"]))
                assert agrees is (case["result"] == "valid"), case["tcId"]
                keys.destroy("ONE")
            judged += 1
    assert judged == 311


@pytest.mark.parametrize("curve", Curve)
def test_ecdsa(keys: Pkcs11Keys, curve: Curve) -> None:
    name, digest = FILES[curve]
    judged = 0
    for group in groups(name):
        with keys._token.in_use() as session:
            point = bytes.fromhex(group["publicKey"]["uncompressed"])
            public_key = session.create_object(
                {
                    Attribute.CLASS: ObjectClass.PUBLIC_KEY,
                    Attribute.KEY_TYPE: KeyType.EC,
                    Attribute.TOKEN: False,
                    Attribute.VERIFY: True,
                    Attribute.EC_PARAMS: CURVE_PARAMETERS[curve],
                    Attribute.EC_POINT: bytes((0x04, len(point))) + point,
                }
            )
            for case in group["tests"]:
                hashed = hashlib.new(digest, bytes.fromhex(case["msg"])).digest()
                taken = accepts(public_key, hashed, bytes.fromhex(case["sig"]), curve)
                assert taken is (case["result"] == "valid"), case["tcId"]
                judged += 1
            public_key.destroy()
    assert judged == {Curve.P256: 484, Curve.P384: 504}[curve]


def accepts(public_key: Any, hashed: bytes, signature: bytes, curve: Curve) -> bool:
    """What is not r and s in strict DER never reaches a token: it takes r ‖ s."""
    length = curve.coordinate_bytes
    try:
        r, s = decode_dss_signature(signature)
        if encode_dss_signature(r, s) != signature:
            return False
        r_s = r.to_bytes(length, "big") + s.to_bytes(length, "big")
        return bool(public_key.verify(hashed, r_s, mechanism=Mechanism.ECDSA))
    except (ValueError, OverflowError, PKCS11Error):
        return False
