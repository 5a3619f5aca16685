"""Small real data sets on disk for the tests of rsdash.data."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bands import make_band_tiles

TilePainter = Callable[..., bytes]


def tile_bytes(seed: int, size: tuple[int, int] = (12, 10), file_format: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "rsdash-data"
    monkeypatch.setenv("RSDASH_DATA", str(place))
    return place


@pytest.fixture
def tile() -> TilePainter:
    return tile_bytes


@pytest.fixture
def hollow_png() -> Callable[[int, int], bytes]:
    """Make a PNG that claims a size it has no pixels for."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def make(width: int, height: int) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")

    return make


@pytest.fixture
def three_classes(tmp_path: Path) -> Path:
    """Ten images each of Forest, Lake and Road."""
    root = tmp_path / "tiles"
    for label, name in enumerate(("Forest", "Lake", "Road")):
        (root / name).mkdir(parents=True)
        for index in range(10):
            (root / name / f"{index}.png").write_bytes(tile_bytes(100 * label + index))
    return root


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    """Make a zip from name → bytes."""

    def make(members: dict[str, bytes], name: str = "tiles.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return path

    return make


@pytest.fixture
def eurosat_zip() -> Path:
    folder = os.environ.get("RSDASH_TEST_DATA")
    path = Path(folder or "") / "eurosat_rgb.zip"
    if not folder or not path.is_file():
        pytest.skip("RSDASH_TEST_DATA does not name a folder with eurosat_rgb.zip")
    return path


@pytest.fixture
def band_tiles(tmp_path: Path) -> Path:
    """Four 13-band tiles each of Forest, Lake and Road, in a folder called bands."""
    return make_band_tiles(tmp_path / "bands", per_class=4)
