"""Official splits of public data sets: their lists are fetched, checked, kept and matched by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rsdash.data.fetching import Remote, fetch
from rsdash.data.manifest import Manifest
from rsdash.data.public import PUBLIC_SETS, PublicSet, public_set
from rsdash.data.splits import Split, list_split
from rsdash.data.splits.making import name_suffix
from rsdash.errors import DataNotFoundError

LIST_BYTES = 1_000_000
"""About the size of a list; for asking whether it fits on the disk."""


def known_lists() -> list[tuple[str, str]]:
    """Public set and name of each official split that can be fetched."""
    return [(entry.name, split) for entry in PUBLIC_SETS.values() for split in entry.lists]


def official_split(
    manifest: Manifest, public_name: str, split_name: str, *, excluded: Sequence[str] = ()
) -> Split:
    """The official split of a public data set, for these images.

    Images are matched by folder and stem, so that a part of the set, or one in another format, does too.

    Args:
        manifest: the images.
        public_name: one of `PUBLIC_SETS`.
        split_name: one of its lists, such as `longitude` of EuroSAT.
        excluded: names of images that take no part, whatever the lists say.

    Raises:
        DataNotFoundError: there is no such set or split.
        DataError: no network, a list with other content, or lists that name none of the images.
    """
    entry = public_set(public_name)
    if split_name not in entry.lists:
        known = ", ".join(entry.lists) or "none"
        raise DataNotFoundError(f"{entry.title} has no official split {split_name!r}; known: {known}.")
    files = {part: _fetched(entry, split_name, part) for part in entry.lists[split_name]}
    name = f"{entry.name}-{split_name}{name_suffix(None, None, excluded)}"
    return list_split(manifest, files, name=name, excluded=excluded)


def _fetched(entry: PublicSet, split_name: str, part: str) -> Path:
    wanted = entry.lists[split_name][part]
    title = f"list {split_name}/{part} of {entry.title}"
    return fetch(Remote(title, wanted.url, wanted.sha256, "sha256", LIST_BYTES))
