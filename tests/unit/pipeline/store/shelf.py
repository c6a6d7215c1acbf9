"""A bare store with a few cards and jobs in it, and keys that are only for tests."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ektp.chip_profiles import ChipProfile
from ektp.errors import SealBroken
from ektp.ids import CardSerial
from ektp.journal import Actor, Role
from ektp.ports import CardKeys, KeyInfo
from pipeline.store.events import BlanksIssued, BoxReceived, ImportOpened, JobAccepted, LineAdded
from pipeline.store.migrate import upgrade
from pipeline.store.store import Store

ACTOR = Actor(principal="olga", role=Role.OPERATOR, station="test")
LINE = "L1"


@dataclass(slots=True)
class TickingClock:
    """A clock that goes on by a second each time somebody looks."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    step: timedelta = timedelta(seconds=1)

    def now(self) -> datetime:
        self.moment += self.step
        return self.moment


class ToyKeys:
    """A `KeyService` of one key that everybody may know."""

    def __init__(self, key: bytes = bytes(32)) -> None:
        self._aead = AESGCM(key)

    def wrap_data_key(self, data_key: bytes) -> bytes:
        return self._aead.encrypt(bytes(12), data_key, None)

    def unwrap_data_key(self, wrapped: bytes) -> bytes:
        try:
            return self._aead.decrypt(bytes(12), wrapped, None)
        except InvalidTag:
            raise SealBroken from None

    def blind_index(self, value: bytes) -> bytes:
        return hashlib.sha256(value).digest()

    def card_keys(self, card: CardSerial, profile: ChipProfile) -> AbstractContextManager[CardKeys]:
        raise NotImplementedError

    def heal(self) -> None:
        raise NotImplementedError

    def sign_as_site(self, document: bytes) -> bytes:
        raise NotImplementedError

    def inventory(self) -> Sequence[KeyInfo]:
        return ()


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ektp-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Store(f"sqlite:///{folder / 'ektp.db'}", TickingClock()) as store:
        upgrade(store)
    return folder / "ektp.db"


def a_store(folder: Path) -> Store:
    """An empty store of the present schema."""
    shutil.copy(_template(), folder / "ektp.db")
    return open_store(folder)


def open_store(folder: Path) -> Store:
    """The store in a folder, opened once more."""
    return Store(f"sqlite:///{folder / 'ektp.db'}", TickingClock())


def serial(number: int) -> CardSerial:
    return CardSerial.from_bytes(number.to_bytes(8, "big"))


def job_id(number: int) -> str:
    return f"J-{number:011d}"


def stock(store: Store, cards: int, *, issued: bool = True) -> list[CardSerial]:
    """A line, and a box of blanks issued to it."""
    serials = [serial(number) for number in range(1, cards + 1)]
    with store.transaction(ACTOR) as tx:
        tx.record(LineAdded(line=LINE, driver="none", address="", reader=""))
        tx.record(BoxReceived(box="B1", kind="wni-8k", cards=serials, manifest_digest="00"))
        if issued:
            tx.record(BlanksIssued(line=LINE, cards=serials))
    return serials


def accept(store: Store, number: int, holder: str, **changes: object) -> str:
    """A job of a holder."""
    values: dict[str, object] = {
        "job": job_id(number),
        "request": f"SYN-{number}",
        "request_digest": "00",
        "import_id": "I-00000000000",
        "holder": holder,
        "variant": "WNI",
        "kind": "wni-8k",
        "request_type": "FIRST_ISSUANCE",
        "reason": None,
        "priority": 5,
        "approved_at": "2025-12-01T00:00:00.000000Z",
        "office": "16.71.01",
        "village": "16.71.01.1001",
        "rw": "001",
        "rt": "002",
        "has_phone": False,
        **changes,
    }
    with store.transaction(ACTOR) as tx:
        tx.record(JobAccepted(**values))  # type: ignore[arg-type]
    return job_id(number)


def an_import(store: Store) -> None:
    with store.transaction(ACTOR) as tx:
        tx.record(
            ImportOpened(import_id="I-00000000000", file_digest="00", approver="00", sequence=None)
        )
