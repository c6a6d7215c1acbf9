"""Detached signatures: everything that must be refused, then what is taken."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from ektp.errors import (
    ConfigurationError,
    EnvelopeMissing,
    EnvelopeSignatureInvalid,
    FileChanged,
    RecordError,
)
from hsm.envelope import Refusal, VerifiedFile, certificate_fingerprint, verify_detached
from tests.unit.hsm.builders import (
    LINES,
    NOW,
    OPENSSL,
    Approver,
    Recipe,
    approver,
    ec_key,
    openssl,
    rsa_key,
    signature_algorithm,
    signed,
    written,
)

GOOD = approver()


def verified(
    folder: Path, signature: bytes, *trusted: Approver, content: bytes = LINES
) -> VerifiedFile:
    data, beside = written(folder, content, signature)
    return verify_detached(data, beside, [one.der for one in trusted or (GOOD,)], NOW)


def refusal(folder: Path, signature: bytes, *trusted: Approver, content: bytes = LINES) -> str:
    with pytest.raises(EnvelopeSignatureInvalid) as caught:
        verified(folder, signature, *trusted, content=content)
    return str(caught.value.facts["reason"])


# --- refused -------------------------------------------------------------------------------------


def test_no_signature_file(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, b"")
    beside.unlink()
    with pytest.raises(EnvelopeMissing):
        verify_detached(data, beside, [GOOD.der], NOW)


def test_no_content_file(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    data.unlink()
    with pytest.raises(RecordError, match="errno=2"):
        verify_detached(data, beside, [GOOD.der], NOW)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    data.unlink()
    os.mkfifo(data)
    with pytest.raises(RecordError, match="plain file"):
        verify_detached(data, beside, [GOOD.der], NOW)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    data.unlink()
    data.mkdir()
    with pytest.raises(RecordError):
        verify_detached(data, beside, [GOOD.der], NOW)


@pytest.mark.parametrize("pin", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\njunk\n"])
def test_a_pin_that_is_no_certificate(tmp_path: Path, pin: bytes) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    with pytest.raises(ConfigurationError):
        verify_detached(data, beside, [pin], NOW)


def test_a_pin_of_another_kind_of_key(tmp_path: Path) -> None:
    other = approver("ed25519", ed25519.Ed25519PrivateKey.generate())  # type: ignore[arg-type]
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    with pytest.raises(ConfigurationError, match="neither ECDSA nor RSA"):
        verify_detached(data, beside, [other.der], NOW)


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))

    def fail(descriptor: int, count: int) -> bytes:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(RecordError, match="errno=5"):
        verify_detached(data, beside, [GOOD.der], NOW)


def test_nobody_is_pinned(tmp_path: Path) -> None:
    data, beside = written(tmp_path, LINES, signed(LINES, GOOD))
    with pytest.raises(EnvelopeSignatureInvalid, match="signer_not_pinned"):
        verify_detached(data, beside, [], NOW)


def test_another_signer(tmp_path: Path) -> None:
    assert refusal(tmp_path, signed(LINES, approver("stranger"))) == Refusal.SIGNER_NOT_PINNED


@pytest.mark.parametrize("embed", [True, False])
def test_a_signer_of_the_same_name_and_number(tmp_path: Path, embed: bool) -> None:
    twin = approver("approver", ec_key("twin"))
    reason = refusal(tmp_path, signed(LINES, twin, Recipe(embed=embed)))
    assert reason == (Refusal.SIGNER_NOT_PINNED if embed else Refusal.SIGNATURE)


def test_the_pinned_key_under_another_certificate(tmp_path: Path) -> None:
    renewed = approver("approver", serial=4712)
    assert refusal(tmp_path, signed(LINES, renewed)) == Refusal.SIGNER_NOT_PINNED


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(timedelta(days=-9), timedelta(seconds=-1)), (timedelta(seconds=1), timedelta(days=9))],
)
def test_a_signer_out_of_its_time(tmp_path: Path, begins: timedelta, ends: timedelta) -> None:
    late = approver("late", begins=NOW + begins, ends=NOW + ends)
    assert refusal(tmp_path, signed(LINES, late), late) == Refusal.SIGNER_EXPIRED


def test_one_changed_byte_of_the_content(tmp_path: Path) -> None:
    signature = signed(LINES, GOOD)
    for at in range(len(LINES)):
        changed = bytearray(LINES)
        changed[at] ^= 0x20
        assert refusal(tmp_path, signature, content=bytes(changed)) == Refusal.CONTENT


@pytest.mark.parametrize("content", [b"", LINES[:-1], LINES + b"\n", LINES.replace(b"\n", b"\r\n")])
def test_content_that_grew_or_shrank(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, signed(LINES, GOOD), content=content) == Refusal.CONTENT
    without = signed(LINES, GOOD, Recipe(attributes=False))
    assert refusal(tmp_path, without, content=content) == Refusal.SIGNATURE


def test_a_digest_of_something_else_in_the_attributes(tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").digest()
    assert refusal(tmp_path, signed(LINES, GOOD, Recipe(message_digest=other))) == Refusal.CONTENT


def test_a_digest_that_is_put_right_after_signing(tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").digest()
    signature = signed(LINES, GOOD, Recipe(message_digest=other))
    forged = signature.replace(other, hashlib.sha256(LINES).digest())
    assert refusal(tmp_path, forged) == Refusal.SIGNATURE


def test_attributes_of_another_content_type(tmp_path: Path) -> None:
    recipe = Recipe(content_type="signed_data")
    assert refusal(tmp_path, signed(LINES, GOOD, recipe)) == Refusal.ATTRIBUTES


def test_an_attribute_that_occurs_twice(tmp_path: Path) -> None:
    assert refusal(tmp_path, signed(LINES, GOOD, Recipe(twice=True))) == Refusal.ATTRIBUTES


def test_a_digest_with_two_values(tmp_path: Path) -> None:
    digest = hashlib.sha256(LINES).digest()
    two = cms.CMSAttribute({"type": "message_digest", "values": [digest, digest]})
    changed = cms.ContentInfo.load(signed(LINES, GOOD))
    info = changed["content"]["signer_infos"][0]
    info["signed_attrs"] = cms.CMSAttributes([info["signed_attrs"][0], two])
    assert refusal(tmp_path, changed.dump(force=True)) == Refusal.ATTRIBUTES


@pytest.mark.parametrize("dropped", [0, 1])
def test_an_attribute_that_is_missing(tmp_path: Path, dropped: int) -> None:
    changed = cms.ContentInfo.load(signed(LINES, GOOD))
    info = changed["content"]["signer_infos"][0]
    info["signed_attrs"] = cms.CMSAttributes([info["signed_attrs"][1 - dropped]])
    assert refusal(tmp_path, changed.dump(force=True)) == Refusal.ATTRIBUTES


@pytest.mark.parametrize("signers", [0, 2])
def test_other_than_one_signer(tmp_path: Path, signers: int) -> None:
    assert refusal(tmp_path, signed(LINES, GOOD, Recipe(signers=signers))) == Refusal.MALFORMED


def test_a_signature_with_its_content_inside(tmp_path: Path) -> None:
    assert refusal(tmp_path, signed(LINES, GOOD, detached=False)) == Refusal.MALFORMED


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_weak_hash(tmp_path: Path, digest: str) -> None:
    changed = cms.ContentInfo.load(signed(LINES, GOOD))
    changed["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": digest}
    assert refusal(tmp_path, changed.dump(force=True)) == Refusal.ALGORITHM


def test_hashes_that_differ(tmp_path: Path) -> None:
    recipe = Recipe(digest="sha384", signed_digest="sha256")
    assert refusal(tmp_path, signed(LINES, GOOD, recipe)) == Refusal.ALGORITHM


def test_a_hash_that_was_not_announced(tmp_path: Path) -> None:
    assert refusal(tmp_path, signed(LINES, GOOD, Recipe(announce="sha512"))) == Refusal.MALFORMED


def test_a_curve_that_is_not_taken(tmp_path: Path) -> None:
    other = approver("k256", ec_key("k256", "K-256"))
    assert refusal(tmp_path, signed(LINES, other), other) == Refusal.ALGORITHM


def test_rsa_that_is_too_small(tmp_path: Path) -> None:
    small = approver("small", rsa_key("small", 1024))
    assert refusal(tmp_path, signed(LINES, small), small) == Refusal.ALGORITHM


def test_pkcs_1_v_1_5(tmp_path: Path) -> None:
    by = approver("rsa", rsa_key("rsa"))
    named = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
    signature = signed(LINES, by, Recipe(signature_algorithm=named))
    assert refusal(tmp_path, signature, by) == Refusal.ALGORITHM


@pytest.mark.parametrize("by", [GOOD, approver("rsa", rsa_key("rsa"))], ids=["ec key", "rsa key"])
def test_an_algorithm_of_the_other_kind_of_key(tmp_path: Path, by: Approver) -> None:
    other = approver("rsa", rsa_key("rsa")) if by is GOOD else GOOD
    recipe = Recipe(signature_algorithm=signature_algorithm(other, "sha256", 32))
    assert refusal(tmp_path, signed(LINES, by, recipe), by) == Refusal.ALGORITHM


def _pss(**parts: object) -> algos.SignedDigestAlgorithm:
    return algos.SignedDigestAlgorithm(
        {"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(parts)}
    )


SHA256_IDENTIFIER = {"algorithm": "sha256"}
MGF1_SHA256 = {"algorithm": "mgf1", "parameters": SHA256_IDENTIFIER}


@pytest.mark.parametrize(
    "named",
    [
        _pss(salt_length=32),
        _pss(hash_algorithm=SHA256_IDENTIFIER),
        _pss(
            hash_algorithm=SHA256_IDENTIFIER,
            mask_gen_algorithm={"algorithm": "mgf1", "parameters": {"algorithm": "sha512"}},
        ),
        _pss(hash_algorithm=SHA256_IDENTIFIER, mask_gen_algorithm=MGF1_SHA256, salt_length=100_000),
        _pss(hash_algorithm=SHA256_IDENTIFIER, mask_gen_algorithm=MGF1_SHA256, salt_length=-1),
        algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss"}),
    ],
    ids=["defaults", "mgf of sha1", "mixed", "salt", "negative salt", "none"],
)
def test_rsa_pss_with_other_parameters(tmp_path: Path, named: algos.SignedDigestAlgorithm) -> None:
    by = approver("rsa", rsa_key("rsa"))
    signature = signed(LINES, by, Recipe(signature_algorithm=named))
    assert refusal(tmp_path, signature, by) in (Refusal.ALGORITHM, Refusal.MALFORMED)


def test_rsa_pss_with_another_salt_than_announced(tmp_path: Path) -> None:
    by = approver("rsa", rsa_key("rsa"))
    named = signature_algorithm(by, "sha256", 20)
    assert refusal(tmp_path, signed(LINES, by, Recipe(signature_algorithm=named)), by) == (
        Refusal.SIGNATURE
    )


def test_the_errors_name_nobody(tmp_path: Path) -> None:
    with pytest.raises(EnvelopeSignatureInvalid) as caught:
        verified(tmp_path, signed(LINES, approver("SITI CONTOH")))
    assert str(caught.value).startswith("REC-001")
    assert "SITI" not in str(caught.value)
    assert "r-1" not in str(caught.value)


# --- taken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
def test_what_is_taken(tmp_path: Path, digest: str, attributes: bool, kind: str) -> None:
    by = approver(kind, rsa_key("rsa") if kind == "RSA" else ec_key(kind, kind))
    file = verified(tmp_path, signed(LINES, by, Recipe(digest=digest, attributes=attributes)), by)
    assert file.sha256 == hashlib.sha256(LINES).digest()
    assert file.length == len(LINES)
    assert file.signer == hashlib.sha256(by.der).digest() == certificate_fingerprint(by.pem)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(embed=False), Recipe(by_key_id=True), Recipe(by_key_id=True, embed=False)],
    ids=["no certificate", "by key id", "by key id alone"],
)
def test_other_names_of_the_signer(tmp_path: Path, recipe: Recipe) -> None:
    verified(tmp_path, signed(LINES, GOOD, recipe), approver("other"), GOOD)


def test_of_two_certificates_of_one_key_the_valid_one_is_taken(tmp_path: Path) -> None:
    old = approver("old", ec_key("approver"), ends=NOW - timedelta(hours=1), serial=1)
    signature = signed(LINES, GOOD, Recipe(by_key_id=True, embed=False))
    assert verified(tmp_path, signature, old, GOOD).signer == certificate_fingerprint(GOOD.der)


@pytest.mark.parametrize("salt", [0, 20, 64])
def test_any_salt_of_rsa_pss(tmp_path: Path, salt: int) -> None:
    by = approver("rsa", rsa_key("rsa"))
    verified(tmp_path, signed(LINES, by, Recipe(salt=salt)), by)


def test_other_attributes_do_not_matter(tmp_path: Path) -> None:
    time = cms.CMSAttribute({"type": "signing_time", "values": [core.UTCTime(NOW)]})
    verified(tmp_path, signed(LINES, GOOD, Recipe(extra=[time])))


def test_a_pin_in_pem_and_without_key_identifier(tmp_path: Path) -> None:
    bare = approver("bare", ski=False)
    data, beside = written(tmp_path, LINES, signed(LINES, bare))
    assert verify_detached(data, beside, [b"\n" + bare.pem], NOW).length == len(LINES)


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    content = os.urandom(1 << 20)
    data, beside = written(tmp_path, content, signed(content, GOOD))
    told: list[tuple[int, int]] = []
    verify_detached(data, beside, [GOOD.der], NOW, lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (1 << 20, 1 << 20)


@pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")
@pytest.mark.parametrize("options", [[], ["-noattr"], ["-nocerts"], ["-keyid"], ["-md", "sha512"]])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_what_the_openssl_command_signs(tmp_path: Path, options: list[str], kind: str) -> None:
    by = approver(kind, rsa_key("rsa") if kind == "RSA" else ec_key("approver"))
    (tmp_path / "key.pem").write_bytes(by.key_pem)
    (tmp_path / "cert.pem").write_bytes(by.pem)
    (tmp_path / "prr.jsonl").write_bytes(LINES)
    arguments = ["cms", "-sign", "-binary", "-in", "prr.jsonl", "-outform", "DER"]
    arguments += ["-out", "prr.jsonl.p7s", "-signer", "cert.pem", "-inkey", "key.pem"]
    if kind == "RSA":
        arguments += ["-keyopt", "rsa_padding_mode:pss"]
    assert openssl(tmp_path, *arguments, *options).returncode == 0
    file = verify_detached(tmp_path / "prr.jsonl", tmp_path / "prr.jsonl.p7s", [by.pem], NOW)
    assert [line.content for line in file.open_lines()] == LINES.splitlines()


# --- the second pass -----------------------------------------------------------------------------


def big(lines: int = 60_000) -> bytes:
    return b"".join(b'{"line":%d,"pad":"%s"}\n' % (n, b"x" * 40) for n in range(lines))


def test_lines_of_several_blocks(tmp_path: Path) -> None:
    content = big()
    file = verified(tmp_path, signed(content, GOOD), content=content)
    assert len(file.blocks) == -(-len(content) // (1 << 20)) > 2
    lines = list(file.open_lines())
    assert [line.number for line in lines] == list(range(1, 60_001))
    assert b"".join(line.content + b"\n" for line in lines) == content
    assert not any(line.too_long for line in lines)


@pytest.mark.parametrize("at", [0, (1 << 20) - 1, 1 << 20, -1])
def test_a_byte_that_changes_between_the_passes(tmp_path: Path, at: int) -> None:
    content = big()
    file = verified(tmp_path, signed(content, GOOD), content=content)
    changed = bytearray(content)
    changed[at] ^= 1
    (tmp_path / "prr.jsonl").write_bytes(changed)
    seen = []
    with pytest.raises(FileChanged):
        seen.extend(file.open_lines())
    # Only lines of blocks that are as verified were handed on.
    assert all(b'"line":%d,' % (line.number - 1) in line.content for line in seen)
    assert (
        b"".join(line.content + b"\n" for line in seen)
        == content[: sum(len(line.content) + 1 for line in seen)]
    )
    assert len(seen) < 60_000


@pytest.mark.parametrize("change", ["longer", "shorter", "block shorter", "empty", "gone"])
def test_a_length_that_changes_between_the_passes(tmp_path: Path, change: str) -> None:
    content = big(40_000)
    file = verified(tmp_path, signed(content, GOOD), content=content)
    path = tmp_path / "prr.jsonl"
    if change == "gone":
        path.unlink()
    else:
        whole_blocks = (len(file.blocks) - 1) << 20
        path.write_bytes(
            {
                "longer": content + b"\n",
                "shorter": content[:-1],
                "block shorter": content[:whole_blocks],
                "empty": b"",
            }[change]
        )
    with pytest.raises(FileChanged):
        list(file.open_lines())


def test_growth_by_a_whole_block(tmp_path: Path) -> None:
    content = b"x" * ((1 << 20) - 1) + b"\n"
    file = verified(tmp_path, signed(content, GOOD), content=content)
    (tmp_path / "prr.jsonl").write_bytes(content * 2)
    with pytest.raises(FileChanged):
        list(file.open_lines())


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"\n\n", [b"", b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\r\nb", [b"a\r", b"b"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"a\x0bb\x85c\xe2\x80\xa8d\n", [b"a\x0bb\x85c\xe2\x80\xa8d"]),
    ],
)
def test_line_ends(tmp_path: Path, content: bytes, lines: list[bytes]) -> None:
    file = verified(tmp_path, signed(content, GOOD), content=content)
    assert [(line.number, line.content) for line in file.open_lines()] == [
        (number, line) for number, line in enumerate(lines, 1)
    ]


def test_a_line_over_the_limit_is_marked_and_the_next_ones_go_on(tmp_path: Path) -> None:
    content = b"one\n" + b"x" * 11 + b"\n" + b"y" * 10 + b"\nfour\n" + b"z" * (3 << 20)
    file = verified(tmp_path, signed(content, GOOD), content=content)
    lines = list(file.open_lines(max_line_bytes=10))
    assert [(line.number, line.content, line.too_long) for line in lines] == [
        (1, b"one", False),
        (2, b"", True),
        (3, b"y" * 10, False),
        (4, b"four", False),
        (5, b"", True),
    ]


def test_a_line_across_blocks_at_the_limit(tmp_path: Path) -> None:
    content = b"x" * (3 << 20) + b"\n" + b"y" * ((3 << 20) + 1) + b"\nlast"
    file = verified(tmp_path, signed(content, GOOD), content=content)
    lines = list(file.open_lines(max_line_bytes=3 << 20))
    assert [(len(line.content), line.too_long) for line in lines] == [
        (3 << 20, False),
        (0, True),
        (4, False),
    ]


def test_lines_can_be_opened_again_and_left(tmp_path: Path) -> None:
    file = verified(tmp_path, signed(LINES, GOOD))
    first = next(iter(file.open_lines()))
    assert first == next(iter(file.open_lines()))
    assert len(list(file.open_lines())) == 2


def test_content_does_not_show(tmp_path: Path) -> None:
    file = verified(tmp_path, signed(LINES, GOOD))
    shown = repr(file) + "".join(f"{line} {line!r}" for line in file.open_lines())
    assert "credentialRequestId" not in shown
    assert "Line(1, " in shown


def test_the_certificate_of_the_builder_is_self_signed() -> None:
    x509.load_pem_x509_certificate(GOOD.pem).verify_directly_issued_by(GOOD.certificate)
