"""Changes between JSON trees bring about exactly the second tree, and hold little but what is new."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from rsdash.ui.tree_changes import as_tree, change_between
from tests.trees import random_tree, regrown


def carried_out(tree: Any, change: Any) -> Any:
    """As the module's docstring says it."""
    if change is None:
        return tree
    kind, changes, *rest = change
    if kind == "is":
        return changes
    if kind == "keys":
        kept = {key: value for key, value in tree.items() if key not in rest[0]}
        return kept | {key: carried_out(kept.get(key), inner) for key, inner in changes.items()}
    kept = tree[: rest[0]]
    for index, inner in changes.items():
        kept[int(index)] = carried_out(kept[int(index)], inner)
    return kept + rest[1]


@pytest.mark.parametrize("seed", range(200))
def test_a_change_makes_the_second_tree_of_the_first(seed: int) -> None:
    draws = random.Random(seed)
    old = random_tree(draws)
    for new in (regrown(old, draws), random_tree(draws), old):
        change = json.loads(json.dumps(change_between(old, new)))
        assert carried_out(old, change) == new
    assert change is None, "nothing has changed"


def test_a_longer_line_is_told_by_its_new_points() -> None:
    old = {"data": [{"x": list(range(1000)), "y": [0.5] * 1000}], "layout": {"title": "1"}}
    new = {"data": [{"x": list(range(1002)), "y": [0.5] * 999 + [0.7, 0.8, 0.9]}], "layout": {"title": "2"}}
    assert change_between(old, new) == [
        "keys",
        {
            "data": [
                "items",
                {
                    "0": [
                        "keys",
                        {"x": ["items", {}, 1000, [1000, 1001]], "y": ["items", {}, 999, [0.7, 0.8, 0.9]]},
                        [],
                    ]
                },
                1,
                [],
            ],
            "layout": ["keys", {"title": ["is", "2"]}, []],
        },
        [],
    ]


def test_arrays_become_lists_that_json_can_hold() -> None:
    tree = as_tree({"y": np.array([0.1, np.nan], np.float32), 3: (np.int64(2), float("inf"), "a", None)})
    assert tree == {"y": [0.1, None], "3": [2, None, "a", None]}
    assert as_tree(np.array([[0.1, 1 / 3]])) == [[0.1, 1 / 3]]
