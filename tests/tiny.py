"""Small things that many tests need: a learnable data set, settings of a small network, run folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsdash.config import RunConfig
from rsdash.inference.results import Profile
from rsdash.runs.creating import create_run
from rsdash.runs.folder import RunFolder, list_run_ids, new_run_id
from rsdash.runs.parts import Parts
from rsdash.runs.records import DataReference, RunRequest
from rsdash.runs.states import RunState

CLASSES = ("Forest", "Lake", "Road")
COLOURS = np.array([[40, 120, 50], [40, 60, 150], [130, 130, 120]])
COST = Profile(
    parameters=1000,
    trainable_parameters=1000,
    flops=1000,
    memory_bytes=1000,
    seconds_per_step=2.0,
    seconds_per_image_forward=0.5,
    device="CPU",
)
"""What a small network might cost."""
TILE_PX = 32
SMALL_MODEL = {
    "model": "alexnet",
    "width": 0.125,
    "hidden_layers": 1,
    "im_size": 63,
    "batch_size": 16,
    "threads": 1,
    "device": "cpu",
}
"""A network of 0.65 million parameters whose step takes about 0.01 s."""


def draw_tile(label: int, seed: int) -> np.ndarray:
    """A tile in its class's colour under strong noise, uint8 (32, 32, 3)."""
    noise = np.random.default_rng((label, seed)).normal(0, 40, (TILE_PX, TILE_PX, 3))
    return np.clip(COLOURS[label] + noise, 0, 255).astype(np.uint8)


def make_tiles(root: Path, per_class: int = 20) -> Path:
    """A folder per class with PNG tiles."""
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            Image.fromarray(draw_tile(label, index)).save(root / name / f"{index:02}.png")
    return root


def small_config(**changes: Any) -> RunConfig:
    """The paper preset on the small network."""
    return RunConfig(**{**SMALL_MODEL, **changes})


def make_run(
    runs_dir: Path, *, name: str = "a run", state: RunState = RunState.QUEUED, **settings: Any
) -> RunFolder:
    """A run folder whose images are only named; `state` is reached by legal moves."""
    config = small_config(**settings)
    data = DataReference(
        name="tiles",
        fingerprint="f" * 32,
        classes=CLASSES,
        split="80-20-seed0",
        counts={"train": 3, "validation": 0, "test": 1},
        test_role="held-out",
    )
    request = RunRequest(id=new_run_id(config.model), created_at=time.time(), config=config, data=data)
    rows = {"train": np.arange(3), "validation": np.arange(0), "test": np.array([3])}
    parts = Parts(rows, {part: tuple(f"{row}.png" for row in index) for part, index in rows.items()})
    folder = create_run(runs_dir, request, name=name, write_split=parts.write)
    bring_to(folder, state)
    return folder


PATHS: dict[RunState, tuple[RunState, ...]] = {
    RunState.QUEUED: (),
    RunState.STARTING: (RunState.STARTING,),
    RunState.RUNNING: (RunState.STARTING, RunState.RUNNING),
    RunState.STOPPING: (RunState.STARTING, RunState.RUNNING, RunState.STOPPING),
    RunState.EVALUATING: (RunState.STARTING, RunState.RUNNING, RunState.EVALUATING),
    RunState.FINISHED: (RunState.STARTING, RunState.EVALUATING, RunState.FINISHED),
    RunState.STOPPED: (RunState.STARTING, RunState.EVALUATING, RunState.STOPPED),
    RunState.FAILED: (RunState.STARTING, RunState.FAILED),
    RunState.CANCELLED: (RunState.CANCELLED,),
    RunState.INTERRUPTED: (RunState.STARTING, RunState.INTERRUPTED),
}


def run_folders(runs_dir: Path) -> list[RunFolder]:
    """The runs that lie there, oldest first."""
    return [RunFolder(runs_dir / run_id) for run_id in list_run_ids(runs_dir)]


def bring_to(folder: RunFolder, state: RunState) -> None:
    """Take a queued run to a state."""
    for step in PATHS[state]:
        folder.write_state(state=step)


def wait_for(condition: Callable[[], bool], what: str, *, deadline_s: float = 180.0) -> None:
    """Look every few milliseconds until a condition holds.

    Raises:
        AssertionError: it did not within the deadline.
    """
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"waited {deadline_s:.0f} s in vain for: {what}"
        time.sleep(0.02)
