"""The CRL is issued anew before a line needs it: a stale one would hold every card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hsm.pki.chain import read_list
from hsm.token_client import TokenClient
from pipeline.plant import Plant
from pipeline.plant.keyroom import KeyRoom
from pipeline.plant.tokens import token_place
from tests.builders import a_home


@dataclass(frozen=True)
class _Later:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def _latest(client: TokenClient) -> bytes:
    latest = client.registry.revocation_list()
    assert latest is not None
    return latest


def test_a_list_is_renewed_in_time_and_not_before(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with Plant.open(home) as plant:
        first = _latest(plant.token)
        plant.keyroom.renew_revocation_list()
        assert _latest(plant.token) == first
        later = datetime.now(UTC) + timedelta(days=45)
        with TokenClient(token_place(plant.home), _Later(later)) as client:
            KeyRoom(plant.home, client).renew_revocation_list()
            renewed = read_list(_latest(client))
    assert renewed.this_update > read_list(first).this_update
    assert later < renewed.next_update <= later + timedelta(days=90)


def test_a_list_that_nobody_may_issue_any_more_stays_as_it_is(tmp_path: Path) -> None:
    home = a_home(tmp_path, cards=1)
    with Plant.open(home) as plant:
        first = _latest(plant.token)
        after_the_csca = datetime.now(UTC) + timedelta(days=365 * 6)
        with TokenClient(token_place(plant.home), _Later(after_the_csca)) as client:
            KeyRoom(plant.home, client).renew_revocation_list()
            assert _latest(client) == first
