"""The key process: it starts late, ends with its parent, leaves nothing, and may die or hang."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ektp import errors
from ektp.chip_profiles import chip_profile
from ektp.errors import EktpError, HsmError, KeyNotFound, KeyUsageForbidden, TokenNotFound
from ektp.ids import CardSerial
from hsm._process_wire import decode, encode
from hsm._sealed_file import Seal
from hsm._soft_book import KeyBook
from hsm.key_set import diversified_key_set
from hsm.places import PIN_VARIABLE, TokenPlace
from hsm.process import KINDS_OF_ERROR, error_of
from hsm.soft_keys import SoftKeys
from hsm.token_client import TokenClient, make_token
from tests.unit.hsm.builders import FixedClock
from tests.unit.hsm.soft_tokens import PIN, soft_place, token_folder

pytestmark = pytest.mark.slow

CARD = CardSerial("60010000002A0001")
KTP_EL = chip_profile("ktp-el")


@pytest.fixture
def place(tmp_path: Path) -> TokenPlace:
    return soft_place(token_folder(tmp_path / "token"))


@pytest.fixture
def client(place: TokenPlace) -> Iterator[TokenClient]:
    with TokenClient(place, FixedClock()) as opened:
        yield opened


def pid_of(client: TokenClient) -> int:
    assert client.pid is not None
    return client.pid


def wait_for_end(pid: int, within_s: float = 15.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


# --- refused -------------------------------------------------------------------------------------


def test_a_wrong_pin(place: TokenPlace, client: TokenClient) -> None:
    place.pin_file.write_text("000000")
    with pytest.raises(TokenNotFound, match="PIN"):
        client.blind_index(b"v")
    assert client.pid is None
    place.pin_file.write_text(PIN)
    assert client.blind_index(b"v")


def test_no_pin_anywhere(place: TokenPlace, client: TokenClient) -> None:
    place.pin_file.unlink()
    with pytest.raises(TokenNotFound, match=PIN_VARIABLE):
        client.blind_index(b"v")


def test_no_token_there(place: TokenPlace, client: TokenClient) -> None:
    (place.folder / "keys").unlink()
    with pytest.raises(TokenNotFound):
        client.blind_index(b"v")


def test_a_token_of_another_home_is_found_out_at_the_start(
    place: TokenPlace, client: TokenClient
) -> None:
    (place.folder / "keys").unlink()
    other = SoftKeys.create(place.folder, PIN)
    other.close()
    with pytest.raises(KeyNotFound):
        client.blind_index(b"v")
    assert client.pid is None


def test_production_takes_no_token_of_software(place: TokenPlace) -> None:
    told = {**place.as_plain(), "development": False}
    with (
        TokenClient(TokenPlace.from_plain(told), FixedClock()) as client,  # type: ignore[arg-type]
        pytest.raises(KeyUsageForbidden, match="lets this key out"),
    ):
        client.blind_index(b"v")


@pytest.mark.parametrize("word", ["keys", "close", "card.forget", "__class__", "card._token", ""])
def test_words_that_it_does_not_know(client: TokenClient, word: str) -> None:
    with pytest.raises(ValueError, match="no such word"):
        client.ask(word)
    assert client.blind_index(b"v")


def test_certificates_that_are_not_there(place: TokenPlace, client: TokenClient) -> None:
    (place.folder / "site-1.der").unlink()
    with pytest.raises(KeyNotFound, match="SITE-1"):
        client.site_certificate()


def test_a_token_is_made_once(tmp_path: Path) -> None:
    place = soft_place(tmp_path / "token")
    make_token(place, FixedClock())
    assert stat.S_IMODE(place.pin_file.stat().st_mode) == 0o600
    with TokenClient(place, FixedClock()) as client:
        assert client.document_signer.take().sign(b"m")
    with pytest.raises(HsmError, match="token already"):
        make_token(place, FixedClock())


# --- it dies, it hangs ---------------------------------------------------------------------------


def test_killed_it_is_missed_once_and_begun_anew(client: TokenClient) -> None:
    turn = client.document_signer.take()
    first = pid_of(client)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(HsmError, match="gone"):
        turn.sign(b"m")
    assert client.document_signer.take().sign(b"m")
    assert pid_of(client) != first
    with pytest.raises(HsmError):
        turn.sign(b"m")


def test_killed_what_changes_nothing_is_asked_again(client: TokenClient) -> None:
    before = client.blind_index(b"v")
    os.kill(pid_of(client), signal.SIGKILL)
    assert client.blind_index(b"v") == before


def test_a_card_in_hand_goes_with_its_process(client: TokenClient) -> None:
    with client.card_keys(CARD, KTP_EL) as keys:
        keys.card_key_set()
        os.kill(pid_of(client), signal.SIGKILL)
        with pytest.raises(HsmError):
            keys.card_key_set()
        with pytest.raises(HsmError):
            keys.card_key_set()
        client.blind_index(b"v")
        with pytest.raises(HsmError, match="went with"):
            keys.card_key_set()
    with client.card_keys(CARD, KTP_EL) as keys:
        assert keys.card_key_set()


@pytest.mark.parametrize("act", ["sign", "unwrap"])
def test_hanging_it_is_killed_in_time_and_begun_anew(place: TokenPlace, act: str) -> None:
    with TokenClient(place, FixedClock(), answer_s=0.3) as client:
        wrapped = client.wrap_data_key(bytes(32))
        first = pid_of(client)
        os.kill(first, signal.SIGSTOP)
        began = time.monotonic()
        use = (
            client.document_signer.take
            if act == "sign"
            else partial(client.unwrap_data_key, wrapped)
        )
        with pytest.raises(TokenNotFound, match="does not answer"):
            use()
        assert time.monotonic() - began < 2.0
        assert not psutil.pid_exists(first)
        assert client.unwrap_data_key(wrapped) == bytes(32)


def test_what_a_terminal_and_a_supervisor_send_is_not_for_it(client: TokenClient) -> None:
    client.blind_index(b"v")
    first = pid_of(client)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(first, number)
    assert client.document_signer.take().sign(b"m")
    assert pid_of(client) == first
    assert os.getpgid(first) != os.getpgid(0)


def test_away_and_back_the_next_call_heals(place: TokenPlace, client: TokenClient) -> None:
    signer = client.document_signer
    turn = signer.take()
    file, away = place.folder / "keys", place.folder / "away"
    file.rename(away)
    with pytest.raises(TokenNotFound):
        turn.sign(b"m")
    with pytest.raises(TokenNotFound):
        signer.take()
    away.rename(file)
    assert signer.take().sign(b"m")
    file.rename(away)
    away.rename(file)
    assert client.blind_index(b"v")


# --- it starts late and ends with its parent -----------------------------------------------------


def test_killed_while_its_token_is_away_another_one_is_begun(
    place: TokenPlace, client: TokenClient
) -> None:
    before = client.blind_index(b"one")
    away = place.folder.with_name("away")
    place.folder.rename(away)
    with pytest.raises(TokenNotFound):
        client.blind_index(b"one")
    os.kill(pid_of(client), signal.SIGKILL)
    with pytest.raises(TokenNotFound):
        client.heal()
    away.rename(place.folder)
    client.heal()
    assert client.blind_index(b"one") == before


def test_it_starts_with_the_first_use_of_a_key(place: TokenPlace, client: TokenClient) -> None:
    client.site_certificate()
    client.trusted_signers()
    client.trust_anchors()
    assert {"csca.der", "ds-1.der", "lds-1.der", "site.der", "envelope.der"} <= set(
        client.trust_files()
    )
    assert client.registry.roll().signers
    client.close()
    assert client.pid is None
    client.blind_index(b"v")
    first = pid_of(client)
    client.blind_index(b"v")
    assert pid_of(client) == first
    client.close()
    assert client.pid is None
    assert wait_for_end(first)
    assert client.blind_index(b"v")


def test_closing_gives_reserved_signatures_back(place: TokenPlace) -> None:
    for _ in range(3):
        with TokenClient(place, FixedClock()) as client:
            client.document_signer.take().sign(b"m")
    assert client.registry.count("DS-1").used() == 3


PARENT = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from hsm.places import TokenKind, TokenPlace
from hsm.token_client import TokenClient
from ektp.chip_profiles import chip_profile
from ektp.ids import CardSerial

class Clock:
    def now(self):
        return datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

folder = Path(sys.argv[1])
client = TokenClient(
    TokenPlace(kind=TokenKind.SOFT, folder=folder, development=True, pin_file=folder / "pin"),
    Clock(),
)
"""
LIVES = """
client.blind_index(b"v")
if sys.argv[2] == "forked" and os.fork() == 0:
    time.sleep(60)
print(client.pid, flush=True)
time.sleep(60)
"""
CRASHES = """
import signal
client.blind_index(b"v")
control = os.fork()
if control == 0:
    os.kill(os.getpid(), signal.SIGSEGV)
print(os.waitid(os.P_PID, control, os.WEXITED).si_code == os.CLD_DUMPED)
os.kill(client.pid, signal.SIGSEGV)
print(os.waitid(os.P_PID, client.pid, os.WEXITED).si_code == os.CLD_DUMPED)
"""
WORKS = """
data_key = client.unwrap_data_key(bytes.fromhex(sys.argv[2]))
for _ in range(3):
    client.document_signer.take().sign(b"content")
client.security_object_signer
client.sign_as_site(b"{}")
with client.card_keys(CardSerial("60010000002A0001"), chip_profile("ktp-el")) as keys:
    keys.card_key_set(), keys.secure_channel(0x30).initialize_update()
    keys.read_keys(b"\\x01" + bytes.fromhex("60010000002A0001") + b"\\x01EKTP" + bytes(37))
    client.inventory()
    print("ready", flush=True)
    sys.stdin.read()
"""


def parent(script: str, *arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PARENT + script, *arguments]
    return subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=cwd)


@pytest.mark.parametrize("how", ["alone", "forked"])
def test_it_ends_when_its_parent_is_killed(place: TokenPlace, tmp_path: Path, how: str) -> None:
    with parent(LIVES, str(place.folder), how, cwd=tmp_path) as killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        siblings = [one for one in psutil.Process(killed.pid).children() if one.pid != pid]
        killed.kill()
        killed.wait()
        ended = wait_for_end(pid)
        for one in siblings:
            one.kill()
    assert ended


def test_a_forked_process_gets_one_of_its_own(client: TokenClient) -> None:
    before = client.blind_index(b"v")
    mine = pid_of(client)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = client.blind_index(b"v").hex()
            os.write(write, json.dumps([answer, client.pid]).encode())
            client.close()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        answer, its = json.loads(told.read())
    os.waitpid(child, 0)
    assert (answer, its != mine) == (before.hex(), True)
    assert client.blind_index(b"v") == before
    assert pid_of(client) == mine


# --- it leaves nothing ---------------------------------------------------------------------------


def test_a_crash_leaves_no_core(place: TokenPlace, tmp_path: Path) -> None:
    script = PARENT + CRASHES
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -c unlimited && exec "$@"', "sh", sys.executable, "-c", script,
         str(place.folder)],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if b"ulimit" in done.stderr:
        pytest.skip("this session forbids core files")
    control, key_process = done.stdout.decode().split()
    if control == "False":
        pytest.skip("this machine leaves no core files")
    assert key_process == "False"


def test_its_memory_is_shut() -> None:
    script = (
        "import ctypes, resource\n"
        "from hsm._guard import shut_memory\n"
        "shut_memory()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=PIPE, check=True)
    assert done.stdout.decode().split(maxsplit=1) == ["0", "(0, 0)\n"]
    assert resource.getrlimit(resource.RLIMIT_CORE)


def planted(folder: Path) -> dict[str, bytes]:
    """Every secret of the token as it would lie in memory, and a card's keys."""
    _, plain = Seal.open(folder / "keys", PIN)
    found: dict[str, bytes] = {"PIN": b'"' + PIN.encode()}
    for label, key in KeyBook.from_bytes(plain).keys.items():
        found[label] = key.value[:48] if len(key.value) > 64 else key.value
        if len(key.value) <= 64:
            continue
        private = load_der_private_key(key.value, None, unsafe_skip_rsa_key_validation=True)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            scalar = private.private_numbers().private_value
            found[label] = scalar.to_bytes(private.key_size // 8, "big")
            found[f"{label} little"] = scalar.to_bytes(private.key_size // 8, "little")
        elif isinstance(private, rsa.RSAPrivateKey):
            numbers = private.private_numbers()
            found[f"{label} p"] = numbers.p.to_bytes(192, "little")
            found[f"{label} q"] = numbers.q.to_bytes(192, "big")
    keys = SoftKeys.open(folder, PIN)
    for version, label in ((0x30, "TRANSPORT-128"), (0x31, "CARD-128")):
        cbc = partial(keys.aes_cbc, label)
        card = diversified_key_set(cbc, CARD, version=version, key_bytes=16)
        found |= {f"{label} {name}": getattr(card, name) for name in ("enc", "mac", "dek")}
    return found


def memory_of(pid: int) -> bytes:
    """All readable memory of a process."""
    content = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) r.*?(\[v.*\])?$", line)
            if span is None or span[3]:
                continue
            begin, end = int(span[1], 16), int(span[2], 16)
            memory.seek(begin)
            content.append(memory.read(end - begin) or b"")
    return b"\x00".join(content)


def test_no_key_is_in_the_memory_of_who_uses_it(place: TokenPlace, tmp_path: Path) -> None:
    data_key = os.urandom(32)
    with TokenClient(place, FixedClock()) as wrapping:
        wrapped = wrapping.wrap_data_key(data_key)
    with parent(WORKS, str(place.folder), wrapped.hex(), cwd=tmp_path) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == b"ready\n"
        memory = memory_of(working.pid)
        (key_process,) = psutil.Process(working.pid).children()
        its = memory_of(key_process.pid) if os.getuid() == 0 else None
        working.communicate()
    secrets = planted(place.folder)
    assert len(secrets) > 20
    # What the parent may have is found: the search sees what there is.
    assert data_key in memory
    assert [name for name, value in secrets.items() if value in memory] == []
    if its is not None:
        assert secrets["KEK-1"] in its


def test_the_pin_is_not_told_by_the_parent(place: TokenPlace, client: TokenClient) -> None:
    told = json.dumps(dict(place.as_plain())) + repr(client) + repr(vars(client)) + repr(place)
    assert PIN not in told
    client.blind_index(b"v")
    assert PIN not in " ".join(psutil.Process(pid_of(client)).cmdline())


def test_the_pin_may_come_from_the_environment(
    place: TokenPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.pin_file.unlink()
    monkeypatch.setenv(PIN_VARIABLE, PIN)
    with TokenClient(place, FixedClock()) as client:
        assert client.blind_index(b"v")


# --- errors cross --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS_OF_ERROR)
def test_every_error_comes_as_it_went(name: str) -> None:
    kind = KINDS_OF_ERROR[name]
    assert getattr(errors, name) is kind
    assert issubclass(kind, EktpError)
    error = kind("detail", key="DS-1", quota=3, share=True)
    came = error_of(*decode(encode((type(error).__name__, error.detail, error.facts))))
    assert type(came) is kind
    assert str(came) == str(error)


def test_a_call_costs_little(client: TokenClient) -> None:
    client.blind_index(b"v")

    def call() -> float:
        began = time.perf_counter()
        client.blind_index(b"v")
        return time.perf_counter() - began

    assert sorted(call() for _ in range(300))[150] < 0.002
