"""The paragraph that a paper needs: data, split, models, recipe, software, hardware, statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rsdash.config import SETTINGS, RunConfig, as_text
from rsdash.evaluation.comparison import differing_settings
from rsdash.evaluation.wording import images_in_words, intervals_in_words, pair_tests_in_words
from rsdash.report.facts import Compared
from rsdash.runs.folder import OWN_IMAGES
from rsdash.runs.index import RunEntry
from rsdash.runs.records import DataReference

RECIPE = (
    "weights",
    "im_size",
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "l2",
    "label_smoothing",
    "flip",
    "report",
)
"""Settings that a methods section names in any case; others only where they are not at their default."""
ELSEWHERE = ("model", "data", "split", "split_seed", "validation_share", "test_share")
"""What the sentences on models and data say."""
MACHINE_ONLY = ("device", "threads", "checkpoint_minutes")
"""Settings that are no part of a recipe; the sentence on hardware says where it ran."""


def methods(compared: Compared) -> list[str]:
    """Paragraphs in plain text, from what the runs recorded."""
    entries = compared.entries
    return [
        *dict.fromkeys(_data_sentence(entry.request.data) for entry in entries),
        _models(entries),
        _recipe([entry.config for entry in entries]),
        _machine(entries),
        _statistics(compared),
    ]


def _data_sentence(data: DataReference) -> str:
    counts = ", ".join(f"{count:,} {part}" for part, count in data.counts.items() if count)
    drawn = " (drawn by a program, not seen by a sensor)" if data.synthetic else ""
    checked = "; ".join(f"{what}: {state}" for what, state in data.checked.items())
    checked = checked or "near-duplicates and neighbours: not recorded"
    return (
        f"Data: {data.name}{drawn}, {len(data.classes)} classes ({', '.join(data.classes)}), fingerprint "
        f"{data.fingerprint}; split {data.split}: {counts} images. Checked for what sits on both sides of "
        f"the split: {checked}."
    )


def _models(entries: Sequence[RunEntry]) -> str:
    sizes: dict[str, int] = {}
    for entry in entries:
        sizes.setdefault(entry.config.model, entry.state.summary.parameters)
    listed = [f"{model} ({count / 1e6:.1f} M trainable parameters)" for model, count in sizes.items()]
    return f"Models: {', '.join(listed)}."


def _recipe(configs: Sequence[RunConfig]) -> str:
    differing = differing_settings({str(number): config for number, config in enumerate(configs)})
    shared = [
        f"{name} {as_text(getattr(configs[0], name))}{_unit(name)}"
        for name in dict.fromkeys((*RECIPE, *_changed(configs[0])))
        if name not in differing
    ]
    varied = [
        f"{name} {', '.join(dict.fromkeys(as_text(getattr(config, name)) for config in configs))}"
        for name in differing
        if name != "model"
    ]
    text = f"Training, the same in all runs: {', '.join(shared)}."
    return f"{text} Differing: {'; '.join(varied)}." if varied else text


def _changed(config: RunConfig) -> list[str]:
    """Settings of the recipe that are not at their default, in the order of the form."""
    unnamed = (*ELSEWHERE, *MACHINE_ONLY)
    return [name for name in config.changed_from(RunConfig()) if name in SETTINGS and name not in unnamed]


def _unit(name: str) -> str:
    unit = SETTINGS[name].unit
    return f" {unit}" if unit and unit not in (name, "epochs") else ""


def _machine(entries: Iterable[RunEntry]) -> str:
    attempts = [attempt for entry in entries for attempt in entry.folder.environment().attempts]
    packages = _all_of(attempts, lambda one: [f"{n} {v}" for n, v in one.get("packages", {}).items()])
    pythons = _all_of(attempts, lambda one: [f"Python {one['python']}"] if "python" in one else [])
    programs = _all_of(attempts, lambda one: [f"rsdash {one['rsdash']}"] if "rsdash" in one else [])
    hardware = _all_of(
        attempts,
        lambda one: [f"{one.get('processor', 'unknown processor')}, {one.get('device', 'unknown device')}"],
    )
    software = ", ".join((*programs, *pythons, *packages)) or "not recorded"
    return f"Software: {software}. Hardware: {'; '.join(hardware) or 'not recorded'}."


def _all_of(attempts: Iterable[dict[str, Any]], read: Any) -> list[str]:
    return list(dict.fromkeys(text for attempt in attempts for text in read(attempt)))


def _statistics(compared: Compared) -> str:
    figures = [one.figures for one in compared.contenders if one.figures]
    roles = ", ".join(dict.fromkeys(images_in_words(one) for one in figures)) or "no images"
    elsewhere = "" if compared.measured_on == OWN_IMAGES else f" of {compared.measured_on}"
    parts = [
        f"Figures are computed in fp32 from the reported weights on {roles}{elsewhere}. Intervals are 95 % "
        f"intervals {intervals_in_words(compared.contenders)}."
    ]
    if compared.verdict.pairs:
        parts.append(pair_tests_in_words(compared.verdict.pairs))
    if compared.verdict.recipe_pairs:
        names = dict.fromkeys(pair.result.method for pair in compared.verdict.recipe_pairs)
        parts.append(f"Recipes are compared over their repeats by {', '.join(names)}, adjusted by Holm.")
    return " ".join(parts)
