from __future__ import annotations

import numpy as np

from rsdash.data.audit.outliers import mode_outliers, size_outliers


def outliers(*sizes: tuple[int, int]) -> tuple[int, ...]:
    widths, heights = np.array(sizes).T
    return size_outliers(widths, heights)


def test_where_most_agree_every_other_size_stands_out():
    assert outliers(*[(64, 64)] * 9, (64, 65)) == (9,)
    assert outliers(*[(64, 64)] * 8, (64, 65), (65, 64)) == ()


def test_where_sizes_are_mixed_only_extremes_stand_out():
    assert outliers((100, 100), (120, 90), (90, 130), (110, 110), (24, 24), (500, 500), (200, 200)) == (4, 5)


def test_an_oblong_size_is_not_its_turned_twin():
    assert outliers(*[(64, 32)] * 9, (32, 64)) == (9,)


def test_few_images_of_another_mode_stand_out():
    assert mode_outliers(["RGB"] * 9 + ["L"]) == (9,)
    assert mode_outliers(["RGB"] * 8 + ["L", "L"]) == ()
    assert mode_outliers(["RGB"] * 3) == ()
