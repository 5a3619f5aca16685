"""Runs side by side: figures with intervals, curves, gradients by layer, settings that differ."""

import streamlit as st

from rsdash.charts import curve_from, overlay, study_panels
from rsdash.runs.contender import contender_for
from rsdash.runs.index import RunEntry
from rsdash.ui.comparison import differences, pick_runs, table_2, verdict
from rsdash.ui.gradient_comparison import gradient_comparison
from rsdash.ui.server import server

st.title("Compare")
entries = pick_runs(server().listing().entries)
if not entries:
    st.info("Choose one or more runs above. Runs appear here as soon as they have started.")
    st.stop()

contenders = [contender_for(entry) for entry in entries]
verdict(contenders)
table_2(contenders)


def curves_of(runs: list[RunEntry]) -> None:
    curves = [
        curve_from(entry.name, server().history(entry.folder), measured_on=entry.watched_role)
        for entry in runs
    ]
    curves = [curve for curve in curves if len(curve.epoch)]
    if not curves:
        st.caption("None of these runs has completed an epoch yet.")
        return
    names = ", ".join(curve.name for curve in curves)
    st.plotly_chart(
        study_panels(curves[:4]), key="panels", alt=f"Accuracy and loss over epochs, a panel each: {names}"
    )
    if len(curves) > 4:
        st.caption("Panels show the first four runs; the charts below show all.")
    left, right = st.columns(2)
    for column, quantity in ((left, "accuracy"), (right, "loss")):
        figure = overlay(curves, quantity, title=f"{quantity.capitalize()} of all runs in one chart")
        column.plotly_chart(figure, key=quantity, alt=f"{quantity} over epochs of {names}")


st.subheader("Learning curves")
curves_of(entries)
st.subheader("Gradients")
gradient_comparison(entries)
st.subheader("Settings that differ")
differences(entries)
