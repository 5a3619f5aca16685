"""How far the chosen runs' confidence can be believed, before and after temperature scaling."""

from __future__ import annotations

import streamlit as st

from rsdash.charts import ReliabilityLine, reliability_diagram
from rsdash.evaluation.calibration import Calibration, Reliability, calibrate
from rsdash.evaluation.comparison import evaluated
from rsdash.evaluation.names import names_apart
from rsdash.report.facts import Compared
from rsdash.report.limits import MOST_FITTED, left_out
from rsdash.runs.contender import whole_evaluation


def calibration_view(compared: Compared) -> None:
    """Reliability diagrams and a table of errors of confidence."""
    entries, contenders = compared.entries, compared.contenders
    by_id = {entry.id: entry for entry in entries}
    measured = evaluated(contenders)[:MOST_FITTED]
    found = [(one, calibrate(whole_evaluation(by_id[one.id], compared.measured_on))) for one in measured]
    if not found:
        st.caption("None of these runs has been evaluated yet.")
        return
    names = names_apart(contenders)
    listed = ", ".join(names[one.id] for one, _ in found)
    columns = st.columns(2)
    for column, title, which in (
        (columns[0], "Confidence as it comes", 1),
        (columns[1], "After temperature scaling", 2),
    ):
        lines = [_line(names[one.id], parts[which]) for one, parts in found]  # pyright: ignore[reportArgumentType]  # 1 and 2 are the diagrams
        column.plotly_chart(
            reliability_diagram(lines, title=f"{title}: share right over stated confidence"),
            key=f"reliability-{which}",
            alt=f"{title}: share of right answers over stated confidence of {listed}",
        )
    st.dataframe(
        [_row(names[one.id], parts[0]) for one, parts in found],
        hide_index=True,
        alt="Errors of confidence of each run",
    )
    st.caption(
        "Calibration error (ECE): mean distance of confidence and share right over 15 bins; beside it what "
        "chance alone gives a perfectly calibrated model on so many images. Log loss and Brier score also "
        "reward being right. A temperature above 1 says that the model is too sure of itself."
    )
    if said := left_out(len(found), len(evaluated(contenders))):
        st.caption(said)


def _line(name: str, reliability: Reliability) -> ReliabilityLine:
    return ReliabilityLine(name, reliability.confidence, reliability.accuracy, reliability.count)


def _row(name: str, one: Calibration) -> dict[str, str]:
    return {
        "Run": name,
        "Temperature": f"{one.temperature:.2f}, {one.how}",
        "ECE": f"{one.ece_before:.3f} → {one.ece_after:.3f}",
        "ECE by chance": f"{one.ece_if_calibrated_before:.3f} → {one.ece_if_calibrated_after:.3f}",
        "Log loss": f"{one.log_loss_before:.3f} → {one.log_loss_after:.3f}",
        "Brier": f"{one.brier_before:.3f} → {one.brier_after:.3f}",
    }
