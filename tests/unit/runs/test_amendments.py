"""Settings changed on the way: the last word counts, and each holds from its step on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.config import RunConfig
from rsdash.errors import ConfigError
from rsdash.runs.amendments import Amendment, add_amendment, amended, check_amendment, read_amendments
from rsdash.runs.events import append_event
from rsdash.runs.folder import RunFolder
from tests.tiny import make_run


def rate(step: int, value: float) -> Amendment:
    return Amendment(step=step, setting="learning_rate", value=value)


def test_each_setting_holds_from_its_step_on() -> None:
    changes = (rate(10, 0.1), Amendment(step=12, setting="epochs", value=20.0), rate(15, 0.2))
    rates = [amended(RunConfig(), changes, step).learning_rate for step in (9, 10, 14, 15, 99)]
    assert rates == [0.0005, 0.1, 0.1, 0.2, 0.2]
    assert [amended(RunConfig(), changes, step).epochs for step in (11, 12)] == [15, 20]
    assert isinstance(amended(RunConfig(), changes).epochs, int)
    assert amended(RunConfig(), ()) == RunConfig()


def test_what_was_changed_beyond_a_new_change_is_forgotten() -> None:
    longer = Amendment(step=100, setting="epochs", value=20)
    before = (rate(50, 0.1), rate(100, 0.2), longer)
    assert add_amendment(before, rate(80, 0.3)) == (rate(50, 0.1), longer, rate(80, 0.3))
    assert add_amendment(before, rate(50, 0.3)) == (longer, rate(50, 0.3))


def test_amendments_are_read_from_the_log(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    assert read_amendments(log) == ()
    append_event(log, "amendment", step=5, setting="learning_rate", value=0.1, command="a")
    append_event(log, "step", step=6)
    append_event(log, "amendment", step=6, setting="colour", value=3)
    append_event(log, "resume", step=2, attempt=2)
    append_event(log, "amendment", step=3, setting="learning_rate", value=0.4)
    assert read_amendments(log) == (rate(3, 0.4),)


def test_a_run_from_before_a_rule_on_new_settings_can_still_be_changed() -> None:
    old = RunConfig(warmup_epochs=50, epochs=2)
    check_amendment(old, "learning_rate", 0.1, epochs_done=1)
    check_amendment(old, "epochs", 4, epochs_done=2)
    with pytest.raises(ConfigError, match="learning_rate"):
        check_amendment(old, "learning_rate", -1, epochs_done=1)


def killed_before_it_said_so(folder: RunFolder, amendment: Amendment, command: str) -> None:
    folder.log_event("amendment", **amendment.model_dump(), command=command)


@pytest.mark.parametrize("command", ["a", "b"])
def test_what_a_command_asked_for_holds_from_the_step_at_which_it_was_taken(
    tmp_path: Path, command: str
) -> None:
    folder = make_run(tmp_path)
    killed_before_it_said_so(folder, rate(12, 0.1), "a")
    assert folder.amend(rate(10, 0.1), command=command) is (command == "b")  # from the checkpoint on
    expected = (rate(10 if command == "b" else 12, 0.1),)
    assert read_amendments(folder.metrics_path) == expected
    assert folder.state().amendments == expected
