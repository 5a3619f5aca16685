"""What the small JSON files of a run folder hold, as frozen models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.errors import RunError, RunNotFoundError
from rsdash.evaluation.roles import role_named
from rsdash.runs.amendments import Amendment
from rsdash.runs.states import EVALUATED, LIVING, Interruption, RunState

SPARKLINE_POINTS = 30
FORMAT_VERSION = 1

Record = TypeVar("Record", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DataReference(_Record):
    """Which images a run trains on: name, content and split of the data set at the time of asking.

    Attributes:
        name: name of the data set.
        fingerprint: digest of names, contents and labels.
        classes: class names in label order.
        split: name of the split.
        counts: images per role: train, validation, test.
        test_role: held-out, or given test.
        synthetic: drawn by a program rather than seen by a sensor.
        radiometry: how the numbers in the files are read, whatever the data set says later.
        checked: what the split was checked for: duplicates, positions; empty in runs from before this was
            recorded.
        tile_m: side of an image on the ground, metres; None where that is not known.
    """

    name: str
    fingerprint: str
    classes: tuple[str, ...]
    split: str
    counts: dict[str, int]
    test_role: str
    synthetic: bool = False
    radiometry: Radiometry = RGB8
    checked: dict[str, str] = {}
    tile_m: float | None = None


class RunRequest(_Record):
    """config.json: what was asked; never changes."""

    version: int = FORMAT_VERSION
    id: str
    created_at: float
    config: RunConfig
    data: DataReference


class Summary(_Record):
    """What a list shows of a run.

    Attributes:
        epoch: epochs completed.
        step: optimizer steps taken, of `steps`.
        accuracy: share right on `role` images: the final figure, or the last epoch's while running.
        loss: mean cross-entropy on the same images, in nats.
        role: role of the images behind accuracy and loss.
        images: number of those images.
        train_accuracy: share right on the training images of the last epoch, augmentation included.
        train_loss: mean training loss of the last epoch, in nats.
        sparkline: accuracy over epochs, at most 30 points.
        elapsed_s: seconds of training over all attempts.
        remaining_s: estimated seconds to the end.
        images_per_s: training speed of late.
        parameters: trainable numbers in the network.
        device: what it trains on, in words.
        memory_bytes: peak memory of the worker: of the GPU where it trains on one, else of the machine.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    accuracy: float | None = None
    loss: float | None = None
    role: Annotated[str, AfterValidator(role_named)] = ""
    images: int = 0
    train_accuracy: float | None = None
    train_loss: float | None = None
    sparkline: tuple[float, ...] = ()
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    images_per_s: float | None = None
    parameters: int = 0
    device: str = ""
    memory_bytes: int = 0


class Evaluated(_Record):
    """An evaluated run as it was before it went on.

    Attributes:
        state: finished or stopped.
        summary: what a list showed.
        amendments: settings changed until then.
        checkpoint_step: step of its last.ckpt.
        checkpoint_mark: tells that file from a later one, also in a copy of the run.
    """

    state: RunState
    summary: Summary
    amendments: tuple[Amendment, ...]
    checkpoint_step: int
    checkpoint_mark: str = ""


class StateRecord(_Record):
    """state.json: what is the case.

    Attributes:
        state: see RunState.
        reason: why, when INTERRUPTED.
        message: one sentence for the person: the error, or the exit cause.
        stopping: whether it was asked to stop, so that only its figures are still to come.
        attempt: how many workers have been launched.
        fruitless: launches since the last new checkpoint.
        commands_end: offset in commands.jsonl up to which requests were carried out, in bytes.
        checkpoint_step: step of last.ckpt as far as it was noted, behind the file perhaps after a kill; None
            while there is none.
        host: name of the machine of the latest attempt.
        slot: device of that machine that a runner gave the latest attempt: `cpu`, or the UUID of a GPU; empty
            where a person launched it.
        updated_at: seconds since 1970, of the writer's clock.
        ended_at: when the run ended last, by the same clock; 0 where it has not, or did before this was
            recorded.
        amendments: settings changed on the way, as metrics.jsonl holds them.
        summary: what a list shows.
        before: the evaluated run that this one goes on from, as long as its weights and figures are there.
    """

    state: RunState
    reason: Interruption | None = None
    message: str = ""
    stopping: bool = False
    attempt: int = 0
    fruitless: int = 0
    commands_end: int = 0
    checkpoint_step: int | None = None
    host: str = ""
    slot: str = ""
    updated_at: float = 0.0
    ended_at: float = 0.0
    amendments: tuple[Amendment, ...] = ()
    summary: Summary = Summary()
    before: Evaluated | None = None

    @property
    def paused(self) -> bool:
        """Whether a person paused it."""
        return self.state is RunState.INTERRUPTED and self.reason is Interruption.SUSPENDED

    @property
    def words(self) -> str:
        """The state as a person says it, with the reason of an interruption."""
        if self.state is not RunState.INTERRUPTED:
            return self.state.lower()
        return "paused" if self.paused else f"interrupted ({self.reason.value if self.reason else 'unknown'})"

    def epochs_behind(self, epochs: int) -> int:
        """Epochs that are done where the run goes on: without a worker, those of its checkpoint.

        Args:
            epochs: of the whole run, by the settings in force.
        """
        if self.state in LIVING | EVALUATED:
            return self.summary.epoch
        return min(self.summary.epoch, int(self.checkpoint_epoch(epochs)))

    def checkpoint_epoch(self, epochs: int) -> float:
        """How far last.ckpt is, in epochs; 0 without one.

        Args:
            epochs: of the whole run, by the settings in force.
        """
        return (self.checkpoint_step or 0) / max(1, self.summary.steps // epochs)


class About(_Record):
    """about.json: what a person says of a run, and its place in the queue (lowest first)."""

    name: str
    tags: tuple[str, ...] = ()
    note: str = ""
    pinned: bool = False
    queue_position: float = 0.0


class Environment(_Record):
    """environment.json: one entry an attempt, with versions, device, threads, commit and command line."""

    attempts: tuple[dict[str, Any], ...] = ()


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read one of these files.

    Raises:
        RunNotFoundError: it is missing.
        RunError: it is damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise RunNotFoundError(f"{path} is missing; the run folder is incomplete.") from error
    except ValidationError as error:
        raise RunError(f"{path} is damaged: {error.errors()[0]['msg']}.") from error
