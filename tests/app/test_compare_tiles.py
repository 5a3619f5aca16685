"""Tiles on the Compare page: of one run, those that are wrong first; of two, where they disagree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rsdash.config import make_radiometry
from rsdash.data import Dataset, add_dataset
from rsdash.data.store import scan_again
from rsdash.errors import ImageError
from rsdash.evaluation.saved import Evaluation
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import Subject, further_path, write_further
from tests.app.comparing import compare, said, two
from tests.bands import make_band_tiles
from tests.finished import change_answers

WRONG = 3


@pytest.fixture
def folders(runs_dir: Path, tiles_dir: Path) -> tuple[RunFolder, RunFolder]:
    """Two runs that were evaluated on tiles."""
    return evaluated_on(add_dataset(tiles_dir, name="tiles"), runs_dir)


def evaluated_on(dataset: Dataset, runs_dir: Path) -> tuple[RunFolder, RunFolder]:
    """Two runs, each of which takes the first three tiles of Forest for another class."""
    manifest, found = dataset.manifest, two(runs_dir)
    labels = np.asarray(manifest.labels, dtype=np.int64)
    for mistaken_for, folder in enumerate(found, start=1):
        answers = np.where((labels == 0) & (np.cumsum(labels == 0) <= WRONG), mistaken_for, labels)
        logits = np.eye(3, dtype=np.float32)[answers]
        roles, rows = np.full(len(labels), "held-out"), np.arange(len(labels))
        evaluation = Evaluation(logits, labels, rows, roles, tuple(manifest.classes))
        write_further(
            further_path(folder, dataset.name, ""),
            evaluation,
            Subject(dataset.name, "", manifest.fingerprint),
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


def pictures(app: AppTest) -> list[str]:
    """The address of each tile's picture, which changes with its pixels."""
    return [picture.url for shown in app.get("image") for picture in shown.proto.imgs]


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


def test_tiles_are_shown_as_the_data_set_reads_them_now(runs_dir: Path, tmp_path: Path) -> None:
    colours = make_radiometry("sentinel2")
    dataset = add_dataset(make_band_tiles(tmp_path / "tiles", per_class=4), radiometry=colours)
    app = tiles(evaluated_on(dataset, runs_dir)[0])
    before = pictures(app)
    now = scan_again("tiles", radiometry=make_radiometry("sentinel2", "B08,B04,B03"))
    assert now.manifest.fingerprint == dataset.manifest.fingerprint
    after = pictures(app.run())
    assert not app.exception and len(before) == len(after) == WRONG
    assert not set(before) & set(after)


def test_a_tile_that_could_not_be_read_is_tried_again(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> np.ndarray:
        raise ImageError("The disk is gone for a moment.")

    st.cache_data.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "read_picture", unreadable)
        app = tiles(folders[0])
        assert not app.exception and len(set(pictures(app))) == 1, "all of them are grey"
    assert len(set(pictures(app.run()))) == WRONG
