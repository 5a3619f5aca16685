"""One small trained run and its export, made once for all tests that need them, and zips changed from it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from rsdash.data import add_dataset
from rsdash.exports.stages import ExportResult, Stage
from rsdash.inference.exporting import Format, export_run
from rsdash.jobs.submit import submit
from rsdash.runs.index import RunEntry, RunIndex
from tests.sessions import go_on
from tests.tiny import make_tiles, small_config

NAME = "small *net* <b> | 1"
"""Holds what Markdown would take for its own."""


@dataclass(frozen=True)
class Exported:
    """A finished run, and the bundle that was made of it."""

    entry: RunEntry
    bundle: Path
    result: ExportResult
    stages: tuple[Stage, ...]


def train_and_export(place: Path) -> Exported:
    """Train on 60 tiles for two epochs and export a bundle, in a folder of its own."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSDASH_DATA", str(place / "data"))
        patch.setenv("RSDASH_RUNS", str(place / "runs"))
        add_dataset(make_tiles(place / "tiles"))
        config = small_config(data="tiles", epochs=2, learning_rate=0.001)
        folder = submit(config, runs_dir=place / "runs", name=NAME)
        try:
            assert go_on(folder)
        finally:
            torch.set_num_threads(threads)
        entry = RunIndex(place / "runs").refresh().find(folder.id)
        stages, result = export(entry, "bundle", place / "model.zip")
    return Exported(entry, place / "model.zip", result, stages)


def export(entry: RunEntry, format: Format, out: Path) -> tuple[tuple[Stage, ...], ExportResult]:
    """Export to the end."""
    *stages, result = export_run(entry, format, out)
    assert isinstance(result, ExportResult)
    return tuple(stage for stage in stages if isinstance(stage, Stage)), result


def changed(bundle: Path, target: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """A copy of a bundle with other members; digests in its card are set anew, as a forger would.

    Args:
        bundle: the original.
        target: the copy.
        change: takes name → content and changes it in place.
    """
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    change(members)
    if "card.json" in members:
        members["card.json"] = _with_digests(members)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def edited(members: dict[str, bytes], name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON member in place."""
    content = json.loads(members[name])
    change(content)
    members[name] = json.dumps(content).encode()


def _with_digests(members: dict[str, bytes]) -> bytes:
    try:
        card = json.loads(members["card.json"])
    except ValueError:
        return members["card.json"]
    if isinstance(card, dict) and "files" in card:
        card["files"] = {
            name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in members.items()
            if name != "card.json"
        }
    return json.dumps(card).encode()
