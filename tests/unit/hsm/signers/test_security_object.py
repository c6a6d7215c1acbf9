"""EF.SOD: what must not pass, then what OpenSSL and our own reader say of it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto.cms import ContentInfo

from ektp.errors import HsmError
from hsm._asn1 import SEQUENCE, parse
from hsm.keys import Curve
from hsm.signers.security_object import (
    LDS_SECURITY_OBJECT,
    check_security_object,
    make_security_object,
)
from tests.unit.hsm.pki.helpers import NOW, LyingKey, MemoryKey
from tests.unit.hsm.signers.helpers import FILES, House, founded

OPENSSL = shutil.which("openssl") or ""
with_openssl = pytest.mark.skipif(not OPENSSL, reason="no openssl command here")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> House:
    return founded(tmp_path_factory.mktemp("registry"))


def sod_of(made: House) -> tuple[bytes, bytes]:
    """EF.SOD and the certificate inside."""
    return made.security_objects.sign(FILES).content, made.registry.certificate("LDS-1")


def cms_of(sod: bytes) -> bytes:
    return parse(sod).content


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [OPENSSL, *arguments], cwd=folder, capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_every_flipped_bit_is_caught(made: House, step: int) -> None:
    sod, certificate = sod_of(made)
    passed = []
    for position in range(0, 8 * len(sod), step):
        altered = bytearray(sod)
        altered[position // 8] ^= 1 << position % 8
        try:
            check_security_object(bytes(altered), FILES, certificate=certificate)
        except HsmError:
            continue
        passed.append(position)
    # The signing time is signed, and everything else is compared or signed.
    assert passed == []


def test_every_cut_is_caught(made: House) -> None:
    sod, certificate = sod_of(made)
    for length in range(0, len(sod), 11):
        with pytest.raises(HsmError):
            check_security_object(sod[:length], FILES, certificate=certificate)
    with pytest.raises(HsmError):
        check_security_object(sod + b"\x00", FILES, certificate=certificate)


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, 2: FILES[2] + b"\x00"},
        {**FILES, 11: b"more"},
        {number: content for number, content in FILES.items() if number != 13},
        {1: FILES[2], 2: FILES[1], 7: FILES[7], 13: FILES[13]},
    ],
    ids=["longer", "more", "fewer", "swapped"],
)
def test_other_files_are_caught(made: House, files: dict[int, bytes]) -> None:
    sod, certificate = sod_of(made)
    with pytest.raises(HsmError, match="digest"):
        check_security_object(sod, files, certificate=certificate)


def test_another_signer_is_caught(made: House, tmp_path: Path) -> None:
    sod, _ = sod_of(made)
    other = founded(tmp_path)
    with pytest.raises(HsmError, match="certificate"):
        check_security_object(sod, FILES, certificate=other.registry.certificate("LDS-1"))


def test_a_key_that_is_not_the_certificate_s_is_caught(made: House) -> None:
    certificate = made.registry.certificate("LDS-1")
    sod = make_security_object(
        FILES, MemoryKey(Curve.P384), certificate=certificate, label="LDS-1", now=NOW
    )
    with pytest.raises(HsmError, match="signature"):
        check_security_object(sod, FILES, certificate=certificate)
    with pytest.raises(HsmError, match="does not verify"):
        make_security_object(
            FILES,
            LyingKey(MemoryKey(Curve.P384)),
            certificate=certificate,
            label="LDS-1",
            now=NOW,
        )


@pytest.mark.parametrize("files", [{}, {1: b"one"}, {0: b"", 1: b""}, {1: b"", 17: b""}], ids=str)
def test_what_is_no_set_of_data_groups_is_a_programmer_s_mistake(
    made: House, files: dict[int, bytes]
) -> None:
    with pytest.raises(ValueError, match="data groups"):
        made.security_objects.sign(files)


def test_it_has_the_form_of_the_standard(made: House) -> None:
    sod, certificate = sod_of(made)
    assert sod[0] == 0x77
    assert len(sod) < 4_096
    signed = ContentInfo.load(cms_of(sod), strict=True)["content"]
    assert signed["version"].native == "v3"
    assert signed["encap_content_info"]["content_type"].dotted == LDS_SECURITY_OBJECT
    assert [one.dump() for one in signed["certificates"]] == [certificate]
    (signer,) = signed["signer_infos"]
    assert signer["version"].native == "v1"
    assert signer["sid"].name == "issuer_and_serial_number"
    assert signer["signature_algorithm"]["algorithm"].native == "sha384_ecdsa"
    kinds = [attribute["type"].native for attribute in signer["signed_attrs"]]
    assert sorted(kinds) == ["content_type", "message_digest", "signing_time"]
    times = [
        one["values"][0].native for one in signer["signed_attrs"] if "time" in one["type"].native
    ]
    assert times == [NOW]


def test_its_content_is_the_lds_security_object(made: House) -> None:
    sod, _ = sod_of(made)
    signed = ContentInfo.load(cms_of(sod), strict=True)["content"]
    content = signed["encap_content_info"]["content"].contents
    version, _, digests = parse(content).parts(SEQUENCE, 3)
    assert version.integer() == 0
    stated = {}
    for entry in digests.children():
        number, digest = entry.parts(SEQUENCE, 2)
        stated[number.integer()] = digest.octets()
    assert list(stated) == sorted(FILES)
    assert stated == {n: hashlib.sha384(file).digest() for n, file in FILES.items()}


# --- OpenSSL ---------------------------------------------------------------------------------


@with_openssl
def test_openssl_accepts_signature_and_digests(made: House, tmp_path: Path) -> None:
    """With explicit EC parameters OpenSSL 3 builds no chain; the rest it verifies."""
    sod, _ = sod_of(made)
    (tmp_path / "sod.cms").write_bytes(cms_of(sod))
    arguments = ("cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-noverify", "-binary")
    done = openssl(tmp_path, *arguments, "-out", "content")
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "content").read_bytes()
    assert all(hashlib.sha384(file).digest() in content for file in FILES.values())
    broken = bytearray(cms_of(sod))
    broken[-1] ^= 1
    (tmp_path / "sod.cms").write_bytes(bytes(broken))
    assert openssl(tmp_path, *arguments).returncode != 0


@with_openssl
def test_openssl_accepts_the_signer_s_certificate_under_the_csca_s_key(
    made: House, tmp_path: Path
) -> None:
    """The step that it refuses to take by itself, over explicit parameters."""
    certificate = parse(made.registry.certificate("LDS-1"))
    to_sign, _, bits = certificate.children()
    (tmp_path / "tbs").write_bytes(to_sign.raw)
    (tmp_path / "signature").write_bytes(bits.content[1:])
    (tmp_path / "csca.der").write_bytes(made.authority.certificate())
    arguments = ("x509", "-inform", "DER", "-in", "csca.der", "-noout", "-pubkey")
    key = openssl(tmp_path, *arguments)
    (tmp_path / "key.pem").write_bytes(key.stdout)
    arguments = ("dgst", "-sha384", "-verify", "key.pem", "-signature", "signature", "tbs")
    assert openssl(tmp_path, *arguments).returncode == 0
    (tmp_path / "tbs").write_bytes(to_sign.raw + b"\x00")
    assert openssl(tmp_path, *arguments).returncode != 0


@with_openssl
@pytest.mark.parametrize("explicit", [True, False], ids=["explicit", "named"])
def test_openssl_proves_the_chain_where_curves_go_by_name(
    tmp_path: Path, *, explicit: bool
) -> None:
    """Against the exported CSCA, links and CRL; with explicit parameters: its error 94."""
    from hsm.signers.trust import export_trust  # noqa: PLC0415 - one use

    made = founded(tmp_path / "registry", explicit=explicit)
    export_trust(made.registry, tmp_path)
    sod, _ = sod_of(made)
    (tmp_path / "sod.cms").write_bytes(cms_of(sod))
    at = str(int(NOW.timestamp()))
    arguments = ("cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-binary", "-CAfile")
    arguments += ("csca.pem", "-purpose", "any", "-attime", at, "-out", "content")
    done = openssl(tmp_path, *arguments)
    if explicit and done.returncode != 0:
        assert b"explicit ECC parameters" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert hashlib.sha384(FILES[1]).digest() in (tmp_path / "content").read_bytes()


@with_openssl
def test_openssl_reads_certificates_and_list(made: House, tmp_path: Path) -> None:
    (tmp_path / "csca.der").write_bytes(made.authority.certificate())
    (tmp_path / "csca.crl").write_bytes(made.authority.fresh_list())
    shown = openssl(tmp_path, "x509", "-inform", "DER", "-in", "csca.der", "-noout", "-text")
    assert b"pathlen:0" in shown.stdout
    assert b"Certificate Sign, CRL Sign" in shown.stdout
    shown = openssl(tmp_path, "crl", "-inform", "DER", "-in", "csca.crl", "-noout", "-text")
    assert b"CRL Number" in shown.stdout
    assert b"No Revoked Certificates" in shown.stdout
