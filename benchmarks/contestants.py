"""The contestants of the training benchmark: a real run, a plain loop, and the arithmetic alone."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.turns import Span
from rsdash.config import RunConfig
from rsdash.home import PROJECT_DIR
from rsdash.jobs.submit import submit
from rsdash.models.registry import build_model, head_parameter_names
from rsdash.processors import processors
from rsdash.runs.events import read_lines
from rsdash.training.compute import Compute, choose_compute, untuned
from rsdash.training.measure import BATCH as VALIDATION_BATCH
from rsdash.training.recipe import make_optimizer, training_loss
from rsdash.training.tiles import PixelScale, Tiles

MOST_LOADERS = 8
READY_BATCHES = 4
"""Different batches that the bare work cycles through."""


@dataclass(frozen=True)
class Contest:
    """What all three contestants train on.

    Attributes:
        config: settings of the run.
        classes: number of classes.
        training: images of the training part.
        validation: images that are measured after each epoch.
        scale: normalization.
        compute: device and number format of rsdash.
        place: folder for runs.
        extracted: folder with `train` and `validation`, each a folder per class.
    """

    config: RunConfig
    classes: int
    training: Tiles
    validation: Tiles
    scale: PixelScale
    compute: Compute
    place: Path
    extracted: Path

    def new_model(self) -> nn.Module:
        """A network with random weights, on the device."""
        return build_model(self.config, self.classes).to(self.compute.device)

    def synchronize(self) -> None:
        """Wait until the device has done what it was given."""
        if self.compute.device.type == "cuda":
            torch.cuda.synchronize()


class Loop:
    """A contestant in a process of its own, as each user's would be, with the environment of now."""

    def __init__(self, contestant: Callable[[Contest], Span], contest: Contest) -> None:
        """Start it."""
        context = get_context("spawn")
        self._answers, answer = context.Pipe(duplex=False)
        self._process = context.Process(target=_answer, args=(contestant, contest, answer))
        self._process.start()
        answer.close()  # so that its end is seen here where it breaks off

    @property
    def pid(self) -> int:
        """Of its process."""
        return int(self._process.pid or 0)

    def ended(self, within_s: float) -> bool:
        """Wait for its end, at most so long; whether it came."""
        self._process.join(within_s)
        return not self._process.is_alive()

    def span(self) -> Span:
        """What is timed.

        Raises:
            RuntimeError: it broke off.
        """
        if self._process.exitcode != 0:
            raise RuntimeError(f"A contestant left with exit code {self._process.exitcode}.")
        return self._answers.recv()


def _answer(contestant: Callable[[Contest], Span], contest: Contest, answer: Connection) -> None:
    torch.set_num_threads(processors())  # as the worker does
    answer.send(contestant(contest))


def step_positions(contest: Contest) -> list[range]:
    """Positions of each step of an epoch; like the trainer, without a last batch of one image."""
    count, size = len(contest.training), contest.config.batch_size
    steps = [range(start, min(start + size, count)) for start in range(0, count, size)]
    return [step for step in steps if len(step) > 1 or size == 1]


class Worker:
    """A worker's run, timed from its first step until its last checkpoint is on disk."""

    def __init__(self, contest: Contest) -> None:
        """Submit the run and start it."""
        self._folder = submit(contest.config, runs_dir=contest.place / "runs")
        command = [sys.executable, "-m", "rsdash", "worker", str(self._folder.path)]
        with self._folder.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=PROJECT_DIR, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def ended(self, within_s: float) -> bool:
        """Wait for its end, at most so long; whether it came."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def span(self) -> Span:
        """What is timed; the run's folder is gone afterwards.

        Raises:
            RuntimeError: it broke off.
        """
        folder, code = self._folder, self._process.returncode
        if code != 0:
            raise RuntimeError(f"The worker left with exit code {code}:\n{folder.log_tail()}")
        epochs = [line.fields for line in read_lines(folder.metrics_path) if line.fields["kind"] == "epoch"]
        last = epochs[-1]
        span = Span(last["at"] - last["elapsed_s"], folder.checkpoint_path.stat().st_ctime)
        shutil.rmtree(folder.path)
        return span


def plain_loop(contest: Contest) -> Span:
    """Train with a loop as tutorials have it."""
    device = contest.compute.device
    model = contest.new_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=contest.config.learning_rate)
    training = make_loader(contest, "train", contest.config.batch_size, shuffle=True)
    validation = make_loader(contest, "validation", VALIDATION_BATCH, shuffle=False)
    began = time.time()
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
    return Span(began, time.time())


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
        num_workers=min(processors(), MOST_LOADERS),
        pin_memory=contest.compute.device.type == "cuda",
        persistent_workers=True,
    )


def bare_work(contest: Contest) -> Span:
    """Do the arithmetic alone; cuDNN tries kernels for batches of full size, as in rsdash."""
    config, compute = contest.config, choose_compute(contest.config)
    model = contest.new_model().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword
    optimizer = make_optimizer(model, config, head_parameter_names(model))
    scaler = torch.amp.GradScaler(compute.device.type, enabled=compute.dtype == torch.float16)
    steps = step_positions(contest)
    ready = [contest.training.batch(torch.arange(step.start, step.stop)) for step in steps[:READY_BATCHES]]
    measured = next(contest.validation.in_order(VALIDATION_BATCH))[0]

    def train(images: Tensor, labels: Tensor) -> None:
        with compute.autocast():
            logits = model(images)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(training_loss(logits, labels, config)).backward()
        scaler.step(optimizer)
        scaler.update()

    train(*ready[0])  # kernels are chosen and memory is claimed at first use
    contest.synchronize()
    began = time.time()
    for _ in range(config.epochs):
        model.train()
        for number, step in enumerate(steps):
            images, labels = ready[number % len(ready)]
            with contextlib.nullcontext() if len(step) == len(images) else untuned():
                train(images[: len(step)], labels[: len(step)])
        model.eval()
        with torch.inference_mode(), compute.autocast(), untuned():
            for size in validation_sizes(len(contest.validation)):
                model(measured[:size])
    contest.synchronize()
    return Span(began, time.time())


def validation_sizes(count: int) -> Iterator[int]:
    """Images of each forward over the validation part."""
    for start in range(0, count, VALIDATION_BATCH):
        yield min(VALIDATION_BATCH, count - start)
