"""All numbers of a comparison as plain values: what the command line prints and a bundle keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rsdash.config import as_text
from rsdash.evaluation.comparison import STUDY_TABLE_2, Contender, best_of, differing_settings, why_not_ranked
from rsdash.evaluation.figures import Figures
from rsdash.evaluation.intervals import Interval
from rsdash.evaluation.recipes import Recipe
from rsdash.evaluation.verdict import Pair, RecipePair, Verdict, judge
from rsdash.runs.contender import contender_for
from rsdash.runs.folder import OWN_IMAGES
from rsdash.runs.index import RunEntry

SHARES = (
    "accuracy",
    "top5",
    "average_accuracy",
    "macro_precision",
    "macro_f1",
    "kappa",
    "loss",
    "brier",
    "ece",
    "ece_if_calibrated",
)
PER_CLASS = ("support", "predicted", "producers", "users", "f1")


@dataclass(frozen=True, eq=False)
class Compared:
    """Runs, what their answers say, and the verdict on them.

    Attributes:
        entries: the runs.
        contenders: the same as a comparison sees them.
        verdict: what may be said of them.
        measured_on: which of the runs' evaluations counts, by its label in `RunFolder.evaluation_paths`.
    """

    entries: Sequence[RunEntry]
    contenders: Sequence[Contender]
    verdict: Verdict
    measured_on: str = OWN_IMAGES


def gather(entries: Sequence[RunEntry], measured_on: str = OWN_IMAGES) -> Compared:
    """Read and judge runs."""
    contenders = [contender_for(entry, measured_on) for entry in entries]
    return Compared(entries, contenders, judge(contenders), measured_on)


def comparison_facts(compared: Compared) -> dict[str, Any]:
    """Everything that follows from the answers of the runs, ready for JSON; numbers are not rounded."""
    contenders, verdict = compared.contenders, compared.verdict
    best = best_of(contenders)
    differing = differing_settings({one.id: one.config for one in contenders})
    return {
        "measured_on": compared.measured_on,
        "runs": [_run(*pair) for pair in zip(compared.entries, contenders, strict=True)],
        "verdict": {
            "finding": verdict.finding.value,
            "headline": verdict.headline,
            "notes": list(verdict.notes),
        },
        "pairs": [_pair(pair) for pair in verdict.pairs],
        "recipes": [_recipe(recipe) for recipe in verdict.recipes],
        "recipe_pairs": [_recipe_pair(pair) for pair in verdict.recipe_pairs],
        "differing": {
            name: {run: as_text(value) for run, value in values.items()} for name, values in differing.items()
        },
        "not_ranked": why_not_ranked(contenders),
        "best": best.id if best else None,
        "reference": [dict(vars(row)) for row in STUDY_TABLE_2],
    }


def _run(entry: RunEntry, contender: Contender) -> dict[str, Any]:
    figures = contender.figures
    facts: dict[str, Any] = {
        "id": entry.id,
        "name": entry.name,
        "model": entry.config.model,
        "seed": entry.config.seed,
        "state": entry.state.state.value,
        "data": contender.data,
        "fingerprint": contender.fingerprint,
        "split": contender.split,
        "problem": contender.problem,
        "role": figures.role if figures else None,
        "images": figures.images if figures else 0,
        "groups": figures.groups if figures else 0,
        "±": figures.accuracy_half_width if figures else None,
    }
    interval = figures.intervals.get("accuracy") if figures else None
    facts["accuracy_low"], facts["accuracy_high"] = _interval(interval) or (None, None)
    facts |= {name: _number(getattr(figures, name)) if figures else None for name in SHARES}
    if figures:
        facts |= _with_classes(figures)
    return facts


def _with_classes(figures: Figures) -> dict[str, Any]:
    columns = {name: getattr(figures.per_class, name).tolist() for name in PER_CLASS}
    return {
        "intervals": {name: _interval(interval) for name, interval in figures.intervals.items()},
        "confusion": figures.confusion.tolist(),
        "classes": {
            name: {column: _number(values[k]) for column, values in columns.items()}
            for k, name in enumerate(figures.classes)
        },
    }


def _pair(pair: Pair) -> dict[str, Any]:
    result = pair.result
    return {
        "first": pair.first.id,
        "second": pair.second.id,
        "difference": result.difference,
        "interval": _interval(result.interval),
        "p": result.p,
        "adjusted_p": pair.adjusted_p,
        "first_only": result.first_only,
        "second_only": result.second_only,
        "both_right": result.both_right,
        "both_wrong": result.both_wrong,
        "groups": result.groups,
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    summary = recipe.summary
    return {
        "label": recipe.label,
        "runs": [member.id for member in recipe.members],
        "left_out": [member.id for member in recipe.repeated],
        "folds": recipe.folds,
        "accuracies": recipe.accuracies,
        "mean": summary.mean,
        "sd": _number(summary.sd),
        "interval": _interval(summary.interval),
    }


def _recipe_pair(pair: RecipePair) -> dict[str, Any]:
    result = pair.result
    return {
        "first": pair.first.label,
        "second": pair.second.label,
        "difference": result.difference,
        "interval": _interval(result.interval),
        "p": result.p,
        "adjusted_p": pair.adjusted_p,
        "df": result.df,
        "method": result.method,
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return [float(interval.low), float(interval.high)] if interval else None


def _number(value: Any) -> Any:
    """A plain number; None where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
