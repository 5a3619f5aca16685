"""`data tile`: from a scene and labelled points or polygons to a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsdash.cli.added import print_added
from rsdash.cli.options import BandsOption, RadiometryOption, asked_radiometry
from rsdash.cli.output import Format, FormatOption, JsonOption, bar, wants_json
from rsdash.data.made import add_tiles


def tile(
    scene: Annotated[Path, typer.Argument(help="GeoTIFF with a position.")],
    labels: Annotated[Path, typer.Argument(help="GeoJSON or GeoPackage with points or polygons.")],
    tile_m: Annotated[float, typer.Option(help="Side of a tile on the ground, metres.")],
    field: Annotated[
        str, typer.Option(help="Field of the labels that holds the class; else one of a usual name.")
    ] = "",
    layer: Annotated[str | None, typer.Option(help="Layer of a GeoPackage with several.")] = None,
    overlap: Annotated[
        float, typer.Option(help="Share of a tile's side that the next one repeats, below 1.")
    ] = 0.0,
    min_share: Annotated[float, typer.Option(help="Share of a tile that its class must cover.")] = 0.5,
    max_nodata: Annotated[float, typer.Option(help="Share of a tile that may be without data.")] = 0.0,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    radiometry: RadiometryOption = None,
    bands: BandsOption = None,
    format: FormatOption = Format.TEXT,
    json: JsonOption = False,
) -> None:
    """Cut a scene into georeferenced tiles of one class each, and add them as a data set."""
    from rsdash.data.tiling import TileRule  # GDAL takes half a second to import

    reading = asked_radiometry(radiometry, bands)
    rule = TileRule(tile_m=tile_m, overlap=overlap, min_share=min_share, max_nodata=max_nodata)
    with bar(f"Cutting {scene.name}") as report:
        dataset = add_tiles(
            scene,
            labels,
            rule=rule,
            field=field,
            layer=layer,
            name=name,
            radiometry=reading,
            on_progress=report,
        )
    print_added(dataset, as_json=wants_json(format, json))
