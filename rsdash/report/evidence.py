"""What a verdict rests on, as rows that pages and reports share: recipes over repeats, pairs of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rsdash.evaluation.names import names_apart
from rsdash.evaluation.recipes import Recipe
from rsdash.evaluation.verdict import Pair, Verdict
from rsdash.evaluation.wording import REPEATS_LEGEND, figure_text, p_text, pair_tests_in_words, points
from rsdash.report.facts import Compared
from rsdash.report.limits import MOST_PAIRS

Cell = str | int | None
"""None where there is nothing to show."""

RECIPES_LEGEND = f"{REPEATS_LEGEND} A run left out repeats the seed of another."


def repeated_recipes(verdict: Verdict) -> list[Recipe]:
    """Those that were run more than once."""
    return [recipe for recipe in verdict.recipes if len(recipe.accuracies) > 1]


def recipe_rows(compared: Compared) -> list[dict[str, Cell]]:
    """Mean and spread of each recipe with repeats: column → cell."""
    names = names_apart(compared.contenders)
    rows: list[dict[str, Cell]] = []
    for recipe in repeated_recipes(compared.verdict):
        summary, values = recipe.summary, recipe.accuracies
        rows.append({
            "recipe": recipe.label,
            "repeats": f"{summary.count} {recipe.unit}",
            "mean accuracy": figure_text(
                summary.mean, summary.interval.half_width if summary.interval else None
            ),
            "standard deviation": f"{summary.sd:.4f}",
            "lowest": f"{min(values):.4f}",
            "highest": f"{max(values):.4f}",
            "left out": ", ".join(names[run.id] for run in recipe.repeated) or None,
        })  # fmt: skip
    return rows


def pair_rows(compared: Compared) -> list[dict[str, Cell]]:
    """Every two trained models on the same images, the clearest first, up to MOST_PAIRS: column → cell."""
    names = names_apart(compared.contenders)
    return [_pair_row(pair, names) for pair in compared.verdict.pairs[:MOST_PAIRS]]


def pairs_legend(verdict: Verdict) -> str:
    """How the pairs were tested, and how many of them the rows leave out; there is at least one."""
    total = len(verdict.pairs)
    shown = f"The clearest {MOST_PAIRS} of {total:,}. " if total > MOST_PAIRS else ""
    return f"{shown}{pair_tests_in_words(verdict.pairs)}"


def texts_of(rows: Sequence[Mapping[str, Cell]]) -> list[list[str]]:
    """Cells as a report shows them."""
    return [[_text(cell) for cell in row.values()] for row in rows]


def _pair_row(pair: Pair, names: dict[str, str]) -> dict[str, Cell]:
    result, interval = pair.result, pair.result.interval
    return {
        "more accurate": names[pair.first.id],
        "less accurate": names[pair.second.id],
        "points": points(result.difference),
        "95 % interval": f"{points(interval.low)} to {points(interval.high)}" if interval else None,
        "only it right": result.first_only,
        "only the other right": result.second_only,
        "p": None if result.p is None else p_text(result.p),
        "p by Holm": None if pair.adjusted_p is None else p_text(pair.adjusted_p),
    }


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    return f"{cell:,}" if isinstance(cell, int) else cell
