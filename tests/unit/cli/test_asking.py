"""What the command line asks of runs that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import rsdash.cli.asking as asking
from rsdash.cli import app
from rsdash.errors import RsdashError
from rsdash.jobs.unattended import carry_out
from rsdash.runs.commands import read_commands
from rsdash.runs.index import RunEntry
from rsdash.runs.states import RunState
from tests.tiny import make_run


@pytest.fixture(autouse=True)
def at_once(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ANSWER_WAIT_S", 0.0)


def rsdash(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_run_is_renamed_tagged_and_noted(runs_dir: Path) -> None:
    folder = make_run(runs_dir)
    given = ("--name", "my run", "--tag", "a", "--tag", "b", "--note", "odd", "--pin")
    shown = rsdash("about", folder.id, *given)
    assert shown.exit_code == 0 and "tags: a, b" in shown.output
    about = folder.about()
    assert (about.name, about.tags, about.note, about.pinned) == ("my run", ("a", "b"), "odd", True)
    assert isinstance(rsdash("about", "my run", "--name", " ").exception, RsdashError)
    assert "note: odd" in rsdash("about", "my run").output


def test_a_run_is_not_given_the_name_of_another(runs_dir: Path) -> None:
    folder, other = make_run(runs_dir, name="mine"), make_run(runs_dir, name="yours")
    for taken in ("yours", " yours ", other.id):
        refused = rsdash("about", "mine", "--name", taken, "--note", "odd")
        assert isinstance(refused.exception, RsdashError)
        assert taken.strip() in str(refused.exception) and other.id in str(refused.exception)
    assert (folder.about().name, folder.about().note) == ("mine", "")
    assert rsdash("about", "mine", "--name", " mine ", "--note", "odd").exit_code == 0
    assert (folder.about().name, folder.about().note) == ("mine", "odd")


def test_of_two_runs_of_one_name_each_may_keep_it(runs_dir: Path) -> None:
    folder, _ = make_run(runs_dir, name="twin"), make_run(runs_dir, name="twin")
    assert rsdash("about", folder.id, "--name", "twin", "--pin").exit_code == 0
    assert rsdash("about", folder.id, "--name", "single").exit_code == 0
    assert folder.about().name == "single" and folder.about().pinned


def test_the_queue_is_reordered(runs_dir: Path) -> None:
    for position, name in enumerate(("one", "two", "three")):
        make_run(runs_dir, name=name).write_about(queue_position=float(position))
    assert rsdash("move", "three", "1").output.splitlines() == ["1. three", "2. one", "3. two"]


@pytest.mark.parametrize(
    ("command", "state", "action"),
    [
        (["pause"], RunState.RUNNING, "suspend"),
        (["stop"], RunState.RUNNING, "stop"),
        (["cancel"], RunState.QUEUED, "cancel"),
        (["change", "--learning-rate", "0.1"], RunState.RUNNING, "set_lr"),
        (["change", "--epochs", "99"], RunState.QUEUED, "set_epochs"),
    ],
)
def test_a_request_is_written_and_its_answer_awaited(
    runs_dir: Path, command: list[str], state: RunState, action: str
) -> None:
    folder = make_run(runs_dir, state=state)
    result = rsdash(command[0], folder.id, *command[1:])
    assert result.exit_code == 0 and "nobody has answered yet" in result.output
    assert [asked.action for asked in read_commands(folder.commands_path, 0)] == [action]


def test_the_answer_is_told(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ANSWER_WAIT_S", 5.0)
    folder = make_run(runs_dir)
    real = asking.request_changes

    def answered(entry: RunEntry, **changes: Any) -> list[str]:
        asked = real(entry, **changes)
        carry_out(folder, front=0.0)
        return asked

    monkeypatch.setattr(asking, "request_changes", answered)
    result = rsdash("change", folder.id, "--epochs", "20", "--learning-rate", "0.25")
    assert result.output.endswith("done.\n") and result.output.count("done.") == 1
    assert [one.value for one in folder.state().amendments] == [0.25, 20]


@pytest.mark.parametrize(
    "command",
    [
        ["pause", "RUN"],
        ["change", "RUN"],
        ["change", "RUN", "--learning-rate", "-1"],
        ["change", "RUN", "--epochs", "0"],
        ["change", "RUN", "--learning-rate", "0.1", "--epochs", "0"],
        ["stop", "no such run"],
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(runs_dir: Path, command: list[str]) -> None:
    folder = make_run(runs_dir)
    result = rsdash(*[folder.id if word == "RUN" else word for word in command])
    assert isinstance(result.exception, RsdashError)
    assert not folder.commands_path.exists()
