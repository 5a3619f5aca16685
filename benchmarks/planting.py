"""Plant changed copies of tiles among a data set's files, for the benchmark of the audit."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from rsdash.data.audit import symmetry
from rsdash.data.images import decode_rgb

PLANTED = 500
SMALLEST_CONTRAST = 5.0
"""Grey standard deviation of the tiles that are copied."""

Change = Callable[[np.ndarray], np.ndarray]


class Planted(NamedTuple):
    """A copy: the name of its tile, its own name, its kind of change."""

    original: str
    copy: str
    kind: str


def plant(members: dict[str, bytes], seed: int, jpeg: int | None) -> list[Planted]:
    """Add changed copies of tiles to `members`, the kinds of change in turn."""
    generator = np.random.default_rng(seed)
    kinds = changes()
    planted: list[Planted] = []
    for name in generator.permutation(sorted(members)).tolist():
        pixels = decode_rgb(members[name], name)
        if np.asarray(Image.fromarray(pixels).convert("L")).std() < SMALLEST_CONTRAST:
            continue
        kind = list(kinds)[len(planted) % len(kinds)]
        quality = 70 if kind == "JPEG 70" else jpeg
        copy = f"{name.rpartition('/')[0]}/planted-{len(planted):03}.{'jpg' if quality else 'png'}"
        members[copy] = encode(kinds[kind](pixels), quality)
        planted.append(Planted(name, copy, kind))
        if len(planted) == PLANTED:
            break
    return planted


def changes() -> dict[str, Change]:
    """Every kind of change, by name."""
    return {
        "turned by 90°": lambda pixels: symmetry(pixels, 1),
        "turned by 180°": lambda pixels: symmetry(pixels, 2),
        "turned by 270°": lambda pixels: symmetry(pixels, 3),
        "mirrored left to right": lambda pixels: symmetry(pixels, 4),
        "mirrored top to bottom": lambda pixels: symmetry(pixels, 6),
        "JPEG 70": lambda pixels: pixels,
        "2 % brighter": lambda pixels: brightened(pixels, 1.02),
        "2 % darker": lambda pixels: brightened(pixels, 0.98),
    }


def brightened(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Pixels times a factor, rounded and cut off at 255."""
    return np.clip(np.round(pixels * factor), 0, 255).astype(np.uint8)


def encode(pixels: np.ndarray, quality: int | None) -> bytes:
    """A JPEG of some quality, or a PNG."""
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if quality:
        image.save(buffer, "JPEG", quality=quality)
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def image_names(archive: Path) -> list[str]:
    """Names of the files of a zip, sorted."""
    with zipfile.ZipFile(archive) as opened:
        return sorted(name for name in opened.namelist() if not name.endswith("/"))


def read_members(archive: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Bytes of some files of a zip."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in names}


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of name → bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return path
