"""What a figure on some images is worth."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a figure on some images is worth."""

    GIVEN_TEST = "given test"
    """The data set's own test images; nothing was selected on them."""
    HELD_OUT = "held-out"
    """Held out by rsdash; nothing was selected on them."""
    VALIDATION = "validation"
    """Watched during training, but nothing was selected on them."""
    SELECTED_ON = "validation, used to choose"
    """They decided which epoch is reported, when the run ended or when the rate fell: a flattering figure."""


MERIT = (Role.GIVEN_TEST, Role.HELD_OUT, Role.VALIDATION, Role.SELECTED_ON)
"""Roles from the most to the least trustworthy; a run's headline figure has the first it offers."""


FORMER_NAMES = {"validation selected on": Role.SELECTED_ON.value}
"""What files from before call roles that have another name now."""


def role_named(name: str) -> str:
    """A role by its name of today."""
    return FORMER_NAMES.get(name, name)


def images_of(role: str) -> str:
    """Images of a role in a sentence: `held-out images`, `validation images (used to choose)`."""
    kind, _, use = role.partition(", ")
    return f"{kind} images ({use})" if use else f"{kind} images"


def measured_roles(counts: Mapping[str, int], *, steered: bool, test_role: str) -> dict[str, Role]:
    """Parts that are not trained on and have images: part → role of figures on them.

    Args:
        counts: images per part.
        steered: whether the run decides anything by its validation images (`steered_by_validation`).
        test_role: role of the test part.
    """
    roles = {}
    if counts["test"]:
        roles["test"] = Role(test_role)
    if counts["validation"]:
        roles["validation"] = Role.SELECTED_ON if steered else Role.VALIDATION
    return roles
