"""ECDSA verification against Project Wycheproof (C2SP): nothing wrong is accepted.

The files (`testvectors_v1/ecdsa_secp256r1_sha256_test.json` and its P-384 fellow) are third-party
data and are not kept here: name their folder in EKTP_WYCHEPROOF.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ektp.errors import HsmError
from hsm.keys import Curve
from hsm.pki.curves import EcPublicKey, explicit_spki, named_spki, read_spki
from hsm.pki.signatures import digest_for, verifies

FOLDER = os.environ.get("EKTP_WYCHEPROOF", "")


@pytest.mark.skipif(not FOLDER, reason="EKTP_WYCHEPROOF names no folder of Wycheproof's vectors")
@pytest.mark.parametrize(
    ("name", "curve", "cases"),
    [
        ("ecdsa_secp256r1_sha256_test.json", Curve.P256, 484),
        ("ecdsa_secp384r1_sha384_test.json", Curve.P384, 504),
    ],
)
def test_verdicts_agree(name: str, curve: Curve, cases: int) -> None:
    groups = json.loads((Path(FOLDER) / name).read_text())["testGroups"]
    wrong = []
    for group in groups:
        key = EcPublicKey(curve, bytes.fromhex(group["publicKey"]["uncompressed"]))
        assert read_spki(bytes.fromhex(group["publicKeyDer"])) == key
        assert read_spki(explicit_spki(key)) == read_spki(named_spki(key)) == key
        for test in group["tests"]:
            digest = digest_for(curve, bytes.fromhex(test["msg"]))
            good = verifies(key, bytes.fromhex(test["sig"]), digest)
            if good != (test["result"] == "valid"):
                wrong.append(test["tcId"])
    assert wrong == []
    assert sum(len(group["tests"]) for group in groups) == cases


def test_a_point_at_no_place_is_refused_however_it_comes() -> None:
    for curve in Curve:
        nowhere = EcPublicKey(curve, b"\x04" + bytes(2 * curve.coordinate_bytes))
        with pytest.raises(HsmError):
            read_spki(named_spki(nowhere))
        with pytest.raises(HsmError):
            read_spki(explicit_spki(nowhere))
