"""From settings to a run in the queue: everything that can be refused is refused here."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsdash.config import Cell, RunConfig
from rsdash.config.subject import DataSettings
from rsdash.data import Dataset, Split, open_dataset
from rsdash.data.disk import require_space
from rsdash.data.footprint import tile_side_m
from rsdash.data.splitting import split_for
from rsdash.errors import ConfigError, StorageError
from rsdash.home import examples_dir
from rsdash.jobs.devices import find_slots, slots_for
from rsdash.jobs.first_weights import with_run_id
from rsdash.models.catalogue import check_model
from rsdash.runs.creating import create_run
from rsdash.runs.folder import RunFolder, new_run_id, remove_run
from rsdash.runs.index import RunIndex
from rsdash.runs.lock import Lock
from rsdash.runs.parts import Parts
from rsdash.runs.records import DataReference, RunRequest
from rsdash.runs.states import RunState

SPARE_BYTES = 1_000_000_000
"""Room that a run may need for weights and checkpoints; AlexNet's with Adam take 0.9 GB."""
KEPT_BYTES = 250_000_000
"""Room that each further run may keep once it has ended: AlexNet's weights."""
GRID_TAG = "grid-"
NAMED_SETTINGS = ("model", "data", "seed")
"""Settings that the name of a run tells anyway."""


@dataclass(frozen=True)
class Order:
    """A run that is asked for.

    Attributes:
        config: settings; `data` may be a name or a path.
        name: what to call the run; made from model, data and seed if not given.
        label: put behind a name that is made, to tell the runs of a grid apart.
        tags: words that it can be found by.
    """

    config: RunConfig
    name: str | None = None
    label: str = ""
    tags: tuple[str, ...] = ()


def submit(
    config: RunConfig, *, runs_dir: Path, name: str | None = None, taken_names: Collection[str] = ()
) -> RunFolder:
    """Check the settings against model, data and machine, and queue a run.

    Args:
        config: settings; `data` may be a name or a path.
        runs_dir: folder of run folders.
        name: what to call the run; made from model, data and seed if not given.
        taken_names: names that a made name must differ from.

    Raises:
        RsdashError: one sentence says what does not fit; nothing was written.
    """
    [folder] = submit_all([Order(config, name)], runs_dir=runs_dir, taken_names=taken_names)
    return folder


def submit_all(
    orders: Sequence[Order], *, runs_dir: Path, taken_names: Collection[str] = ()
) -> list[RunFolder]:
    """Check all runs, then queue them in their order.

    Args:
        orders: the runs.
        runs_dir: folder of run folders.
        taken_names: names that made names must differ from.

    Raises:
        RsdashError: one sentence says what does not fit; nothing is queued but what a worker has begun.
    """
    checker = _Checker(runs_dir)
    checked = [checker.check(order.config) for order in orders]
    further = len(orders) - 1
    purpose = f"A queue of {len(orders)} runs" if further else "A run"
    require_space(runs_dir, SPARE_BYTES + further * KEPT_BYTES, purpose)
    taken, folders = set(taken_names), []
    for order, one in zip(orders, checked, strict=True):
        name = order.name or make_name(one.config, taken, label=order.label)
        taken.add(name)
        request = RunRequest(
            id=new_run_id(one.config.model),
            created_at=time.time(),
            config=one.config,
            data=describe_data(one.dataset, one.split),
        )
        write_split = _parts(one.dataset, one.split).write
        try:
            folders.append(create_run(runs_dir, request, name=name, write_split=write_split, tags=order.tags))
        except StorageError:
            _withdraw(folders)
            raise
    return folders


def _withdraw(folders: Sequence[RunFolder]) -> None:
    """Remove runs that were just queued, but for those that a worker has taken up meanwhile."""
    for folder in folders:
        if lock := Lock.take(folder.lock_path):
            with lock:
                if folder.state().state is RunState.QUEUED:
                    remove_run(folder)


def submit_grid(
    cells: Sequence[Cell], *, runs_dir: Path, name: str | None = None, taken_names: Collection[str] = ()
) -> list[RunFolder]:
    """Queue the runs of a grid; they share a tag `grid-...`.

    Args:
        cells: from `make_grid`.
        runs_dir: folder of run folders.
        name: begins the name of each run; made from model, data and seed if not given.
        taken_names: names that the runs' names must differ from.

    Raises:
        RsdashError: one sentence says what does not fit; nothing was written.
    """
    tag, taken, orders = f"{GRID_TAG}{secrets.token_hex(3)}", set(taken_names), []
    for cell in cells:
        told = {setting: text for setting, text in cell.varied.items() if setting not in NAMED_SETTINGS}
        given = None
        if name:
            given = _numbered("-".join([name, *_words(cell.varied)]), taken)
            taken.add(given)
        orders.append(Order(cell.config, given, "-".join(_words(told)), (tag,)))
    return submit_all(orders, runs_dir=runs_dir, taken_names=taken)


def check_split(config: RunConfig, split: Split) -> None:
    """Make sure that a split holds what the settings need.

    Raises:
        ConfigError: the batch is larger than the training split, or images to measure on are missing.
    """
    if config.batch_size > len(split.train):
        raise ConfigError(
            f"batch_size={config.batch_size} is larger than the training split of {len(split.train)} images; "
            f"set batch_size to {len(split.train)} or less."
        )
    if not len(split.validation) and not len(split.test):
        raise ConfigError(f"The split {split.name} holds no validation or test images.")
    if config.report == "best" and not len(split.validation):
        raise ConfigError(f"report=best needs validation images; the split {split.name} has none.")
    if config.patience and not len(split.validation):
        raise ConfigError(
            f"patience={config.patience} needs validation images; the split {split.name} has none."
        )


def make_name(config: RunConfig, taken: Collection[str], *, label: str = "") -> str:
    """A short name such as `resnet18-eurosat-seed0`, numbered where it is taken.

    Args:
        config: settings of the run.
        taken: names that it must differ from.
        label: put behind it.
    """
    base = f"{config.model.replace('/', '-')}-{config.data}-seed{config.seed}"
    return _numbered(f"{base}-{label}" if label else base, taken)


def describe_data(dataset: Dataset, split: Split) -> DataReference:
    """What config.json says of the images."""
    return DataReference(
        name=dataset.name,
        fingerprint=dataset.manifest.fingerprint,
        classes=tuple(dataset.manifest.classes),
        split=split.name,
        counts={"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        test_role=split.test_role,
        checked=split.checked,
        synthetic=dataset.info.synthetic,
        radiometry=dataset.info.radiometry,
        tile_m=tile_side_m(dataset),
    )


@dataclass(frozen=True)
class _Checked:
    config: RunConfig
    dataset: Dataset
    split: Split


class _Checker:
    """Checks runs one after the other; a data set is opened and a split made once for all of them."""

    def __init__(self, runs_dir: Path) -> None:
        self._index = RunIndex(runs_dir, examples_dir())
        self._datasets: dict[str, Dataset] = {}
        self._splits: dict[str, Split] = {}

    def check(self, config: RunConfig) -> _Checked:
        config = with_run_id(config, self._index.refresh)
        check_model(config)
        if not slots_for(config.device, find_slots()):
            raise ConfigError(f"device={config.device} is not on this machine; use auto or cpu.")
        if config.data not in self._datasets:
            self._datasets[config.data] = open_dataset(config.data)
        dataset = self._datasets[config.data]
        config = config.model_copy(update={"data": dataset.name})
        key = config.model_dump_json(include=set(DataSettings.model_fields))
        if key not in self._splits:
            self._splits[key] = split_for(dataset, config)
        check_split(config, self._splits[key])
        return _Checked(config, dataset, self._splits[key])


def _numbered(base: str, taken: Collection[str]) -> str:
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _words(varied: Mapping[str, str]) -> list[str]:
    """`learning_rate=0.001`, as a name can hold it."""
    return [f"{setting}={text.replace(' ', '').replace('/', '-')}" for setting, text in varied.items()]


def _parts(dataset: Dataset, split: Split) -> Parts:
    names = np.array(dataset.manifest.names)
    rows = {"train": split.train, "validation": split.validation, "test": split.test}
    listed = {part: tuple(names[index].tolist()) for part, index in rows.items()}
    return Parts(rows, listed, split.test_groups)
