"""Which runs repeat one recipe, and what may be said of two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rsdash.config.presets import PRESETS
from rsdash.evaluation.comparison import Contender
from rsdash.evaluation.recipes import (
    compared_recipes,
    find_recipes,
    out_of_fold,
    partners,
    why_recipes_not_compared,
)
from tests.contenders import answered, share_right, unanswered

COUNT = 200


def seeds(model: str, wrongs: list[int], **changes: Any) -> list[Contender]:
    return [
        answered(f"{model}-{seed}", share_right(COUNT, wrong), model=model, seed=seed, **changes)
        for seed, wrong in enumerate(wrongs)
    ]


def folds(model: str, wrongs: list[int], k: int) -> list[Contender]:
    return [
        answered(
            f"{model}-{fold}",
            share_right(COUNT, wrong),
            rows=np.arange(COUNT) + COUNT * fold,
            split=f"seed0-fold{fold + 1}of{k}",
            split_setting=f"seed0-fold{fold + 1}of{k}",
            model=model,
        )
        for fold, wrong in enumerate(wrongs)
    ]


def test_runs_that_differ_by_seed_alone_are_one_recipe() -> None:
    recipes = find_recipes([*seeds("alexnet", [40, 44, 52]), *seeds("resnet18", [20, 26])])
    assert [(recipe.label, len(recipe.members)) for recipe in recipes] == [("alexnet", 3), ("resnet18", 2)]
    assert recipes[0].accuracies == [0.8, 0.78, 0.74]


def test_another_setting_is_another_recipe_and_names_it() -> None:
    runs = [*seeds("alexnet", [40, 44]), *seeds("alexnet", [30, 34], learning_rate=0.001)]
    labels = [recipe.label for recipe in find_recipes(runs)]
    assert labels == ["alexnet, learning_rate=0.0005", "alexnet, learning_rate=0.001"]


def test_recipes_of_unlike_presets_are_named_after_them_and_by_what_departs_from_them() -> None:
    modern = {**PRESETS["modern"], "preset": "modern"}
    del modern["model"]
    runs = [
        *seeds("alexnet", [40], epochs=9),
        *seeds("resnet18", [20], **modern),
        *seeds("resnet18", [24], **{**modern, "l2": 0.1}),
    ]
    assert [recipe.label for recipe in find_recipes(runs)] == [
        "paper (alexnet), epochs=9",
        "modern (resnet18), l2=0.05",
        "modern (resnet18), l2=0.1",
    ]


def test_settings_that_change_nothing_learnt_make_no_other_recipe() -> None:
    runs = [*seeds("alexnet", [40]), answered("b", share_right(COUNT, 44), seed=1, threads=2, device="cpu")]
    assert len(find_recipes(runs)) == 1


def test_another_training_part_beside_the_same_test_images_is_another_recipe() -> None:
    runs = [
        *seeds("alexnet", [40, 44], split_setting="few"),
        *seeds("alexnet", [30, 34], split_setting="many"),
    ]
    assert [recipe.label for recipe in find_recipes(runs)] == ["alexnet, split=few", "alexnet, split=many"]


def test_other_test_images_are_another_recipe() -> None:
    other = answered("b", share_right(COUNT, 44), seed=1, rows=np.arange(COUNT) + 7, split="80-20-seed1")
    assert len(find_recipes([*seeds("alexnet", [40]), other])) == 2


def test_the_same_seed_twice_counts_once() -> None:
    twice = answered("again", share_right(COUNT, 40), seed=0)
    (recipe,) = find_recipes([*seeds("alexnet", [40, 44]), twice])
    assert len(recipe.members) == 2
    assert [run.name for run in recipe.repeated] == ["again"]


def test_runs_without_figures_are_in_no_recipe() -> None:
    assert find_recipes([unanswered("a")]) == []


def test_two_recipes_over_seeds_are_compared_by_welch() -> None:
    first, second = find_recipes([*seeds("resnet18", [20, 26, 22]), *seeds("alexnet", [40, 44, 52])])
    result = compared_recipes(first, second)
    assert result is not None and result.interval is not None
    expected: Any = stats.ttest_ind(first.accuracies, second.accuracies, equal_var=False)
    assert result.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (result.interval.low, result.interval.high) == pytest.approx((interval.low, interval.high))


def test_fewer_than_three_seeds_give_no_verdict_on_recipes() -> None:
    first, second = find_recipes([*seeds("resnet18", [20, 26]), *seeds("alexnet", [40, 44, 52])])
    assert compared_recipes(first, second) is None
    assert "at least 3 seeds each; resnet18 has 2" in why_recipes_not_compared(first, second)


def test_folds_of_one_k_fold_are_one_recipe_and_compared_by_the_corrected_test() -> None:
    ours, theirs = [20, 26, 22, 30, 24], [40, 44, 35, 52, 41]
    first, second = find_recipes([*folds("resnet18", ours, 5), *folds("alexnet", theirs, 5)])
    assert (first.folds, first.unit, len(first.members)) == (5, "folds", 5)
    result = compared_recipes(first, second)
    assert result is not None
    differences = (np.array(theirs) - np.array(ours)) / COUNT
    corrected = np.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))  # Nadeau and Bengio: 1/k + n_test/n_train
    assert result.p == pytest.approx(2 * stats.t.sf(differences.mean() / corrected, df=4))


def test_folds_that_set_validation_images_aside_are_less_sure() -> None:
    wrongs = [20, 26, 22, 25, 30]
    (plain,) = find_recipes(folds("alexnet", wrongs, 5))
    (aside,) = find_recipes([replace(member, trained_on=round(3.2 * COUNT)) for member in plain.members])
    assert (plain.test_to_train, aside.test_to_train) == (0.25, 0.3125)
    assert plain.summary.interval and aside.summary.interval
    ratio = aside.summary.interval.half_width / plain.summary.interval.half_width
    assert ratio == pytest.approx(np.sqrt((0.2 + 0.3125) / (0.2 + 0.25)))


def test_a_complete_k_fold_is_put_together_image_by_image() -> None:
    (recipe,) = find_recipes(folds("alexnet", [20, 26, 30], 3))
    whole = out_of_fold(recipe)
    assert whole is not None and whole.figures is not None
    assert whole.figures.images == 3 * COUNT
    assert whole.figures.accuracy == pytest.approx(1 - 76 / (3 * COUNT))
    assert whole.rows.tolist() == list(range(3 * COUNT))
    (partial,) = find_recipes(folds("alexnet", [20, 26], 3))
    assert out_of_fold(partial) is None
    (seeded,) = find_recipes(seeds("alexnet", [20, 26, 30]))
    assert out_of_fold(seeded) is None


def test_different_folds_are_not_compared() -> None:
    first, second = find_recipes(
        [*folds("resnet18", [20, 26, 22], 5), *folds("alexnet", [40, 44, 35, 52], 5)]
    )
    assert "do not have the same folds" in why_recipes_not_compared(first, second)


def test_unlike_roles_of_recipes_are_not_compared() -> None:
    watched = seeds("alexnet", [40, 44, 52], role="validation, used to choose")
    runs = [*seeds("resnet18", [20, 26, 22]), *watched]
    first, second = find_recipes(runs)
    assert "unlike roles" in why_recipes_not_compared(first, second)


def test_the_first_partner_of_a_run_is_the_best_of_another_recipe() -> None:
    best, repeat = (answered(f"a{seed}", share_right(100, 10 + seed), seed=seed) for seed in (0, 1))
    other = answered("b", share_right(100, 30), model="resnet18")
    elsewhere = answered("c", share_right(100, 5), rows=np.arange(100) + 500)
    found = partners([repeat, other, elsewhere, best])
    assert list(found) == [best, repeat, other]
    assert found[best] == [other, repeat] and found[other] == [best, repeat]
