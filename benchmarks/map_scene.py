"""Mapping a scene that covers a county: speed against the bare forward pass, and peak memory.

A scene of 10,980 x 10,980 px of 10 m is drawn, as large as a Sentinel-2 tile, and mapped with windows of
64 px by a process of its own, from the file to the finished rasters. Every half minute that process is
halted, and the bare forward runs for some seconds over a batch that is ready on the device, in the same
precision. Printed are windows/s of both, the ratio to the median of the bare rates, and the largest resident
memory of the mapping process.

    python -m benchmarks.map_scene [--side 10980] [--model resnet18] [--stride 0.5]

Exits with 1 where the ratio is below 0.85 or the memory above 2 GB. Run it from the root of the project, on
a machine that does nothing else; it takes some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rsdash.processors import SHORT_WAITS

os.environ.update(SHORT_WAITS)  # as the service does; torch reads it once

import numpy as np
import psutil
import rasterio
import torch  # see above
from rasterio import Affine

from benchmarks.usable_run import make_usable_run
from rsdash.data.sample import SAMPLE_CLASSES, sample_tile
from rsdash.home import DATA_VARIABLE
from rsdash.inference.predictor import BATCH, Predictor
from rsdash.inference.scenes.mapper import map_scene
from rsdash.inference.scenes.record import MapRecord, MapRule

LOWEST_RATIO = 0.85
MOST_BYTES = 2e9
TILE_PX, PIXEL_M = 64, 10.0
DRAWN_TILES = 400
SLICE_S = 30.0
BARE_BATCHES = 24


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", type=int, default=10_980, help="of the scene, px")
    parser.add_argument("--model", default="resnet18", help="any name of a model")
    parser.add_argument("--stride", type=float, default=0.5, help="share of a window")
    parser.add_argument("--map", nargs=2, metavar=("RUN", "SCENE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    rule = MapRule(tile_m=TILE_PX * PIXEL_M, stride=asked.stride)
    if asked.map:
        return map_alone(Path(asked.map[0]), Path(asked.map[1]), rule)
    with tempfile.TemporaryDirectory() as root:
        place = Path(root)
        run = make_usable_run(place / "runs", asked.model, TILE_PX)
        scene = draw_scene(place / "scene.tif", asked.side)
        command = [*sys.orig_argv[: sys.orig_argv.index("-m") + 2], "--stride", str(asked.stride)]
        command += ["--map", str(run.path), str(scene)]
        return measure(command, Predictor(run.weights_path), place)


def measure(command: list[str], predictor: Predictor, place: Path) -> int:
    """Halt the mapping process now and then for a look at the bare forward; 1 if a bar is missed."""
    batch = predictor.prepared([sample_tile(SAMPLE_CLASSES[0], number) for number in range(BATCH)])
    bare_rate(predictor, batch)
    bare = [bare_rate(predictor, batch)]
    environment = {**os.environ, DATA_VARIABLE: str(place / "data")}
    halted_s, began = 0.0, time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    while True:
        try:
            said, _ = process.communicate(timeout=SLICE_S)
            break
        except subprocess.TimeoutExpired:
            halted = time.perf_counter()
            process.send_signal(signal.SIGSTOP)
            bare.append(bare_rate(predictor, batch))
            process.send_signal(signal.SIGCONT)
            halted_s += time.perf_counter() - halted
    wall_s = time.perf_counter() - began - halted_s
    bare.append(bare_rate(predictor, batch))
    if process.returncode:
        return process.returncode
    windows, start_s, most_bytes = (float(word) for word in said.split())
    rate, bare_median = windows / (wall_s - start_s), statistics.median(bare)
    print(
        f"{windows:,.0f} windows in {wall_s - start_s:,.0f} s on {predictor.device}: {rate:,.1f} windows/s "
        f"from the file to finished rasters, {bare_median:,.1f} bare forward (median of {len(bare)}, "
        f"{min(bare):,.1f} to {max(bare):,.1f}), ratio {rate / bare_median:.3f} (bar {LOWEST_RATIO}); "
        f"largest memory {most_bytes / 1e9:.2f} GB (bar {MOST_BYTES / 1e9:.0f} GB)"
    )
    return int(rate / bare_median < LOWEST_RATIO or most_bytes > MOST_BYTES)


def map_alone(run: Path, scene: Path, rule: MapRule) -> int:
    """Map the scene in this process; print windows, seconds until the model was loaded, largest memory."""
    predictor = Predictor(run / "model.safetensors")
    start_s = time.time() - psutil.Process().create_time()
    record = None
    for item in map_scene(predictor, scene, rule, run_name="benchmark"):
        if isinstance(item, MapRecord):
            record = item
    if record is None:
        return 1
    print(record.windows, start_s, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return 0


def bare_rate(predictor: Predictor, batch: torch.Tensor) -> float:
    """Windows/s of the forward alone."""
    began = time.perf_counter()
    with torch.inference_mode():
        for _ in range(BARE_BATCHES):
            predictor.model(batch).cpu()
    return BARE_BATCHES * len(batch) / (time.perf_counter() - began)


def draw_scene(path: Path, side_px: int) -> Path:
    """A scene of tiles of the built-in sample in random order, 8 bits, UTM."""
    rng = np.random.default_rng(0)
    drawn = [
        sample_tile(SAMPLE_CLASSES[number % len(SAMPLE_CLASSES)], number) for number in range(DRAWN_TILES)
    ]
    across = -(-side_px // TILE_PX)
    profile = {"driver": "GTiff", "width": side_px, "height": side_px, "count": 3, "dtype": "uint8"}
    layout = {"tiled": True, "compress": "deflate", "zlevel": 1, "interleave": "pixel"}
    place = {"crs": "EPSG:32632", "transform": Affine(PIXEL_M, 0, 400_000, 0, -PIXEL_M, 5_400_000)}
    with rasterio.open(path, "w", **profile, **layout, **place) as scene:
        for top in range(0, side_px, TILE_PX):
            strip = np.concatenate(
                [drawn[number] for number in rng.integers(DRAWN_TILES, size=across)], axis=1
            )
            rows = min(TILE_PX, side_px - top)
            window = ((top, top + rows), (0, side_px))
            scene.write(strip[:rows, :side_px].transpose(2, 0, 1), window=window)
    return path


if __name__ == "__main__":
    sys.exit(main())
