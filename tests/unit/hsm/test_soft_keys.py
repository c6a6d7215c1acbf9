"""The development token's file: wrong PINs, damage, neighbours, and what it never shows."""

from __future__ import annotations

import json
import os
import resource
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden, TokenNotFound
from hsm._guard import forbid_core_dumps
from hsm._sealed_file import Seal
from hsm._soft_book import KeyBook, SoftKey
from hsm._soft_crypto import SoftEcKey, SoftRsaKey, new_ec_key
from hsm.keys import Curve, SecretKind
from hsm.soft_keys import SoftKeys
from tests.unit.hsm.builders import ec_key, rsa_key

PIN = "493817"
PKCS8 = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "token"


@pytest.fixture
def keys(folder: Path) -> SoftKeys:
    made = SoftKeys.create(folder, PIN)
    made.make_secret("KEK-1", SecretKind.AES, 32)
    return made


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", ["", "49381", "493818", "493817 "])
def test_a_wrong_pin_opens_nothing(keys: SoftKeys, folder: Path, pin: str) -> None:
    with pytest.raises(TokenNotFound, match="PIN"):
        SoftKeys.open(folder, pin)


def test_where_no_token_is(tmp_path: Path) -> None:
    with pytest.raises(TokenNotFound):
        SoftKeys.open(tmp_path, PIN)


@pytest.mark.parametrize("at", [0, 9, 12, 30, 45, -1])
def test_an_altered_file_opens_nothing(keys: SoftKeys, folder: Path, at: int) -> None:
    raw = bytearray((folder / "keys").read_bytes())
    raw[at] ^= 1
    (folder / "keys").write_bytes(bytes(raw))
    with pytest.raises(TokenNotFound):
        SoftKeys.open(folder, PIN)


@pytest.mark.parametrize("length", [0, 8, 27, 54])
def test_a_cut_file_is_no_token(keys: SoftKeys, folder: Path, length: int) -> None:
    path = folder / "keys"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(TokenNotFound):
        SoftKeys.open(folder, PIN)


@pytest.mark.parametrize(
    "cost", [b"\x00\x08\x01", b"\x1f\x08\x01", b"\x0d\xff\x01", b"\x0d\x08\xff"]
)
def test_an_absurd_cost_is_refused_at_once(keys: SoftKeys, folder: Path, cost: bytes) -> None:
    path = folder / "keys"
    raw = path.read_bytes()
    path.write_bytes(raw[:8] + cost + raw[11:])
    began = time.perf_counter()
    with pytest.raises(TokenNotFound, match="absurd"):
        SoftKeys.open(folder, PIN)
    assert time.perf_counter() - began < 0.5


def test_a_book_of_another_form(folder: Path) -> None:
    SoftKeys.create(folder, PIN)
    seal, _ = Seal.open(folder / "keys", PIN)
    seal.write(folder / "keys", json.dumps({"created_at": 1, "keys": {}}).encode())
    with pytest.raises(TokenNotFound, match="older form"):
        SoftKeys.open(folder, PIN)


def test_a_token_is_never_overwritten(keys: SoftKeys, folder: Path) -> None:
    before = (folder / "keys").read_bytes()
    with pytest.raises(HsmError, match="token already"):
        SoftKeys.create(folder, PIN)
    assert (folder / "keys").read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HsmError):
        SoftKeys.create(tmp_path / "file" / "token", PIN)


def test_a_full_disk_makes_no_key(
    keys: SoftKeys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> Path:
        raise OSError(28, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(HsmError, match="errno=28"):
            keys.make_secret("NEW", SecretKind.AES, 16)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    assert tuple(keys.labels()) == ("KEK-1",)


@pytest.mark.parametrize(
    ("kind", "length"), [(SecretKind.AES, 20), (SecretKind.AES, 0), (SecretKind.HMAC, 15)]
)
def test_lengths_that_no_key_has(keys: SoftKeys, kind: SecretKind, length: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        keys.make_secret("NEW", kind, length)
    with pytest.raises(ValueError, match="bytes"):
        keys.import_secret("NEW", kind, bytes(length))


def test_private_keys_of_another_kind_are_not_taken() -> None:
    with pytest.raises(KeyUsageForbidden):
        SoftEcKey(rsa_key("other").private_bytes(*PKCS8))
    with pytest.raises(KeyUsageForbidden):
        SoftEcKey(ec_key("k", "K-256").private_bytes(*PKCS8))
    with pytest.raises(KeyUsageForbidden):
        SoftRsaKey(ec_key("any").private_bytes(*PKCS8))


def test_another_file_in_its_place_is_another_token(
    keys: SoftKeys, folder: Path, tmp_path: Path
) -> None:
    other = SoftKeys.create(tmp_path / "other", PIN)
    other.make_secret("KEK-1", SecretKind.AES, 32)
    os.replace(tmp_path / "other" / "keys", folder / "keys")  # noqa: PTH105 - as a thief does
    for _ in range(2):
        with pytest.raises(TokenNotFound):
            keys.cmac("KEK-1", b"")
    with pytest.raises(TokenNotFound):
        keys.reopen()


def test_a_key_that_turns_into_another_is_not_used(keys: SoftKeys, folder: Path) -> None:
    keys.cmac("KEK-1", b"")
    seal, _ = Seal.open(folder / "keys", PIN)
    seal.write(folder / "keys", bytes(KeyBook({"KEK-1": SoftKey(kind="AES", value=bytes(32))})))
    with pytest.raises(TokenNotFound, match="another token"):
        keys.cmac("KEK-1", b"")


# --- done ----------------------------------------------------------------------------------------


def test_opening_gives_the_same_keys_again(keys: SoftKeys, folder: Path) -> None:
    again = SoftKeys.open(folder, PIN)
    assert again.cmac("KEK-1", b"m") == keys.cmac("KEK-1", b"m")
    assert again.kind == "soft"


def test_files_are_the_owners_alone(keys: SoftKeys, folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_opening_takes_little_time_and_writes_nothing(keys: SoftKeys, folder: Path) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())

    def opening() -> float:
        began = time.process_time()
        SoftKeys.open(folder, PIN).cmac("KEK-1", b"")
        return time.process_time() - began

    assert min(opening() for _ in range(5)) < 0.060
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())


def test_neighbours_make_keys_at_once_and_none_is_lost(keys: SoftKeys, folder: Path) -> None:
    others = [keys, SoftKeys.open(folder, PIN), SoftKeys.open(folder, PIN)]

    def make(number: int) -> None:
        others[number % 3].make_secret(f"N-{number}", SecretKind.AES, 16)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(24)))
    for one in others:
        assert sorted(one.labels()) == sorted(["KEK-1", *(f"N-{n}" for n in range(24))])


def test_one_of_many_who_make_the_same_key_makes_it(keys: SoftKeys, folder: Path) -> None:
    others = [SoftKeys.open(folder, PIN) for _ in range(4)]

    def make(one: SoftKeys) -> bool:
        try:
            one.make_secret("DS-2", SecretKind.AES, 16)
        except HsmError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(make, others)) == 1
    assert len({one.cmac("DS-2", b"") for one in others}) == 1


def test_a_closed_token_holds_no_key(keys: SoftKeys) -> None:
    keys.close()
    assert keys._book == KeyBook()
    with pytest.raises(TokenNotFound):
        keys.labels()
    keys.reopen()
    assert tuple(keys.labels()) == ("KEK-1",)


def test_a_core_dump_is_forbidden(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    SoftKeys.create(folder, PIN)
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    forbid_core_dumps()
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_nothing_secret_shows(keys: SoftKeys, folder: Path) -> None:
    keys.make_ec_key("DS-1", Curve.P256)
    secrets = [key.value for key in keys._book.keys.values()]
    shown = repr(keys) + repr(keys._book) + repr(keys._seal) + repr(vars(keys))
    shown += repr(keys.ec_key("DS-1"))
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
        assert secret[:32] not in (folder / "keys").read_bytes()
    assert PIN not in shown


def test_a_book_says_which_key_is_missing() -> None:
    with pytest.raises(KeyNotFound, match="KEK-1"):
        KeyBook().key("KEK-1")
    assert SoftEcKey(new_ec_key(Curve.P384)).curve is Curve.P384
