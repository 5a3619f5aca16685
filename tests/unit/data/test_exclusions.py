from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rsdash.data import exclusions as module
from rsdash.data.exclusions import EXCLUSIONS_FILE, exclude, include, load_exclusions
from rsdash.errors import DataError


def test_nothing_is_excluded_at_first(tmp_path):
    exclusions = load_exclusions(tmp_path)
    assert len(exclusions) == 0 and exclusions.names == frozenset() and exclusions.digest == ""


def test_what_is_excluded_stays_so_until_it_is_included(tmp_path):
    exclude(tmp_path, ["Lake/2.png", "Lake/1.png"], "copies")
    stored = load_exclusions(tmp_path)
    assert [(file.name, file.reason) for file in stored.files] == [
        ("Lake/1.png", "copies"),
        ("Lake/2.png", "copies"),
    ]
    assert include(tmp_path, ["Lake/1.png", "never/there.png"]) == load_exclusions(tmp_path)
    assert load_exclusions(tmp_path).names == {"Lake/2.png"}


def test_a_second_exclusion_keeps_the_first_reason(tmp_path):
    first = exclude(tmp_path, ["a"], "blurred")
    assert exclude(tmp_path, ["a"], "other") == first


def test_the_digest_is_that_of_the_names_alone(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    exclude(one, ["a", "b"], "first")
    exclude(two, ["b"], "second")
    assert load_exclusions(one).digest != load_exclusions(two).digest
    exclude(two, ["a"], "third")
    assert load_exclusions(one).digest == load_exclusions(two).digest
    assert len(load_exclusions(one).digest) == 8
    include(two, ["a", "b"])
    assert load_exclusions(two).digest == ""


def test_names_that_run_together_have_another_digest(tmp_path):
    exclude(tmp_path, ["a", "bc"])
    apart = load_exclusions(tmp_path).digest
    include(tmp_path, ["a", "bc"])
    assert exclude(tmp_path, ["ab", "c"]).digest != apart


def test_rows_are_those_of_the_manifest(tmp_path):
    assert exclude(tmp_path, ["c", "a", "gone"]).rows(("a", "b", "c")) == [0, 2]


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"files": [{"name": 3}]})])
def test_a_damaged_list_is_named_and_never_overwritten(text, tmp_path):
    path = tmp_path / EXCLUSIONS_FILE
    path.write_text(text)
    for use in (
        load_exclusions,
        lambda folder: exclude(folder, ["a"]),
        lambda folder: include(folder, ["a"]),
    ):
        with pytest.raises(DataError, match=rf"{EXCLUSIONS_FILE} is damaged \(.+\)\. Mend it"):
            use(tmp_path)
    assert path.read_text() == text


def test_two_pages_at_once_lose_nothing(tmp_path, monkeypatch):
    barrier = threading.Barrier(4, timeout=10)
    load = module.load_exclusions

    def exclude_one(number: int) -> None:
        barrier.wait()
        exclude(tmp_path, [f"{number}.png"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(exclude_one, range(4)))
    assert load(tmp_path).names == {f"{number}.png" for number in range(4)}
