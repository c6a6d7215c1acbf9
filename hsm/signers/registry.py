"""The registry of signers: a folder that several processes share.

`registry.json` is the roll (`hsm.signers.roll`) and is replaced whole; what it names was written
before it and never changes: `certificates/DS-1.der`, `certificates/CSCA-2-link.der`,
`lists/csca-7.crl`. `counts/DS-1.count` counts signatures, never too low. A crash leaves at most
files that nothing names. Nothing here is secret; the keys are in the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from ektp.errors import HsmError
from hsm._files import exclusive_lock, write_atomically
from hsm.signers._signature_count import SignatureCount
from hsm.signers.roll import Roll, Signer, SignerFamily, SignerState

__all__ = ["RegistryEdit", "SignerRegistry", "SignerUsage"]

_ROLL_FILE: Final = "registry.json"
_LOCK_FILE: Final = "registry.lock"
_LARGEST_FILE: Final = 64 << 20
_ALARM_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerUsage:
    """How much a signer has left: signatures, and time until `ends`.

    `alarm`: it is in use, and 80 % of either is gone.
    """

    label: str
    state: SignerState
    left: int
    begins: datetime
    ends: datetime
    alarm: bool


class RegistryEdit:
    """The registry under its lock: nobody else changes it until the block ends."""

    def __init__(self, registry: SignerRegistry, roll: Roll) -> None:
        self._registry = registry
        self.roll = roll

    def keep_certificate(self, name: str, certificate: bytes) -> None:
        """Write a certificate that the roll is about to name."""
        self._registry.write("certificates", f"{name}.der", certificate)

    def keep_list(self, number: int, revocation_list: bytes) -> None:
        """Write a CRL that the roll is about to name."""
        self._registry.write("lists", f"csca-{number}.crl", revocation_list)

    def begin_count(self, label: str) -> None:
        """Begin to count the signatures of a new key."""
        self._registry.begin_count(label)

    def save(self, roll: Roll) -> None:
        """Replace the roll, at once and for everybody."""
        self._registry.replace_roll(roll)
        self.roll = roll


class SignerRegistry:
    """The signers of one token, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread_lock = Lock()
        self._counts: dict[str, SignatureCount] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}
        self._read: tuple[tuple[int, int, int], Roll] | None = None

    def roll(self) -> Roll:
        """The roll as it stands on disk; empty where nothing was made yet. Raises `HsmError`."""
        path = self._folder / _ROLL_FILE
        try:
            state = path.stat()
        except FileNotFoundError:
            return Roll()
        except OSError as cause:
            raise _unreadable(cause) from None
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        read = self._read
        if read is None or read[0] != seen:
            read = (seen, Roll.from_bytes(_content(path)))
            self._read = read
        return read[1]

    @contextmanager
    def edit(self) -> Iterator[RegistryEdit]:
        """Change it, alone. Raises `HsmError` where the disk refuses. Not to be nested."""
        self._make_folders()
        with exclusive_lock(self._folder / _LOCK_FILE):
            self._read = None
            yield RegistryEdit(self, self.roll())

    def certificate(self, label: str) -> bytes:
        """A signer's or CSCA's certificate (DER). Raises `HsmError` where there is none."""
        return self._blob("certificates", f"{label}.der")

    def explicit(self, label: str) -> bytes:
        """A CSCA certificate (DER) with explicit EC parameters. Raises `KeyNotFound`."""
        return self._blob("certificates", f"{label}-explicit.der")

    def link(self, label: str) -> bytes:
        """The certificate (DER) in which a CSCA key's predecessor vouches for it."""
        return self._blob("certificates", f"{label}-link.der")

    def revocation_list(self) -> bytes | None:
        """The latest CRL (DER); None where there was none yet."""
        number = self.roll().list_number
        return self._blob("lists", f"csca-{number}.crl") if number else None

    def count(self, label: str) -> SignatureCount:
        """The count of a signer's signatures."""
        with self._thread_lock:
            if label not in self._counts:
                quota = SignerFamily(label.partition("-")[0]).quota
                path = self._count_path(label)
                self._counts[label] = SignatureCount(path, label=label, quota=quota)
            return self._counts[label]

    def usage(self, now: datetime) -> tuple[SignerUsage, ...]:
        """What each signer has left."""
        return tuple(self._usage_of(signer, now) for signer in self.roll().signers)

    def release(self) -> None:
        """Give back signatures that this process reserved and did not make."""
        with self._thread_lock:
            for count in self._counts.values():
                count.release()

    # --- for RegistryEdit --------------------------------------------------------------------

    def write(self, kind: str, name: str, content: bytes) -> None:
        """Write a file that the roll does not name yet."""
        write_atomically(self._folder / kind / name, content)
        self._blobs[kind, name] = content

    def begin_count(self, label: str) -> None:
        """Begin a count at none."""
        SignatureCount.begin(self._count_path(label))

    def replace_roll(self, roll: Roll) -> None:
        """Replace the roll."""
        write_atomically(self._folder / _ROLL_FILE, bytes(roll))
        self._read = None

    # --- inside ------------------------------------------------------------------------------

    def _usage_of(self, signer: Signer, now: datetime) -> SignerUsage:
        used, quota = self.count(signer.label).used(), signer.family.quota
        gone: timedelta = now - signer.begins
        in_use = signer.state in {SignerState.CURRENT, SignerState.PREPARED}
        late = gone >= _ALARM_SHARE * (signer.ends - signer.begins)
        return SignerUsage(
            label=signer.label,
            state=signer.state,
            left=max(0, quota - used),
            begins=signer.begins,
            ends=signer.ends,
            alarm=in_use and (late or used >= _ALARM_SHARE * quota),
        )

    def _blob(self, kind: str, name: str) -> bytes:
        if (kind, name) not in self._blobs:
            self._blobs[kind, name] = _content(self._folder / kind / name)
        return self._blobs[kind, name]

    def _count_path(self, label: str) -> Path:
        return self._folder / "counts" / f"{label}.count"

    def _make_folders(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in ("certificates", "lists", "counts"):
                (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as cause:
            raise HsmError(
                "the registry of signers cannot be made", errno=cause.errno or 0
            ) from cause


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as cause:
        raise _unreadable(cause) from None


def _unreadable(cause: OSError) -> HsmError:
    return HsmError("the registry of signers cannot be read", errno=cause.errno or 0)
