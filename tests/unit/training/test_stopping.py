"""A stop that was asked for is kept, whatever happens before the figures are there."""

from __future__ import annotations

from rsdash.data import add_dataset
from rsdash.runs.amendments import Amendment
from rsdash.runs.states import RunState
from rsdash.training.control import Control, Ending, Request, Standing
from tests.sessions import go_on

STOPPED_AT = 4


class ShutWhileEvaluating(Control):
    """Asks to stop after some steps, and to leave once the figures are computed."""

    def poll(self, standing: Standing | None = None) -> Request | Amendment | None:
        if standing is None:
            return Request(Ending.SUSPEND)
        return Request(Ending.STOP) if standing.step >= STOPPED_AT else None


def test_a_stopped_run_that_was_shut_down_before_its_figures_gets_them_and_trains_no_further(
    tiles_dir, queue
):
    add_dataset(tiles_dir, name="tiles")
    run = queue("tiles", epochs=9)
    assert not go_on(run, control=ShutWhileEvaluating(run, 0))
    state = run.state()
    assert (state.state, state.checkpoint_step, state.stopping) == (RunState.INTERRUPTED, STOPPED_AT, True)
    assert go_on(run)
    state = run.state()
    assert (state.state, state.checkpoint_step, state.stopping) == (RunState.STOPPED, STOPPED_AT, False)
    assert state.summary.accuracy is not None
    assert go_on(run)
    assert (run.state().state, run.state().summary.epoch) == (RunState.FINISHED, 9)
