"""Broken checkpoints, changed images and full disks: one sentence, and nothing else is touched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsdash.data import open_dataset
from rsdash.errors import DataChangedError, DataNotFoundError
from rsdash.jobs.requests import request_resume
from rsdash.runs.amendments import Amendment
from rsdash.runs.states import RunState
from tests.faults.bench import Bench, copy_of, entry
from tests.faults.conftest import Finished
from tests.tiny import bring_to


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def one_sentence_or_two(message: str) -> bool:
    return message.endswith(".") and "\n" not in message and "Error" not in message


def test_a_truncated_checkpoint_fails_the_run_and_no_other(twins_bench: Bench, finished: Finished) -> None:
    folder = copy_of(finished.folder, twins_bench.runs_dir, RunState.RUNNING)  # its worker died unseen
    content = folder.checkpoint_path.read_bytes()
    folder.checkpoint_path.write_bytes(content[: len(content) // 2])
    other = twins_bench.submit()
    before = content_of(other.path)
    exit_code, _ = twins_bench.run("worker", folder.path)
    state = folder.state()
    assert (exit_code, state.state, state.attempt) == (1, RunState.FAILED, 2)
    assert "last.ckpt is damaged" in state.message and "Delete it" in state.message
    assert one_sentence_or_two(state.message)
    assert content_of(other.path) == before
    assert finished.folder.state().state is RunState.FINISHED


def test_a_finished_run_is_not_trained_again_by_hand(twins_bench: Bench, finished: Finished) -> None:
    before = content_of(finished.folder.path)
    exit_code, printed = twins_bench.run("worker", finished.folder.path)
    assert exit_code == 2 and "is finished" in printed
    assert content_of(finished.folder.path) == before


def change_tiles(tiles: Path) -> None:
    (tiles / "Lake" / "00.png").unlink()
    shutil.copy(tiles / "Road" / "00.png", tiles / "Road" / "new.png")
    shutil.copy(tiles / "Road" / "01.png", tiles / "Forest" / "03.png")


def test_resume_on_changed_images_is_refused_with_count_and_names(bench: Bench) -> None:
    folder = bench.submit()
    bring_to(folder, RunState.INTERRUPTED)
    change_tiles(bench.tiles)
    with pytest.raises(DataChangedError, match="3 files") as caught:
        request_resume(entry(folder))
    assert all(name in str(caught.value) for name in ("Forest/03.png", "Lake/00.png", "Road/new.png"))
    bench.tiles.rename(bench.tiles.with_name("moved"))
    with pytest.raises(DataNotFoundError, match="tiles"):
        request_resume(entry(folder))
    assert not folder.commands_path.exists()
    assert folder.state().state is RunState.INTERRUPTED


def test_a_worker_on_changed_images_fails_before_it_trains(bench: Bench) -> None:
    folder = bench.submit()
    change_tiles(bench.tiles)
    exit_code, _ = bench.run("worker", folder.path)
    state = folder.state()
    assert (exit_code, state.state) == (1, RunState.FAILED)
    assert "3 files" in state.message and "Forest/03.png" in state.message
    assert one_sentence_or_two(state.message)
    assert not folder.checkpoint_path.exists()


@pytest.fixture
def small_disk(tmp_path: Path, finished: Finished) -> Iterator[Path]:
    """A disk with room for a finished run and a megabyte, but not for a second checkpoint."""
    place = tmp_path / "disk"
    place.mkdir()
    used = sum(path.stat().st_size for path in finished.folder.path.iterdir())
    size = f"size={used // 1024 + 1024}k"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_fails_the_run_and_keeps_its_checkpoint(
    small_disk: Path, twins_bench: Bench, finished: Finished
) -> None:
    folder = copy_of(finished.folder, small_disk, RunState.INTERRUPTED)
    state = folder.state()
    folder.amend(Amendment(step=state.summary.step, setting="epochs", value=state.summary.epoch + 1))
    before = folder.checkpoint_path.read_bytes()
    exit_code, _ = twins_bench.run("worker", folder.path)
    state = folder.state()
    assert (exit_code, state.state) == (1, RunState.FAILED)
    assert "is full. Free some space" in state.message and one_sentence_or_two(state.message)
    assert folder.checkpoint_path.read_bytes() == before
    assert list(folder.path.glob(".*")) == []


def test_a_data_set_with_unusable_files_trains_and_lists_them(finished: Finished, bench: Bench) -> None:
    assert finished.exit_code == 0, finished.printed
    state = finished.folder.state()
    assert state.state is RunState.FINISHED and (state.summary.accuracy or 0) > 0.9
    shutil.copytree(finished.tiles, bench.tiles, dirs_exist_ok=True)
    refused = {r.name: r.reason for r in open_dataset(str(bench.tiles)).manifest.refused}
    assert refused.keys() == {"Lake/notes.jpg", "Road/huge.png"}
    assert "not an image" in refused["Lake/notes.jpg"] and "3,600.0 megapixels" in refused["Road/huge.png"]
