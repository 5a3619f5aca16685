from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsdash.data.manifest import Manifest, Role, column
from rsdash.data.splits import given_split, load_split, make_split, save_split, split_names
from rsdash.errors import DataError, DataNotFoundError


def manifest_of(counts: dict[str, int], roles: tuple[Role | None, ...] | None = None) -> Manifest:
    names = tuple(f"{name}/{index:05}.png" for name, count in counts.items() for index in range(count))
    labels = [label for label, count in enumerate(counts.values()) for _ in range(count)]
    ones = column([1] * len(names))
    return Manifest(
        classes=tuple(counts),
        names=names,
        labels=column(labels),
        sizes=ones,
        stamps=ones.copy(),
        hashes=names,
        widths=ones.copy(),
        heights=ones.copy(),
        roles=roles or tuple(None for _ in names),
    )


def split_of(manifest, validation_share=0.2, test_share=0.2, split_seed=0, limit_per_class=None):
    return make_split(
        manifest,
        validation_share=validation_share,
        test_share=test_share,
        split_seed=split_seed,
        limit_per_class=limit_per_class,
    )


def per_class(manifest, rows) -> list[int]:
    return np.bincount(manifest.labels[rows], minlength=len(manifest.classes)).tolist()


def test_parts_are_disjoint_sorted_and_complete():
    manifest = manifest_of({"A": 103, "B": 51, "C": 7})
    split = split_of(manifest)
    parts = (split.train, split.validation, split.test)
    together = np.concatenate(parts)
    assert sorted(together.tolist()) == list(range(161))
    assert all(np.all(np.diff(part) > 0) and part.dtype == np.int64 for part in parts)


@pytest.mark.parametrize(
    ("count", "validation_share", "test_share", "expected"),
    [  # by hand: floor of each quota, what is left to the largest remainders
        (10, 0.2, 0.2, [6, 2, 2]),
        (100, 0.0, 0.2, [80, 0, 20]),
        (7, 0.2, 0.2, [4, 2, 1]),  # 4.2 1.4 1.4: one left, to the first of the two at .4
        (11, 0.1, 0.3, [7, 1, 3]),  # 6.6 1.1 3.3: one left, to train
        (4, 0.1, 0.1, [2, 1, 1]),  # 3.2 0.4 0.4: test would be empty and takes one from train
        (3, 0.2, 0.2, [1, 1, 1]),
        (2, 0.0, 0.2, [1, 0, 1]),
        (10, 0.3, 0.0, [7, 3, 0]),
    ],
)
def test_rounding_by_largest_remainder(count, validation_share, test_share, expected):
    manifest = manifest_of({"A": count, "B": count})
    split = split_of(manifest, validation_share, test_share)
    sizes = [len(part) // 2 for part in (split.train, split.validation, split.test)]
    assert sizes == expected


def test_every_class_is_split_alike():
    manifest = manifest_of({"A": 300, "B": 200, "C": 50})
    split = split_of(manifest)
    assert per_class(manifest, split.test) == [60, 40, 10]
    assert per_class(manifest, split.validation) == [60, 40, 10]


def test_the_seed_decides_and_the_same_seed_repeats():
    manifest = manifest_of({"A": 100, "B": 100})
    assert split_of(manifest).to_json() == split_of(manifest).to_json()
    assert split_of(manifest).test.tolist() != split_of(manifest, split_seed=1).test.tolist()


def test_classes_are_shuffled_independently():
    split = split_of(manifest_of({"A": 100, "B": 100}))
    first, second = split.test[split.test < 100], split.test[split.test >= 100] - 100
    assert first.tolist() != second.tolist()


def test_the_limit_is_applied_before_the_shares():
    manifest = manifest_of({"A": 500, "B": 20})
    split = split_of(manifest, limit_per_class=50)
    assert per_class(manifest, split.train) == [30, 12]
    assert per_class(manifest, split.test) == [10, 4]
    assert split.train.max() >= 500 and split.train[:30].max() > 50  # not simply the first files


def test_a_class_too_small_for_the_parts_is_named():
    with pytest.raises(DataError, match=r"'B' has 2 usable images, too few to give each of 3 parts one"):
        split_of(manifest_of({"A": 100, "B": 2}))


@pytest.mark.parametrize(
    ("validation_share", "test_share", "seed", "limit", "name"),
    [
        (0.0, 0.2, 0, None, "80-20-seed0"),
        (0.2, 0.2, 0, 200, "60-20-20-seed0-limit200"),
        (0.125, 0.2, 7, None, "67p5-12p5-20-seed7"),
        (0.2, 0.0, 0, None, "80-20-0-seed0"),
    ],
)
def test_the_name_says_how_it_was_made(validation_share, test_share, seed, limit, name):
    manifest = manifest_of({"A": 100, "B": 100})
    assert split_of(manifest, validation_share, test_share, seed, limit).name == name


def test_rows_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        split_of(manifest_of({"A": 10, "B": 10})).test[0] = 5


def test_given_folders_make_the_split():
    roles = ("test", "train", "train", "validation", "train", "train", "test", "train")
    manifest = manifest_of({"A": 4, "B": 4}, roles)
    split = given_split(manifest)
    assert split.train.tolist() == [1, 2, 4, 5, 7]
    assert (split.validation.tolist(), split.test.tolist()) == ([3], [0, 6])
    assert (split.name, split.test_role) == ("given", "given test")
    limited = given_split(manifest, limit_per_class=1)
    assert per_class(manifest, limited.train) == [1, 1]
    assert limited.test.tolist() == [0, 6]
    assert limited.name == "given-seed0-limit1"


def test_given_folders_must_be_there():
    with pytest.raises(DataError, match="choose shares"):
        given_split(manifest_of({"A": 4, "B": 4}))


def test_a_split_survives_the_disk_and_never_changes(tmp_path):
    manifest = manifest_of({"A": 20, "B": 20})
    split = split_of(manifest)
    save_split(split, tmp_path)
    save_split(split, tmp_path)
    assert load_split(split.name, tmp_path).to_json() == split.to_json()
    assert split.checked == {"duplicates": "not checked", "positions": "unknown"}
    assert split_names(tmp_path) == ["60-20-20-seed0"]
    save_split(replace(split, checked={"duplicates": "none (audit of another day)"}), tmp_path)
    assert load_split(split.name, tmp_path).checked == split.checked
    other = split_of(manifest_of({"A": 25, "B": 20}))
    with pytest.raises(DataError, match="splits never change"):
        save_split(other, tmp_path)


@pytest.mark.parametrize("name", ["nothing", "../secret", "/etc/passwd"])
def test_an_unknown_split_lists_the_stored_ones(tmp_path, name):
    save_split(split_of(manifest_of({"A": 20, "B": 20})), tmp_path / "splits")
    (tmp_path / "secret.json").write_text("{}")
    with pytest.raises(DataNotFoundError, match="Stored: 60-20-20-seed0"):
        load_split(name, tmp_path / "splits")
