"""Finished runs with real answers, copied from the shipped examples and changed one thing at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.home import examples_dir
from rsdash.runs.folder import RUN_ID, RunFolder
from rsdash.runs.index import RunEntry, RunIndex

MADE_AT = 1_795_600_000.0
"""Seconds since 1970."""


def example_named(model: str) -> RunFolder:
    """The shipped example of a model, the first by id."""
    folders = sorted(path for path in examples_dir().iterdir() if RUN_ID.fullmatch(path.name))
    return next(RunFolder(path) for path in folders if f"-{model}-" in path.name)


def copy_run(
    runs_dir: Path, model: str, number: int, *, name: str = "", state: str = "FINISHED", **settings: Any
) -> RunFolder:
    """A finished run in `runs_dir`, as the example but for its name, state and settings.

    Args:
        runs_dir: folder of runs.
        model: whose example is copied: alexnet or resnet18.
        number: makes its id unlike others; lists show higher ones first.
        name: what it is called; empty for model and number.
        state: what state.json says.
        settings: changed in config.json.
    """
    source = example_named(model)
    folder = RunFolder(runs_dir / f"20261125-{100000 + number}-{model}-{number:06x}")
    shutil.copytree(source.path, folder.path)
    made = {"id": folder.id, "created_at": MADE_AT + number}
    edit(folder.path / "config.json", lambda c: c["config"].update(settings) or c.update(made))
    edit(folder.about_path, lambda about: about.update(name=name or f"{model} {number}", tags=[]))
    edit(folder.state_path, lambda record: record.update(state=state))
    return folder


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of a JSON file."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def change_answers(folder: RunFolder, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the arrays of evaluation.npz."""
    with np.load(folder.evaluation_path) as saved:
        arrays = {name: saved[name] for name in saved.files}
    change(arrays)
    np.savez_compressed(folder.evaluation_path, **arrays)  # pyright: ignore[reportArgumentType]  # arrays by name


def entries_in(runs_dir: Path) -> list[RunEntry]:
    """All runs of a folder by name."""
    listing = RunIndex(runs_dir).refresh()
    assert not listing.problems
    return sorted(listing.entries, key=lambda entry: entry.name)
