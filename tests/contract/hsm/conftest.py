"""The tokens over which the contract of `KeyService` and `DocumentSigner` is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ektp.ports import DocumentSigner, KeyService, TrustedSigner
from hsm.soft_token import SoftToken

START = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


@dataclass
class SettableClock:
    """Time, as the test wants it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class TokenUnderTest:
    """A token by its ports, and what a test must know beside them."""

    clock: SettableClock
    keys: KeyService
    signer: DocumentSigner
    trusted: tuple[TrustedSigner, ...]
    site_certificate: bytes
    open_again: Callable[[], KeyService]


def _soft(folder: Path) -> TokenUnderTest:
    clock = SettableClock()
    token = SoftToken.create(folder / "token", "1234", clock)
    return TokenUnderTest(
        clock=clock,
        keys=token,
        signer=token.document_signer,
        trusted=token.trusted_signers(),
        site_certificate=token.site_certificate(),
        open_again=lambda: SoftToken.open(folder / "token", "1234", clock),
    )


TOKENS = {"soft": _soft}


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest, tmp_path: Path) -> TokenUnderTest:
    return TOKENS[request.param](tmp_path)
