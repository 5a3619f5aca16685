"""`map`: the classes of a whole scene."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.options import BandsOption, RadiometryOption, RunArgument, asked_radiometry
from rsdash.cli.output import Format, FormatOption, JsonOption, followed, wants_json
from rsdash.cli.reading import all_runs
from rsdash.errors import ConfigError, RunError, storage_errors
from rsdash.home import maps_dir
from rsdash.inference.scenes.record import CLASSES, CONFIDENCE, PATCHES, STYLE, MapRecord, MapRule, make_rule
from rsdash.inference.scenes.sidecars import NAMES


class Windows(StrEnum):
    """What the size of windows is given in."""

    METRES = "metres"
    PIXELS = "pixels"


def map_(
    run: RunArgument,
    scene: Annotated[
        Path, typer.Argument(help="GeoTIFF that knows its place; it may be larger than memory.")
    ],
    out: Annotated[
        Path, typer.Option(help="A .zip with all files, or a .tif with the classes, the others beside it.")
    ],
    tile_m: Annotated[
        float | None,
        typer.Option(
            help="Side of a training tile on the ground, metres, where the data set does not say it."
        ),
    ] = None,
    stride: Annotated[float, typer.Option(help="From one window to the next, as a share of a window.")] = 0.5,
    blend: Annotated[
        bool, typer.Option("--blend/--no-blend", help="Average overlapping windows, or take the nearest.")
    ] = True,
    windows: Annotated[
        Windows, typer.Option(help="metres: as large as training tiles; pixels: an experiment.")
    ] = Windows.METRES,
    max_nodata: Annotated[float, typer.Option(help="Share of a window that may be without data.")] = 0.25,
    radiometry: RadiometryOption = None,
    bands: BandsOption = None,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Map the classes of a whole scene: class and confidence rasters, polygons, area of each class."""
    _check_out(out, scene)
    entry = all_runs().find(run)
    if entry.example:
        raise RunError(f"{entry.name} is an example without weights; train a run of your own to map.")
    rule = make_rule({
        "tile_m": tile_m,
        "windows": windows.value,
        "stride": stride,
        "blend": blend,
        "max_nodata": max_nodata,
        "radiometry": asked_radiometry(radiometry, bands),
    })  # fmt: skip
    record = _mapped(entry.folder.weights_path, entry.name, scene, rule)
    _hand_out(record, out)
    typer.echo(record.model_dump_json(indent=1) if wants_json(format, json) else _report(record, out))


def _check_out(out: Path, scene: Path) -> None:
    """Refuse to write over the scene, or over files that lie where those of no earlier map would."""
    if out.suffix.lower() not in (".zip", ".tif"):
        raise ConfigError(f"--out={out} must end in .zip or .tif.")
    taken = [target for target in (out, *_beside(out).values()) if target.exists()]
    for target in taken:
        if scene.exists() and target.samefile(scene):
            raise ConfigError(f"--out={out} would write over the scene itself, {target}; name another file.")
    if taken and not out.exists():
        raise ConfigError(
            f"--out={out} would write over {taken[0]}, which is of no earlier map; name another file."
        )


def _beside(out: Path) -> dict[str, Path]:
    """File of a map → where it goes beside the classes in a .tif; nothing beside a .zip."""
    if out.suffix.lower() == ".zip":
        return {}
    return {
        NAMES: out.with_name(f"{out.name}.aux.xml"),
        STYLE: out.with_suffix(".qml"),
        CONFIDENCE: out.with_name(f"{out.stem}-confidence.tif"),
        PATCHES: out.with_suffix(".geojson"),
    }


def _mapped(weights_path: Path, name: str, scene: Path, rule: MapRule) -> MapRecord:
    from rsdash.inference.predictor import Predictor  # imports torch
    from rsdash.inference.scenes.mapper import map_scene

    items = map_scene(Predictor(weights_path), scene, rule, run_name=name)
    return followed(items, MapRecord, f"Mapping {scene.name}")


def _hand_out(record: MapRecord, out: Path) -> None:
    from rsdash.inference.scenes.packing import pack  # brings GDAL

    folder = maps_dir() / record.id
    with storage_errors(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".zip":
            pack(folder, record, out)
            return
        for name, target in {CLASSES: out, **_beside(out)}.items():
            if (folder / name).is_file():
                shutil.copyfile(folder / name, target)
            else:
                target.unlink(missing_ok=True)  # of an earlier map; this one has too many patches


def _report(record: MapRecord, out: Path) -> str:
    total = sum(record.areas_m2) or 1.0
    ordered = sorted(zip(record.areas_m2, record.classes, strict=True), reverse=True)
    spacing, window = (px[0] * record.scene.pixel_m[0] for px in (record.stride_px, record.window_px))
    lines = [f"{name}: {area / 1e6:,.2f} km² ({area / total:.1%})" for area, name in ordered if area]
    lines += [f"Note: {note}" for note in record.notes]
    lines.append(
        f"{out}: {record.grid[0]:,} x {record.grid[1]:,} cells, one every {spacing:,.0f} m; the smallest "
        f"believable patch is about {window:,.0f} m. {record.windows:,} windows in {record.seconds:.0f} s."
    )
    return "\n".join(lines)
