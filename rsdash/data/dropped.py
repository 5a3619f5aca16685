"""Files that a person drops to have them predicted or mapped: kept on disk, and gone after a day.

Images are kept as one zip, and their names stand in it alone. A zip or a scene is kept under what its name
has of letters, digits and simple signs.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from rsdash.errors import DataError, storage_errors
from rsdash.home import data_dir

KEPT_S = 24 * 3600.0
LONGEST_STEM = 60
ZIP, SCENE = ".zip", ".tif"
_TOKEN = re.compile(r"[0-9a-f]{24}")


def keep_dropped(files: Sequence[tuple[str, IO[bytes]]]) -> str:
    """Keep dropped files; a single zip is kept as it is.

    Args:
        files: name, with folders where they are known, and content.

    Returns:
        A token for `dropped_place`, which nobody guesses.

    Raises:
        DataError: a zip came together with other files.
        StorageError: the disk is full.
    """
    zips = [name for name, _ in files if name.lower().endswith(".zip")]
    if zips and len(files) > 1:
        raise DataError(f"{zips[0]} was dropped together with other files. Drop one zip, or images.")
    if zips:
        return _keep(zips[0], ZIP, lambda target: shutil.copyfileobj(files[0][1], target))
    return _keep("images", ZIP, lambda target: _pack(files, target))


def dropped_place(token: str) -> Path | None:
    """The zip behind a token; None where there is none any more."""
    return _behind(token, ZIP)


def keep_scene(name: str, content: IO[bytes]) -> str:
    """Keep a dropped scene.

    Args:
        name: of the file.
        content: of a GeoTIFF.

    Returns:
        A token for `dropped_scene`, which nobody guesses.

    Raises:
        StorageError: the disk is full.
    """
    return _keep(name, SCENE, lambda target: shutil.copyfileobj(content, target))


def dropped_scene(token: str) -> Path | None:
    """The scene behind a token; None where there is none any more."""
    return _behind(token, SCENE)


def _keep(name: str, suffix: str, write: Callable[[IO[bytes]], None]) -> str:
    """Have a file written to a folder of its own, whole or not at all; the folder's name is its token."""
    folder, token = _folder(), secrets.token_hex(12)
    place = folder / token
    stem = re.sub(r"[^\w-]+", "-", PurePosixPath(name.replace("\\", "/")).stem).strip("-")[:LONGEST_STEM]
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        place.mkdir()
        try:
            with (place / f"{stem or 'dropped'}{suffix}").open("wb") as file:
                write(file)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    return token


def _behind(token: str, suffix: str) -> Path | None:
    return next((_folder() / token).glob(f"*{suffix}"), None) if _TOKEN.fullmatch(token) else None


def _folder() -> Path:
    return data_dir() / "dropped"


def _pack(files: Sequence[tuple[str, IO[bytes]]], target: IO[bytes]) -> None:
    taken: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            member = _free_name(_tame(name), taken)
            taken.add(member)
            with archive.open(member, "w", force_zip64=True) as file:
                shutil.copyfileobj(content, file)


def _tame(name: str) -> str:
    """A name without anything that leads out of the zip, or that hides it."""
    parts = [part.lstrip(".") for part in name.replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part and not part.endswith(":")) or "image"


def _free_name(name: str, taken: set[str]) -> str:
    """`a.jpg`, or `a (2).jpg` where another one is called so."""
    path, number, free = PurePosixPath(name), 2, name
    while free in taken:
        free = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    return free


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):  # another session removes it just now
            if time.time() - path.stat().st_mtime > KEPT_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
