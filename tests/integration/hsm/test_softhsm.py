"""A token behind a PKCS#11 library: how it is found, kept, pulled out and shared."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pkcs11
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.constants import Attribute, TokenFlag
from pkcs11.exceptions import (
    AttributeSensitive,
    AttributeTypeInvalid,
    DeviceError,
    MechanismInvalid,
    PinLocked,
    PKCS11Error,
)

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden, SealBroken, TokenNotFound
from hsm import _cryptoki_library
from hsm.key_proofs import assert_masters_inside, prove_keys
from hsm.keys import Curve, SecretKind
from hsm.pkcs11_keys import Pkcs11Keys
from hsm.places import TokenKind, TokenPlace
from tests.services.softhsm import SoftHsm

from .pull_outs import PIN, pull_out_and_back, recorded, verifies

ROOT = Path(__file__).resolve().parents[3]
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - OAEP's own default
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}


@pytest.fixture
def keys(soft_hsm: SoftHsm) -> Pkcs11Keys:
    soft_hsm.add_token("ektp", PIN)
    return Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)


def place_of(hsm: SoftHsm, folder: Path, pin: str) -> TokenPlace:
    pin_file = folder / "pin"
    pin_file.write_text(pin)
    return TokenPlace(
        kind=TokenKind.PKCS11,
        folder=folder / "token",
        development=False,
        pin_file=pin_file,
        module=hsm.module,
        label="ektp",
    )


# --- not found -----------------------------------------------------------------------------------


def test_a_library_that_is_none(tmp_path: Path) -> None:
    for module in (tmp_path / "none.so", Path(__file__)):
        with pytest.raises(TokenNotFound):
            Pkcs11Keys.open(str(module), "ektp", PIN)


def test_a_token_that_is_not_there(soft_hsm: SoftHsm) -> None:
    serial = soft_hsm.add_token("ektp", PIN)
    with pytest.raises(TokenNotFound, match="label=other"):
        Pkcs11Keys.open(soft_hsm.module, "other", PIN)
    with pytest.raises(TokenNotFound, match="serial=0000"):
        Pkcs11Keys.open(soft_hsm.module, "ektp", PIN, serial="0000")
    Pkcs11Keys.open(soft_hsm.module, "ektp", PIN, serial=serial).close()


def test_two_tokens_of_one_label_need_a_serial(soft_hsm: SoftHsm) -> None:
    first, second = (soft_hsm.add_token("ektp", PIN) for _ in range(2))
    with pytest.raises(HsmError, match="several tokens") as refusal:
        Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    assert not isinstance(refusal.value, TokenNotFound)
    one = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN, serial=first)
    other = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN, serial=second)
    one.make_secret("KEK-1", SecretKind.AES, 32)
    assert (list(one.labels()), list(other.labels())) == (["KEK-1"], [])
    assert (one.identity.serial, other.identity.serial) == (first, second)
    one.close()
    assert other.labels() == ()
    other.close()


def test_another_token_of_the_label_in_its_place(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    soft_hsm.add_token("ektp", PIN)
    keys = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    soft_hsm.pull_out()
    (soft_hsm.folder / "tokens").mkdir()
    soft_hsm.add_token("ektp", PIN)
    with pytest.raises(TokenNotFound):
        keys.labels()
    with pytest.raises(TokenNotFound, match="no such token"):
        keys.reopen()
    keys.close()


# --- the PIN -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", "1", "4711-0816", "x" * 300])
def test_a_wrong_pin_is_shown_once(
    soft_hsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.delenv("EKTP_TOKEN_PIN", raising=False)
    soft_hsm.add_token("ektp", PIN)
    tries = counted_logins(monkeypatch)
    for _ in range(5):
        with pytest.raises(TokenNotFound, match="PIN is wrong") as refusal:
            place_of(soft_hsm, tmp_path, wrong).open()
        assert type(refusal.value) is TokenNotFound
        assert len(wrong) < 5 or wrong not in str(refusal.value)
    assert tries == [wrong]
    place_of(soft_hsm, tmp_path, PIN).open().close()
    assert tries == [wrong, PIN]
    with pytest.raises(TokenNotFound):
        place_of(soft_hsm, tmp_path, wrong).open()
    assert tries == [wrong, PIN, wrong]


def counted_logins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    tries: list[str] = []
    log_in = _cryptoki_library.Library.log_in

    def counting(library: _cryptoki_library.Library, token: pkcs11.Token, pin: str) -> None:
        tries.append(pin)
        log_in(library, token, pin)

    monkeypatch.setattr(_cryptoki_library.Library, "log_in", counting)
    return tries


def test_a_wrong_pin_beside_one_who_is_logged_in(soft_hsm: SoftHsm, keys: Pkcs11Keys) -> None:
    # The library itself would not look at it.
    with pytest.raises(TokenNotFound, match="PIN is wrong"):
        Pkcs11Keys.open(soft_hsm.module, "ektp", "4711-0816")
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    again = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    keys.close()
    assert len(again.cmac("KEK-1", b"")) == 16
    again.close()


def test_a_pin_that_was_changed_while_the_token_was_away(
    soft_hsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EKTP_TOKEN_PIN", raising=False)
    soft_hsm.add_token("ektp", PIN)
    tries = counted_logins(monkeypatch)
    keys = place_of(soft_hsm, tmp_path, PIN).open()
    (token,) = pkcs11.lib(soft_hsm.module).get_tokens(token_label="ektp")
    session = token.open(rw=True)
    session.set_pin(PIN, "another pin")
    session.close()
    for _ in range(4):
        with pytest.raises(TokenNotFound, match="PIN is wrong") as refusal:
            keys.reopen()
        assert type(refusal.value) is TokenNotFound
    # Nor does any other process try it.
    with pytest.raises(TokenNotFound, match="PIN is wrong"):
        place_of(soft_hsm, tmp_path, PIN).open()
    assert tries == [PIN, PIN]
    place_of(soft_hsm, tmp_path, "another pin").open().close()


# Flags of a token that is well; `ALWAYS` is one that each token has (CKF_TOKEN_INITIALIZED).
ALWAYS = TokenFlag.TOKEN_INITIALIZED
ALL_CLEAR = {
    "USER_PIN_LOCKED": 0,
    "USER_PIN_FINAL_TRY": 0,
    "USER_PIN_INITIALIZED": ALWAYS,
}


def test_a_locked_pin(soft_hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    soft_hsm.add_token("ektp", PIN)
    # SoftHSM locks none: a token that does says it beforehand, and when it is asked.
    for flag in (TokenFlag.USER_PIN_LOCKED, TokenFlag.USER_PIN_FINAL_TRY):
        monkeypatch.setattr(
            _cryptoki_library, "TokenFlag", SimpleNamespace(**{**ALL_CLEAR, flag.name: ALWAYS})
        )
        with pytest.raises(TokenNotFound, match="lock"):
            Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    with pytest.raises(TokenNotFound, match="locked"), _cryptoki_library._pin_errors():
        raise PinLocked


# --- kept inside ---------------------------------------------------------------------------------


def test_keys_stay_inside_and_say_where_they_were_made(keys: Pkcs11Keys) -> None:
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    keys.make_secret("INDEX-1", SecretKind.HMAC, 32)
    keys.import_secret("READ-1", SecretKind.AES, bytes(range(32)))
    keys.make_ec_key("DS-1", Curve.P256)
    for label in keys.labels():
        kept = keys.attributes(label)
        assert (kept.sensitive, kept.extractable) == (True, False)
        assert kept.made_inside is (label != "READ-1")
        with keys._token.to_write(label) as session:
            wanted = {Attribute.LABEL: label, Attribute.SENSITIVE: True}
            (handle,) = session.get_objects(wanted)
            with pytest.raises((AttributeSensitive, AttributeTypeInvalid)):
                handle[Attribute.VALUE]
            for attribute, value in (
                (Attribute.EXTRACTABLE, True),
                (Attribute.SENSITIVE, False),
                (Attribute.DECRYPT, True),
            ):
                with pytest.raises(PKCS11Error):
                    handle[attribute] = value
            assert handle[Attribute.TOKEN]
            assert handle[Attribute.PRIVATE]


def test_keys_do_only_what_they_are_for(keys: Pkcs11Keys) -> None:
    for label in ("READ-1", "SAM-OPEN-1", "CARD-256", "TRANSPORT-SAM"):
        keys.make_secret(label, SecretKind.AES, 32)
        with pytest.raises(KeyUsageForbidden):
            keys.unseal(label, bytes(12), bytes(32), b"")
        assert len(keys.cmac(label, b"")) == 16
    for label in ("READ-1", "SAM-OPEN-1"):
        with pytest.raises(KeyUsageForbidden):
            keys.aes_cbc(label, bytes(16))
    assert len(keys.aes_cbc("CARD-256", bytes(16))) == 16


# --- used ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", Curve)
def test_digests_at_the_edges_are_signed(keys: Pkcs11Keys, curve: Curve) -> None:
    key = keys.make_ec_key("DS-1", curve)
    length = curve.coordinate_bytes
    for digest in (bytes(length), b"\xff" * length, bytes(length - 1) + b"\x01", b"\x80" * length):
        assert verifies(key.public_key, key, digest)
    for wrong in (length - 1, length + 1, 0):
        with pytest.raises(ValueError, match="digest"):
            key.sign_digest(bytes(wrong))


def test_an_envelope_key_opens_whatever_senders_use(keys: Pkcs11Keys) -> None:
    public_key = load_der_public_key(keys.make_rsa_key("ENVELOPE-1", 3072))
    assert isinstance(public_key, rsa.RSAPublicKey)
    for digest, algorithm in DIGESTS.items():
        for mask, mask_algorithm in DIGESTS.items():
            oaep = padding.OAEP(padding.MGF1(mask_algorithm), algorithm, None)
            cipher = public_key.encrypt(b"content key", oaep)
            opened = keys.decrypt_oaep("ENVELOPE-1", cipher, digest=digest, mask_digest=mask)
            assert opened == b"content key"
            broken = cipher[:-1] + bytes((cipher[-1] ^ 1,))
            for bad in (broken, b"", cipher[:-1], cipher + b"\x00", b"\xff" * len(cipher)):
                with pytest.raises(SealBroken):
                    keys.decrypt_oaep("ENVELOPE-1", bad, digest=digest, mask_digest=mask)


def test_a_token_without_a_mechanism_says_so(
    keys: Pkcs11Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    monkeypatch.setattr(Pkcs11Keys, "_able", lambda *_: failing(MechanismInvalid))
    with pytest.raises(HsmError, match="does not know how") as refusal:
        keys.cmac("KEK-1", b"")
    assert type(refusal.value) is HsmError


def test_a_token_in_trouble_is_not_a_broken_seal(
    keys: Pkcs11Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    sealed = keys.seal("KEK-1", bytes(12), b"plain", b"")
    monkeypatch.setattr(Pkcs11Keys, "_able", lambda *_: failing(DeviceError))
    with pytest.raises(HsmError) as refusal:
        keys.unseal("KEK-1", bytes(12), sealed, b"")
    assert not isinstance(refusal.value, SealBroken)


def failing(kind: type[Exception]) -> Callable[..., bytes]:
    def fail(*_: object, **__: object) -> bytes:
        raise kind

    return fail


def test_a_label_is_taken_once_for_all_kinds(keys: Pkcs11Keys) -> None:
    keys.make_ec_key("ONE", Curve.P256)
    for make in (
        lambda: keys.make_ec_key("ONE", Curve.P256),
        lambda: keys.make_secret("ONE", SecretKind.AES, 32),
        lambda: keys.import_secret("ONE", SecretKind.HMAC, bytes(32)),
    ):
        with pytest.raises(HsmError, match="already"):
            make()
    keys.destroy("ONE")
    with pytest.raises(KeyNotFound):
        keys.ec_key("ONE")
    keys.make_secret("ONE", SecretKind.AES, 32)


def test_two_keys_of_one_label_are_refused(
    keys: Pkcs11Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.make_secret("ONE", SecretKind.AES, 32)
    monkeypatch.setattr(Pkcs11Keys, "_check_free", lambda *_: None)
    with pytest.raises(HsmError, match="several keys"):
        keys.make_secret("ONE", SecretKind.AES, 32)
    keys.reopen()
    with pytest.raises(HsmError, match="several keys"):
        keys.cmac("ONE", b"")


# --- shared --------------------------------------------------------------------------------------


def test_eight_threads_sign_at_once(keys: Pkcs11Keys) -> None:
    key = keys.make_ec_key("DS-1", Curve.P256)
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    expected = keys.cmac("KEK-1", b"m")
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                assert verifies(key.public_key, key)
                assert keys.cmac("KEK-1", b"m") == expected
        except BaseException as fault:  # noqa: BLE001 - told by the thread that asserts
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


_SIGN = """
import sys
from hsm.pkcs11_keys import Pkcs11Keys
keys = Pkcs11Keys.open(sys.argv[1], "ektp", sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
key = keys.ec_key("DS-1")
for number in range(200):
    print(key.sign_digest(number.to_bytes(32, "big")).hex())
keys.close()
"""


def test_two_processes_sign_at_once(soft_hsm: SoftHsm, keys: Pkcs11Keys) -> None:
    key = keys.make_ec_key("DS-1", Curve.P256)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", _SIGN, soft_hsm.module, PIN],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
    for _ in range(50):
        assert verifies(key.public_key, key)
    for other in others:
        told, _ = other.communicate(timeout=60)
        signatures = [bytes.fromhex(line) for line in told.split()]
        assert len(signatures) == 200
        for number, r_s in enumerate(signatures):
            made = Recorded(key.public_key, r_s)
            assert verifies(key.public_key, made, number.to_bytes(32, "big"))
        assert other.returncode == 0


class Recorded:
    """A signing key that gives one signature, which was made elsewhere."""

    curve = Curve.P256

    def __init__(self, public_key: bytes, r_s: bytes) -> None:
        self.public_key = public_key
        self._r_s = r_s

    def sign_digest(self, _: bytes) -> bytes:
        return self._r_s


def test_a_forked_process_opens_it_for_itself(keys: Pkcs11Keys) -> None:
    key = keys.make_ec_key("DS-1", Curve.P256)

    def child(answers: multiprocessing.connection.Connection) -> None:
        try:
            key.sign_digest(bytes(32))
        except TokenNotFound:
            keys.reopen()
            answers.send(verifies(key.public_key, key))
        else:
            answers.send("the parent's session was used")
        answers.close()
        os._exit(0)

    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(its,))
    process.start()
    assert ours.poll(30)
    assert ours.recv() is True
    process.join(30)
    assert verifies(key.public_key, key)


# --- away and back -------------------------------------------------------------------------------


def test_it_heals_twenty_times(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    keys = recorded(soft_hsm, tmp_path)
    seen = pull_out_and_back(soft_hsm, keys, 20)
    assert (seen.signed, seen.refused) == (40, 140)
    assert seen.longest_s < 10
    keys.close()


@pytest.mark.slow
def test_it_heals_a_hundred_times(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    keys = recorded(soft_hsm, tmp_path)
    seen = pull_out_and_back(soft_hsm, keys, 100)
    assert (seen.signed, seen.refused) == (200, 700)
    assert seen.longest_s < 10
    keys.close()


def test_a_key_that_was_exchanged_while_away_is_caught(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    keys = recorded(soft_hsm, tmp_path)
    assert_masters_inside(keys, keys.records.all())
    for label, make in (
        ("DS-1", lambda other: other.make_ec_key("DS-1", Curve.P256)),
        ("KEK-1", lambda other: other.make_secret("KEK-1", SecretKind.AES, 32)),
        ("INDEX-1", lambda other: other.make_secret("INDEX-1", SecretKind.HMAC, 32)),
    ):
        record = keys.records.all()[label]
        soft_hsm.pull_out()
        with pytest.raises(TokenNotFound):
            keys.cmac("KEK-1", b"")
        soft_hsm.put_back()
        other = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
        other.destroy(label)
        make(other)
        other.close()
        keys.reopen()
        with pytest.raises(HsmError, match=label):
            prove_keys(keys, keys.records.all())
        keys.destroy(label)
        with pytest.raises(KeyNotFound):
            prove_keys(keys, {label: record})
    keys.close()


def test_two_holders_in_one_process_heal_each_for_itself(
    soft_hsm: SoftHsm, keys: Pkcs11Keys
) -> None:
    keys.make_secret("KEK-1", SecretKind.AES, 32)
    other = Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    expected = keys.cmac("KEK-1", b"")
    for _ in range(3):
        soft_hsm.pull_out()
        for one in (keys, other):
            with pytest.raises(TokenNotFound):
                one.cmac("KEK-1", b"")
        soft_hsm.put_back()
        keys.reopen()
        assert keys.cmac("KEK-1", b"") == expected
        with pytest.raises(TokenNotFound):
            other.cmac("KEK-1", b"")
        other.reopen()
        # The second one found the library well: the first one's session still holds.
        assert keys.cmac("KEK-1", b"") == expected
        assert other.cmac("KEK-1", b"") == expected
    keys.close()
    with pytest.raises(TokenNotFound):
        keys.cmac("KEK-1", b"")
    assert other.cmac("KEK-1", b"") == expected
    other.close()


def test_a_library_without_its_store_is_no_token(soft_hsm: SoftHsm, tmp_path: Path) -> None:
    soft_hsm.add_token("ektp", PIN)
    soft_hsm.pull_out()
    with pytest.raises(TokenNotFound):
        Pkcs11Keys.open(soft_hsm.module, "ektp", PIN)
    soft_hsm.put_back()
    place = replace(place_of(soft_hsm, tmp_path, PIN), serial="")
    place.open().close()
