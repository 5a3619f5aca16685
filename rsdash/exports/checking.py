"""Checks of a run's records that come from elsewhere: pages and comparisons trust what a run folder holds."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np

from rsdash.errors import RunError
from rsdash.evaluation.figures import Figures, headline
from rsdash.evaluation.roles import Role
from rsdash.evaluation.saved import Evaluation, read_evaluation
from rsdash.runs.amendments import check_amendment
from rsdash.runs.folder import RunFolder
from rsdash.runs.history import HistoryReader
from rsdash.runs.parts import PARTS, Parts
from rsdash.runs.records import SPARKLINE_POINTS, Environment, RunRequest, StateRecord, Summary
from rsdash.runs.states import EVALUATED, RunState

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")


def checked_request(came: RunFolder) -> RunRequest:
    """config.json, where its parts fit together.

    Raises:
        RunError: they do not.
    """
    request = came.request()
    data, config = request.data, request.config
    parts = Parts.read(came.split_path)
    together = np.concatenate([parts.rows[part] for part in PARTS])
    faults = {
        f"its data set is called {data.name!r}": not _NAME.fullmatch(data.name),
        f"its settings name the data set {config.data!r}": config.data != data.name,
        f"its role {data.test_role!r} is unknown": data.test_role not in list(Role),
        "its class names are not all different": len(set(data.classes)) < len(data.classes),
        "its counts are not those of its split": dict(data.counts) != parts.counts,
        "its split names an image twice": len(np.unique(together)) < len(together) or (together < 0).any(),
    }
    for fault, found in faults.items():
        if found:
            raise RunError(f"{fault}.")
    return request


def checked_evaluation(came: RunFolder, request: RunRequest) -> Evaluation:
    """evaluation.npz, where it holds answers on images that the run did not train on.

    Raises:
        RunError: it does not.
    """
    evaluation, parts = read_evaluation(came.evaluation_path), Parts.read(came.split_path)
    measured = np.concatenate([parts.rows["validation"], parts.rows["test"]])
    if evaluation.classes != request.data.classes:
        raise RunError("its answers are about other classes than its settings.")
    if not np.isfinite(evaluation.logits).all():
        raise RunError("its answers are not all numbers.")
    rows = evaluation.rows
    if rows.dtype.kind != "i" or len(np.unique(rows)) < len(rows) or not np.isin(rows, measured).all():
        raise RunError("its answers are on other images than its split holds out.")
    return replace(evaluation, groups=parts.groups_of(rows))


def checked_state(
    came: RunFolder, request: RunRequest, evaluation: Evaluation, parameters: int
) -> StateRecord:
    """What state.json says of the imported run: finished, nothing to go on from, figures as derived here.

    Args:
        came: the run as it came.
        request: its settings.
        evaluation: its answers.
        parameters: trainable numbers of its network.

    Raises:
        RunError: it was not evaluated, or a changed setting is out of range.
    """
    state = came.state()
    if state.state not in EVALUATED:
        raise RunError(f"its run is {state.state.lower()}.")
    for one in state.amendments:
        check_amendment(request.config, one.setting, one.value, epochs_done=-1)
    return StateRecord(
        state=RunState.FINISHED,
        updated_at=state.updated_at,
        amendments=state.amendments,
        summary=_summary(state.summary, headline(evaluation), parameters),
    )


def checked_environment(came: RunFolder) -> Environment:
    """environment.json with plain facts alone.

    Raises:
        RunError: it is damaged.
    """
    return Environment(attempts=tuple(_facts(attempt) for attempt in came.environment().attempts[:100]))


def check_history(came: RunFolder) -> None:
    """Read metrics.jsonl as the pages will.

    Raises:
        RunError: they could not.
    """
    try:
        HistoryReader(came.metrics_path).refresh()
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise RunError(f"its recorded events cannot be read ({error}).") from error


def _summary(told: Summary, figures: Figures, parameters: int) -> Summary:
    """What lists show: figures as derived here, all else as told where it is a number."""
    names = ("elapsed_s", "images_per_s", "train_accuracy", "train_loss")
    numbers = {name: getattr(told, name) for name in names}
    return Summary(
        epoch=told.epoch,
        step=told.step,
        steps=told.steps,
        accuracy=figures.accuracy,
        loss=figures.loss,
        role=figures.role,
        images=figures.images,
        sparkline=tuple(point for point in told.sparkline if math.isfinite(point))[:SPARKLINE_POINTS],
        parameters=parameters,
        device=told.device[:200],
        memory_bytes=told.memory_bytes,
        **{name: value for name, value in numbers.items() if value is not None and math.isfinite(value)},
    )


def _facts(attempt: dict[str, Any]) -> dict[str, Any]:
    plain = {str(name)[:100]: value for name, value in attempt.items() if isinstance(value, int | float)}
    texts = {str(name)[:100]: value[:500] for name, value in attempt.items() if isinstance(value, str)}
    packages = attempt.get("packages")
    named = {str(k)[:100]: str(v)[:100] for k, v in packages.items()} if isinstance(packages, dict) else {}
    started_at = attempt.get("started_at")
    fitting = {"started_at": started_at} if isinstance(started_at, int | float) else {}
    return {**{k: v for k, v in (plain | texts).items() if k != "started_at"}, **fitting, "packages": named}
