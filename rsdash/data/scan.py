"""Find the classes and images of a source; every image is opened once and decoded in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from rsdash.config import RGB8, Radiometry
from rsdash.data.decoding import examine
from rsdash.data.images import SUFFIXES, check_size
from rsdash.data.manifest import Manifest, Refusal, Role, column, content_hash, real_column
from rsdash.data.parallel import Progress, map_in_order
from rsdash.data.positions import UNKNOWN, Position
from rsdash.data.source import Source
from rsdash.data.tops import written_name
from rsdash.errors import DataChangedError, DataError, ImageError

SPLIT_FOLDERS: dict[str, Role] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""Folder names, in lower case, that make a given split."""

EXPECTED_LAYOUT = (
    "Put the images of each class into one folder named after the class, such as "
    "Forest/1.jpg and River/1.jpg, or do so inside train, val and test."
)


@dataclass(frozen=True)
class _Row:
    name: str
    size: int
    stamp: int
    content: str
    width: int
    height: int
    position: Position = UNKNOWN


def scan(
    source: Source,
    on_progress: Progress | None = None,
    previous: Manifest | None = None,
    radiometry: Radiometry = RGB8,
) -> Manifest:
    """List the usable images of a source.

    Args:
        source: folder or zip.
        on_progress: called with (files done, files in all).
        previous: an earlier list of the same source and radiometry; files of unchanged size and stamp
            are not read again.
        radiometry: how the numbers in the files are read; what it cannot read is refused.

    Raises:
        DataError: there are no class folders, only one class, or a class without a usable image.
    """
    given = _has_given_split(source)
    depth = 2 if given else 1  # folders above the images: class, or part and class
    placed = [name for name in source.names() if name.count("/") >= depth]
    known = _known_rows(previous)
    results = map_in_order(partial(_inspect, source, known, radiometry), placed, on_progress)
    outside = [name for name in source.names() if name.count("/") < depth]
    rows: list[_Row] = []
    refused = [Refusal(name, f"{name} lies outside the class folders.") for name in outside]
    for result in results:
        if isinstance(result, _Row):
            rows.append(result)
        else:
            refused.append(result)
    class_folders = {folder for folder in source.folders() if folder.count("/") == depth - 1}
    _check_classes(class_folders, rows, refused, source.place.name)
    _check_trained_on(rows, given)
    return _manifest(rows, refused, given=given)


def _has_given_split(source: Source) -> bool:
    tops = {folder.split("/")[0] for folder in source.folders()}
    roles = {SPLIT_FOLDERS.get(top.lower()) for top in tops}
    return None not in roles and "train" in roles and len(roles) > 1


def _known_rows(previous: Manifest | None) -> dict[str, _Row]:
    if previous is None:
        return {}
    numbers = (previous.sizes, previous.stamps, previous.widths, previous.heights)
    sizes, stamps, widths, heights = (values.tolist() for values in numbers)
    places = (previous.longitudes.tolist(), previous.latitudes.tolist(), previous.footprints_m.tolist())
    positions = [Position(*place) for place in zip(*places, strict=True)]
    rows = zip(previous.names, sizes, stamps, previous.hashes, widths, heights, positions, strict=True)
    # positions of TIFFs were not looked for by the program that wrote an older list
    return {row[0]: _Row(*row) for row in rows if previous.knows_positions or not _may_have_position(row[0])}


def _may_have_position(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in (".tif", ".tiff")


def _inspect(source: Source, known: dict[str, _Row], radiometry: Radiometry, name: str) -> _Row | Refusal:
    if written_name(source.full_name(name)) != source.full_name(name):
        return Refusal(name, f"The name {name} is of an old encoding, not UTF-8; rename the file or folder.")
    try:
        size, stamp = source.stat(name)
        row = known.get(name)
        if row and (row.size, row.stamp) == (size, stamp):
            return row
        check_size(name, size)
        data = source.read(name)
        facts = examine(data, name, radiometry)
    except (ImageError, DataChangedError) as error:
        return Refusal(name, _reason(name, str(error)))
    return _Row(name, size, stamp, content_hash(data), *facts)


def _reason(name: str, message: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES and "known format" in message:
        return f"{name} is not an image."
    return message


def _check_classes(
    class_folders: Iterable[str], rows: Sequence[_Row], refused: Sequence[Refusal], where: str
) -> None:
    folders = sorted(class_folders)
    if not folders:
        raise DataError(f"{where} has no class folders. {EXPECTED_LAYOUT}")
    used = {_class_folder(row.name, folders[0]) for row in rows}
    empty = [folder for folder in folders if folder not in used]
    if empty:
        first = next((refusal for refusal in refused if refusal.name.startswith(f"{empty[0]}/")), None)
        why = f"Its first file was refused: {first.reason}" if first else "It is empty."
        raise DataError(
            f"The class folder {empty[0]!r} of {where} has no usable image. {why} "
            "Add images or remove the folder."
        )
    classes = {folder.split("/")[-1] for folder in folders}
    if len(classes) < 2:
        raise DataError(
            f"{where} has only one class, {classes.pop()!r}; a classifier needs two or more. "
            f"{EXPECTED_LAYOUT}"
        )


def _class_folder(name: str, example: str) -> str:
    return "/".join(name.split("/")[: example.count("/") + 1])


def _check_trained_on(rows: Sequence[_Row], given: bool) -> None:
    if not given:
        return
    parts = [row.name.split("/") for row in rows]
    trained = {part[1] for part in parts if SPLIT_FOLDERS[part[0].lower()] == "train"}
    untrained = sorted({part[1] for part in parts} - trained)
    if untrained:
        raise DataError(
            f"The class {untrained[0]!r} has no images below train, so no model can learn it. "
            "Add some or remove it from the other parts."
        )


def _manifest(rows: Sequence[_Row], refused: Sequence[Refusal], *, given: bool) -> Manifest:
    class_of = [row.name.split("/")[1 if given else 0] for row in rows]
    classes = tuple(sorted(set(class_of)))
    number = {name: label for label, name in enumerate(classes)}
    tops = (row.name.split("/")[0].lower() for row in rows)
    roles: list[Role | None] = [SPLIT_FOLDERS[top] if given else None for top in tops]
    return Manifest(
        classes=classes,
        names=tuple(row.name for row in rows),
        labels=column([number[name] for name in class_of]),
        sizes=column([row.size for row in rows]),
        stamps=column([row.stamp for row in rows]),
        hashes=tuple(row.content for row in rows),
        widths=column([row.width for row in rows]),
        heights=column([row.height for row in rows]),
        longitudes=real_column([row.position.longitude for row in rows]),
        latitudes=real_column([row.position.latitude for row in rows]),
        footprints_m=real_column([row.position.footprint_m for row in rows]),
        roles=tuple(roles),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.name)),
    )
