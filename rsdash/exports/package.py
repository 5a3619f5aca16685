"""The zip of an exported model: written here, and read as what it may be, a stranger's file.

model.safetensors   the weights, with what rsdash needs to use them in their metadata
model.onnx          the same network for other programs
MODEL_CARD.md       for people
card.json           for programs; with the size and digest of each other file
example.py          about 20 lines that use the ONNX file without rsdash
requirements.txt    what these need
run/                the run's records: settings, state, split, answers, events, environment
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rsdash.data.disk import require_space
from rsdash.data.source import safe_members
from rsdash.errors import RunError, storage_errors
from rsdash.exports.card import Card, CardFile, read_card_file
from rsdash.exports.describing import CARD_FILE
from rsdash.files import write_atomic
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED

WEIGHTS_FILE, ONNX_FILE, TEXT_FILE = "model.safetensors", "model.onnx", "MODEL_CARD.md"
EXAMPLE_FILE, PACKAGES_FILE = "example.py", "requirements.txt"
RUN_PREFIX = "run/"
NEEDED = ("config.json", "state.json", "split.json", "evaluation.npz")
RUN_FILES = {
    "config.json": 1_000_000,
    "state.json": 1_000_000,
    "split.json": 200_000_000,
    "evaluation.npz": 1_000_000_000,
    "environment.json": 1_000_000,
    "metrics.jsonl": 100_000_000,
}
"""Files of a run that go along, and how large each may be in bytes."""
MOST_WEIGHTS_BYTES = 16_000_000_000
MOST_MEMBERS = 64
_STORED = (".safetensors", ".onnx", ".npz")
"""Hardly get smaller."""

_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)


def describe_files(folder: Path, names: Iterable[str]) -> dict[str, CardFile]:
    """Size and digest of files in a folder."""
    found = {}
    for name in names:
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[name] = CardFile(bytes=(folder / name).stat().st_size, sha256=digest)
    return found


def pack(folder: Path, path: Path) -> None:
    """Zip a folder with all files in it.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    names = sorted(str(file.relative_to(folder).as_posix()) for file in folder.rglob("*") if file.is_file())
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda target: _zip(folder, names, zipfile.ZipFile(target, "w")))


def unpack(path: Path, folder: Path) -> Card:
    """Take what a run needs out of a zip: known names alone, each below its size, each as its card says.

    Args:
        path: the zip.
        folder: gets `card.json`, `model.safetensors` and the run's files, without `run/` before their names.

    Returns:
        The card.

    Raises:
        RunError: it is no export of rsdash, damaged, or larger than one would be.
        StorageError: the disk is full.
    """
    with _refusals(path):
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            require_space(folder, sum(info.file_size for info in members.values()), "The model")
            for name, info in members.items():
                target = folder / name.removeprefix(RUN_PREFIX)
                with storage_errors(folder), archive.open(info) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 2**20)
        card = read_card_file(folder / CARD_FILE)
        _compare(card, folder, members)
    return card


def check_package(path: Path) -> None:
    """Refuse at once what `unpack` would refuse by its list of members.

    Raises:
        RunError: it is no export of rsdash, or larger than one would be.
    """
    with _refusals(path), zipfile.ZipFile(path) as archive:
        _members(archive, path)


def require_exportable(entry: RunEntry) -> None:
    """Refuse a run that has no weights to export.

    Raises:
        RunError: it is not evaluated, or an example.
    """
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to export.")
    if entry.state.state not in EVALUATED:
        state = entry.state.state.lower()
        raise RunError(f"{entry.name} is {state}; it can be exported once it is finished or stopped.")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Say of which file it is that something cannot be read."""
    try:
        yield
    except FileNotFoundError as error:
        raise RunError(f"There is no file {path}.") from error
    except _BROKEN as error:
        raise RunError(f"{path.name} is no exported model of rsdash, or it is damaged ({error}).") from error
    except RunError as error:
        raise RunError(f"{path.name} cannot be imported: {error}") from error


def _zip(folder: Path, names: Iterable[str], archive: zipfile.ZipFile) -> None:
    with archive:
        for name in names:
            kind = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            archive.write(folder / name, name, compress_type=kind)


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The wanted members by name.

    Raises:
        DataError: too many, too large, encrypted, or named so that they lead out of the zip.
        RunError: twice the same, one too large for what it is, or one that is needed is missing.
    """
    safe_members(archive, path, most=MOST_MEMBERS)
    limits = {CARD_FILE: 2_000_000, WEIGHTS_FILE: MOST_WEIGHTS_BYTES}
    limits |= {f"{RUN_PREFIX}{name}": limit for name, limit in RUN_FILES.items()}
    wanted = [info for info in archive.infolist() if info.filename in limits]
    members = {info.filename: info for info in wanted}
    if len(members) < len(wanted):
        raise RunError("it holds two files of one name.")
    missing = [
        name
        for name in (CARD_FILE, WEIGHTS_FILE, *(f"{RUN_PREFIX}{name}" for name in NEEDED))
        if name not in members
    ]
    if missing:
        raise RunError(f"it lacks {missing[0]}, which an export in the format bundle has.")
    for name, info in members.items():
        if info.file_size > limits[name]:
            raise RunError(f"its {name} is larger than {limits[name] / 1e6:,.0f} MB.")
    return members


def _compare(card: Card, folder: Path, members: Iterable[str]) -> None:
    """Hold sizes and digests against the card."""
    for name in members:
        stored = name.removeprefix(RUN_PREFIX)
        if name == CARD_FILE:
            continue
        found = describe_files(folder, [stored])[stored]
        if card.files.get(name) != found:
            raise RunError(f"its {name} is not the file that its card describes; it was damaged or changed.")
