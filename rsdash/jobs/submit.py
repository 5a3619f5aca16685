"""From settings to a run in the queue: everything that can be refused is refused here."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

import numpy as np

from rsdash.config import RunConfig
from rsdash.data import Dataset, Split, open_dataset
from rsdash.data.disk import require_space
from rsdash.data.splitting import split_for
from rsdash.errors import ConfigError
from rsdash.jobs.devices import find_slots, slots_for
from rsdash.models.catalogue import check_model
from rsdash.runs.folder import RunFolder, create_run, new_run_id
from rsdash.runs.parts import Parts
from rsdash.runs.records import DataReference, RunRequest

SPARE_BYTES = 1_000_000_000
"""Room that a run may need for weights and checkpoints; AlexNet's with Adam take 0.9 GB."""


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
    check_model(config)
    if not slots_for(config.device, find_slots()):
        raise ConfigError(f"device={config.device} is not on this machine; use auto or cpu.")
    dataset = open_dataset(config.data)
    config = config.model_copy(update={"data": dataset.name})
    split = split_for(dataset, config)
    check_split(config, split)
    require_space(runs_dir, SPARE_BYTES, "A run")
    request = RunRequest(
        id=new_run_id(config.model), created_at=time.time(), config=config, data=describe_data(dataset, split)
    )
    parts = _parts(dataset, split)
    return create_run(runs_dir, request, name=name or make_name(config, taken_names), write_split=parts.write)


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


def make_name(config: RunConfig, taken: Collection[str]) -> str:
    """A short name such as `resnet18-eurosat-seed0`, numbered where it is taken."""
    base = f"{config.model.replace('/', '-')}-{config.data}-seed{config.seed}"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, *numbered) if name not in taken)


def describe_data(dataset: Dataset, split: Split) -> DataReference:
    """What config.json says of the images."""
    return DataReference(
        name=dataset.name,
        fingerprint=dataset.manifest.fingerprint,
        classes=tuple(dataset.manifest.classes),
        split=split.name,
        counts={"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        test_role=split.test_role,
        synthetic=dataset.info.synthetic,
        radiometry=dataset.info.radiometry,
    )


def _parts(dataset: Dataset, split: Split) -> Parts:
    names = np.array(dataset.manifest.names)
    rows = {"train": split.train, "validation": split.validation, "test": split.test}
    return Parts(rows, {part: tuple(names[index].tolist()) for part, index in rows.items()})
