"""Predicting a folder of tiles against the bare forward pass, and the wait for a first prediction.

A model with random weights is asked about JPEG tiles drawn for it. In turns, on every core: `predict_place`
reads, decodes, asks the network and makes predictions of its logits, those of confidence and strangeness
included; the bare forward has the same batches ready on the device, in the same precision. Printed are
medians of both in images/s and the ratio of the medians. Then a real server is opened in Chromium, its
inference service asked once, and single tiles are dropped on the Predict page: the wait is from the drop
until class and confidence stand there, the median of several; bars are drawn a little later.

    python -m benchmarks.predict [--tiles 5000] [--side 224] [--model resnet18] [--rounds 5]

Exits with 1 where the ratio is below 0.90 or the median wait above 1 s. Run it from the root of the project,
on a machine that does nothing else. Chromium is found as scripts/find_chromium.py says.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rsdash.processors import SHORT_WAITS

os.environ.update(SHORT_WAITS)  # as the service does; torch reads it once

import torch  # see above

from benchmarks.first_prediction import waits
from benchmarks.usable_run import make_tiles, make_usable_run
from rsdash.data.loose import LooseImages
from rsdash.home import IDLE_VARIABLE
from rsdash.inference.many import predict_place
from rsdash.inference.predictor import BATCH, Predictor

LOWEST_RATIO = 0.90
LONGEST_WAIT_S = 1.0
SERVICE_LEAVES_S = "20"
"""After the last question, so that it does not outlive the benchmark for long."""


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiles", type=int, default=5000, help="tiles in the folder")
    parser.add_argument("--side", type=int, default=224, help="side of tiles and of input, in px")
    parser.add_argument("--model", default="resnet18", help="any name of a model")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each, and drops")
    asked = parser.parse_args()
    os.environ[IDLE_VARIABLE] = SERVICE_LEAVES_S
    with tempfile.TemporaryDirectory() as root:
        place = Path(root)
        run = make_usable_run(place / "runs", asked.model, asked.side)
        tiles = make_tiles(place / "tiles", asked.tiles, asked.side)
        predictor = Predictor(run.weights_path)
        ratio = compare(predictor, tiles, asked.rounds)
        del predictor
        wait_s = first_prediction(place, run.id, asked.rounds)
    return int(ratio < LOWEST_RATIO or wait_s > LONGEST_WAIT_S)


def compare(predictor: Predictor, tiles: Path, rounds: int) -> float:
    """Print images/s of both; returns the ratio."""
    batches = ready_batches(predictor, tiles)
    count = sum(map(len, batches))
    pairs = [(bare(predictor, batches), whole(predictor, tiles)) for _ in range(rounds + 1)][1:]
    bare_s, whole_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"{count:,} tiles on {predictor.device} ({torch.get_num_threads()} threads): {count / whole_s:,.1f} "
        f"images/s from files to predictions, {count / bare_s:,.1f} bare forward, ratio "
        f"{bare_s / whole_s:.3f} (bar {LOWEST_RATIO}); of single rounds "
        + " ".join(f"{one / other:.3f}" for one, other in pairs)
    )
    return bare_s / whole_s


def ready_batches(predictor: Predictor, tiles: Path) -> list[torch.Tensor]:
    """All tiles as the network takes them, on its device."""
    images = LooseImages(tiles)
    read = [predictor.read(name, images.read(name)) for name in images.names]
    pixels = [found for found in read if not isinstance(found, str)]
    return [predictor.prepared(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]


def bare(predictor: Predictor, batches: list[torch.Tensor]) -> float:
    """Seconds of the forward alone."""
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in batches:
            predictor.model(batch).cpu()
    return time.perf_counter() - start


def whole(predictor: Predictor, tiles: Path) -> float:
    """Seconds from the files to the predictions."""
    start = time.perf_counter()
    for _ in predict_place(predictor, tiles):
        pass
    return time.perf_counter() - start


def first_prediction(place: Path, run_id: str, rounds: int) -> float:
    """Print how long a dropped tile waits for its answer; returns the median in seconds."""
    cold_s, *later_s = waits(place, run_id, sorted((place / "tiles").iterdir())[: rounds + 1])
    wait_s = statistics.median(later_s)
    print(
        f"first prediction, service loaded: median {wait_s:.2f} s, longest {max(later_s):.2f} s "
        f"(bar {LONGEST_WAIT_S:.0f} s); {cold_s:.1f} s where the service has to start"
    )
    return wait_s


if __name__ == "__main__":
    sys.exit(main())
