"""The table of states against the arrows of the design."""

from __future__ import annotations

import pytest

from rsdash.errors import RunError
from rsdash.runs.states import ENDED, EVALUATED, LIVING, RunState, check_move

LIFE = "STARTING RUNNING STOPPING EVALUATING"
ARROWS = {
    "QUEUED": "STARTING CANCELLED",
    "STARTING": "RUNNING EVALUATING FAILED CANCELLED INTERRUPTED",
    "RUNNING": "STOPPING EVALUATING FAILED CANCELLED INTERRUPTED",
    "STOPPING": "EVALUATING FAILED CANCELLED INTERRUPTED",
    "EVALUATING": "FINISHED STOPPED FAILED CANCELLED INTERRUPTED",
    "FINISHED": "QUEUED",
    "STOPPED": "QUEUED",
    "FAILED": "QUEUED",
    "CANCELLED": "QUEUED",
    "INTERRUPTED": "QUEUED",
}


@pytest.mark.parametrize("before", RunState)
@pytest.mark.parametrize("after", RunState)
def test_exactly_the_arrows_of_the_design_are_moves(before: RunState, after: RunState) -> None:
    if after == before or after.value in ARROWS[before.value].split():
        check_move(before, after)
    else:
        with pytest.raises(RunError, match=f"from {before} to {after}"):
            check_move(before, after)


def test_every_state_waits_lives_or_has_ended() -> None:
    assert set(LIFE.split()) == set(LIVING)
    assert ENDED.isdisjoint(LIVING) and ENDED | LIVING | {RunState.QUEUED} == set(RunState)
    assert {"FINISHED", "STOPPED"} == EVALUATED
