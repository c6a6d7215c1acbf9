"""The development token: unhappy ways to open it first."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ektp.errors import HsmError, KeyNotFound, SealBroken, TokenNotFound
from hsm._soft_keys import KeyBook, SoftEcKey, SoftEnvelopeKey
from hsm.keys import KeyLabel
from hsm.soft_token import SoftToken
from tests.unit.hsm.builders import NOW, FixedClock, ec_key, rsa_key

PIN = "pin-of-tests-8431"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "token"


@pytest.fixture
def token(folder: Path) -> SoftToken:
    return SoftToken.create(folder, PIN, FixedClock())


def test_no_token_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(TokenNotFound):
        SoftToken.open(tmp_path, PIN, FixedClock())


@pytest.mark.parametrize("pin", ["", "pin-of-tests-8432", PIN + " "])
def test_a_wrong_pin_does_not_open(token: SoftToken, folder: Path, pin: str) -> None:
    with pytest.raises(TokenNotFound) as caught:
        SoftToken.open(folder, pin, FixedClock())
    assert PIN not in str(caught.value)


def test_every_altered_byte_of_the_key_file_is_found(token: SoftToken, folder: Path) -> None:
    path = folder / "keys"
    good = path.read_bytes()
    # All of the head, the nonce and the tag, and a byte of the rest here and there.
    places = [*range(0, 39, 3), *range(39, len(good), 397), len(good) - 1]
    for at in places:
        bad = bytearray(good)
        bad[at] ^= 0x01
        path.write_bytes(bad)
        with pytest.raises(TokenNotFound):
            SoftToken.open(folder, PIN, FixedClock())
    path.write_bytes(good)
    SoftToken.open(folder, PIN, FixedClock())


@pytest.mark.parametrize("length", [0, 7, 8, 30, 54])
def test_a_cut_key_file_is_no_token(token: SoftToken, folder: Path, length: int) -> None:
    path = folder / "keys"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(TokenNotFound):
        SoftToken.open(folder, PIN, FixedClock())


@pytest.mark.parametrize(
    "cost", [b"\x00\x08\x01", b"\x1f\x08\x01", b"\x0d\xff\x01", b"\x0d\x08\xff"]
)
def test_an_absurd_cost_is_refused_at_once(token: SoftToken, folder: Path, cost: bytes) -> None:
    path = folder / "keys"
    raw = path.read_bytes()
    path.write_bytes(raw[:8] + cost + raw[11:])
    began = time.perf_counter()
    with pytest.raises(TokenNotFound, match="absurd"):
        SoftToken.open(folder, PIN, FixedClock())
    assert time.perf_counter() - began < 0.5


def test_a_token_is_never_overwritten(token: SoftToken, folder: Path) -> None:
    before = (folder / "keys").read_bytes()
    with pytest.raises(HsmError, match="token already"):
        SoftToken.create(folder, PIN, FixedClock())
    assert (folder / "keys").read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HsmError):
        SoftToken.create(tmp_path / "file" / "token", PIN, FixedClock())


@pytest.mark.parametrize("change", [0, 1, 2, 13, 14, -1])
def test_an_altered_wrapped_key_does_not_open(token: SoftToken, change: int) -> None:
    wrapped = bytearray(token.wrap_data_key(os.urandom(32)))
    wrapped[change] ^= 1
    with pytest.raises(SealBroken):
        token.unwrap_data_key(bytes(wrapped))


@pytest.mark.parametrize("length", [0, 1, 2, 14, 29, 61])
def test_a_cut_wrapped_key_does_not_open(token: SoftToken, length: int) -> None:
    with pytest.raises(SealBroken):
        token.unwrap_data_key(token.wrap_data_key(bytes(32))[:length])


def test_a_key_wrapped_by_another_token_does_not_open(token: SoftToken, tmp_path: Path) -> None:
    other = SoftToken.create(tmp_path / "other", PIN, FixedClock())
    with pytest.raises(SealBroken):
        token.unwrap_data_key(other.wrap_data_key(bytes(32)))


@pytest.mark.parametrize("length", [0, 15, 33])
def test_only_data_keys_are_wrapped(token: SoftToken, length: int) -> None:
    with pytest.raises(ValueError, match="data key"):
        token.wrap_data_key(bytes(length))


def test_keys_of_another_kind_are_not_taken() -> None:
    pkcs8 = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyNotFound):
        SoftEcKey(rsa_key("other").private_bytes(*pkcs8))
    with pytest.raises(KeyNotFound):
        SoftEnvelopeKey(ec_key("any").private_bytes(*pkcs8), b"")


def test_a_key_that_was_not_closed_to_us_does_not_open(token: SoftToken) -> None:
    with pytest.raises(SealBroken):
        token.envelope_key.decrypt_oaep(bytes(384), digest="sha256", mask_digest="sha256")


def test_a_book_without_a_key_says_which() -> None:
    book = KeyBook(created_at=NOW, keys={}, certificates={})
    with pytest.raises(KeyNotFound, match="KEK-1"):
        book.key(KeyLabel.KEK)
    with pytest.raises(KeyNotFound, match="SITE-1"):
        book.certificate(KeyLabel.SITE)


def test_a_folder_that_cannot_be_written_makes_no_envelope_key(
    token: SoftToken, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> Path:
        raise OSError(28, "no space")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(HsmError, match="errno=28"):
        token.envelope_certificate()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


# --- what it does ------------------------------------------------------------------------------


def test_open_gives_the_same_keys_again(token: SoftToken, folder: Path) -> None:
    again = SoftToken.open(folder, PIN, FixedClock())
    wrapped = token.wrap_data_key(b"k" * 32)
    assert again.unwrap_data_key(wrapped) == b"k" * 32
    assert again.blind_index(b"1671015501900000") == token.blind_index(b"1671015501900000")
    assert again.document_signer.key_id() == token.document_signer.key_id()
    assert again.site_certificate() == token.site_certificate()
    assert again.kind == "soft"


def test_two_tokens_share_nothing(token: SoftToken, tmp_path: Path) -> None:
    other = SoftToken.create(tmp_path / "other", PIN, FixedClock())
    assert other.blind_index(b"v") != token.blind_index(b"v")
    assert other.document_signer.key_id() != token.document_signer.key_id()
    assert other.issue_simulated_sam() != token.issue_simulated_sam()


def test_files_are_the_owners_alone(token: SoftToken, folder: Path) -> None:
    token.document_signer.sign(b"m")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_opening_takes_little_time(token: SoftToken, folder: Path) -> None:
    def opening() -> float:
        began = time.process_time()
        SoftToken.open(folder, PIN, FixedClock())
        return time.process_time() - began

    assert min(opening() for _ in range(5)) < 0.060


def test_opening_writes_nothing(token: SoftToken, folder: Path) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    opened = SoftToken.open(folder, PIN, FixedClock())
    opened.unwrap_data_key(opened.wrap_data_key(bytes(32)))
    opened.sign_as_site(b"{}\n")
    opened.close()
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())


def test_a_core_dump_is_forbidden(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    SoftToken.create(folder, PIN, FixedClock())
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_wrapping_twice_shows_no_likeness(token: SoftToken) -> None:
    first, second = (token.wrap_data_key(bytes(32)) for _ in range(2))
    assert first != second
    assert len(first) == 2 + 12 + 32 + 16


def test_certificates_chain_and_say_that_they_are_for_development(token: SoftToken) -> None:
    csca = x509.load_der_x509_certificate(token.csca_certificate())
    signer = x509.load_der_x509_certificate(token.document_signer_certificate())
    site = x509.load_der_x509_certificate(token.site_certificate())
    csca.verify_directly_issued_by(csca)
    signer.verify_directly_issued_by(csca)
    site.verify_directly_issued_by(site)
    for certificate in (csca, signer, site):
        assert "EKTP DEVELOPMENT" in certificate.subject.rfc4514_string()
        assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    key_usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    assert key_usage.digital_signature
    assert not key_usage.key_cert_sign


def test_trusted_signer_is_the_one_who_signs(token: SoftToken) -> None:
    (trusted,) = token.trusted_signers()
    certificate = x509.load_der_x509_certificate(token.document_signer_certificate())
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert trusted.public_key == spki
    assert trusted.key_id == hashlib.sha256(spki).digest()[:8] == token.document_signer.key_id()
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def test_envelope_key_is_made_once_whoever_asks(token: SoftToken, folder: Path) -> None:
    assert "ENVELOPE-1" not in [key.label for key in token.inventory()]
    others = [SoftToken.open(folder, PIN, FixedClock()) for _ in range(2)]
    with ThreadPoolExecutor(3) as pool:
        certificates = set(pool.map(SoftToken.envelope_certificate, [token, *others]))
    assert len(certificates) == 1
    reopened = SoftToken.open(folder, PIN, FixedClock())
    assert reopened.envelope_certificate() in certificates
    assert "ENVELOPE-1" in [key.label for key in reopened.inventory()]
    public_key = x509.load_der_x509_certificate(certificates.pop()).public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == 3072


def test_inventory_is_complete_and_counts_down(token: SoftToken) -> None:
    lines = {line.label: line for line in token.inventory()}
    assert list(lines) == [label.value for label in KeyLabel if label is not KeyLabel.ENVELOPE]
    assert lines["DS-1"].left == 100_000
    assert lines["KEK-1"].left is None
    token.document_signer.sign(b"m")
    assert {line.label: line.left for line in token.inventory()}["DS-1"] == 99_999


def test_the_issue_of_a_simulated_sam(token: SoftToken) -> None:
    issue = token.issue_simulated_sam()
    assert (len(issue.read_master_key), len(issue.open_secret)) == (32, 32)
    assert issue.read_master_version == 1
    assert issue.signers == token.trusted_signers()


def test_nothing_secret_shows(token: SoftToken, folder: Path) -> None:
    book = token._book
    secrets = list(book.keys.values())
    shown = repr(token) + repr(token.document_signer) + repr(token.issue_simulated_sam())
    shown += repr(book) + repr(token._seal) + repr(vars(token))
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
        assert secret[:32] not in (folder / "keys").read_bytes()
    assert PIN not in shown
    assert not any(PIN in repr(value) for value in vars(token).values())


WORKER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from hsm.soft_token import SoftToken

class Clock:
    def now(self):
        return datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

pin, wrapped = sys.stdin.read().split()
with SoftToken.open(Path(sys.argv[1]), pin, Clock()) as token:
    print(token.unwrap_data_key(bytes.fromhex(wrapped)).hex())
    print(token.document_signer.sign(b"m").key_id.hex())
"""


def test_many_processes_use_it_at_once(token: SoftToken, folder: Path) -> None:
    told = f"{PIN} {token.wrap_data_key(b'd' * 32).hex()}".encode()
    command = [sys.executable, "-c", WORKER, str(folder)]
    workers = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE) for _ in range(3)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(told)
        worker.stdin.close()
    answers = set()
    for worker in workers:
        assert worker.stdout is not None
        answers.add(worker.stdout.read())
        worker.stdout.close()
        assert worker.wait(60) == 0
    key_id = token.document_signer.key_id().hex()
    assert answers == {f"{(b'd' * 32).hex()}\n{key_id}\n".encode()}
    # Each signed once; what a worker could not give back counts as made.
    left = {line.label: line.left for line in token.inventory()}["DS-1"]
    assert left is not None
    assert 100_000 - 3 * 16 <= left <= 100_000 - 3


def test_certificate_begins_before_the_first_signature(folder: Path) -> None:
    clock = FixedClock(NOW + timedelta(microseconds=999_999))
    with SoftToken.create(folder, PIN, clock) as token:
        certificate = x509.load_der_x509_certificate(token.document_signer_certificate())
        assert certificate.not_valid_before_utc < clock.moment
        token.document_signer.sign(b"m")
