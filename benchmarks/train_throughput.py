"""Training images per second: a whole run of rsdash against a plain loop and against the bare work.

Three contestants take turns, each with a new network, the same images, batches and epochs:

- rsdash: the real worker process. Counted is the time from its first step until its last checkpoint is on
  disk: epochs, validation after each, event log, checkpoints. Not counted are what happens once a data
  set (scan and pixel cache), the start of the process, and the final figures in fp32.
- plain loop: torchvision's ImageFolder on extracted tiles, PIL transforms (Resize, ToTensor, Normalize),
  a DataLoader with min(cores, 8) workers, fp32, the same validation; no log, no checkpoints.
- bare work: the same precision, memory format and optimizer as rsdash, training steps and bare forwards
  over as many validation images, on batches that are on the device already.

Printed are medians over the rounds and their ratios. The bars are 2.0 times the plain loop where bf16 is
native (1.1 elsewhere), and 0.95 of the bare work; exits with 1 where one is missed. Figures that count
come from all of EuroSAT; `--images` shortens that for a trial.

    python -m benchmarks.train_throughput --zip eurosat_rgb.zip
    python -m benchmarks.train_throughput --images 640 --rounds 1     # the built-in sample

Run it from the root of the project, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from rsdash.config import RunConfig, make_config
from rsdash.data import Dataset, open_dataset, open_pixels
from rsdash.data.splitting import split_for
from rsdash.errors import RsdashError
from rsdash.home import DATA_VARIABLE, PROJECT_DIR
from rsdash.jobs.submit import submit
from rsdash.models.registry import build_model, head_parameter_names
from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.training.compute import Compute, choose_compute
from rsdash.training.measure import BATCH as VALIDATION_BATCH
from rsdash.training.recipe import make_optimizer, training_loss
from rsdash.training.tiles import PixelScale, Tiles, measure_scale

MODELS = ("torchvision/alexnet", "torchvision/resnet18")
PLAIN_BAR_BF16, PLAIN_BAR = 2.0, 1.1
BARE_BAR = 0.95
MOST_LOADERS = 8
READY_BATCHES = 4
"""Different batches that the bare work cycles through."""


@dataclass(frozen=True)
class Contest:
    """What all three contestants train on.

    Attributes:
        config: settings of the run.
        dataset: the images.
        training: images of the training part.
        validation: images that are measured after each epoch.
        scale: normalization.
        compute: device and number format of rsdash.
        place: folder for runs.
        extracted: folder with `train` and `validation`, each a folder per class.
    """

    config: RunConfig
    dataset: Dataset
    training: Tiles
    validation: Tiles
    scale: PixelScale
    compute: Compute
    place: Path
    extracted: Path

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.dataset.manifest.classes)

    def new_model(self) -> nn.Module:
        """A network with random weights, on the device."""
        return build_model(self.config, self.classes).to(self.compute.device)

    def synchronize(self) -> None:
        """Wait until the device has done what it was given."""
        if self.compute.device.type == "cuda":
            torch.cuda.synchronize()


def main() -> int:
    """Print the figures; 1 if a bar is missed."""
    options = parse_options()
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
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant")
    return parser.parse_args()


def run_contest(model: str, dataset: Dataset, place: Path, options: argparse.Namespace) -> bool:
    """Measure one model and print its figures; whether both bars are met."""
    contest = prepare(model, dataset, place, options)
    trained = options.epochs * sum(map(len, step_positions(contest)))
    contestants: dict[str, Callable[[Contest], float]] = {
        "rsdash": time_rsdash,
        "plain loop": time_plain_loop,
        "bare work": time_bare_work,
    }
    time_bare_work(contest, epochs=1)  # kernels are chosen and memory is claimed at first use
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(options.rounds):
        for name, contestant in contestants.items():
            times[name].append(contestant(contest))
            print(f"{model}, round {number + 1}: {name} took {times[name][-1]:.1f} s", file=sys.stderr)
    speeds = {name: trained / statistics.median(seconds) for name, seconds in times.items()}
    return report(contest, speeds, rounds=options.rounds)


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
    torch.set_num_threads(os.cpu_count() or 1)  # as the worker does
    compute = choose_compute(config)
    split = split_for(dataset, config)
    pixels = open_pixels(dataset, config.im_size)
    scale = measure_scale(pixels, split.train)
    labels = dataset.manifest.labels
    side, device = config.im_size, compute.device
    training = Tiles(pixels, labels, rows=split.train, side_px=side, scale=scale, device=device)
    validation = Tiles(pixels, labels, rows=split.test, side_px=side, scale=scale, device=device)
    extracted = place / "extracted"
    if not extracted.exists():
        extract(dataset, training, extracted / "train")
        extract(dataset, validation, extracted / "validation")
    return Contest(config, dataset, training, validation, scale, compute, place, extracted)


def extract(dataset: Dataset, tiles: Tiles, folder: Path) -> None:
    """Write the files of some tiles into a folder per class, as ImageFolder wants them."""
    manifest = dataset.manifest
    for name in manifest.classes:
        (folder / name).mkdir(parents=True)
    for row in tiles.rows.tolist():
        path = folder / manifest.classes[manifest.labels[row]] / f"{row}{Path(manifest.names[row]).suffix}"
        path.write_bytes(dataset.read_image(row))


def step_positions(contest: Contest) -> list[range]:
    """Positions of each step of an epoch; like the trainer, without a last batch of one image."""
    count, size = len(contest.training), contest.config.batch_size
    steps = [range(start, min(start + size, count)) for start in range(0, count, size)]
    return [step for step in steps if len(step) > 1 or size == 1]


def time_rsdash(contest: Contest) -> float:
    """Seconds of a worker's run, from its first step until its last checkpoint is on disk."""
    folder = submit(contest.config, runs_dir=contest.place / "runs")
    command = [sys.executable, "-m", "rsdash", "worker", str(folder.path)]
    with folder.log_path.open("wb") as log:
        done = subprocess.run(
            command, cwd=PROJECT_DIR, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode != 0:
        raise RuntimeError(f"The worker left with exit code {done.returncode}:\n{folder.log_tail()}")
    elapsed_s = seconds_to_checkpoint(folder)
    shutil.rmtree(folder.path)
    return elapsed_s


def seconds_to_checkpoint(folder: RunFolder) -> float:
    """Seconds of training up to the last epoch's end, and from there until last.ckpt was in place."""
    epochs = [line.fields for line in read_lines(folder.metrics_path) if line.fields["kind"] == "epoch"]
    return epochs[-1]["elapsed_s"] + folder.checkpoint_path.stat().st_ctime - epochs[-1]["at"]


def time_plain_loop(contest: Contest) -> float:
    """Seconds of a loop as tutorials have it."""
    device = contest.compute.device
    model = contest.new_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=contest.config.learning_rate)
    training = make_loader(contest, "train", contest.config.batch_size, shuffle=True)
    validation = make_loader(contest, "validation", VALIDATION_BATCH, shuffle=False)
    began = time.perf_counter()
    for _ in range(contest.config.epochs):
        model.train()
        for images, labels in training:
            optimizer.zero_grad()
            logits = model(images.to(device, non_blocking=True))
            F.cross_entropy(logits, labels.to(device, non_blocking=True)).backward()
            optimizer.step()
        model.eval()
        right = torch.zeros((), device=device)
        with torch.no_grad():
            for images, labels in validation:
                logits = model(images.to(device, non_blocking=True))
                right += (logits.argmax(1) == labels.to(device, non_blocking=True)).sum()
        right.item()
    contest.synchronize()
    return time.perf_counter() - began


def make_loader(
    contest: Contest, part: str, batch_size: int, *, shuffle: bool
) -> DataLoader[tuple[Tensor, Tensor]]:
    """The plain loop's batches, from the extracted files."""
    side = contest.config.im_size
    steps = [
        transforms.Resize((side, side)),
        transforms.ToTensor(),
        transforms.Normalize(contest.scale.mean, contest.scale.std),
    ]
    return DataLoader(
        ImageFolder(str(contest.extracted / part), transforms.Compose(steps)),
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=min(os.cpu_count() or 1, MOST_LOADERS),
        pin_memory=contest.compute.device.type == "cuda",
        persistent_workers=True,
    )


def time_bare_work(contest: Contest, epochs: int | None = None) -> float:
    """Seconds of the arithmetic alone."""
    config, compute = contest.config, contest.compute
    model = contest.new_model().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword
    optimizer = make_optimizer(model, config, head_parameter_names(model))
    scaler = torch.amp.GradScaler(compute.device.type, enabled=compute.dtype == torch.float16)
    steps = step_positions(contest)
    ready = [contest.training.batch(torch.arange(step.start, step.stop)) for step in steps[:READY_BATCHES]]
    measured = next(contest.validation.in_order(VALIDATION_BATCH))[0]
    contest.synchronize()
    began = time.perf_counter()
    for _ in range(epochs or config.epochs):
        model.train()
        for number, step in enumerate(steps):
            images, labels = (part[: len(step)] for part in ready[number % len(ready)])
            with compute.autocast():
                logits = model(images)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(training_loss(logits, labels, model, config)).backward()
            scaler.step(optimizer)
            scaler.update()
        model.eval()
        with torch.inference_mode(), compute.autocast():
            for size in validation_sizes(len(contest.validation)):
                model(measured[:size])
    contest.synchronize()
    return time.perf_counter() - began


def validation_sizes(count: int) -> Iterator[int]:
    """Images of each forward over the validation part."""
    for start in range(0, count, VALIDATION_BATCH):
        yield min(VALIDATION_BATCH, count - start)


def report(contest: Contest, speeds: dict[str, float], *, rounds: int) -> bool:
    """Print the figures of one model; whether both bars are met."""
    config, compute = contest.config, contest.compute
    to_plain = speeds["rsdash"] / speeds["plain loop"]
    to_bare = speeds["rsdash"] / speeds["bare work"]
    plain_bar = PLAIN_BAR_BF16 if compute.dtype == torch.bfloat16 else PLAIN_BAR
    print(
        f"{config.model}, {config.im_size} px, batch {config.batch_size}, {config.epochs} epochs of "
        f"{len(contest.training):,} + {len(contest.validation):,} images of {contest.dataset.name}, "
        f"{rounds} rounds; {compute.description}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    print("  images/s: " + ", ".join(f"{name} {speed:,.1f}" for name, speed in speeds.items()))
    print(f"  {to_plain:.2f} times the plain loop (bar {plain_bar}): {verdict(to_plain >= plain_bar)}")
    print(f"  {to_bare:.3f} of the bare work (bar {BARE_BAR}): {verdict(to_bare >= BARE_BAR)}", flush=True)
    return to_plain >= plain_bar and to_bare >= BARE_BAR


def verdict(met: bool) -> str:
    """In words."""
    return "met" if met else "missed"


if __name__ == "__main__":
    sys.exit(main())
