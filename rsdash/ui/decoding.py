"""Having the pixel cache ready before the inference service is asked for something that needs it."""

from __future__ import annotations

from rsdash.config import RunConfig
from rsdash.data import list_datasets, missing_bytes, open_dataset, open_pixels
from rsdash.ui.server import server
from rsdash.ui.tasks import Report, Task
from rsdash.ui.words import duration, size


def decode_first(config: RunConfig, report: Report) -> None:
    """Build the pixel cache of a data set where it is missing, with progress; it can be stopped.

    Raises:
        RsdashError: the data set cannot be read, or the disk is full.
    """
    dataset = open_dataset(config.data)
    if missing_bytes(dataset.manifest, config.im_size, dataset.info.radiometry):
        open_pixels(dataset, config.im_size, report)


def decoding_words(task: Task) -> str:
    """How far it is."""
    left = "" if task.remaining_s is None else f", about {duration(task.remaining_s)} left"
    return f"Decoding all images once, as a run would: {task.done:,} of {task.total:,}{left}"


def decoding_cost(config: RunConfig) -> str:
    """What is to be done before, in words; empty where the cache is there."""
    known = next((info for info in list_datasets() if info.name == config.data), None)
    if known is None:
        return ""
    dataset = server().dataset(known)
    missing = missing_bytes(dataset.manifest, config.im_size, dataset.info.radiometry)
    return f" First all images are decoded once, as for a run ({size(missing)} on disk)." if missing else ""
