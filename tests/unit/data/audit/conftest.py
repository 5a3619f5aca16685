"""Tiles for the tests of the audit: real ones from EuroSAT, drawn ones elsewhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

Painter = Callable[..., np.ndarray]
Writer = Callable[..., Path]


@pytest.fixture
def scene() -> Painter:
    """Draw a tile with structure, unlike that of every other seed: uint8 (64, 64, 3)."""

    def draw(seed: int, *, contrast: float = 30.0, mean: float = 110.0, side_px: int = 64) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(size=(side_px, side_px, 3))
        rough = gaussian_filter(noise, (4, 4, 0)) + 0.3 * gaussian_filter(noise, (1, 1, 0))
        grey = rough.mean(axis=2, keepdims=True)
        mixed = grey / grey.std() + 0.1 * rough / rough.std()
        return np.clip(np.round(mean + contrast * mixed), 0, 255).astype(np.uint8)

    return draw


@pytest.fixture
def encode() -> Callable[..., bytes]:
    def to_bytes(pixels: np.ndarray, file_format: str = "PNG", **options: int) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, file_format, **options)
        return buffer.getvalue()

    return to_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Writer:
    """Write name → bytes as a folder."""

    def write(members: dict[str, bytes], name: str = "scenes") -> Path:
        root = tmp_path / name
        for member, data in members.items():
            path = root / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return root

    return write


@pytest.fixture(scope="session")
def _real_tiles() -> dict[Path, dict[str, bytes]]:
    return {}


@pytest.fixture
def real_tiles(eurosat_zip: Path, _real_tiles: dict[Path, dict[str, bytes]]) -> dict[str, bytes]:
    """Sixty tiles of each of EuroSAT's classes."""
    if eurosat_zip not in _real_tiles:
        with zipfile.ZipFile(eurosat_zip) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
            classes = sorted({name.split("/")[-2] for name in names})
            chosen = [
                name for kind in classes for name in [n for n in names if n.split("/")[-2] == kind][::40][:60]
            ]
            _real_tiles[eurosat_zip] = {name.split("/", 1)[1]: archive.read(name) for name in chosen}
    return dict(_real_tiles[eurosat_zip])
