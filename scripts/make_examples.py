"""Copies finished runs into `examples/`, without weights, checkpoints and what tells of this machine.

    python -m scripts.make_examples RUN RUN

RUN is an id or a unique name in the runs folder (RSDASH_RUNS, or checkpoints/).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rsdash.home import examples_dir, runs_dir
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.sharing import records_to_share

KEPT = ("config.json", "about.json", "split.json", "evaluation.npz")


def copy_example(source: RunFolder, target: Path) -> None:
    """Copy one run folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in KEPT:
        shutil.copyfile(source.path / name, target / name)
    for name, text in records_to_share(source).items():
        (target / name).write_text(text)


if __name__ == "__main__":
    listing = RunIndex(runs_dir()).refresh()
    for name in sys.argv[1:]:
        folder = listing.find(name).folder
        copy_example(folder, examples_dir() / folder.id)
