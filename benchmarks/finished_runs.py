"""Run folders by the thousand, made of the examples: the same files, other settings and other figures.

The large files of a run are hard links into a small pool of variants, so that 10,000 runs take little room.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsdash.evaluation.figures import headline
from rsdash.evaluation.saved import read_evaluation
from rsdash.home import examples_dir
from rsdash.runs.folder import RunFolder, list_run_ids

VARIANTS = 12
"""Different evaluations of each example."""
FLIPPED = 0.25
"""Share of the images whose answer a variant draws anew, at most."""
RATES = (0.001, 0.0005, 0.0002)
BATCHES = (32, 64)
SEEDS = 5
GAP_S = 60.0
"""Between the dates of two runs."""


@dataclass(frozen=True)
class Variant:
    """An example with figures of its own."""

    folder: RunFolder
    config: dict[str, Any]
    state: dict[str, Any]


def make_runs(runs_dir: Path, count: int, *, pool: Path) -> list[str]:
    """Make finished runs; what is there already stays.

    Args:
        runs_dir: folder of run folders.
        count: how many to make.
        pool: folder on the same file system for the files that runs share.

    Returns:
        Their ids, oldest first.
    """
    variants = make_variants(pool)
    runs_dir.mkdir(parents=True, exist_ok=True)
    began = time.time() - count * GAP_S
    return [
        make_run(runs_dir, variants[number % len(variants)], number, began + number * GAP_S)
        for number in range(count)
    ]


def make_variants(pool: Path) -> list[Variant]:
    """Examples in turns, each variant with other answers."""
    examples = [RunFolder(examples_dir() / run_id) for run_id in list_run_ids(examples_dir())]
    return [
        make_variant(example, pool / f"{example.id}-{number}", number)
        for number in range(VARIANTS)
        for example in examples
    ]


def make_variant(example: RunFolder, place: Path, number: int) -> Variant:
    """Copy an example with some of its answers drawn anew, and the figures that follow."""
    place.mkdir(parents=True)
    folder = RunFolder(place)
    for name in ("metrics.jsonl", "split.json", "environment.json"):
        (place / name).write_bytes((example.path / name).read_bytes())
    saved = read_evaluation(example.evaluation_path)
    draws = np.random.default_rng(number)
    logits = saved.logits.copy()
    changed = draws.random(len(logits)) < FLIPPED * number / VARIANTS
    logits[changed] = draws.permuted(logits[changed], axis=1)
    np.savez_compressed(
        folder.evaluation_path,
        logits=logits,
        labels=saved.labels,
        rows=saved.rows,
        roles=saved.roles,
        classes=np.array(saved.classes),
    )
    figures = headline(read_evaluation(folder.evaluation_path))
    state = json.loads(example.state_path.read_text())
    state["summary"] |= {"accuracy": figures.accuracy, "loss": figures.loss}
    return Variant(folder, json.loads((example.path / "config.json").read_text()), state)


def make_run(runs_dir: Path, variant: Variant, number: int, created_at: float) -> str:
    """Make one run folder; returns its id."""
    seed, rate = number % SEEDS, RATES[number // SEEDS % len(RATES)]
    batch = BATCHES[number // SEEDS // len(RATES) % len(BATCHES)]
    model = variant.config["config"]["model"]
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created_at))
    run_id = f"{stamp}-{model}-{number:06x}"
    settings = variant.config["config"] | {"seed": seed, "learning_rate": rate, "batch_size": batch}
    place = runs_dir / run_id
    place.mkdir()
    request = variant.config | {"id": run_id, "created_at": created_at, "config": settings}
    (place / "config.json").write_text(json.dumps(request))
    (place / "state.json").write_text(json.dumps({**variant.state, "updated_at": created_at}))
    name = f"{model}-eurosat-rate={rate:g}-batch={batch}-seed{seed}-{number}"
    about = {"name": name, "tags": [f"grid-{number // 100}"], "queue_position": created_at}
    (place / "about.json").write_text(json.dumps(about))
    for shared in variant.folder.path.iterdir():
        os.link(shared, place / shared.name)
    return run_id
