"""Having the pixel cache ready before the inference service is asked for something that needs it."""

from __future__ import annotations

from rsdash.config import RunConfig
from rsdash.data import list_datasets, missing_bytes, open_dataset, open_pixels
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import left, size


def decode_first(config: RunConfig, report: Report) -> None:
    """Build the pixel cache of a data set where it is missing, with progress; it can be stopped.

    Raises:
        RsdashError: the data set cannot be read, or the disk is full.
    """
    dataset = open_dataset(config.data)
    if missing_bytes(dataset.manifest, config.im_size, dataset.info.radiometry):
        open_pixels(dataset, config.im_size, report)


def decoding_words(progress: Progress) -> str:
    """How far it is."""
    so_far = f"{progress.done:,} of {progress.total:,}{left(progress.remaining_s)}"
    return f"Decoding all images once, as a run would: {so_far}"


def decoding_cost(config: RunConfig) -> str:
    """What is to be done before, in words; empty where the cache is there."""
    known = next((info for info in list_datasets() if info.name == config.data), None)
    if known is None:
        return ""
    dataset = server().dataset(known)
    missing = missing_bytes(dataset.manifest, config.im_size, dataset.info.radiometry)
    return f" First all images are decoded once, as for a run ({size(missing)} on disk)." if missing else ""
