"""Event files hold what a run's log does, as TensorBoard's own reader finds it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from rsdash.exports.tensorboard import write_tensorboard
from rsdash.home import PROJECT_DIR, examples_dir
from rsdash.runs.amendments import Amendment
from rsdash.runs.index import RunEntry, RunIndex
from rsdash.runs.states import RunState
from tests.conftest import Command
from tests.tiny import make_run


def read(path: Path) -> EventAccumulator:
    """The folder of an event file, as TensorBoard reads it."""
    found = EventAccumulator(str(path.parent), size_guidance={"scalars": 0, "tensors": 0})
    return found.Reload()


def entry_of(runs_dir: Path, run_id: str) -> RunEntry:
    return RunIndex(runs_dir).refresh().find(run_id)


def points(found: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in found.Scalars(tag)]


def text_of(found: EventAccumulator) -> str:
    (event,) = found.Tensors("settings")
    return event.tensor_proto.string_val[0].decode()


@pytest.fixture
def watched(runs_dir: Path) -> RunEntry:
    """A run of two epochs with everything that a run may record, whose second epoch was done again."""
    folder = make_run(runs_dir, name="a | b", state=RunState.RUNNING, learning_rate=0.01)
    folder.log_event("layers", names=["conv1", "head"], sizes=[10, 20])
    for step in (10, 20, 30, 20, 30):
        if step == 20 and folder.metrics_path.read_text().count('"step":30'):
            folder.log_event("resume", attempt=2, step=10, within_epoch=False)
        again = '"resume"' in folder.metrics_path.read_text()
        row = {"loss": step / 10 + again, "accuracy": 0.5, "learning_rate": 0.01}
        folder.log_event("step", step=step, epoch=step / 10, images=160, seconds=4.0, **row)
        folder.log_event("gradients", step=step, epoch=step / 10, norms=[0.25, None], ratios=[1e-3, 2e-3])
        folder.log_event("epoch", step=step, epoch=step // 10, train_loss=1.5, train_accuracy=0.25)
    folder.amend(Amendment(step=20, setting="learning_rate", value=0.02))
    return entry_of(runs_dir, folder.id)


def test_an_examples_log_comes_back_number_by_number(tmp_path: Path) -> None:
    for entry in RunIndex(examples_dir()).refresh().entries:
        found = read(write_tensorboard(entry, tmp_path))
        rows = [json.loads(line) for line in entry.folder.metrics_path.read_text().splitlines()]
        steps = [row for row in rows if row["kind"] == "step"]
        epochs = [row for row in rows if row["kind"] == "epoch"]
        assert len(steps) == entry.state.summary.steps and len(epochs) == 15
        for tag, kind, name in (
            ("step/loss", steps, "loss"),
            ("step/accuracy", steps, "accuracy"),
            ("step/learning_rate", steps, "learning_rate"),
            ("epoch/train_loss", epochs, "train_loss"),
            ("epoch/train_accuracy", epochs, "train_accuracy"),
            ("epoch/held_out_loss", epochs, "loss"),
            ("epoch/held_out_accuracy", epochs, "accuracy"),
        ):
            events = found.Scalars(tag)
            assert [event.step for event in events] == [row["step"] for row in kind], tag
            assert [event.value for event in events] == pytest.approx([row[name] for row in kind], rel=1e-6)
            assert [event.wall_time for event in events] == [row["at"] for row in kind], tag
        assert points(found, "result/accuracy") == [(len(steps), pytest.approx(entry.state.summary.accuracy))]
        speeds = [row["images"] / row["seconds"] for row in steps]
        assert [value for _, value in points(found, "step/images_per_s")] == pytest.approx(speeds, rel=1e-6)
        assert f"| model | {entry.config.model} |" in text_of(found)


def test_what_a_resume_took_back_is_not_exported(watched: RunEntry, tmp_path: Path) -> None:
    found = read(write_tensorboard(watched, tmp_path))
    assert points(found, "step/loss") == [(10, 1.0), (20, 3.0), (30, 4.0)]
    assert points(found, "step/images_per_s") == [(10, 40.0), (20, 40.0), (30, 40.0)]


def test_layers_have_curves_of_their_own_and_missing_numbers_are_left_out(watched, tmp_path: Path) -> None:
    found = read(write_tensorboard(watched, tmp_path))
    assert points(found, "gradient_norm/conv1") == [(10, 0.25), (20, 0.25), (30, 0.25)]
    assert [value for _, value in points(found, "update_ratio/head")] == pytest.approx([2e-3] * 3)
    tags = set(found.Tags()["scalars"])
    assert not tags & {"gradient_norm/head", "epoch/held_out_loss", "result/loss"}
    times = {event.step: event.wall_time for event in found.Scalars("step/loss")}
    assert {event.step: event.wall_time for event in found.Scalars("gradient_norm/conv1")} == times


def test_settings_in_force_are_text_and_hyperparameters(watched: RunEntry, tmp_path: Path) -> None:
    found = read(write_tensorboard(watched, tmp_path))
    text = text_of(found)
    assert r"a \| b" in text and "| learning_rate | 0.02 |" in text
    assert "learning_rate = 0.02 from step 20 on" in text
    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    kind = plugin_data_pb2.HParamsPluginData  # pyright: ignore[reportAttributeAccessIssue]  # made at import
    start = kind.FromString(content).session_start_info
    assert start.hparams["learning_rate"].number_value == 0.02
    assert start.hparams["model"].string_value == "alexnet"
    assert start.hparams["skip"].bool_value is True
    assert start.hparams["kernel_sizes"].string_value == "11,5,3,3,3"


def test_an_export_replaces_the_one_before(watched: RunEntry, tmp_path: Path) -> None:
    first = write_tensorboard(watched, tmp_path)
    watched.folder.log_event("step", step=40, epoch=4, loss=0.5)
    second = write_tensorboard(watched, tmp_path)
    assert first == second and list(first.parent.iterdir()) == [first]
    assert points(read(second), "step/loss")[-1] == (40, 0.5)


def test_the_command_writes_below_the_folder_that_is_named(watched, tmp_path, command: Command) -> None:
    code, output, _ = command("export", watched.id, "--format=tensorboard", f"--out={tmp_path}")
    assert code == 0
    (path,) = (tmp_path / watched.id).iterdir()
    assert str(path) in output.replace("\n", "")


@pytest.mark.parametrize(
    ("given", "words"),
    [(["--format=csv"], "csv"), ([], "--format"), (["--format=tensorboard"], "has recorded no step yet")],
)
def test_what_cannot_be_exported_exits_2(runs_dir, tmp_path, command: Command, given, words) -> None:
    folder = make_run(runs_dir)
    code, _, errors = command("export", folder.id, f"--out={tmp_path / 'out'}", *given)
    assert code == 2
    assert words in errors
    assert not (tmp_path / "out").exists()


def test_exporting_loads_no_torch() -> None:
    code = (
        "import sys, rsdash.exports.tensorboard as _\n"
        "print(sorted({'torch', 'tensorflow', 'grpc'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
