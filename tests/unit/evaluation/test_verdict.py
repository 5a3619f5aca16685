"""The sentence that a comparison ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.verdict import Finding, judge
from tests.contenders import answered, share_right, unanswered

COUNT = 400


def run(name: str, wrong: int, *, shift: int = 0, **changes: Any) -> Contender:
    return answered(name, share_right(COUNT, wrong, shift=shift), **changes)


def test_two_models_that_differ_clearly() -> None:
    verdict = judge([run("weak", 100), run("strong", 40, shift=200)])
    assert verdict.finding is Finding.MODELS_DIFFER
    assert verdict.headline.startswith("These two trained models differ: strong is right on 15.0 points more")
    assert "400 images" in verdict.headline and "mid-p < 0.001" in verdict.headline


def test_models_that_differ_by_chance_only() -> None:
    verdict = judge([run("a", 100), run("b", 98, shift=200)])
    assert verdict.finding is Finding.NOT_SHOWN
    assert verdict.headline.startswith("No difference can be shown between these two trained models")
    assert any("difference of 1 point" in note for note in verdict.notes)


def test_models_that_are_right_on_equally_many_other_images() -> None:
    verdict = judge([run("a", 100), run("b", 100, shift=200)])
    assert verdict.finding is Finding.NOT_SHOWN
    assert "a and b are right on equally many of these 400 images (0.0 points [" in verdict.headline


def test_the_leader_is_not_told_from_a_rival_that_may_be_farther_behind_than_others() -> None:
    leader, nearest = run("leader", 40), run("nearest", 50)  # wrong on ten more, and on all that leader is
    verdict = judge([leader, nearest, run("farther", 54, shift=200)])
    assert "but no difference to farther can be shown: 3.5 points" in verdict.headline
    assert verdict.headline.endswith("it differs from 1 of the 2 others.")


def test_identical_answers_are_said_to_be_identical() -> None:
    verdict = judge([run("a", 100), run("b", 100)])
    assert verdict.finding is Finding.NOT_SHOWN
    assert "exactly the same of these 400 images" in verdict.headline
    assert "These runs have the same settings, seed included." in verdict.notes


def test_a_verdict_on_recipes_needs_three_seeds_each_and_comes_first() -> None:
    strong = [run(f"s{seed}", 40 + seed, model="resnet18", seed=seed) for seed in range(5)]
    weak = [run(f"w{seed}", 80 + 2 * seed, seed=seed) for seed in range(5)]
    verdict = judge([*weak, *strong])
    assert verdict.finding is Finding.RECIPES_DIFFER
    assert verdict.headline.startswith("The recipe resnet18 is better than alexnet: +10.5 ± ")
    assert "points over 5 seeds each (Welch" in verdict.headline
    few = judge([*weak, *strong[:2]])
    assert few.finding in (Finding.MODELS_DIFFER, Finding.NOT_SHOWN)
    assert any("at least 3 seeds each; resnet18 has 2" in note for note in few.notes)


def test_seeds_that_overlap_show_no_difference_of_recipes() -> None:
    first = [run(f"a{seed}", 40 + 20 * seed, seed=seed) for seed in range(3)]
    second = [run(f"b{seed}", 44 + 18 * seed, model="resnet18", seed=seed) for seed in range(3)]
    verdict = judge([*first, *second])
    assert verdict.finding is Finding.NOT_SHOWN
    assert verdict.headline.startswith("No difference can be shown between the recipes")


def test_repeats_of_one_recipe_are_named_as_such() -> None:
    verdict = judge([run("a", 40, seed=0), run("b", 90, seed=1, shift=200)])
    assert any("repeats of one recipe" in note for note in verdict.notes)


def test_several_models_are_adjusted_over_all_pairs_by_holm() -> None:
    verdict = judge([run("a", 60), run("b", 75, shift=30), run("c", 90, shift=80, model="resnet18")])
    assert len(verdict.pairs) == 3
    raw = [pair.result.p for pair in verdict.pairs]
    expected: Any = multipletests(raw, method="holm")[1]
    assert [pair.adjusted_p for pair in verdict.pairs] == pytest.approx(list(expected))
    assert all(pair.result.difference >= 0 for pair in verdict.pairs)


def test_unlike_roles_and_other_images_are_not_compared() -> None:
    cases: list[dict[str, Any]] = [{"role": "validation, used to choose"}, {"rows": np.arange(COUNT) + 1}]
    for changes in cases:
        verdict = judge([run("a", 40), run("b", 90, **changes)])
        assert verdict.finding is Finding.NOT_COMPARABLE
        assert not verdict.pairs
        assert "not ranked" in verdict.headline


def test_runs_on_the_same_images_are_judged_beside_one_on_others() -> None:
    verdict = judge([run("a", 100), run("b", 40, shift=200), run("c", 10, rows=np.arange(COUNT) + 1)])
    assert verdict.finding is Finding.MODELS_DIFFER
    assert "b is right on 15.0 points more" in verdict.headline
    assert any("Only runs on the same images are" in note for note in verdict.notes)


def test_a_run_without_figures_is_passed_over() -> None:
    verdict = judge([run("a", 40), unanswered("b")])
    assert verdict.finding is Finding.ONE_RUN
    assert "a is right on 90.0 % (95 % interval" in verdict.headline
    nothing = judge([unanswered("b")])
    assert nothing.finding is Finding.NOT_COMPARABLE


def test_images_in_few_groups_give_no_test() -> None:
    groups = np.arange(COUNT) % 7
    verdict = judge([run("a", 40, groups=groups), run("b", 90, shift=200, groups=groups)])
    assert verdict.finding is Finding.NOT_SHOWN
    assert "only 7 groups" in verdict.headline
    many = np.arange(COUNT) // 4
    verdict = judge([run("a", 40, groups=many), run("b", 90, shift=200, groups=many)])
    assert verdict.finding is Finding.MODELS_DIFFER
    assert "sign-flip test over 100 groups" in verdict.headline


def test_a_flattering_role_is_pointed_out() -> None:
    verdict = judge([run("a", 40, role="validation, used to choose")])
    assert any("flatter" in note for note in verdict.notes)


def test_a_class_without_images_is_named() -> None:
    one_class = share_right(2, 0)[:1]
    verdict = judge([answered("a", one_class), answered("b", one_class)])
    assert any("No image of class b" in note for note in verdict.notes)
