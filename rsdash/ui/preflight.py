"""What a run will take, measured before it starts: time an epoch, memory, disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import psutil
import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import DatasetInfo, list_datasets, missing_bytes, open_dataset
from rsdash.data.disk import free_bytes, needed_to_write
from rsdash.data.splitting import split_for
from rsdash.inference import profiles
from rsdash.inference.profiles import training_seconds
from rsdash.jobs.devices import CPU_SLOT, find_slots, slots_for
from rsdash.jobs.submit import SPARE_BYTES, check_split
from rsdash.models.catalogue import check_model
from rsdash.ui.long_action import tell_error, watch
from rsdash.ui.server import server
from rsdash.ui.tasks import Report
from rsdash.ui.words import duration, plain, size

OFFER = "Check time, memory and disk"
BYTES_PER_PARAMETER_ON_DISK = 16
"""Weights, averaged or best weights and two moments of the optimizer, in fp32."""


@dataclass(frozen=True)
class _Checked:
    """What a check found, and the version of the data set that it is true of."""

    text: str
    version: str


def preflight(config: RunConfig | None) -> None:
    """Offer the check, show its progress, then its result, and offer it again.

    Args:
        config: settings of the run; None where they do not fit yet.
    """
    if config is None:
        st.button(OFFER, key="preflight", disabled=True)
        return
    key = "preflight " + hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]
    task = server().tasks.get(key)
    if task and not task.finished:
        watch(key, lambda _: "Measuring a few training steps on this machine …")
        return
    if task and not task.error and _scanned_again_since(config, task.result):
        task = None
    if task and task.error:
        tell_error(task)
    elif task:
        st.markdown(task.result.text)
    if st.button("Check again" if task else OFFER, key="preflight"):
        server().tasks.start(key, "Checking", lambda report: _check(config, report))
        st.rerun()


def _scanned_again_since(config: RunConfig, checked: _Checked) -> bool:
    """Whether the data set has other files now; one that the check itself brought has not."""
    return any(info.name == config.data and _version(info) != checked.version for info in list_datasets())


def _version(info: DatasetInfo) -> str:
    return f"{info.fingerprint} {info.radiometry.digest}"


def _check(config: RunConfig, report: Report) -> _Checked:
    from rsdash.inference.client import profile  # brings httpx, which a page should not wait for

    check_model(config)
    dataset = open_dataset(config.data)
    split = split_for(dataset, config)
    check_split(config, split)
    report(1, 3)
    classes, radiometry = len(dataset.info.classes), dataset.info.radiometry
    cost = profiles.measured(config, classes, radiometry, measure=profile, again=True)
    report(2, 3)
    measured = len(split.validation) or len(split.test)
    total_s = training_seconds(config, cost, train=len(split.train), measured=measured)
    disk = missing_bytes(dataset.manifest, config.im_size, dataset.info.radiometry)
    disk += cost.parameters * BYTES_PER_PARAMETER_ON_DISK
    by_folders = not config.split and dataset.manifest.has_given_split
    parted = ", by the data set's own folders; the shares are not used" if by_folders else ""
    lines = [
        f"**{duration(total_s / config.epochs)} an epoch, {duration(total_s)} in all**, "
        f"measured on {plain(cost.device)}",
        f"{len(split.train):,} images to train on, {measured:,} measured after each epoch{parted}",
        f"{cost.parameters / 1e6:.1f} M parameters, {cost.flops / 1e9:.2f} GFLOPs an image",
        _memory_line(cost.memory_bytes, config.device),
        _disk_line(disk),
    ]
    return _Checked("\n".join(f"- {line}" for line in lines), _version(dataset.info))


def _disk_line(needed: int) -> str:
    """What a run takes of the disk of the runs, and whether it may start there.

    Args:
        needed: estimate in bytes.
    """
    free, least = free_bytes(server().runs_dir), needed_to_write(max(needed, SPARE_BYTES))
    verdict = f" — **too little; a run starts with {size(least)} free**" if free < least else ""
    return f"about {size(needed)} disk ({size(free)} free){verdict}"


def _memory_line(needed: int, device: str) -> str:
    """What a run takes of the memory it trains in: the machine's, or that of the smallest GPU it may get.

    Args:
        needed: estimate in bytes.
        device: the setting.
    """
    gpus = [slot for slot in slots_for(device, find_slots()) if slot.id != CPU_SLOT]
    if gpus:
        gpu = min(gpus, key=lambda slot: slot.memory_bytes)
        whose, there = "the GPU's", gpu.memory_bytes
        told = f"{plain(gpu.name)} has {size(there)}"
    else:
        whose, there = "the machine's", psutil.virtual_memory().available
        told = f"{size(there)} free"
    verdict = " — **too little; lower batch size**" if needed > there else ""
    return f"about {size(needed)} of {whose} memory, which is an estimate ({told}){verdict}"
