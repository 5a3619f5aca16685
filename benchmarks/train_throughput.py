"""Training images per second: a whole run of rsdash against a plain loop and against the bare work.

Three contestants share the machine in turns of 20 s, in which the others are suspended, each in a process of
its own with a new network, the same images, batches and epochs; memory has to suffice for all of them:

- rsdash: the real worker process, in the environment that the job runner gives it. Counted is the time from
  its first step until its last checkpoint is on disk: epochs, validation after each, event log, checkpoints
  (one at least every five minutes by the clock, so more often by its own time than in a run alone).
  Not counted are what happens once a data set (scan and pixel cache), the start of the process, and the
  final figures in fp32.
- plain loop: torchvision's ImageFolder on extracted tiles, PIL transforms (Resize, ToTensor, Normalize),
  a DataLoader with min(cores, 8) workers, fp32, the same validation; no log, no checkpoints.
- bare work: the same precision, memory format, optimizer and settings of malloc as rsdash, training steps and
  bare forwards over as many validation images, on batches that are on the device already, after a step to
  warm up. Its threads wait for each other as OpenMP has them by default.

Where the time of rsdash goes, by PyTorch's profiler (one thread of an EPYC with AVX512-BF16, bf16, 224 px,
batch 64, the trainer's whole run, another training on the other core): in alexnet 66 % convolutions, 10 %
linear layers, 11 % copies and conversions between fp32 and bf16, 5 % pooling and ReLU, 2 % optimizer, 2 %
clearing of memory; in resnet18 80 % convolutions, 9 % batch normalization, 7 % pooling, ReLU and additions,
1 % copies. Getting a batch ready (reading, scaling and enlarging its bytes) takes below 1 % of either. Once
a run come the first step, 0.2 s longer, and the last checkpoint of alexnet with its optimizer (733 MB), on
disk 2 s after the last epoch. No profiler of operators shows how threads wait for each other, which they do
hundreds of times a step: see `rsdash/processors.py`.

On a GPU rsdash replays the passes of a step as a CUDA graph (`rsdash/training/cuda_graph.py`), while the bare
work starts kernel by kernel, and has loaded its libraries and chosen its kernels before its clock runs: on an
H100, rsdash's first six steps took 5 s (alexnet) and 8 s (resnet18). After its first epoch alexnet took 1.2 s
an epoch; the bare work took 1.4 s, in which it tried kernels for validation and short batches, as it no
longer does.

Printed are medians over the rounds with the lowest and highest, and the ratios of medians. The bars are 2.0
times the plain loop where bf16 is native (1.1 elsewhere), and 0.95 of the bare work; they bind for alexnet
and resnet18 of torchvision at 224 px, and the exit code is 1 where one is missed. Figures that count come
from all of EuroSAT; `--images` shortens that for a trial.

    python -m benchmarks.train_throughput --zip eurosat_rgb.zip
    python -m benchmarks.train_throughput --images 640 --rounds 1     # the built-in sample

Run it from the root of the project, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from benchmarks.contestants import Contest, Loop, Worker, bare_work, plain_loop, step_positions
from benchmarks.turns import Entrant, take_turns
from rsdash.config import make_config
from rsdash.data import Dataset, open_dataset, open_pixels
from rsdash.data.splitting import split_for
from rsdash.errors import RsdashError
from rsdash.home import DATA_VARIABLE
from rsdash.jobs.executor import KEEP_MEMORY
from rsdash.training.compute import choose_compute
from rsdash.training.tiles import Tiles, measure_scale

MODELS = ("torchvision/alexnet", "torchvision/resnet18")
PLAIN_BAR_BF16, PLAIN_BAR = 2.0, 1.1
BARE_BAR = 0.95
RSDASH, PLAIN, BARE = "rsdash", "plain loop", "bare work"
BOUND_PX = 224


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no suspended contestant is left behind
    with tempfile.TemporaryDirectory(prefix="rsdash-throughput-") as folder:
        place = Path(folder)
        os.environ[DATA_VARIABLE] = str(place / "data")  # read by this process and by the workers
        try:
            dataset = open_dataset(str(options.zip) if options.zip else "sample")
            met = [run_contest(model, dataset, place, options) for model in options.models]
        except RsdashError as error:
            print(error, file=sys.stderr)
            return 1
    return 0 if all(met) else 1


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--zip", type=Path, help="zip or folder with a folder per class; the sample if left out"
    )
    parser.add_argument(
        "--images", type=int, help="use about so many images, training and validation together"
    )
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--px", type=int, default=224, help="side of the images")
    parser.add_argument("--batch", type=int, default=64, help="images a step")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant")
    parser.add_argument("--turn-s", type=float, default=20.0, help="seconds until the next contestant's turn")
    parser.add_argument(
        "--against",
        nargs="+",
        choices=(PLAIN, BARE),
        default=(PLAIN, BARE),
        help="the plain loop takes most of the time",
    )
    return parser.parse_args()


def run_contest(model: str, dataset: Dataset, place: Path, options: argparse.Namespace) -> bool:
    """Measure one model and print its figures; whether both bars are met."""
    contest = prepare(model, dataset, place, options)
    trained = options.epochs * sum(map(len, step_positions(contest)))
    starts: dict[str, Callable[[], Entrant]] = {
        RSDASH: lambda: with_settings(KEEP_MEMORY, lambda: Worker(contest)),
        PLAIN: lambda: Loop(plain_loop, contest),
        BARE: lambda: with_settings(KEEP_MEMORY, lambda: Loop(bare_work, contest)),
    }
    chosen = {name: start for name, start in starts.items() if name in (RSDASH, *options.against)}
    speeds: dict[str, list[float]] = {name: [] for name in chosen}
    for number in range(options.rounds):
        times = take_turns(chosen, options.turn_s)
        for name, seconds in times.items():
            speeds[name].append(trained / seconds)
            print(f"{model}, round {number + 1}: {name} took {seconds:.1f} s", file=sys.stderr)
    return report(contest, speeds)


def with_settings(settings: Mapping[str, str], start: Callable[[], Entrant]) -> Entrant:
    """Start something that inherits some environment variables, unless they are set already."""
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        return start()
    finally:
        for name in added:
            del os.environ[name]


def prepare(model: str, dataset: Dataset, place: Path, options: argparse.Namespace) -> Contest:
    """Settings, pixel cache and extracted tiles of one model's contest."""
    classes = len(dataset.manifest.classes)
    config = make_config(
        {
            "model": model,
            "data": dataset.name,
            "im_size": options.px,
            "batch_size": options.batch,
            "epochs": options.epochs,
            "limit_per_class": max(5, options.images // classes) if options.images else None,
        }
    )
    compute = choose_compute(config)
    split = split_for(dataset, config)
    pixels = open_pixels(dataset, config.im_size)
    scale = measure_scale(pixels, split.train)
    labels = dataset.manifest.labels
    side, device = config.im_size, compute.device
    training = Tiles(pixels, labels, rows=split.train, side_px=side, scale=scale, device=device)
    validation = training.part(split.test)
    extracted = place / "extracted"
    if PLAIN in options.against and not extracted.exists():
        extract(dataset, training, extracted / "train")
        extract(dataset, validation, extracted / "validation")
    return Contest(config, classes, training, validation, scale, compute, place, extracted)


def extract(dataset: Dataset, tiles: Tiles, folder: Path) -> None:
    """Write the files of some tiles into a folder per class, as ImageFolder wants them."""
    manifest = dataset.manifest
    for name in manifest.classes:
        (folder / name).mkdir(parents=True)
    for row in tiles.rows.tolist():
        path = folder / manifest.classes[manifest.labels[row]] / f"{row}{Path(manifest.names[row]).suffix}"
        path.write_bytes(dataset.read_image(row))


def report(contest: Contest, speeds: dict[str, list[float]]) -> bool:
    """Print the figures of one model, images/s of each round; whether the bars that bind it are met."""
    config, compute, taken = contest.config, contest.compute, len(speeds[RSDASH])
    print(
        f"{config.model}, {config.im_size} px, batch {config.batch_size}, {config.epochs} epochs of "
        f"{len(contest.training):,} + {len(contest.validation):,} images of {config.data}, {taken} rounds; "
        f"{compute.description}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    medians = {name: statistics.median(rounds) for name, rounds in speeds.items()}
    for name, rounds in speeds.items():
        print(f"  {name}: {medians[name]:,.1f} images/s ({min(rounds):,.1f} to {max(rounds):,.1f})")
    bound = config.model in MODELS and config.im_size == BOUND_PX
    plain_bar = PLAIN_BAR_BF16 if compute.dtype == torch.bfloat16 else PLAIN_BAR
    missed = 0
    for name, bar in {PLAIN: plain_bar, BARE: BARE_BAR}.items():
        if name not in medians:
            continue
        ratio = medians[RSDASH] / medians[name]
        missed += bound and ratio < bar
        outcome = f" (bar {bar}): {'met' if ratio >= bar else 'missed'}" if bound else ""
        print(f"  {ratio:.3f} of the {name}{outcome}", flush=True)
    return not missed


if __name__ == "__main__":
    sys.exit(main())
