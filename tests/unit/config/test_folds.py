"""Names of the splits of a k-fold."""

from __future__ import annotations

import pytest

from rsdash.config.folds import Fold, fold_name, fold_of


def test_a_name_says_which_fold_it_is() -> None:
    fold = Fold("seed0-blocks", 2, 5)
    assert fold_name(fold) == "seed0-blocks-fold2of5"
    assert fold_of(fold_name(fold)) == fold


def test_a_limit_of_training_images_stays_part_of_what_folds_share() -> None:
    assert fold_of("seed0-fold2of5-limit50") == Fold("seed0-limit50", 2, 5)


@pytest.mark.parametrize("name", ["80-20-seed0", "folds", "fold1of5", "seed0-fold1", "seed0-foldxof5"])
def test_other_splits_are_no_folds(name: str) -> None:
    assert fold_of(name) is None
