"""Tiles on the Compare page: of one run, those that are wrong first; of two, where they disagree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from rsdash.evaluation.saved import Evaluation
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import Subject, further_path, write_further
from tests.app.comparing import compare, said, two
from tests.finished import change_answers

WRONG = 3


@pytest.fixture
def folders(runs_dir: Path, tiles_dir: Path) -> tuple[RunFolder, RunFolder]:
    """Two runs that were evaluated on tiles: each takes the first three of Forest for another class."""
    dataset = add_dataset(tiles_dir, name="tiles")
    manifest, found = dataset.manifest, two(runs_dir)
    labels = np.asarray(manifest.labels, dtype=np.int64)
    for mistaken_for, folder in enumerate(found, start=1):
        answers = np.where((labels == 0) & (np.cumsum(labels == 0) <= WRONG), mistaken_for, labels)
        logits = np.eye(3, dtype=np.float32)[answers]
        roles, rows = np.full(len(labels), "held-out"), np.arange(len(labels))
        evaluation = Evaluation(logits, labels, rows, roles, tuple(manifest.classes))
        write_further(
            further_path(folder, "tiles", ""), evaluation, Subject("tiles", "", manifest.fingerprint)
        )
    return found


def tiles(*folders: RunFolder) -> AppTest:
    app = compare(*folders)
    app.selectbox(key="measured-on").set_value("tiles-all-images").run()
    app.segmented_control(key="look").set_value("Tiles").run()
    assert not app.exception
    return app


def told(app: AppTest) -> list[str]:
    """What stands below each tile."""
    return [caption.value for caption in app.caption if caption.value.startswith("**")]


def test_one_run_shows_its_wrong_tiles_first_and_those_of_a_class_or_an_answer(folders) -> None:
    app = tiles(folders[0])
    assert told(app) == ["**Forest**  \nLake"] * WRONG
    app.segmented_control(key="tile-case").set_value("Right").run()
    app.selectbox(key="tile-true").set_value("Forest").run()
    assert told(app) == ["**Forest**  \nForest"] * (20 - WRONG)
    app.segmented_control(key="tile-case").set_value("All").run()
    app.selectbox(key="tile-answer").set_value("Lake").run()
    assert told(app) == ["**Forest**  \nLake"] * WRONG


def test_a_second_run_changes_what_is_chosen_from(folders) -> None:
    assert told(tiles(*folders)) == []
    app = tiles(*folders)
    app.segmented_control(key="tile-case").set_value("Both wrong").run()
    assert set(map(len, told(app))) == {len("**Forest**  \n1: Lake  \n2: Road")} and len(told(app)) == WRONG
    app.query_params["runs"] = [folders[1].id]
    app.run()
    app.segmented_control(key="look").set_value("Tiles").run()
    assert not app.exception and told(app) == ["**Forest**  \nRoad"] * WRONG


def test_runs_on_unlike_images_are_looked_at_one_at_a_time(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    change_answers(second, lambda arrays: arrays.update(rows=arrays["rows"] + 1))
    app = compare(first, second)
    for look in ("Classes", "Tiles"):
        app.segmented_control(key="look").set_value(look).run()
        app.selectbox(key="pair-first").set_value(second.id).run()
        assert not app.exception and "would stand side by side" in said(app)
