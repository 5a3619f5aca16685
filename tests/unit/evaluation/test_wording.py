"""How intervals and tests are told, by whether images come in groups."""

from __future__ import annotations

import numpy as np
import pytest

from rsdash.evaluation.roles import Role, images_of
from rsdash.evaluation.verdict import judge
from rsdash.evaluation.wording import figure_text, intervals_in_words, pair_tests_in_words
from tests.contenders import answered, share_right

TWOS = np.arange(200) // 2


def contenders(*grouped: bool):
    """Two runs on independent images, two on images in groups, as asked."""
    return [
        answered(f"{kind}-{wrong}", share_right(200, wrong), groups=TWOS if kind else None, rows=rows)
        for kind in grouped
        for rows in (np.arange(200) + 1000 * kind,)
        for wrong in (20, 40)
    ]


@pytest.mark.parametrize(
    ("grouped", "told", "untold"),
    [
        ((False,), ("Wilson's", "McNemar's"), ("group", "Holm")),
        ((True,), ("draws whole groups", "a sign-flip test"), ("Wilson", "McNemar", "Holm")),
        ((False, True), ("Wilson's", "where images come in groups", "Holm (1979) over all 2 pairs"), ()),
    ],
)
def test_intervals_and_tests_follow_from_whether_images_come_in_groups(grouped, told, untold) -> None:
    found = contenders(*grouped)
    text = f"{intervals_in_words(found)}. {pair_tests_in_words(judge(found).pairs)}"
    assert all(words in text for words in told) and not [words for words in untold if words in text]


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (0.53333, 0.1226, "0.53 ± 0.12"),
        (0.9476, 0.0061, "0.948 ± 0.006"),
        (0.94761, 0.00058, "0.9476 ± 0.0006"),
        (0.53333, None, "0.5333"),
    ],
)
def test_a_figure_has_the_digits_that_its_interval_supports(value, half_width, text) -> None:
    assert figure_text(value, half_width) == text


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.HELD_OUT, "held-out images"),
        (Role.GIVEN_TEST, "given test images"),
        (Role.SELECTED_ON, "validation images (used to choose)"),
    ],
)
def test_images_are_called_by_their_role(role: Role, words: str) -> None:
    assert images_of(role) == words


def test_holm_is_named_where_more_than_one_pair_was_tested() -> None:
    found = [answered(str(wrong), share_right(200, wrong)) for wrong in (10, 20, 40)]
    assert pair_tests_in_words(judge(found).pairs).endswith("by Holm (1979) over all 3 pairs.")
