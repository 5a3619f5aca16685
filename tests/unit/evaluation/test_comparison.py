"""What may be ranked, what differs, and the study's own figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsdash.config import RunConfig
from rsdash.evaluation.comparison import (
    STUDY_TABLE_2,
    Contender,
    best_of,
    comparable,
    differing_settings,
    why_not_ranked,
)
from tests.contenders import answered, share_right, unanswered


def contender(name: str, right: int = 8, **changes: Any) -> Contender:
    """A run with `right` of 10 images right."""
    return answered(name, share_right(10, 10 - right), **changes)


def test_the_reference_rows_are_table_2_of_the_study() -> None:
    rows = [(row.model, row.accuracy, row.loss) for row in STUDY_TABLE_2]
    assert rows == [("ResNet18", 0.6479, 1.1941), ("AlexNet", 0.6023, 1.5666)]


def test_runs_on_the_same_images_in_the_same_role_are_ranked() -> None:
    runs = [contender("a", 7), contender("b", 9)]
    assert why_not_ranked(runs) == ""
    best = best_of(runs)
    assert best and best.name == "b"


def test_splits_of_another_name_with_the_same_images_are_comparable() -> None:
    assert comparable(contender("a"), contender("b", split="the same under another name"))


def test_the_order_of_images_does_not_matter() -> None:
    right = share_right(10, 3)
    first = answered("a", right)
    order = np.array([4, 5, 0, 1, 8, 9, 2, 3, 6, 7])  # keeps the classes in turn
    second = answered("b", right[order], rows=order)
    assert comparable(first, second)
    assert first.right.tolist() == second.right.tolist()
    assert first.labels.tolist() == second.labels.tolist()


def test_a_tie_has_no_winner() -> None:
    assert best_of([contender("a", 7), contender("b", 7)]) is None


def test_other_images_are_not_ranked_and_what_tells_them_apart_is_said() -> None:
    others: dict[str, dict[str, Any]] = {
        "files changed": {"fingerprint": "other"},
        "80-20-seed1": {"split": "80-20-seed1", "rows": np.arange(10, 20)},
    }
    for words, changes in others.items():
        runs = [contender("a", 7), contender("b", 9, **changes)]
        reason = why_not_ranked(runs)
        assert "different images" in reason and words in reason
        assert best_of(runs) is None


def test_unlike_roles_are_not_ranked_and_are_named() -> None:
    runs = [contender("a"), contender("b", 9, role="validation, used to choose")]
    reason = why_not_ranked(runs)
    assert "held-out" in reason and "validation, used to choose" in reason
    assert best_of(runs) is None


def test_one_evaluated_run_has_nobody_to_be_ranked_against() -> None:
    assert "Fewer than two" in why_not_ranked([contender("a"), unanswered("b")])
    assert best_of([contender("a"), unanswered("b")]) is None
    assert best_of([]) is None


def test_a_run_without_figures_does_not_keep_the_others_from_being_ranked() -> None:
    best = best_of([contender("a", 7), contender("b", 9), unanswered("c")])
    assert best and best.name == "b"


def test_only_settings_that_differ_are_listed_with_all_their_values() -> None:
    configs = {
        "a": RunConfig(epochs=5, seed=1),
        "b": RunConfig(epochs=5, seed=2, preset="quick", kernel_sizes=(7, 5, 3, 3, 3)),
    }
    assert differing_settings(configs) == {
        "seed": {"a": 1, "b": 2},
        "kernel_sizes": {"a": (11, 5, 3, 3, 3), "b": (7, 5, 3, 3, 3)},
    }
    assert differing_settings({"a": RunConfig()}) == {}
