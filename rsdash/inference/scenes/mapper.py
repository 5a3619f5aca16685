"""Maps a whole scene with a trained model: windows in, a folder of rasters out, in bounded memory."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image
from scipy.special import softmax

from rsdash.data.decoding import picture
from rsdash.data.disk import building_site, put_in_place, require_space
from rsdash.data.parallel import one_ahead
from rsdash.data.tiling import SceneFacts, look_at_scene
from rsdash.data.tiling.scene import open_scene
from rsdash.errors import DataError
from rsdash.files import write_text
from rsdash.home import maps_dir
from rsdash.inference.predictor import BATCH, Predictor
from rsdash.inference.scenes.bands import Bands, choose_bands, level_notes, value_notes
from rsdash.inference.scenes.blending import Blender
from rsdash.inference.scenes.layout import Layout, lay_windows
from rsdash.inference.scenes.rasters import BYTES_A_CELL
from rsdash.inference.scenes.reading import read_picture, read_windows
from rsdash.inference.scenes.record import (
    MOST_CLASSES,
    PICTURE,
    PROBABILITIES,
    RECORD,
    MapRecord,
    MapRule,
    MapStep,
    SceneRecord,
)
from rsdash.inference.scenes.writing import write_files
from rsdash.inference.telling import told


@dataclass(frozen=True)
class MapPlan:
    """What will be done to a scene.

    Attributes:
        scene: where it lies, and how large it is.
        rule: how, with what was left open filled in.
        layout: its windows.
        bands: how its numbers are read.
        notes: what its file says against that.
    """

    scene: SceneFacts
    rule: MapRule
    layout: Layout
    bands: Bands
    notes: tuple[str, ...]


def plan_map(predictor: Predictor, path: Path, rule: MapRule) -> MapPlan:
    """Look at a scene and lay windows over it; no pixel is read.

    Raises:
        DataError: the scene cannot be mapped so; one sentence says why.
    """
    card = predictor.card
    if len(card.data.classes) > MOST_CLASSES:
        raise DataError(
            f"A map holds at most {MOST_CLASSES} classes; this model has {len(card.data.classes)}."
        )
    scene = look_at_scene(path)
    with open_scene(path) as raster:
        bands = choose_bands(raster, card.data.radiometry, rule.radiometry)
        notes = level_notes(raster, bands)
    known = {"tile_m": rule.tile_m or card.data.tile_m, "radiometry": bands.radiometry}
    rule = rule.model_copy(update=known)
    pixel_m = (scene.pixel_width_m, scene.pixel_height_m)
    layout = lay_windows((scene.width, scene.height), pixel_m, rule, tile_px=card.stored_px, name=path.name)
    if rule.windows == "pixels":
        notes.append("Windows were laid in pixels, whatever they measure on the ground: an experiment.")
    return MapPlan(scene, rule, layout, bands, tuple(notes))


def map_scene(
    predictor: Predictor,
    path: Path,
    rule: MapRule,
    *,
    run_name: str,
    turn: AbstractContextManager[object] | None = None,
) -> Generator[MapStep | MapRecord, None, None]:
    """Map a scene into a new folder of `maps_dir()`; nothing is left of a map that is not finished.

    Args:
        predictor: whom to ask.
        path: a GeoTIFF that knows its place.
        rule: how.
        run_name: what the model is called.
        turn: held while the network works, so that others get theirs between two batches.

    Yields:
        How far it is, several times a second; what is known of the map at the end.

    Raises:
        DataError: the scene cannot be mapped so, or is damaged.
        StorageError: the disk is full.
    """
    plan = plan_map(predictor, path, rule)

    def work(tell: Callable[[MapStep], None]) -> MapRecord:
        return _made(predictor, plan, tell, run_name=run_name, turn=turn or contextlib.nullcontext())

    yield (yield from told(work, MapStep(done=0, total=plan.layout.windows)))


def _made(
    predictor: Predictor,
    plan: MapPlan,
    tell: Callable[[MapStep], None],
    *,
    run_name: str,
    turn: AbstractContextManager[object],
) -> MapRecord:
    """Make the map, from the first window to the folder at its place."""
    began = time.monotonic()
    windows = plan.layout.windows
    shape = (*plan.layout.grid, len(predictor.card.data.classes))
    maps_dir().mkdir(parents=True, exist_ok=True)
    needed = shape[0] * shape[1] * (4 * shape[2] + BYTES_A_CELL)
    require_space(maps_dir(), needed, f"The map of {plan.scene.path.name}")

    def say(words: str) -> None:
        tell(MapStep(done=windows, total=windows, words=words))

    with building_site(maps_dir()) as site:
        probabilities = open_memmap(site / PROBABILITIES, "w+", np.float32, shape)
        tally = Tally()
        for step in _predict(predictor, plan, probabilities, tally, turn):
            tell(step)
        say("storing what the model said")
        probabilities.flush()
        say("making a small picture of the scene")
        notes = (*plan.notes, *_draw(predictor, plan, site))
        record = write_files(site, _record(predictor, plan, tally, notes, run_name), probabilities, say)
        say("putting the map in its place")
        record = record.model_copy(update={"seconds": time.monotonic() - began})
        write_text(site / RECORD, record.model_dump_json(indent=1))
        put_in_place(site, maps_dir() / record.id)
    return record


@dataclass
class Tally:
    """Windows that were predicted, skipped for want of data, and unlike anything in training."""

    predicted: int = 0
    skipped: int = 0
    unfamiliar: int = 0


def _predict(
    predictor: Predictor,
    plan: MapPlan,
    probabilities: np.ndarray,
    tally: Tally,
    turn: AbstractContextManager[object],
) -> Iterator[MapStep]:
    """Fill in the probabilities of all cells."""
    layout, known = plan.layout, predictor.trust.familiarity
    blender = Blender(layout, probabilities.shape[2])
    batches = read_windows(
        plan.scene.path,
        layout,
        plan.bands,
        side_px=predictor.card.stored_px,
        max_nodata=plan.rule.max_nodata,
        batch=BATCH,
    )
    with contextlib.closing(one_ahead(batches)) as ahead:  # pyright: ignore[reportArgumentType]  # it is a generator
        for batch in ahead:
            with turn:
                logits = predictor.logits(list(batch.pixels))[0]  # (n, K)
            if known:
                tally.unfamiliar += int((known.distances(logits) > known.threshold).sum())
            answers = softmax(logits.astype(np.float64), axis=1)
            for first, rows in blender.add(batch.rows, batch.columns, answers):
                probabilities[first : first + len(rows)] = rows
            tally.predicted += len(batch.rows)
            tally.skipped += batch.skipped
            yield MapStep(done=tally.predicted + tally.skipped, total=layout.windows)
    for first, rows in blender.finish():
        probabilities[first : first + len(rows)] = rows


def _draw(predictor: Predictor, plan: MapPlan, site: Path) -> list[str]:
    """Store a small picture of the scene; what its values say against the map."""
    pixels, seen = read_picture(plan.scene.path, plan.bands)
    card = predictor.card
    notes = value_notes(pixels, seen, np.array(card.scale.mean), np.array(card.scale.std))
    shown = picture(pixels, card.data.radiometry)
    if pixels.dtype != np.uint8 and seen.any():  # for the eye alone: reflectance is dark
        top = max(1.0, float(np.percentile(shown[seen], 99)))
        shown = np.clip(shown * (255 / top), 0, 255).astype(np.uint8)
    alpha = np.where(seen, 255, 0).astype(np.uint8)[..., None]
    Image.fromarray(np.concatenate([shown, alpha], axis=2)).save(site / PICTURE)
    return notes


def _record(
    predictor: Predictor, plan: MapPlan, tally: Tally, notes: tuple[str, ...], run_name: str
) -> MapRecord:
    scene, card = plan.scene, predictor.card
    a, b, c, d, e, f = scene.transform[:6]
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return MapRecord(
        id=f"{stamp}-{secrets.token_hex(4)}",
        made_at=time.time(),
        run_id=card.run_id,
        run_name=run_name,
        classes=card.data.classes,
        scene=SceneRecord(
            path=str(scene.path),
            name=scene.path.name,
            width=scene.width,
            height=scene.height,
            crs=scene.crs,
            transform=(a, b, c, d, e, f),
            pixel_m=(scene.pixel_width_m, scene.pixel_height_m),
        ),
        rule=plan.rule,
        window_px=plan.layout.window_px,
        stride_px=plan.layout.stride_px,
        grid=plan.layout.grid,
        windows=tally.predicted,
        skipped=tally.skipped,
        unfamiliar=tally.unfamiliar if predictor.trust.familiarity else None,
        cells=(0,) * len(card.data.classes),
        areas_m2=(0.0,) * len(card.data.classes),
        temperature=predictor.trust.temperature,
        notes=notes,
        seconds=0.0,
        device=str(predictor.device),
    )
