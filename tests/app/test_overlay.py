"""A map over an image: transparent where nothing speaks, and in its colours where something does."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.ui.predict.overlay import AGAINST, FOR, HEAT, overlay

GREY = np.full((40, 60, 3), 100, np.uint8)


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.array([[0.0, 1.0]])])
def test_without_opacity_or_strength_the_image_stays(values: np.ndarray) -> None:
    assert (overlay(GREY, values, 0.0) == GREY).all()
    assert (overlay(GREY, np.zeros((2, 2)), 1.0) == GREY).all()


def test_heat_covers_the_place_it_belongs_to() -> None:
    drawn = overlay(GREY, np.array([[0.0, 1.0]]), 1.0)
    assert drawn.shape == GREY.shape
    assert (drawn[:, :10] == 100).all()
    assert (drawn[:, -10:] == HEAT[-1].round()).all()
    assert (overlay(GREY, np.array([[0.0, 1.0]]), 0.5)[0, -1] == np.rint((100 + HEAT[-1]) / 2)).all()


def test_what_speaks_against_the_class_is_blue() -> None:
    drawn = overlay(GREY, np.array([[0.4], [-0.4]]), 1.0, signed=True)
    assert (drawn[:5] == FOR).all() and (drawn[-5:] == AGAINST).all()


def test_what_speaks_for_the_class_is_red_where_nothing_speaks_against_it() -> None:
    drawn = overlay(GREY, np.array([[0.4], [0.0]]), 1.0, signed=True)
    assert (drawn[:5] == FOR).all() and (drawn[-5:] == GREY[-5:]).all()
