"""How many test images it takes to show a difference between two trained models."""

from __future__ import annotations

from math import ceil, sqrt

from scipy.special import ndtri


def tiles_needed(
    discordant_share: float, difference: float, *, power: float = 0.8, level: float = 0.05
) -> int:
    """Independent images that McNemar's test needs, by the normal approximation (Connor 1987).

    doi 10.2307/2531961; it rests on Miettinen 1968, doi 10.2307/2528039, and asks for slightly more. With
    ψ the discordant share and δ the difference, n = (z_a √ψ + z_b √(ψ - δ²))² / δ², z_a and z_b being
    the normal quantiles of 1 - level/2 and of the power.

    Args:
        discordant_share: share of images that exactly one of the two models has right, 0 to 1; where it is
            smaller than the difference, which cannot be, it is taken as equal to it.
        difference: of their accuracies, -1 to 1 but not 0.
        power: probability of showing the difference.
        level: two-sided level of the test.

    Raises:
        ValueError: the difference is 0, which no number of images shows.
    """
    if difference == 0:
        raise ValueError("a difference of 0 cannot be shown")
    discordant = max(discordant_share, abs(difference))
    significant, missed = float(ndtri(1 - level / 2)), float(ndtri(power))
    root = significant * sqrt(discordant) + missed * sqrt(discordant - difference**2)
    return ceil(root**2 / difference**2)
