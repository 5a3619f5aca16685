from __future__ import annotations

import numpy as np
import pytest

from rsdash.data.audit import SYMMETRY_NAMES, symmetry

CORNERS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("number", "expected", "name"),
    [  # by hand
        (0, [[1, 2], [3, 4]], "as it is"),
        (1, [[2, 4], [1, 3]], "turned by 90°"),
        (2, [[4, 3], [2, 1]], "turned by 180°"),
        (3, [[3, 1], [4, 2]], "turned by 270°"),
        (4, [[2, 1], [4, 3]], "mirrored left to right"),
        (5, [[4, 2], [3, 1]], "mirrored on the rising diagonal"),
        (6, [[3, 4], [1, 2]], "mirrored top to bottom"),
        (7, [[1, 3], [2, 4]], "mirrored on the falling diagonal"),
    ],
)
def test_each_symmetry_does_what_its_name_says(number, expected, name):
    assert symmetry(CORNERS, number).tolist() == expected
    assert SYMMETRY_NAMES[number] == name


def test_the_numbers_are_those_of_the_augmentation():
    import torch

    from rsdash.data import augmentation

    image = np.random.default_rng(0).random((5, 5, 3))
    batch = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    for number in range(augmentation.SYMMETRIES):
        turned = augmentation.symmetry(batch, number)[0].numpy().transpose(1, 2, 0)
        assert np.array_equal(symmetry(image, number), turned)
