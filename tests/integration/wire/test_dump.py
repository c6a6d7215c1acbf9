"""What `ektp chip dump` writes satisfies strangers: openssl, and hashes taken again."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import core

from benchmarks.campaigns.wire import Told
from tests.integration.wire.finished import Finished

pytestmark = pytest.mark.exclusive

KTP_EL_FILES = {f"EF_6FF{number}.bin" for number in range(7)}
GROUPS = (1, 2, 7, 11, 12, 13, 14, 15)
LDS_FILES = {"EF_CardAccess.bin", "EF_COM.bin", "EF_SOD.bin", *(f"DG{n}.bin" for n in GROUPS)}


class _GroupHash(core.Sequence):  # type: ignore[misc]
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012 - as it wants it


class _GroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _GroupHash


class _LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - as it wants it
        ("version", core.Integer),
        ("algorithm", core.Any),
        ("hashes", _GroupHashes),
    ]


@pytest.mark.parametrize("door", ["job", "mrz", "can"])
def test_a_dumped_chip_satisfies_openssl(
    finished: Callable[[str], Finished], tmp_path: Path, door: str
) -> None:
    done = finished("icao-lds1")
    job = done.job
    printed = done.home.ektp("chip", "access", job).document
    given = {"job": job, "mrz": ",".join(printed["mrz"]), "can": printed["can"]}
    with done.home.offering("chip", "--job", job):
        told = _dump(done, tmp_path / "files", f"--{door}", given[door])
    assert told.code == 0, told.err
    files = {Path(name).name: Path(name).read_bytes() for name in told.document["files"]}
    assert files.keys() >= LDS_FILES
    signed = _verified_by_openssl(done, files["EF_SOD.bin"], tmp_path)
    hashes = _LdsSecurityObject.load(signed)["hashes"].native
    assert {entry["number"]: entry["value"] for entry in hashes} == {
        number: hashlib.sha384(files[f"DG{number}.bin"]).digest() for number in GROUPS
    }


def _dump(done: Finished, out: Path, *arguments: str) -> Told:
    return done.home.ektp("chip", "dump", "--reader", done.reader, "--out", str(out), *arguments)


def _verified_by_openssl(done: Finished, security_object: bytes, folder: Path) -> bytes:
    """The signed content, once openssl has followed the signature to the exported CSCA."""
    trust = folder / "trust"
    assert done.home.ektp("keys", "export-trust", "--out", str(trust)).code == 0
    cms, csca, content = folder / "sod.der", folder / "csca.pem", folder / "signed.der"
    assert security_object[0] == 0x77
    cms.write_bytes(core.load(security_object, strict=True).contents)
    _openssl("x509", "-inform", "DER", "-in", trust / "csca.der", "-out", csca)
    _openssl("cms", "-verify", "-inform", "DER", "-in", cms, "-CAfile", csca, "-out", content)
    return content.read_bytes()


def _openssl(*arguments: object) -> None:
    done = subprocess.run(
        ["openssl", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("door", "wrong"),
    [("mrz", ",".join(("I<IDN" + "0" * 25, "0" * 30, "<" * 30))), ("can", "")],
    ids=["mrz", "can"],
)
def test_a_chip_stays_shut_to_wrong_words(
    finished: Callable[[str], Finished], tmp_path: Path, door: str, wrong: str
) -> None:
    done = finished("icao-lds1")
    job = done.job
    right = done.home.ektp("chip", "access", job).document["can"]
    wrong = wrong or f"{(int(right) + 1) % 1_000_000:06d}"
    with done.home.offering("chip", "--job", job):
        told = _dump(done, tmp_path, f"--{door}", wrong)
    assert told.code == 3
    failed = {one["name"]: one["evidence"] for one in told.document["not_read"]}
    assert "6300" in failed[f"access.pace_{door}"]
    # Only what lies open to everybody was written.
    assert not LDS_FILES - {"EF_CardAccess.bin"} & {path.name for path in tmp_path.iterdir()}


def test_a_sam_in_a_reader_opens_every_file(
    finished: Callable[[str], Finished], tmp_path: Path
) -> None:
    done = finished("ktp-el")
    with done.home.offering("chip", "--job", done.job):
        with done.home.offering("sam", reader=1):
            told = _dump(done, tmp_path / "sam", "--sam", done.slot)
        bare = _dump(done, tmp_path / "bare")
    assert told.code == bare.code == 0
    assert told.document["not_read"] == []
    assert {path.name for path in (tmp_path / "sam").iterdir()} == KTP_EL_FILES
    photo = (tmp_path / "sam" / "EF_6FF2.bin").read_bytes()
    assert photo[2:5] == b"\xff\xd8\xff"
