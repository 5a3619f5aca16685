"""How much of a comparison pages and reports show, and how they say what is left out."""

from __future__ import annotations

from rsdash.charts.style import MOST_IN_A_MATRIX

MOST_PAIRS = 60
"""Pairs of trained models in a table; the clearest come first."""
MOST_LINES = 12
"""Runs in one chart of a report."""
MOST_FITTED = 8
"""Runs whose confidence is fitted while a visitor waits."""
MATRIX_LIMIT = f"Matrices are drawn up to {MOST_IN_A_MATRIX} classes."


def left_out(drawn: int, total: int) -> str:
    """A sentence where not all runs are drawn, else nothing."""
    return f"The first {drawn} of {total} runs are drawn." if total > drawn else ""
