"""Groups stay together, classes keep their shares, folds cover everything once, lists are taken whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rsdash.data.manifest import Manifest, column
from rsdash.data.splits import (
    Grouping,
    Split,
    SplitRequest,
    column_grouping,
    combine,
    list_split,
    make_folds,
    make_split,
    make_splits,
    pattern_grouping,
    twin_grouping,
)
from rsdash.data.splits.names import rows_of
from rsdash.errors import DataError


def manifest_of(names: list[str]) -> Manifest:
    """A manifest whose classes are the first folders."""
    names = sorted(names)
    classes = sorted({name.split("/")[0] for name in names})
    ones = np.ones(len(names), dtype=np.int64)
    return Manifest(
        classes=tuple(classes),
        names=tuple(names),
        labels=column([classes.index(name.split("/")[0]) for name in names]),
        sizes=ones,
        stamps=ones.copy(),
        hashes=tuple(names),
        widths=ones.copy(),
        heights=ones.copy(),
        roles=tuple(None for _ in names),
    )


def scenes_of(classes: int, scenes: int, tiles: int) -> Manifest:
    """Tiles named `<class>/s<scene>_<tile>.png`; every scene has tiles of every class."""
    return manifest_of(
        [
            f"c{label}/s{scene:03}_{tile:02}.png"
            for label in range(classes)
            for scene in range(scenes)
            for tile in range(tiles)
        ]
    )


def split_of(manifest: Manifest, grouping: Grouping | None = None, **changes) -> Split:
    settings = {"validation_share": 0.2, "test_share": 0.2, "split_seed": 0, **changes}
    return make_split(manifest, grouping=grouping, **settings)


def divided_groups(split: Split, ids: np.ndarray) -> int:
    """Groups with images in more than one part."""
    parts = [set(ids[getattr(split, part)].tolist()) for part in ("train", "validation", "test")]
    return len(parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2])


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_divided_and_every_class_keeps_its_share(seed):
    manifest = scenes_of(classes=4, scenes=50, tiles=5)
    grouping = pattern_grouping(manifest.names, r"s(\d+)_")
    split = split_of(manifest, grouping, split_seed=seed)
    assert divided_groups(split, grouping.ids) == 0
    assert sum(split.sizes.values()) == len(manifest)
    counts = split.counts(manifest.labels, 4)
    assert all(abs(count - 50) <= 5 for count in counts["test"] + counts["validation"])
    assert split.kept_together == len(manifest)
    assert len(np.unique(split.test_groups)) == len(np.unique(grouping.ids[split.test]))


def test_groups_of_very_unlike_sizes_and_classes_are_still_stratified():
    rng = np.random.default_rng(0)
    names = [
        f"c{rng.choice(5, p=mix)}/g{group}_{tile}.png"
        for group in range(60)
        for mix in [rng.dirichlet(np.full(5, 0.4))]
        for tile in range(int(rng.integers(1, 60)))
    ]
    manifest = manifest_of(names)
    grouping = pattern_grouping(manifest.names, r"/(g\d+)_")
    split = split_of(manifest, grouping)
    assert divided_groups(split, grouping.ids) == 0
    shares = np.array(split.counts(manifest.labels, 5)["test"]) / np.bincount(manifest.labels)
    assert np.all((shares > 0.12) & (shares < 0.28)), shares


def test_pairs_among_single_images_leave_the_sizes_exact():
    manifest = manifest_of([f"c{label}/{n:04}.png" for label in range(3) for n in range(100)])
    ids = np.arange(300)
    ids[1:300:10] = ids[0:300:10]  # 30 pairs
    split = split_of(manifest, twin_grouping(ids, "test"))
    assert divided_groups(split, ids) == 0
    assert split.counts(manifest.labels, 3) == {"train": [60] * 3, "validation": [20] * 3, "test": [20] * 3}
    pairs_held_out = sum(np.bincount(ids[split.test], minlength=300) == 2)
    assert 2 <= pairs_held_out <= 10  # in proportion, not all on one side
    assert split.kept_together == 60
    assert "30 groups of 60 images" in split.checked["duplicates"]


def test_other_duplicates_make_a_split_of_another_name():
    ids = np.arange(300)
    pairs, same_pairs = ids.copy(), 7 + ids
    pairs[1], same_pairs[1] = pairs[0], same_pairs[0]
    names = [twin_grouping(groups, "test").suffix for groups in (ids, pairs, same_pairs)]
    assert names[0] != names[1] == names[2]


def test_the_seed_moves_whole_groups():
    manifest = scenes_of(classes=3, scenes=12, tiles=4)
    grouping = pattern_grouping(manifest.names, r"s(\d+)_")
    held_out = {tuple(np.unique(split_of(manifest, grouping, split_seed=s).test_groups)) for s in range(6)}
    assert len(held_out) >= 4
    assert split_of(manifest, grouping).to_json() == split_of(manifest, grouping).to_json()


def test_a_class_in_too_few_groups_is_named():
    manifest = manifest_of(
        [f"rare/s{n % 2}_{n}.png" for n in range(40)] + [f"common/s{n % 30}_{n}.png" for n in range(300)]
    )
    with pytest.raises(DataError, match=r"'rare' lies in only 2 groups .* each of 3 parts"):
        split_of(manifest, pattern_grouping(manifest.names, r"s(\d+)_"))


def test_groupings_join_where_they_overlap():
    one = Grouping(np.array([0, 0, 1, 2, 3, 4]), "a", {"duplicates": "x"})
    two = Grouping(np.array([0, 1, 1, 2, 3, 3]), "b", {"groups": "y"}, 5.0)
    both = combine(one, two)
    same = both.ids[:, None] == both.ids
    expected = np.zeros((6, 6), dtype=bool)
    for group in ([0, 1, 2], [3], [4, 5]):
        expected[np.ix_(group, group)] = True
    assert np.array_equal(same, expected)
    assert (both.suffix, both.buffer_m, set(both.checked)) == ("a-b", 5.0, {"duplicates", "groups"})


@pytest.mark.parametrize(
    ("pattern", "sentence"), [(r"(\d", "is not a regular expr"), (r"q\d", "fits no file name")]
)
def test_a_wrong_pattern_is_one_sentence(pattern, sentence):
    with pytest.raises(DataError, match=re.escape(f"{pattern} {sentence}")):
        pattern_grouping(["A/1.png"], pattern)


def test_a_table_groups_by_its_column(tmp_path: Path):
    names = ["A/1.png", "A/2.png", "B/3.png", "B/4.png"]
    table = tmp_path / "scenes.csv"
    table.write_text("file;scene;year\n1.tif;north;2020\nA/2.png;south;2020\nsome/where/B/3.jpg;north;2021\n")
    grouping = column_grouping(names, table, "scene")
    assert grouping.ids[0] == grouping.ids[2]
    assert len(set(grouping.ids.tolist())) == 3
    assert "1 images have no value" in grouping.checked["groups"]
    with pytest.raises(DataError, match="no column 'site'; it has scene, year"):
        column_grouping(names, table, "site")
    with pytest.raises(DataError, match="names none of the images"):
        column_grouping(["C/9.png"], table, "scene")
    table.write_text("file;scene\n1.tif;a;b\n")
    with pytest.raises(DataError, match=r"Line 2 of scenes\.csv"):
        column_grouping(names, table, "scene")


def test_folds_hold_every_image_out_once_and_divide_no_group():
    manifest = scenes_of(classes=3, scenes=20, tiles=3)
    grouping = pattern_grouping(manifest.names, r"s(\d+)_")
    folds = make_folds(manifest, 5, split_seed=1, validation_share=0.25, grouping=grouping)
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(len(manifest)))
    for fold in folds:
        assert divided_groups(fold, grouping.ids) == 0
        assert sum(fold.sizes.values()) == len(manifest)
        assert abs(len(fold.validation) - 36) <= 9  # a quarter of the other four fifths
    assert [fold.name[-8:] for fold in folds] == [f"fold{n}of5" for n in range(1, 6)]
    with pytest.raises(DataError, match="folds=1 is out of range"):
        make_folds(manifest, 1, split_seed=0)


def test_excluded_images_take_no_part():
    manifest = scenes_of(classes=2, scenes=10, tiles=2)
    excluded = manifest.names[:3]
    split = split_of(manifest, excluded=excluded)
    used = np.concatenate([split.train, split.validation, split.test])
    assert set(used.tolist()) == set(range(3, len(manifest)))
    assert split.left_out == {"excluded": 3}
    assert split.name != split_of(manifest).name
    assert split.name != split_of(manifest, excluded=manifest.names[1:4]).name


def test_names_are_found_by_path_folder_or_stem():
    names = ["A/1.png", "A/2.png", "B/1.png", "B/5.png"]
    listed = ["A/1.png", "x/y/B/1.jpg", "2.tif", "1.png", " B\\5.png ", "none.png"]
    assert rows_of(listed, names).tolist() == [0, 2, 1, -1, 3, -1]  # 1.png alone may be either


def test_official_lists_by_stem(tmp_path: Path):
    manifest = manifest_of([f"{name}/{name}_{n}.jpg" for name in ("Forest", "River") for n in range(1, 7)])
    parts = {"train": [1, 2, 3], "val": [4], "test": [5, 9]}
    lists = {}
    for part, numbers in parts.items():
        lists[part] = tmp_path / f"eurosat-spatial-{part}.txt"
        lists[part].write_text("".join(f"{c}_{n}.tif\n" for c in ("Forest", "River") for n in numbers))
    split = list_split(manifest, lists, name="longitude")
    assert [manifest.names[row] for row in split.test] == ["Forest/Forest_5.jpg", "River/River_5.jpg"]
    assert split.sizes == {"train": 6, "validation": 2, "test": 2}
    assert split.left_out == {"in no list": 2, "listed but not here": 2}
    assert split.test_role == "given test"
    table = tmp_path / "all.csv"
    lines = [f"{c}_{n},{p}" for p, numbers in parts.items() for c in ("Forest", "River") for n in numbers]
    table.write_text("name,part\n" + "\n".join(lines))
    same = list_split(manifest, {"all": table}, name="longitude")
    assert same.to_json() == split.to_json()


def test_excluded_images_stand_in_no_part_whatever_a_list_says(tmp_path: Path):
    manifest = manifest_of([f"{kind}/{at}.png" for kind in "AB" for at in range(4)])
    for part, digits in (("train", "01"), ("test", "2")):
        (tmp_path / f"{part}.txt").write_text("".join(f"{kind}/{n}.png\n" for kind in "AB" for n in digits))
    request = SplitRequest(lists={part: tmp_path / f"{part}.txt" for part in ("train", "test")})
    (whole,) = make_splits(request, manifest, twins=None, excluded=())
    (less,) = make_splits(request, manifest, twins=None, excluded=("A/1.png", "B/2.png", "B/3.png"))
    assert [manifest.names[row] for row in (*less.train, *less.test)] == [
        "A/0.png",
        "B/0.png",
        "B/1.png",
        "A/2.png",
    ]
    assert less.left_out == {"excluded": 2, "in no list": 2} and whole.left_out == {"in no list": 2}
    assert less.name != whole.name == "official"
    with pytest.raises(DataError, match="list for train has no image of class 'A'"):
        make_splits(request, manifest, twins=None, excluded=("A/0.png", "A/1.png"))


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        ("A/1.png\nB/1.png", "B/1.png", "B/1.png stands in the lists for train and test"),
        ("A/1.png", "B/2.png", "list for train has no image of class 'B'"),
        ("A/1.png\nB/1.png", "x.png", "list for test names none of the images: it has x.png"),
    ],
)
def test_wrong_lists_are_refused(tmp_path: Path, train, test, sentence):
    manifest = manifest_of(["A/1.png", "A/2.png", "B/1.png", "B/2.png"])
    (tmp_path / "train.txt").write_text(train)
    (tmp_path / "test.txt").write_text(test)
    lists = {part: tmp_path / f"{part}.txt" for part in ("train", "test")}
    with pytest.raises(DataError, match=sentence):
        list_split(manifest, lists, name="official")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"validation_share": 0.5, "test_share": 0.5}, "Nothing is left to train on"),
        ({"name": "../up"}, "cannot name a split"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(changes, sentence):
    with pytest.raises(DataError, match=sentence):
        make_splits(SplitRequest(**changes), scenes_of(2, 10, 2), twins=None, excluded=())
