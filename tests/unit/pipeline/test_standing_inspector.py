"""The inspector at a line is made anew when the roll of signers changes, and not before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ektp.cards import QaVerdict, Verdict
from hsm.signers.roll import Roll, Signer, SignerState
from pipeline.plant.standing import StandingInspector

VERDICT = QaVerdict(verdict=Verdict.PASS, card=None, checks=())
MOMENT = datetime(2026, 1, 5, tzinfo=UTC)


class Inspects:
    def inspect(self, _channel: Any, _expected: Any) -> QaVerdict:
        return VERDICT

    look = inspect

    def verify(self, _channel: Any, _expected: Any = None) -> QaVerdict:
        return VERDICT


def test_it_is_made_at_first_use_and_when_the_roll_changes() -> None:
    made: list[Roll] = []
    now = Roll()

    def make() -> Inspects:
        made.append(now)
        return Inspects()

    standing = StandingInspector(lambda: now, make)
    assert made == []
    channel: Any = None
    for ask in (standing.inspect, standing.look, standing.verify):
        assert ask(channel, channel) is VERDICT
    assert len(made) == 1
    second = Signer(label="DS-2", state=SignerState.CURRENT, begins=MOMENT, ends=MOMENT)
    now = now.with_signer(second)
    standing.look(channel, channel)
    standing.look(channel, channel)
    assert made == [Roll(), now]
