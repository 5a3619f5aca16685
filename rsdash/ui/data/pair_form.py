"""Random against spatial: one recipe under two splits, and how far the accuracy drops."""

from __future__ import annotations

import streamlit as st

from rsdash.config import PRESETS, make_config
from rsdash.data import Dataset, Split
from rsdash.errors import RsdashError
from rsdash.jobs.pairs import SplitPair, split_pairs, submit_pair
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.links import page
from rsdash.ui.model_names import model_names
from rsdash.ui.server import server
from rsdash.ui.words import plain, state_text


def pair_form(dataset: Dataset, splits: list[Split]) -> None:
    """Choose two splits and a recipe; below, what the pairs so far have shown."""
    names = [split.name for split in splits]
    apart = next((split.name for split in splits if split.kept_together), names[-1])
    random = next((name for name in names if name != apart), names[0])
    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    one = first.selectbox("One split", names, index=names.index(random), key="pair-first")
    other = second.selectbox("Another split", names, index=names.index(apart), key="pair-second")
    models = model_names()
    model = third.selectbox("Model", models, index=models.index("resnet18"), key="pair-model")
    recipe = fourth.selectbox("Recipe", list(PRESETS), index=list(PRESETS).index("quick"), key="pair-recipe")
    if st.button("Queue both", key="queue-pair"):
        try:
            config = make_config({"model": model, "data": dataset.name}, preset=recipe)
            taken = {entry.name for entry in server().listing().entries}
            submit_pair(config, (one, other), runs_dir=server().runs_dir, taken_names=taken)
            server().refresh()
            st.rerun()
        except RsdashError as error:
            st.error(plain(str(error)))
    for pair in split_pairs(server().listing().entries, dataset.name):
        _result(pair)


def _result(pair: SplitPair) -> None:
    config = pair.first.request.config
    ended = all(entry.state.state in EVALUATED for entry in (pair.first, pair.second))
    figures = " against ".join(_figure(entry) for entry in (pair.first, pair.second))
    line = f"**{plain(config.model)}**, {config.preset}: {figures}"
    if ended and pair.drop is not None:
        direction = "lower" if pair.drop > 0 else "higher"
        line += f" — **{abs(100 * pair.drop):.1f} points {direction}** on the second split"
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.markdown(line)
    right.page_link(page("compare"), label="Compare", query_params={"runs": [pair.first.id, pair.second.id]})
    if ended:
        left.caption(
            "Two trained models on different test images: the difference says how the splits differ."
        )


def _figure(entry: RunEntry) -> str:
    split = plain(entry.request.data.split)
    summary = entry.state.summary
    if entry.state.state in EVALUATED and summary.accuracy is not None:
        return f"{summary.accuracy:.3f} on {split} (n = {summary.images:,})"
    return f"{state_text(entry)} on {split}"
