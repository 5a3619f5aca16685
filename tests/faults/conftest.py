"""A bench for each test, and one finished run that many tests look at."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rsdash.home import DATA_VARIABLE, RUNS_VARIABLE
from rsdash.runs.folder import RunFolder
from tests.faults.bench import Bench
from tests.tiny import SMALL_MODEL, make_tiles, run_folders

EPOCHS = 60
RECIPE = {
    "epochs": EPOCHS,
    "checkpoint_minutes": 0.0005,
    "dropout": 0.3,
    "flip": "symmetries",
    "rotation_deg": 20,
    "ema_decay": 0.9,
    "learning_rate": 0.001,
    "seed": 3,
}
"""Draws of all kinds, and a checkpoint nearly every step."""


@dataclass(frozen=True)
class Finished:
    """A run trained to its end by the command line on a data set with two unusable files."""

    folder: RunFolder
    exit_code: int
    printed: str
    data_dir: Path
    tiles: Path
    text_file: Path
    huge_image: Path


def giant_png(side_px: int) -> bytes:
    """A PNG that claims a size it has no pixels for."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.fixture(scope="session")
def finished(surveyed: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("finished")
    tiles = make_tiles(root / "tiles")
    text_file, huge_image = tiles / "Lake" / "notes.jpg", tiles / "Road" / "huge.png"
    text_file.write_text("not an image")
    huge_image.write_bytes(giant_png(60_000))
    data_dir = root / "data"
    (data_dir / "catalogue").mkdir(parents=True)
    shutil.copy(surveyed, data_dir / "catalogue")
    bench = Bench(root / "runs", data_dir, tiles)
    settings = {**SMALL_MODEL, **RECIPE, "data": tiles}
    options = [f"--set={name}={value}" for name, value in settings.items()]
    try:
        exit_code, printed = bench.run("--runs-dir", bench.runs_dir, "train", "--name=twin", *options)
    finally:
        bench.close()
    [folder] = run_folders(bench.runs_dir)
    return Finished(folder, exit_code, printed, data_dir, tiles, text_file, huge_image)


@pytest.fixture
def bench(runs_dir: Path, data_place: Path, tiles_dir: Path) -> Iterator[Bench]:
    """A bench with data of its own."""
    made = Bench(runs_dir, data_place, tiles_dir)
    yield made
    made.close()


@pytest.fixture
def twins_bench(runs_dir: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench on the data of the finished run."""
    monkeypatch.setenv(DATA_VARIABLE, str(finished.data_dir))
    monkeypatch.setenv(RUNS_VARIABLE, str(runs_dir))
    made = Bench(runs_dir, finished.data_dir, finished.tiles)
    yield made
    made.close()
