"""A run's split heeds the audit and the excluded files, and says what was checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.config import RunConfig
from rsdash.data.audit import audit_dataset
from rsdash.data.dataset import Dataset
from rsdash.data.exclusions import exclude
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits, split_for, stored_splits
from rsdash.data.store import add_dataset
from rsdash.errors import DataError


@pytest.fixture
def dataset(tmp_path: Path, data_dir: Path, tile) -> Dataset:
    """Two classes of 20 noisy tiles; the first ten of A each have a copy under another name."""
    for label in ("A", "B"):
        (tmp_path / "tiles" / label).mkdir(parents=True)
    for number in range(40):
        content = tile(number, size=(32, 32))
        label = "AB"[number % 2]
        (tmp_path / f"tiles/{label}/{number:02}.png").write_bytes(content)
        if label == "A" and number < 20:
            (tmp_path / f"tiles/A/{number:02}-copy.png").write_bytes(content)
    return add_dataset(tmp_path / "tiles")


def divided(dataset: Dataset, split) -> int:
    """Copies that stand in another part than their original."""
    part_of = {
        dataset.manifest.names[row]: part
        for part in ("train", "validation", "test")
        for row in getattr(split, part)
    }
    return sum(part_of[name] != part_of[name.replace("-copy", "")] for name in part_of if "-copy" in name)


def test_duplicates_stay_together_once_they_are_known(dataset):
    config = RunConfig(test_share=0.3)
    before = split_for(dataset, config)
    assert before.checked["duplicates"] == "not checked"
    assert divided(dataset, before) > 0  # or the rest would show nothing
    audit_dataset(dataset)
    after = split_for(dataset, config)
    assert divided(dataset, after) == 0
    assert after.kept_together == 20
    assert "10 groups of 20 images (audit of " in after.checked["duplicates"]
    assert after.name != before.name
    assert {split.name for split in stored_splits(dataset)} == {before.name, after.name}


def test_excluded_files_take_no_part_and_the_files_stay(dataset):
    gone = dataset.manifest.names[:4]
    exclude(dataset.folder, gone, "cloudy")
    split = split_for(dataset, RunConfig())
    used = {dataset.manifest.names[row] for row in (*split.train, *split.test)}
    assert used.isdisjoint(gone) and len(used) == len(dataset.manifest) - 4
    assert all((dataset.place / name).is_file() for name in gone)


def test_requests_are_stored_and_runs_name_them(dataset):
    (made,) = add_splits(dataset, SplitRequest(pattern=r"/(\d)\d", name="by-tens"))
    assert split_for(dataset, RunConfig(split="by-tens")).to_json() == made.to_json()
    folds = add_splits(dataset, SplitRequest(folds=3, validation_share=0.0, name="k"))
    assert [fold.name for fold in folds] == ["k-fold1of3", "k-fold2of3", "k-fold3of3"]
    with pytest.raises(DataError, match="splits never change"):
        add_splits(dataset, SplitRequest(split_seed=5, name="by-tens"))


def test_a_limit_within_a_stored_split_leaves_what_is_measured_on(dataset):
    (made,) = add_splits(dataset, SplitRequest(name="mine"))
    split = split_for(dataset, RunConfig(split="mine", limit_per_class=5))
    assert split.name == "mine-limit5"
    assert split.test.tolist() == made.test.tolist() and split.validation.tolist() == made.validation.tolist()
    assert set(split.train.tolist()) < set(made.train.tolist())
    assert split.counts(dataset.manifest.labels, 2)["train"] == [5, 5]
    assert split_for(dataset, RunConfig(split="mine")).to_json() == made.to_json()
