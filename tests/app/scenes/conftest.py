"""A finished run, a scene, and a place for maps."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.scenes import write_scene
from tests.tiny import make_run


@pytest.fixture
def run(runs_dir: Path) -> RunFolder:
    """A finished run."""
    return make_run(runs_dir, name="mine", state=RunState.FINISHED)


@pytest.fixture
def maps() -> Path:
    """Where finished maps lie."""
    return Path(os.environ["RSDASH_DATA"]) / "maps"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A GeoTIFF of 288 x 192 px."""
    return write_scene(tmp_path / "scene.tif", np.full((192, 288, 3), 90, np.uint8))
