"""Further evaluations of a run: those there are, and a form that asks for one on other images."""

from __future__ import annotations

import streamlit as st

from rsdash.data import list_datasets
from rsdash.data.splitting import split_names_of
from rsdash.evaluation.wording import figure_text
from rsdash.inference.results import EvaluationResult
from rsdash.runs.further import FurtherEvaluation, list_further
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.fold import fold
from rsdash.ui.long_action import in_percent, long_action
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import plain

ALL = "All images"
TOLD = "evaluate-told"


def evaluate_form(entry: RunEntry) -> None:
    """A folded part of the Run page; nothing where the run has no weights."""
    if entry.state.state in EVALUATED and not entry.example and entry.folder.weights_path.exists():
        fold("Evaluate on other images", "open-evaluate", lambda: _content(entry))


def _content(entry: RunEntry) -> None:
    table = st.container()
    names = [info.name for info in list_datasets()]
    if names:
        _form(entry, names)
    else:
        st.info("No data set yet. Add one on the Data page.")
    with table:
        _stored(entry)


def _form(entry: RunEntry, names: list[str]) -> None:
    if told := st.session_state.pop(TOLD, ""):
        st.toast(plain(told))
    own = entry.request.data.name
    left, right = st.columns(2)
    data = left.selectbox(
        "Data set", names, index=names.index(own) if own in names else 0, key=f"evaluate-data-{entry.id}"
    )
    choices = [ALL, *split_names_of(data)]
    split = right.selectbox(
        "Images",
        choices,
        key=f"evaluate-split-{entry.id}-{data}",
        help="Of a split, its test and validation images. Images that this run trained on are left out.",
    )
    chosen = "" if split == ALL else split
    found = long_action(
        f"evaluate {entry.id}",
        label="Evaluate",
        title=f"Evaluating {entry.name} on {data}",
        action=lambda report: _evaluate(entry, data, chosen, report),
        words=_words,
    )
    if found is not None:
        st.session_state[TOLD] = f"{entry.name} on {found.data}: accuracy {found.accuracy:.4f}"
        st.rerun()  # the form again, in place of the progress


def _evaluate(entry: RunEntry, data: str, split: str, report: Report) -> EvaluationResult:
    from rsdash.inference.client import evaluate  # brings httpx, which a page should not wait for

    report(0, 0)
    return evaluate(entry.folder.path, data, split, report)


def _words(progress: Progress) -> str:
    if not progress.total:
        return "The inference service makes the model ready; it takes some seconds to start"
    return in_percent(progress)


def _stored(entry: RunEntry) -> None:
    found, problems = list_further(entry.folder)
    for problem in problems:
        st.warning(plain(problem))
    if not found:
        st.caption(
            "Measures the weights of this run on another data set or split, and stores the answers with it."
        )
        return
    st.dataframe(
        [_row(one) for one in found],
        key=f"further-{entry.id}",
        hide_index=True,
        alt="Further evaluations of this run: data set, images, accuracy, loss and role",
        column_config={"Loss": st.column_config.NumberColumn(format="%.4f")},
    )
    for one in found:
        for note in one.subject.notes:
            st.caption(plain(f"{_subject(one)}: {note}"))


def _row(one: FurtherEvaluation) -> dict[str, object]:
    figures = one.figures
    return {
        "Data set": one.subject.data,
        "Images of": one.subject.split or ALL,
        "Accuracy": figure_text(figures.accuracy, figures.accuracy_half_width),
        "Loss": figures.loss,
        "Images": figures.images,
        "Role": figures.role,
    }


def _subject(one: FurtherEvaluation) -> str:
    return f"{one.subject.data}, {one.subject.split or ALL.lower()}"
