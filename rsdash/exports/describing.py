"""From a run to its model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rsdash.errors import RunError
from rsdash.evaluation.figures import Figures, figures_for
from rsdash.evaluation.roles import MERIT
from rsdash.evaluation.saved import Evaluation
from rsdash.exports.card import Card, CardData, CardFigures, CardInput, CardWeights, read_card_file
from rsdash.exports.terms import data_terms, shareable, weights_terms
from rsdash.runs.contender import whole_evaluation
from rsdash.runs.index import RunEntry

CARD_FILE = "card.json"
"""Stands in the folder of a run that was imported, too: what its images' terms are is known nowhere else."""
SHOWN = ("accuracy", "average_accuracy", "macro_f1", "kappa", "loss", "brier", "ece")


def build_card(entry: RunEntry, *, input: CardInput, parameters: int) -> Card:
    """Describe a run's reported weights; figures are derived from evaluation.npz.

    Args:
        entry: a run that is evaluated.
        input: what its network takes.
        parameters: trainable numbers in it.

    Raises:
        RunError: its evaluation is missing or damaged.
    """
    attempts = entry.folder.environment().attempts
    last: dict[str, Any] = attempts[-1] if attempts else {}
    data, weights = _terms(entry)
    figures = measured(whole_evaluation(entry))
    return Card(
        run_id=entry.id,
        name=entry.name,
        trained_at=_when(float(last.get("started_at", entry.request.created_at))),
        exported_at=_when(None),
        settings=shareable(entry.config),
        parameters=parameters,
        epochs=entry.state.summary.epoch,
        classes=entry.request.data.classes,
        input=input,
        figures=figures,
        data=data,
        initial_weights=weights,
        software=_software(last),
        device=str(last.get("device") or entry.state.summary.device or "not recorded"),
        attribution=tuple(_attribution(data, weights)),
        cautions=tuple(_cautions(data, figures, entry.request.data.classes)),
    )


def measured(evaluation: Evaluation) -> tuple[CardFigures, ...]:
    """The figures of each role, the most trustworthy first."""
    roles = [role for role in MERIT if role in set(evaluation.roles.tolist())]
    return tuple(_figures(figures_for(evaluation.part(role))) for role in roles)


def _figures(figures: Figures) -> CardFigures:
    each = figures.per_class
    columns = (each.support, each.producers, each.users, each.f1)
    rows = zip(figures.classes, *(column.tolist() for column in columns), strict=True)
    return CardFigures(
        role=figures.role,
        images=figures.images,
        groups=figures.groups,
        values={name: getattr(figures, name) for name in SHOWN},
        intervals={name: (one.low, one.high) for name, one in figures.intervals.items()},
        per_class={
            name: (int(count), _number(producers), _number(users), _number(f1))
            for name, count, producers, users, f1 in rows
        },
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _terms(entry: RunEntry) -> tuple[CardData, CardWeights]:
    """Of an imported run, as it came; of others, as they are known here."""
    try:
        came = read_card_file(entry.folder.path / CARD_FILE)
    except RunError:
        return data_terms(entry.request.data), weights_terms(entry.request.config)
    return came.data, came.initial_weights


def _software(attempt: dict[str, Any]) -> dict[str, str]:
    found = {name: str(attempt[name]) for name in ("rsdash", "python") if attempt.get(name)}
    return found | {str(name): str(version) for name, version in attempt.get("packages", {}).items()}


def _attribution(data: CardData, weights: CardWeights) -> list[str]:
    images = data.title or data.name
    sentences = [f"Trained on {images}: {data.licence or 'their licence is not known here'}."]
    if data.citation:
        sentences.append(f"Cite the images as: {data.citation.rstrip('.')}.")
    if data.origin:
        sentences.append(f"Its tiles were cut from {data.origin.rstrip('.')}.")
    if not weights.origin.startswith("random"):
        sentences.append(f"Training began with {weights.origin}: {weights.licence}.")
    return sentences


def _cautions(data: CardData, figures: Sequence[CardFigures], classes: Sequence[str]) -> list[str]:
    """What no reader of an accuracy should take for granted."""
    images = "drawings made by a program" if data.synthetic else "images"
    where = f" from {data.region}" if data.region else ", whose region and season this card does not know"
    size = f", at {data.resolution} a pixel" if data.resolution else ""
    sentences = [
        f"It was trained on {data.counts.get('train', 0):,} {images} of {data.title or data.name}"
        f"{where}{size}. Other regions, seasons, sensors, resolutions and kinds of processing were not "
        "tested; figures there can be far lower. Measure it on labelled images of your own first.",
        f"It knows {len(classes)} classes and names one of them for any image, also for one that shows none "
        "of them. A high probability is no proof that an image is of a kind it knows.",
        "It was not made for decisions about people, property, safety or emergencies. Areas counted from its "
        "answers carry its errors and need an accuracy assessment of their own.",
    ]
    if data.synthetic:
        sentences.append("It has seen no satellite image at all; its figures say nothing about any.")
    if figures and figures[0].role == MERIT[-1]:
        sentences.append("Its figures flatter it: the same images decided which weights are reported.")
    resembling = [what for what, state in data.checked.items() if state in ("not checked", "unknown")]
    if resembling or not data.checked:
        sentences.append(
            f"Not checked between training and test images: {', '.join(resembling) or 'likeness'}. "
            "Near-duplicates or neighbours on both sides would flatter the figures."
        )
    return sentences


def _when(seconds: float | None) -> str:
    moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="seconds")
