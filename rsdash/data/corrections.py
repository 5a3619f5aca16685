"""Corrections: tiles that a model took for something else, sent to a data set with the class they show.

They wait as a draft, and are a data set of the same name as soon as they show two classes. A tile is known
by its content: sent again, it moves to its new class.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from rsdash.config import Radiometry
from rsdash.data.building import KEPT_FOLDER, folder_of, link_or_copy, slug_of
from rsdash.data.dataset import INFO_FILE, DatasetInfo, manifest_path
from rsdash.data.drafts import MAX_NAME, UNLABELLED, Draft
from rsdash.data.made import add_draft
from rsdash.data.store import remove_dataset, scan_again
from rsdash.errors import DataError, storage_errors

PREFIX = "corrections-"
CLASSES_OF_A_SET = 2
_DIGEST = 12
_changing = threading.Lock()


class Corrections:
    """The corrections of all models that learnt the same classes of one data set in the same bands."""

    def __init__(self, data: str, classes: Sequence[str], radiometry: Radiometry) -> None:
        """Find out what they are called; nothing is written before the first tile.

        Args:
            data: name of the data set that the models learnt from.
            classes: that they know; tiles of no others are taken.
            radiometry: how they read the numbers in files.

        Raises:
            DataError: a data set of the name is damaged.
        """
        self.source, self.classes, self.radiometry = data, tuple(classes), radiometry
        self.name = slug_of(f"{PREFIX}{data}")[: MAX_NAME - 5]
        if self._is_of_others():
            self.name += f"-{_digest(chr(0).join((*self.classes, radiometry.digest)).encode())[:4]}"

    @property
    def is_dataset(self) -> bool:
        """Whether they can be trained on by now."""
        return (self._dataset_folder / INFO_FILE).exists()

    def counts(self) -> dict[str, int]:
        """Tiles of each class, sorted by name."""
        counted = self._draft().counts().items()
        return {label: count for label, count in counted if count and label != UNLABELLED}

    def class_of(self, content: bytes) -> str | None:
        """The class that a tile was sent with; None where it is not among them."""
        files = self._files(content)
        return files[0].parent.name if files else None

    def send(self, tiles: Iterable[tuple[str, bytes]], label: str) -> int:
        """Keep tiles with the class that they show, in place of what they were sent with before.

        Args:
            tiles: name and content of each; folders in a name are dropped.
            label: the class.

        Returns:
            How many were not there with this class before.

        Raises:
            DataError: no such class, or its name cannot be a folder's.
            StorageError: the disk is full.
        """
        if label not in self.classes:
            raise DataError(f"There is no class {label!r}; the model knows {', '.join(self.classes)}.")
        new = 0
        with _changing:
            draft = self._draft()
            for name, content in tiles:
                before = self._files(content)
                if any(path.parent.name == label for path in before):
                    continue
                draft.store(label, _called(name, content), io.BytesIO(content), len(content))
                _remove(before)
                new += 1
            self._settle()
        return new

    def take_back(self, tiles: Iterable[bytes]) -> int:
        """Let go of tiles, by their content; returns how many were there.

        Raises:
            StorageError: the place cannot be written.
        """
        with _changing:
            found = [path for content in tiles for path in self._files(content)]
            _remove(found)
            self._settle()
        return len(found)

    @property
    def _dataset_folder(self) -> Path:
        folder = folder_of(self.name)
        assert folder is not None  # made of a slug
        return folder

    def _is_of_others(self) -> bool:
        """Whether what has this name holds other classes or bands, or is no set of corrections at all."""
        if not self.is_dataset:
            return not set(self.counts()) <= set(self.classes)
        info = DatasetInfo.load(self._dataset_folder)
        same = info.path == KEPT_FOLDER and info.radiometry.digest == self.radiometry.digest
        return not (same and set(info.classes) <= set(self.classes))

    def _draft(self) -> Draft:
        """Where the tiles are: waiting, or those of the data set, which are changed in the same way."""
        return Draft(self.name, self._dataset_folder / KEPT_FOLDER if self.is_dataset else None)

    def _files(self, content: bytes) -> list[Path]:
        """The tile of that content, in whatever class."""
        return sorted(self._draft().folder.glob(f"[!.]*/*-{_digest(content)}.*"))

    def _settle(self) -> None:
        """Make a data set of two classes, read a changed one again, and have one of fewer wait again."""
        enough = len(self.counts()) >= CLASSES_OF_A_SET
        if enough and self.is_dataset:
            before = DatasetInfo.load(self._dataset_folder).fingerprint
            after = scan_again(self.name).info.fingerprint
            if after != before:
                _forget_unused(manifest_path(self._dataset_folder, before))
        elif enough:
            origin = f"tiles that models of {self.source} were corrected on"
            add_draft(Draft(self.name), radiometry=self.radiometry, origin=origin)
        elif self.is_dataset:
            waiting = Draft(self.name).folder
            with storage_errors(waiting):
                shutil.copytree(self._draft().folder, waiting, copy_function=link_or_copy, dirs_exist_ok=True)
            remove_dataset(self.name)
        if not self._draft().counts():
            Draft(self.name).discard()


def _called(name: str, content: bytes) -> str:
    """A file name that tells the tile apart from others of its name: `River_12-3fa9c2d101ab.jpg`."""
    path = PurePosixPath(name.replace("\\", "/"))
    stem = re.sub(r"[^\w .()&-]+", "_", path.stem)[:40].strip(" .") or "tile"
    suffix = re.sub(r"[^a-z0-9.]", "", path.suffix.lower())
    return f"{stem}-{_digest(content)}{suffix if len(suffix) > 1 else '.image'}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST]


def _remove(paths: Iterable[Path]) -> None:
    """Delete files, and the folders of classes that have none left."""
    for path in paths:
        with storage_errors(path):
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def _forget_unused(manifest: Path) -> None:
    """Drop an older list of files that nothing was made of, no split and no audit: tiles come one by one."""
    if {path.name for path in manifest.parent.iterdir()} == {manifest.name}:
        shutil.rmtree(manifest.parent)
