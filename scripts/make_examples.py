"""Copies finished runs into `examples/`, without weights, checkpoints and what tells of this machine.

    python -m scripts.make_examples RUN RUN

RUN is an id or a unique name in the runs folder (RSDASH_RUNS, or checkpoints/).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from rsdash.home import examples_dir, runs_dir
from rsdash.runs.index import RunIndex

KEPT = ("config.json", "state.json", "about.json", "metrics.jsonl", "split.json", "evaluation.npz")
PRIVATE = ("host", "pid", "command")


def copy_example(source: Path, target: Path) -> None:
    """Copy one run folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in KEPT:
        shutil.copyfile(source / name, target / name)
    _write_without_host(target / "state.json")
    environment = json.loads((source / "environment.json").read_text())
    for attempt in environment["attempts"]:
        for fact in PRIVATE:
            attempt.pop(fact, None)
    (target / "environment.json").write_text(json.dumps(environment, indent=1))


def _write_without_host(path: Path) -> None:
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "host": "", "checkpoint_step": None}, indent=1))


if __name__ == "__main__":
    listing = RunIndex(runs_dir()).refresh()
    for name in sys.argv[1:]:
        folder = listing.find(name).folder
        copy_example(folder.path, examples_dir() / folder.id)
