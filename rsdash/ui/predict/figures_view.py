"""How well a model does on images whose folders name their class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rsdash.inference.found import REFUSED, Found
from rsdash.ui.predict.job import Job
from rsdash.ui.words import plain

WIDTHS = (2, 1, 1, 1)
"""Of the figures; the first one has its interval beside it."""


def figures_view(job: Job) -> None:
    """Accuracy, kappa, F1 and the confusion matrix of the first model."""
    from rsdash.charts.comparing import matrix_map  # with scipy behind it, which a page should not wait for
    from rsdash.charts.style import MOST_IN_A_MATRIX
    from rsdash.evaluation import matrix
    from rsdash.evaluation.figures import confusion_of
    from rsdash.evaluation.intervals import wilson_interval
    from rsdash.evaluation.wording import figure_text
    from rsdash.report.limits import MATRIX_LIMIT

    entry = job.entries[0]
    found: Found = job.found[entry.id]
    answers, labels = found.answers, job.labels
    counted = (labels != REFUSED) & (answers != REFUSED)
    if not counted.any():
        return
    confusion = confusion_of(labels[counted].astype(int), answers[counted].astype(int), len(found.classes))
    total = int(confusion.sum())
    half = wilson_interval(int(np.trace(confusion)), total).half_width
    several = f": {plain(entry.name)}" if len(job.entries) > 1 else ""
    st.subheader(f"Against the folders{several}")
    cells = st.columns(WIDTHS)
    cells[0].metric("Overall accuracy", figure_text(float(matrix.accuracy(confusion)), half))
    cells[1].metric("Macro F1", f"{float(matrix.macro_f1(confusion)):.3f}")
    cells[2].metric("Kappa", f"{float(matrix.kappa(confusion)):.3f}")
    cells[3].metric("Images", f"{total:,}")
    st.caption(
        "±: half of Wilson's 95 % interval, for images that do not depend on each other. Whether the model "
        "trained on some of them is not checked here; Evaluate on the Run page leaves those out."
    )
    if len(found.classes) > MOST_IN_A_MATRIX:
        st.caption(MATRIX_LIMIT)
        return
    figure = matrix_map(confusion, found.classes, title="Folders (rows) and answers")
    st.plotly_chart(figure, key="folder-matrix", alt="Confusion of folders and answers")
