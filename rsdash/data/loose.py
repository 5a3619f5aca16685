"""Images to be looked at that are no data set: one file, a folder or a zip, read in place."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from rsdash.data.images import check_size
from rsdash.data.source import open_source
from rsdash.errors import DataNotFoundError, ImageError

ZIP_SUFFIX = ".zip"


class LooseImages:
    """The files below a place; folders, where there are any, may name classes."""

    def __init__(self, place: Path) -> None:
        """List them; nothing is opened.

        Raises:
            DataNotFoundError: nothing is there.
            DataError: the zip is damaged or not a safe one, or the folder cannot be read.
        """
        self.place = place
        single = place.is_file() and place.suffix.lower() != ZIP_SUFFIX
        if not single and not place.exists():
            raise DataNotFoundError(f"There is no image, folder or zip at {place}. Check the path.")
        self._source = None if single else open_source(place)
        self.names = self._source.names() if self._source else (place.name,)
        if not self.names:
            raise DataNotFoundError(f"There are no files in {place.name or place}.")

    def read(self, name: str) -> bytes:
        """The bytes of one file. Safe to call from several threads.

        Raises:
            DataError: it is too large, damaged, unreadable or gone.
        """
        if self._source:
            check_size(name, self._source.stat(name)[0])
            return self._source.read(name)
        try:
            check_size(name, self.place.stat().st_size)
            return self.place.read_bytes()
        except OSError as error:
            raise ImageError(f"{name} cannot be read ({error.strerror}).") from error

    def class_of(self, name: str, classes: Collection[str]) -> str | None:
        """The class that a file's folder names, where it is one of these; a single file has none."""
        if self._source is None:
            return None
        folder = PurePosixPath(self._source.full_name(name)).parent.name or self.place.resolve().name
        return folder if folder in classes else None
