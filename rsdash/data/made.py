"""Data sets that rsdash makes: tiles cut from a scene, and drafts that are complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rsdash.config import RGB8, Radiometry
from rsdash.data.building import KEPT_FOLDER, build, free_name, link_or_copy, new_info, slug_of
from rsdash.data.dataset import Dataset
from rsdash.data.drafts import Draft
from rsdash.data.parallel import Progress

if TYPE_CHECKING:
    from rsdash.data.tiling import TileRule


def add_tiles(
    scene: Path,
    labels: Path,
    *,
    rule: TileRule,
    field: str = "",
    layer: str | None = None,
    name: str | None = None,
    radiometry: Radiometry | None = None,
    on_progress: Progress | None = None,
) -> Dataset:
    """Cut a scene into tiles that carry the class of points or polygons, and add them.

    Args:
        scene: GeoTIFF with a position.
        labels: GeoJSON or GeoPackage.
        rule: size and overlap of tiles, and what they must hold.
        field: field of the labels that holds the class; empty takes one of a usual name.
        layer: layer of a GeoPackage with several.
        name: what to call the data set; None makes a free name from the scene's.
        radiometry: how the scene's numbers are read; None for rgb8.
        on_progress: called with (windows done, windows in all), then (files done, files in all).

    Raises:
        DataError: no position, no labels within, no usable classes, or the name is taken.
        StorageError: the disk is full.
    """
    from rsdash.data.tiling import cut_tiles, look_at_scene, plan_tiles, read_labels  # brings GDAL, twice

    chosen = free_name(slug_of(name) if name is not None else None, f"{scene.stem}-tiles")
    facts = look_at_scene(scene)
    plan = plan_tiles(facts, read_labels(labels, field, layer), rule)

    def cut(site: Path, report: Progress | None) -> None:
        cut_tiles(facts, plan, site / KEPT_FOLDER, max_nodata=rule.max_nodata, on_progress=report)

    origin = f"{rule.tile_m:g} m tiles of {scene.name}, labelled by {labels.name}"
    info = new_info(chosen, "tiles", KEPT_FOLDER, radiometry=radiometry or RGB8, origin=origin)
    return build(info, cut, on_progress)


def add_draft(
    draft: Draft,
    on_progress: Progress | None = None,
    radiometry: Radiometry | None = None,
    *,
    origin: str = "",
    name: str | None = None,
) -> Dataset:
    """Make a data set of a draft's labelled images, which leave the draft once that has succeeded.

    What waits for a label, or was dropped meanwhile, stays in the draft. Classes without images do not count.

    Args:
        draft: the images.
        on_progress: called with (files done, files in all).
        radiometry: how the numbers in its files are read; None for rgb8.
        origin: where they come from, in words.
        name: what to call the data set; None for the draft's name.

    Raises:
        DataError: it has no usable classes, or the name is taken; the draft stays.
        StorageError: the disk is full; the draft stays.
    """
    chosen = free_name(name or draft.name, draft.name)
    taken = draft.labelled()

    def link(site: Path, _progress: Progress | None) -> None:
        (site / KEPT_FOLDER).mkdir()
        for path in taken:
            target = site / KEPT_FOLDER / path.relative_to(draft.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(path, target)

    info = new_info(chosen, "upload", KEPT_FOLDER, radiometry=radiometry or RGB8, origin=origin)
    dataset = build(info, link, on_progress)
    draft.release(taken)
    return dataset
