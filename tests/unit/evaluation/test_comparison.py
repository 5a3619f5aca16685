"""What may be ranked, what differs, and the study's own figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsdash.config import RunConfig
from rsdash.evaluation.comparison import STUDY_TABLE_2, Contender, best_of, differing_settings, why_not_ranked
from rsdash.evaluation.figures import figures_for
from rsdash.evaluation.saved import Evaluation


def contender(name: str, right: int = 8, *, role: str = "held-out", **changes: Any) -> Contender:
    """A run with `right` of 10 images right."""
    logits = np.zeros((10, 2), dtype=np.float32)
    logits[:right, 0] = 1
    logits[right:, 1] = 1
    part = Evaluation(logits, np.zeros(10, dtype=int), np.arange(10), np.full(10, role), ("a", "b"))
    facts = {"images": ("print", "80-20-seed0"), "figures": figures_for(part), **changes}
    return Contender(id=name, name=name, config=RunConfig(), **facts)


def test_the_reference_rows_are_table_2_of_the_study() -> None:
    rows = [(row.model, row.accuracy, row.loss) for row in STUDY_TABLE_2]
    assert rows == [("ResNet18", 0.6479, 1.1941), ("AlexNet", 0.6023, 1.5666)]


def test_runs_on_the_same_images_in_the_same_role_are_ranked() -> None:
    runs = [contender("a", 7), contender("b", 9)]
    assert why_not_ranked(runs) == ""
    best = best_of(runs)
    assert best and best.name == "b"


def test_a_tie_has_no_winner() -> None:
    assert best_of([contender("a", 7), contender("b", 7)]) is None


def test_other_images_are_not_ranked() -> None:
    for images in (("other", "80-20-seed0"), ("print", "80-20-seed1")):
        runs = [contender("a", 7), contender("b", 9, images=images)]
        assert "different images" in why_not_ranked(runs)
        assert best_of(runs) is None


def test_unlike_roles_are_not_ranked_and_are_named() -> None:
    runs = [contender("a"), contender("b", 9, role="validation selected on")]
    reason = why_not_ranked(runs)
    assert "held-out" in reason and "validation selected on" in reason
    assert best_of(runs) is None


def test_one_evaluated_run_has_nobody_to_be_ranked_against() -> None:
    waiting = contender("b", figures=None, images=("other", "x"))
    assert "Fewer than two" in why_not_ranked([contender("a"), waiting])
    assert best_of([contender("a"), waiting]) is None
    assert best_of([]) is None


def test_a_run_without_figures_does_not_keep_the_others_from_being_ranked() -> None:
    runs = [contender("a", 7), contender("b", 9), contender("c", figures=None, images=("other", "x"))]
    best = best_of(runs)
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
