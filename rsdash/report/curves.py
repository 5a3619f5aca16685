"""The learning curves of compared runs, and those of a recipe's repeats together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rsdash.charts import Curve, CurveGroup, curve_from
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.recipes import Recipe
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry


def run_curves(entries: Sequence[RunEntry], read: Callable[[RunFolder], History]) -> dict[str, Curve]:
    """Run id → its curve, of all runs that have completed an epoch.

    Args:
        entries: the runs.
        read: gives a run's history.
    """
    names = names_apart(entries)
    curves = {
        entry.id: curve_from(names[entry.id], read(entry.folder), measured_on=entry.watched_role)
        for entry in entries
    }
    return {run_id: curve for run_id, curve in curves.items() if len(curve.epoch)}


def recipe_curves(recipes: Iterable[Recipe], curves: Mapping[str, Curve]) -> list[CurveGroup]:
    """The curves of each recipe that has more than one.

    Args:
        recipes: with their runs.
        curves: run id → curve.
    """
    groups = [
        CurveGroup(recipe.label, [curves[run.id] for run in recipe.members if run.id in curves])
        for recipe in recipes
    ]
    return [group for group in groups if len(group.curves) > 1]
