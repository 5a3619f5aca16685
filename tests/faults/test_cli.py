"""The command line: exit codes that scripts can rely on, one sentence on a mistake, JSON for programs."""

from __future__ import annotations

import json
import shlex
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rsdash.config import command_for, make_config
from rsdash.jobs.requests import request_cancel
from rsdash.jobs.unattended import carry_out
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from tests.conftest import Command
from tests.faults.bench import Bench
from tests.faults.conftest import Finished
from tests.tiny import SMALL_MODEL

SMALL = [f"--set={name}={value}" for name, value in SMALL_MODEL.items()]


def one_class(tiles: Path) -> Path:
    shutil.rmtree(tiles / "Lake")
    shutil.rmtree(tiles / "Road")
    return tiles


def empty_class(tiles: Path) -> Path:
    for path in (tiles / "Lake").iterdir():
        path.unlink()
    return tiles


def escaping_zip(tiles: Path) -> Path:
    path = tiles.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for image in tiles.rglob("*.png"):
            archive.write(image, image.relative_to(tiles))
        archive.writestr("../../escaped.png", b"x")
    return path


def missing_folder(tiles: Path) -> Path:
    return tiles / "nowhere"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (missing_folder, "nowhere"),
        (one_class, "only one class"),
        (empty_class, "'Lake'"),
        (escaping_zip, "escaped.png"),
    ],
)
def test_data_that_cannot_be_trained_on_exits_2(
    bench: Bench, command: Command, damage: Callable[[Path], Path], words: str
) -> None:
    code, _, errors = command("train", *SMALL, f"--data={damage(bench.tiles)}")
    assert code == 2
    assert words in errors and "Traceback" not in errors and len(errors.strip().splitlines()) == 1
    assert list(bench.runs_dir.iterdir()) == []
    assert not list(bench.tiles.parent.parent.glob("escaped.png"))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--model=alexnot", "alexnot"),
        ("--learning-rate=-1", "learning_rate must be greater than 0; got -1."),
        ("--epochs=0", "epochs must be greater than or equal to 1; got 0."),
        ("--set=epochz=3", "Did you mean 'epochs'?"),
        ("--set=epochs", "field=value"),
        ("--preset=fast", "'fast'"),
        ("--batch-size=49", "batch_size=49 is larger than the training split of 48 images"),
        ("--device=cuda:7", "device=cuda:7"),
    ],
)
def test_settings_that_do_not_fit_exit_2_with_one_line(
    bench: Bench, command: Command, option: str, words: str
) -> None:
    given = [part for part in SMALL if "batch_size" not in part or "batch" not in option]
    given = [part for part in given if not option.startswith("--model") or "width" not in part]
    given = [part for part in given if not option.startswith("--model") or "hidden" not in part]
    given = [part for part in given if "model" not in part or not option.startswith("--model")]
    given = [part for part in given if "device" not in part or not option.startswith("--device")]
    code, _, errors = command("train", f"--data={bench.tiles}", *given, option)
    assert code == 2
    assert words in errors and len(errors.strip().splitlines()) == 1
    assert list(bench.runs_dir.iterdir()) == []


def test_an_unknown_option_exits_2(bench: Bench, command: Command) -> None:
    code, _, errors = command("train", "--epochz=3")
    assert code == 2 and "--epochz" in errors


def test_a_detached_run_waits_in_the_queue(bench: Bench, command: Command) -> None:
    code, output, _ = command("train", f"--data={bench.tiles}", *SMALL, "--detach", "--name=later")
    assert code == 0 and "Queued later" in output
    _, output, _ = command("runs", "--json")
    [row] = json.loads(output)
    assert (row["name"], row["state"], row["accuracy"]) == ("later", "QUEUED", None)


def test_several_values_and_seeds_queue_a_run_each(bench: Bench, command: Command) -> None:
    words = ("--vary=learning_rate=0.001,0.01", "--vary=kernel_sizes=11,5,3,3,3;7,5,3,3,3", "--seeds=0-1")
    code, output, _ = command("train", f"--data={bench.tiles}", *SMALL, *words, "--detach")
    assert code == 0 and output.count("Queued ") == 8
    runs = [entry.request.config for entry in RunIndex(bench.runs_dir).refresh().entries]
    found = {(config.learning_rate, config.kernel_sizes[0], config.seed) for config in runs}
    assert found == {(rate, size, seed) for rate in (0.001, 0.01) for size in (11, 7) for seed in (0, 1)}


def test_several_runs_are_followed_one_after_the_other(bench: Bench) -> None:
    code, output = bench.run("train", f"--data={bench.tiles}", *SMALL, "--set=epochs=1", "--seeds=0-1")
    assert code == 0
    ends = [line for line in output.splitlines() if "finished: accuracy" in line]
    assert [line.split()[0] for line in ends] == ["alexnet-tiles-seed0", "alexnet-tiles-seed1"]


def test_resume_waits_until_the_run_has_ended_anew(bench: Bench) -> None:
    folder = bench.submit(epochs=1)
    request_cancel(RunIndex(bench.runs_dir).refresh().find(folder.id))
    assert carry_out(folder, front=0.0) and folder.state().state is RunState.CANCELLED
    code, output = bench.run("resume", folder.id)
    assert (code, folder.state().state) == (0, RunState.FINISHED)
    assert "finished: accuracy" in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--vary=learning_rate=0.001,fast",), "With learning_rate=fast: learning_rate"),
        (("--vary=epochs",), "--vary takes field=value,value"),
        (("--seeds=0-200",), "Seeds '0-200'"),
        (("--seeds=0-4", "--vary=seed=1,2"), "given twice"),
        (("--vary=batch_size=8,49",), "batch_size=49 is larger than the training split"),
    ],
)
def test_a_grid_that_does_not_fit_exits_2_with_one_line_and_queues_nothing(
    bench: Bench, command: Command, words: tuple[str, ...], sentence: str
) -> None:
    code, _, errors = command("train", f"--data={bench.tiles}", *SMALL, *words, "--detach")
    assert code == 2
    assert sentence in errors and len(errors.strip().splitlines()) == 1
    assert list(bench.runs_dir.iterdir()) == []


def test_the_command_of_a_run_queues_one_with_the_same_settings(bench: Bench, command: Command) -> None:
    values = {
        **SMALL_MODEL,
        "data": str(bench.tiles),
        "limit_per_class": None,
        "learning_rate": 0.00123456789,
    }
    wanted = make_config(values, preset="quick")
    code, _, _ = command(*shlex.split(command_for(wanted))[3:], "--detach")
    assert code == 0
    [entry] = RunIndex(bench.runs_dir).refresh().entries
    assert entry.request.config == wanted.model_copy(update={"data": "tiles"})


def test_find_rate_prints_a_sweep_and_queues_nothing(bench: Bench, command: Command) -> None:
    code, output, _ = command("find-rate", f"--data={bench.tiles}", *SMALL, "--json")
    found = json.loads(output)
    assert code == 0 and len(found["rates"]) == len(found["losses"]) > 20
    assert found["suggestion"] is None or 1e-6 < found["suggestion"] < 10
    assert list(bench.runs_dir.iterdir()) == []
    code, output, _ = command("find-rate", f"--data={bench.tiles}", *SMALL)
    assert code == 0 and "smoothed" in output
    code, _, errors = command("find-rate", f"--data={bench.tiles}", "--set=epochz=1")
    assert code == 2 and "epochs" in errors


def test_a_finished_train_exits_0_and_prints_its_figures(finished: Finished) -> None:
    summary = finished.folder.state().summary
    assert finished.exit_code == 0
    assert f"accuracy {summary.accuracy:.4f}, loss {summary.loss:.4f} on 12 images" in finished.printed
    assert "(held-out)" in finished.printed


def test_runs_as_json_is_a_list_of_objects(finished: Finished, command: Command) -> None:
    code, output, _ = command("--runs-dir", finished.folder.path.parent, "runs", "--json")
    [row] = [row for row in json.loads(output) if not row["example"]]
    summary = finished.folder.state().summary
    assert code == 0
    assert (row["id"], row["name"], row["state"]) == (finished.folder.id, "twin", "FINISHED")
    assert (row["model"], row["accuracy"], row["loss"]) == ("alexnet", summary.accuracy, summary.loss)


def test_compare_says_why_one_run_is_not_ranked(finished: Finished, command: Command) -> None:
    code, output, _ = command("--runs-dir", finished.folder.path.parent, "compare", "twin", "--json")
    found = json.loads(output)
    assert code == 0 and found["best"] is None and "Fewer than two" in found["not_ranked"]
    assert found["runs"][0]["images"] == 12
    assert [row["accuracy"] for row in found["reference"]] == [0.6479, 0.6023]


@pytest.mark.parametrize(
    "words", [("runs", "--format=xml"), ("compare", "nobody"), ("predict", "nobody", "x")]
)
def test_reading_what_is_not_there_exits_2(bench: Bench, command: Command, words: tuple[str, ...]) -> None:
    code, _, errors = command(*words)
    assert code == 2 and errors and "Traceback" not in errors


def test_predict_names_classes_and_survives_one_bad_image(finished: Finished, command: Command) -> None:
    runs, good = finished.folder.path.parent, finished.tiles / "Lake" / "05.png"
    code, output, _ = command("--runs-dir", runs, "predict", "twin", good, finished.text_file, "--json")
    first, second = json.loads(output)
    assert code == 0
    assert first["classes"][0] == "Lake" and sum(first["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert "notes.jpg" in second["error"] and second["classes"] == []


@pytest.mark.parametrize("count", [1, 2])
def test_predict_on_unreadable_images_alone_exits_2(finished: Finished, command: Command, count: int) -> None:
    bad = [finished.huge_image, finished.text_file][:count]
    code, output, errors = command("--runs-dir", finished.folder.path.parent, "predict", "twin", *bad)
    assert code == 2 and output == ""
    assert "megapixels" in errors and len(errors.strip().splitlines()) == count


def test_the_examples_are_listed_on_request_and_can_be_compared(bench: Bench, command: Command) -> None:
    _, output, _ = command("runs", "--json")
    assert json.loads(output) == []
    _, output, _ = command("runs", "--json", "--examples")
    names = [row["name"] for row in json.loads(output)]
    assert len(names) >= 2
    code, output, _ = command("compare", *names, "--json")
    assert code == 0
    assert all(
        0 < row["accuracy_low"] < row["accuracy"] < row["accuracy_high"] for row in json.loads(output)["runs"]
    )
