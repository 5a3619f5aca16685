"""Repeat the study with two clicks: what it will take on this machine is known before the second."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.config import RunConfig
from rsdash.data import Dataset, list_datasets, open_dataset
from rsdash.data.splitting import count_images
from rsdash.errors import RsdashError
from rsdash.inference.profiles import known, measured, training_seconds
from rsdash.inference.results import Profile
from rsdash.jobs.submit import Order, submit_all
from rsdash.ui.links import page
from rsdash.ui.long_action import progress_bar, tell_error
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import duration, left, plain

MODELS = ("alexnet", "resnet18")
SHORT_S = 180.0
SHORT_PX = 64
SHORT_LIMITS = (200, 150, 100, 80, 60, 50, 40, 30, 20)
STARTUP_S = 8.0
"""A worker's imports, cache and final figures, per run."""

Plan = list[tuple[str, list[RunConfig], float]]
"""Title, settings of the runs, and seconds in all, of each form of the study."""
_KEY = "study "


def repeat_the_study() -> None:
    """Choose data, see the time both forms take, start one."""
    names = {"sample", *(info.name for info in list_datasets())}
    data = "sample"
    if len(names) > 1:
        choices = sorted(names, key=lambda name: (name != "eurosat", name))
        data = st.selectbox("Data set", choices, key="study-data", help="The study does not state its own.")
    else:
        st.caption("On the built-in drawn sample; bring images of your own on the Data page.")
    _offer(data)


def study_under_way() -> bool:
    """Whether the costs of the study are being measured."""
    return server().tasks.under_way(_KEY)


def _offer(data: str) -> None:
    key = _KEY + data
    task = server().tasks.get(key)
    if task and not task.finished:
        progress_bar(key, task, _words)  # the page polls around it
        return
    if task and task.error:
        tell_error(task)
    try:
        plan = _plan(data)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    if plan:
        _show(data, plan)
        return
    st.caption(
        "AlexNet and ResNet18 with the study's Table 1. First measure what that takes on this machine; "
        "it takes about half a minute, once."
    )
    if st.button("Measure the time", key="study-measure"):
        _start_measuring(data)


def _words(progress: Progress) -> str:
    return f"{plain(progress.words or 'Measuring both models on this machine')}{left(progress.remaining_s)} …"


def _start_measuring(data: str, *, again: bool = False) -> None:
    server().tasks.start(
        _KEY + data, "Measuring the study", lambda report: _measure(data, report, again=again)
    )
    st.rerun()


def _show(data: str, plan: Plan) -> None:
    for title, configs, seconds in plan:
        words, button = st.columns([3, 1], vertical_alignment="center")
        words.markdown(f"**{title}** · {_describe(configs)} · about **{duration(seconds)}** in all")
        if button.button("Start", key=f"study-start-{configs[0].im_size}"):
            _start(configs)
    if st.button("Measure again", key="study-again", type="tertiary", help="If the machine was busy then."):
        _start_measuring(data, again=True)


def _describe(configs: Sequence[RunConfig]) -> str:
    first = configs[0]
    limit = f"{first.limit_per_class} images a class" if first.limit_per_class else "all images"
    return f"{first.im_size} px, {first.epochs} epochs, {limit}"


def _start(configs: Sequence[RunConfig]) -> None:
    try:
        taken = {entry.name for entry in server().listing().entries}
        orders = [Order(config) for config in configs]
        folders = submit_all(orders, runs_dir=server().runs_dir, taken_names=taken)
    except RsdashError as error:
        st.error(plain(str(error)))
        return
    server().refresh()
    st.switch_page(page("run"), query_params={"run": folders[0].id})


def _measure(data: str, report: Report, *, again: bool) -> None:
    """Have the costs of both forms known; what is not known yet is measured."""
    from rsdash.inference.client import profile  # brings httpx, which a page should not wait for

    dataset = open_dataset(data, lambda done, total: report(done, total, f"Making {data} ready"))
    forms = _forms(data)
    classes, radiometry = len(dataset.info.classes), dataset.info.radiometry
    for number, config in enumerate(forms):
        report(number, len(forms))
        measured(config, classes, radiometry, measure=profile, again=again)


def _plan(data: str) -> Plan | None:
    """Both forms of the study for the images there are now; None where their costs are not known here."""
    info = next((info for info in list_datasets() if info.name == data), None)
    if info is None:
        return None
    profiles = [known(config, len(info.classes), info.radiometry) for config in _forms(data)]
    found = [profile for profile in profiles if profile]
    return _plan_from(server().dataset(info), found) if len(found) == len(profiles) else None


def _forms(data: str) -> list[RunConfig]:
    """Both models at the short version's size, then at Table 1's."""
    exact = [RunConfig(model=model, data=data) for model in MODELS]
    return [*(config.model_copy(update={"im_size": SHORT_PX}) for config in exact), *exact]


def _plan_from(dataset: Dataset, profiles: Sequence[Profile]) -> Plan:
    forms = _forms(dataset.name)
    short, exact = forms[: len(MODELS)], forms[len(MODELS) :]
    seconds = 0.0
    for limit in SHORT_LIMITS:
        short = [config.model_copy(update={"limit_per_class": limit}) for config in short]
        seconds = _seconds(short, profiles[: len(short)], dataset)
        if seconds <= SHORT_S:
            break
    return [
        ("Short version", short, seconds),
        ("Exactly Table 1", exact, _seconds(exact, profiles[len(short) :], dataset)),
    ]


def _seconds(configs: Sequence[RunConfig], profiles: Sequence[Profile], dataset: Dataset) -> float:
    """Time of training and validating all of these runs, one after the other; they have the same images."""
    train, measured = count_images(dataset, configs[0])
    return sum(
        training_seconds(config, cost, train=train, measured=measured) + STARTUP_S
        for config, cost in zip(configs, profiles, strict=True)
    )
