"""Predicting a folder of tiles against the bare forward of the same network on the same batches.

The two take turns in one run, on every core: `predict_place` reads, decodes, resizes, asks the network and
makes predictions of the logits; the bare forward has its batches ready. Printed are images/s of both and the
ratio of their median times. Whatever else runs on the machine slows both.

    python -m benchmarks.predict_folder RUN_FOLDER PLACE [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from rsdash.data.loose import LooseImages
from rsdash.inference.many import predict_place
from rsdash.inference.predictor import BATCH, Predictor
from rsdash.runs.folder import RunFolder


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("place", type=Path, help="folder or zip of images")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each, after one to warm up")
    asked = parser.parse_args()
    predictor = Predictor(RunFolder(asked.run).weights_path)
    batches = ready_batches(predictor, asked.place)
    count = sum(map(len, batches))
    pairs = [(bare(predictor, batches), whole(predictor, asked.place)) for _ in range(asked.rounds + 1)][1:]
    bare_s, whole_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"{count:,} images on {predictor.device}: {count / whole_s:,.0f} images/s from {asked.place}, "
        f"{count / bare_s:,.0f} images/s bare forward, ratio {bare_s / whole_s:.2f}"
    )


def ready_batches(predictor: Predictor, place: Path) -> list[torch.Tensor]:
    """All images as the network takes them; those that cannot be read are left out."""
    images = LooseImages(place)
    read = (predictor.read(name, images.read(name)) for name in images.names)
    pixels = [found for found in read if isinstance(found, np.ndarray)]
    return [predictor.prepared(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]


def bare(predictor: Predictor, batches: list[torch.Tensor]) -> float:
    """Seconds of the forward alone."""
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in batches:
            predictor.model(batch).cpu()
    return time.perf_counter() - start


def whole(predictor: Predictor, place: Path) -> float:
    """Seconds from the files to the predictions."""
    start = time.perf_counter()
    for _ in predict_place(predictor, place):
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
