"""Gradients of several runs side by side: do they reach the first layers in one and not in another?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rsdash.charts import NamedLayers, gradient_maps
from rsdash.evaluation.gradients import compared_flows, flow_in_words, flow_of
from rsdash.evaluation.names import names_apart
from rsdash.runs.index import RunEntry
from rsdash.ui.server import server
from rsdash.ui.words import plain

MOST_MAPS = 4


def gradient_view(entries: Sequence[RunEntry]) -> None:
    """What the first and last layers' norms say of each run, and the maps behind that."""
    names = names_apart(entries)
    runs = [NamedLayers(names[entry.id], server().history(entry.folder).layers) for entry in entries]
    runs = [run for run in runs if len(run.layers.step)]
    if not runs:
        st.caption("None of these runs has measured gradients; runs from now on do.")
        return
    flows = [(run.name, flow) for run in runs if (flow := flow_of(run.layers.norms))]
    for name, flow in flows:
        st.markdown(f"**{plain(name)}**: the first layer's gradient is {plain(flow_in_words(flow))}.")
    if len(flows) == 2:
        (first, flow), (second, other) = flows
        st.markdown(plain(compared_flows((first, second), (flow, other))))
    shown = runs[:MOST_MAPS]
    listed = ", ".join(run.name for run in shown)
    st.plotly_chart(
        gradient_maps(shown),
        key="gradient-maps",
        alt=f"Gradient norm of each layer over epochs, a map a run in the same colours: {listed}",
    )
    if len(runs) > len(shown):
        st.caption(f"Maps show the first {MOST_MAPS} runs.")
