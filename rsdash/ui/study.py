"""Repeat the study with two clicks: what it will take on this machine is known before the second."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import list_datasets, open_dataset
from rsdash.errors import RsdashError
from rsdash.inference.results import Profile
from rsdash.jobs.submit import submit
from rsdash.ui.links import page
from rsdash.ui.server import server
from rsdash.ui.tasks import Report
from rsdash.ui.words import duration, plain

MODELS = ("alexnet", "resnet18")
SHORT_S = 180.0
SHORT_PX = 64
SHORT_LIMITS = (200, 150, 100, 80, 60, 50, 40, 30, 20)
TICK_S = 1.0
STARTUP_S = 8.0
"""A worker's imports, cache and final figures, per run."""


def repeat_the_study() -> None:
    """Choose data, see the time both forms take, start one."""
    names = [info.name for info in list_datasets()]
    choices = sorted({"sample", *names}, key=lambda name: (name != "eurosat", name))
    data = st.selectbox("Data set", choices, key="study-data", help="The study does not state its own.")
    _offer(data)


@st.fragment(run_every=TICK_S)
def _offer(data: str) -> None:
    key = f"study {data}"
    task = server().tasks.get(key)
    if task is None:
        st.caption(
            "AlexNet and ResNet18 with the study's Table 1. First measure what that takes on this machine; "
            "it takes about half a minute."
        )
        if st.button("Measure the time", key="study-measure"):
            server().tasks.start(key, "Measuring the study", lambda report: _plan(data, report))
            st.rerun(scope="fragment")
        return
    if not task.finished:
        st.progress(task.share, text="Measuring both models on this machine …")
        return
    if task.error:
        st.error(plain(task.error))
        if st.button("Try again", key="study-retry"):
            server().tasks.forget(key)
            st.rerun(scope="fragment")
        return
    for title, configs, seconds in task.result:
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"**{title}** · {_describe(configs)} · about **{duration(seconds)}** in all")
        if right.button("Start", key=f"study-start-{configs[0].im_size}"):
            _start(configs)


def _describe(configs: Sequence[RunConfig]) -> str:
    first = configs[0]
    limit = f"{first.limit_per_class} images a class" if first.limit_per_class else "all images"
    return f"{first.im_size} px, {first.epochs} epochs, {limit}"


def _start(configs: Sequence[RunConfig]) -> None:
    try:
        taken = {entry.name for entry in server().listing().entries}
        folders = [submit(config, runs_dir=server().runs_dir, taken_names=taken) for config in configs]
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    server().refresh()
    st.switch_page(page("run"), query_params={"run": folders[0].id})


def _plan(data: str, report: Report) -> list[tuple[str, list[RunConfig], float]]:
    """Both forms of the study with their times: title, settings, seconds."""
    from rsdash.inference.client import profile  # brings httpx, which a page should not wait for

    dataset = open_dataset(data)
    counts, classes = dataset.info.counts, len(dataset.info.classes)
    report(1, 6)
    exact = [RunConfig(model=model, data=data) for model in MODELS]
    short = [config.model_copy(update={"im_size": SHORT_PX}) for config in exact]
    profiles: list[Profile] = []
    for position, config in enumerate((*short, *exact)):
        profiles.append(profile(config, classes, dataset.info.radiometry))
        report(2 + position, 6)
    limit = next(
        (n for n in SHORT_LIMITS if _seconds(short, profiles[:2], counts, n) <= SHORT_S), SHORT_LIMITS[-1]
    )
    short = [config.model_copy(update={"limit_per_class": limit}) for config in short]
    return [
        ("Short version", short, _seconds(short, profiles[:2], counts, limit)),
        ("Exactly Table 1", exact, _seconds(exact, profiles[2:], counts, None)),
    ]


def _seconds(
    configs: Sequence[RunConfig], profiles: Sequence[Profile], counts: dict[str, int], limit: int | None
) -> float:
    """Time of training and validating all of these runs, one after the other."""
    images = sum(min(count, limit) if limit else count for count in counts.values())
    total = 0.0
    for config, cost in zip(configs, profiles, strict=True):
        held_out = images * config.test_share
        steps = (images - held_out) / config.batch_size
        epoch_s = steps * cost.seconds_per_step + held_out * cost.seconds_per_image_forward
        total += config.epochs * epoch_s + STARTUP_S
    return total
