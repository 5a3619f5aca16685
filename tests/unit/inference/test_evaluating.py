"""An old run on other images: the same logits on its own, nothing that it trained on, refusals by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import softmax

from rsdash.config import make_radiometry
from rsdash.data import add_dataset, open_dataset, remove_dataset
from rsdash.data.exclusions import exclude
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.errors import DataError, ModelError, RunError
from rsdash.evaluation.saved import read_evaluation
from rsdash.inference.evaluating import evaluate_run
from rsdash.inference.predictor import Predictor
from rsdash.inference.results import EvaluationResult, Step
from rsdash.jobs.submit import submit
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import list_further, read_further
from rsdash.runs.parts import Parts
from rsdash.runs.states import RunState
from tests.bands import make_band_tiles
from tests.sessions import go_on
from tests.tiny import draw_tile, make_run, small_config

SHARES = {"validation_share": 0.2, "test_share": 0.2}


@pytest.fixture
def train(runs_dir: Path, data_place: Path) -> Iterator[Callable[..., RunFolder]]:
    """Train a small network on `tiles` for one epoch."""
    threads = torch.get_num_threads()

    def make(**settings: object) -> RunFolder:
        folder = submit(small_config(data="tiles", epochs=1, **settings), runs_dir=runs_dir)
        assert go_on(folder)
        return folder

    yield make
    torch.set_num_threads(threads)


@pytest.fixture
def run(tiles_dir: Path, train: Callable[..., RunFolder]) -> RunFolder:
    """A run whose epoch was selected on its validation images: 36 trained on, 12 validation, 12 test."""
    add_dataset(tiles_dir)
    return train(report="best", **SHARES)


def evaluate(folder: RunFolder, **asked: str) -> EvaluationResult:
    *steps, result = evaluate_run(folder, **asked)
    assert isinstance(result, EvaluationResult)
    told = [(step.done, step.total) for step in steps if isinstance(step, Step)]
    assert told == sorted(told) and told[-1][0] == told[-1][1] and len({total for _, total in told}) == 1
    return result


def fresh_tiles(root: Path, classes: tuple[str, ...] = ("Lake", "Road"), first: int = 500) -> Path:
    """Tiles that no other data set holds; the classes are drawn as Forest, Lake and Road are."""
    known = ("Forest", "Lake", "Road")
    for name in classes:
        (root / name).mkdir(parents=True)
        for index in range(first, first + 6):
            label = known.index(name) if name in known else 0
            Image.fromarray(draw_tile(label, index)).save(root / name / f"{index}.png")
    return root


def test_its_own_split_gives_the_logits_that_were_saved(run: RunFolder) -> None:
    split = run.request().data.split
    result = evaluate(run, data="tiles", split=split)
    own, again = read_evaluation(run.evaluation_path), read_evaluation(run.path / result.file)
    assert result.file == f"evaluation-tiles-{split}.npz"
    assert np.abs(own.logits - again.logits).max() < 1e-5
    assert again.logits.dtype == np.float32
    for column in ("labels", "rows", "roles"):
        assert (getattr(own, column) == getattr(again, column)).all(), column
    assert own.classes == again.classes
    assert result.roles == {"held-out": 12, "validation, used to choose": 12}
    assert (result.role, result.images, result.notes) == ("held-out", 12, ())
    with np.load(run.path / result.file) as saved:
        assert str(saved["fingerprint"]) == open_dataset("tiles").info.fingerprint


def test_weights_that_nothing_selected_leave_validation_images_their_role(tiles_dir, train) -> None:
    add_dataset(tiles_dir)
    folder = train(report="last", **SHARES)
    assert evaluate(folder, data="tiles").roles == {"held-out": 12, "validation": 12}


def test_of_all_images_those_it_trained_on_and_excluded_ones_are_left_out(run: RunFolder) -> None:
    dataset, trained = open_dataset("tiles"), Parts.read(run.split_path).rows["train"]
    excluded = int(np.setdiff1d(np.arange(60), trained)[0])
    exclude(dataset.folder, [dataset.manifest.names[excluded]])
    result = evaluate(run, data="tiles")
    saved = read_evaluation(run.path / result.file)
    expected = np.setdiff1d(np.arange(60), [*trained.tolist(), excluded])
    assert result.file == "evaluation-tiles-all-images.npz" and result.split == ""
    assert sorted(saved.rows.tolist()) == expected.tolist()
    assert "36 images that" in " ".join(result.notes) and "1 excluded images" in " ".join(result.notes)


def test_another_split_leaves_out_what_was_trained_on_and_counts_groups(run: RunFolder) -> None:
    dataset = open_dataset("tiles")
    request = SplitRequest(name="other", split_seed=9, pattern=r"(\d)\.png", test_share=0.3)
    (split,) = add_splits(dataset, request)
    assert len(split.test_groups)
    trained = set(Parts.read(run.split_path).rows["train"].tolist())
    result = evaluate(run, data="tiles", split="other")
    saved = read_evaluation(run.path / result.file)
    asked = {*split.test.tolist(), *split.validation.tolist()}
    assert set(saved.rows.tolist()) == asked - trained and asked & trained
    group_of = dict(zip(split.test.tolist(), split.test_groups.tolist(), strict=True))
    assert saved.groups is not None
    pairs = zip(saved.rows.tolist(), saved.groups.tolist(), strict=True)
    assert all(group_of[row] == group for row, group in pairs if row in group_of)


def test_another_data_set_is_matched_by_names_of_classes(run: RunFolder, tmp_path: Path) -> None:
    other = add_dataset(fresh_tiles(tmp_path / "other"))
    result = evaluate(run, data="other")
    saved = read_evaluation(run.path / result.file)
    assert (result.images, result.roles, result.notes) == (12, {"held-out": 12}, ())
    assert saved.classes == ("Forest", "Lake", "Road")
    assert saved.labels.tolist() == [1] * 6 + [2] * 6
    names = [other.manifest.names[row] for row in saved.rows]
    found = Predictor(run.weights_path).predict(
        [(name, other.read_image(row)) for name, row in zip(names, saved.rows, strict=True)], top=3
    )
    probabilities = softmax(saved.logits.astype(float), axis=1)
    for prediction, row in zip(found, probabilities, strict=True):
        given = dict(zip(prediction.classes, prediction.probabilities, strict=True))
        assert [given[name] for name in saved.classes] == pytest.approx(row.tolist(), abs=1e-5)


def test_copies_of_training_images_elsewhere_are_found_by_content(run: RunFolder, tmp_path: Path) -> None:
    dataset, parts = open_dataset("tiles"), Parts.read(run.split_path)
    root = fresh_tiles(tmp_path / "other")
    for part in ("train", "validation"):
        for row in parts.rows[part][-3:].tolist():  # sorted by name: they are roads
            (root / "Road" / f"{part}-{row}.png").write_bytes(dataset.read_image(row))
    add_dataset(root)
    result = evaluate(run, data="other")
    names = open_dataset("other").manifest.names
    saved = read_evaluation(run.path / result.file)
    assert not [name for row in saved.rows if (name := names[row]).startswith("Road/train")]
    assert result.roles == {"held-out": 12, "validation, used to choose": 3}
    assert result.notes[0].startswith("3 images that")


def test_where_the_training_images_are_no_longer_known_the_result_says_so(run: RunFolder, tmp_path) -> None:
    add_dataset(fresh_tiles(tmp_path / "other"))
    remove_dataset("tiles")
    result = evaluate(run, data="other")
    assert result.images == 12
    assert "was not checked" in result.notes[0]
    assert read_further(run.path / result.file).subject.notes == result.notes


def test_a_class_that_the_model_does_not_know_is_named(run: RunFolder, tmp_path: Path) -> None:
    add_dataset(fresh_tiles(tmp_path / "other", ("Glacier", "Lake")))
    with pytest.raises(DataError, match=r"does not know the class 'Glacier' of other; it knows Forest, Lake"):
        evaluate(run, data="other")


def test_bands_that_do_not_fit_are_refused_by_the_name_of_the_data_set(run: RunFolder, tmp_path) -> None:
    add_dataset(make_band_tiles(tmp_path / "bands", 4), radiometry=make_radiometry("sentinel2", "all"))
    with pytest.raises(DataError, match="data set bands do not fit the model, which reads 8-bit"):
        evaluate(run, data="bands")


def test_nothing_remains_where_the_run_trained_on_all(run: RunFolder, tmp_path: Path) -> None:
    dataset = open_dataset("tiles")
    for row in Parts.read(run.split_path).rows["train"].tolist():
        target = tmp_path / "copy" / dataset.manifest.names[row]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(dataset.read_image(row))
    add_dataset(tmp_path / "copy")
    with pytest.raises(DataError, match="none is left"):
        evaluate(run, data="copy")


def test_damaged_and_missing_weights_are_one_sentence(run: RunFolder) -> None:
    content = run.weights_path.read_bytes()
    run.weights_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="damaged"):
        evaluate(run, data="tiles")
    run.weights_path.unlink()
    with pytest.raises(ModelError, match="no weights"):
        evaluate(run, data="tiles")
    assert list(run.evaluation_paths()) == ["own images"]


def test_a_run_under_way_is_refused(runs_dir: Path) -> None:
    with pytest.raises(RunError, match="is running"):
        evaluate(make_run(runs_dir, state=RunState.RUNNING), data="tiles")


def test_one_that_is_stopped_on_the_way_leaves_nothing(run: RunFolder, tmp_path: Path) -> None:
    add_dataset(fresh_tiles(tmp_path / "other"))
    items = evaluate_run(run, data="other")
    next(items)
    items.close()  # pyright: ignore[reportAttributeAccessIssue]  # it is a generator
    assert list_further(run) == ([], [])


def test_weights_that_are_replaced_meanwhile_are_noticed(run: RunFolder) -> None:
    items = evaluate_run(run, data="tiles")
    next(items)
    shutil.copy(run.weights_path, run.path / "copy")
    (run.path / "copy").rename(run.weights_path)
    with pytest.raises(RunError, match="replaced meanwhile"):
        list(items)


def test_training_on_forgets_what_older_weights_gave(tiles_dir: Path, runs_dir, data_place) -> None:
    add_dataset(tiles_dir)
    threads = torch.get_num_threads()
    folder = submit(small_config(data="tiles", epochs=1), runs_dir=runs_dir)
    stale = folder.path / "evaluation-tiles-all-images.npz"
    stale.write_bytes(b"of other weights")
    assert len(list_further(folder)[1]) == 1
    try:
        assert go_on(folder)
    finally:
        torch.set_num_threads(threads)
    assert not stale.exists() and folder.evaluation_path.exists()


def test_more_bands_are_read_as_in_training(tmp_path: Path, runs_dir: Path, data_place: Path) -> None:
    add_dataset(make_band_tiles(tmp_path / "tiles"), radiometry=make_radiometry("sentinel2", "all"))
    threads = torch.get_num_threads()
    folder = submit(small_config(data="tiles", epochs=1, im_size=64), runs_dir=runs_dir)
    try:
        assert go_on(folder)
    finally:
        torch.set_num_threads(threads)
    shutil.copytree(tmp_path / "tiles", tmp_path / "copy")
    add_dataset(tmp_path / "copy", radiometry=make_radiometry("sentinel2-offset", "all"))
    result = evaluate(folder, data="copy")
    own, again = read_evaluation(folder.evaluation_path), read_evaluation(folder.path / result.file)
    order = np.argsort(own.rows)
    assert (own.rows[order] == again.rows).all()
    assert np.abs(own.logits[order] - again.logits).max() < 1e-5
    assert result.notes[-1].startswith("copy was read as the training images were: B01")
