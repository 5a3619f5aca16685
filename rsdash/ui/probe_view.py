"""The probe tiles of a run: pictures with the latest answers, and how these came about."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rsdash.charts import probe_lines, probe_map
from rsdash.data import Dataset, list_datasets
from rsdash.errors import RsdashError
from rsdash.runs.history import History
from rsdash.runs.index import RunEntry
from rsdash.runs.watched import ProbeHistory
from rsdash.ui.pictures import jpeg_address, version_of
from rsdash.ui.run_curves import part_revision, shared_chart
from rsdash.ui.server import server

TILE_PX = 64
ROW_PX = 44
RIGHT, WRONG = "✓", "✗"
TILE_KEY = "probe-tile"


def probe_view(entry: RunEntry, history: History) -> None:
    """Tiles with answers beside their course over the epochs; below, all likely classes of one tile."""
    probes, classes = history.probes, entry.request.data.classes
    if not probes.answers:
        st.caption("No epoch has been measured yet, or this run is from before probe tiles were followed.")
        return
    revision = part_revision(history, probes.step)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _table(entry, probes, classes)
    with right:
        shared_chart(
            entry,
            "probe map",
            revision,
            lambda: probe_map(probes, classes, revision=entry.id),
            key="probes",
            alt=f"Probability of the true class of {len(probes.names)} tiles over the epochs",
        )
        numbers = list(range(len(probes.names)))
        tile = st.selectbox(
            "Follow a tile",
            numbers,
            key=TILE_KEY,
            format_func=lambda place: f"{place + 1}  {classes[probes.labels[place]]}, {probes.names[place]}",
        )
        shared_chart(
            entry,
            f"probe lines {tile}",
            revision,
            lambda: probe_lines(probes, tile, classes, revision=f"{entry.id} {tile}"),
            key="probe-lines",
            alt=f"Probabilities of the likeliest classes of {probes.names[tile]} over the epochs",
        )


def _table(entry: RunEntry, probes: ProbeHistory, classes: tuple[str, ...]) -> None:
    pictures = _pictures(entry, probes)
    rows: list[dict[str, Any]] = []
    for number, (label, answer) in enumerate(zip(probes.labels, probes.answers[-1], strict=True)):
        likeliest, share = answer[0]
        rows.append(
            {
                "#": number + 1,
                "Tile": pictures[number],
                "True class": classes[label],
                "Answer": f"{RIGHT if likeliest == label else WRONG} {classes[likeliest]}",
                "Probability": round(share, 2),
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        row_height=ROW_PX,
        height=ROW_PX * len(rows) + 40,
        column_config={
            "#": st.column_config.NumberColumn(width=30),
            "Tile": st.column_config.ImageColumn(width=70),
            "Answer": st.column_config.TextColumn(help=f"{RIGHT} right, {WRONG} wrong"),
            "Probability": st.column_config.ProgressColumn(
                min_value=0, max_value=1, format="percent", width=110
            ),
        },
        alt=f"Latest answers for {len(rows)} tiles",
    )
    if not any(pictures):
        st.caption("The pictures are not here: nor is the data set, or its files have changed.")


def _pictures(entry: RunEntry, probes: ProbeHistory) -> list[str | None]:
    """Each tile as a data address, None where it cannot be read now."""
    data = entry.request.data
    info = next((info for info in list_datasets() if info.name == data.name), None)
    if info is None or info.fingerprint != data.fingerprint:
        return [None] * len(probes.names)
    try:
        dataset = server().dataset(info)
    except RsdashError:
        return [None] * len(probes.names)
    return [_picture(dataset, row, name) for row, name in zip(probes.rows, probes.names, strict=True)]


def _picture(dataset: Dataset, row: int, name: str) -> str | None:
    if row >= len(dataset.manifest) or dataset.manifest.names[row] != name:
        return None
    try:
        return _read(dataset.name, version_of(dataset), row, dataset)
    except RsdashError:
        return None  # the file is gone or has changed since; training would refuse it by name


@st.cache_data(max_entries=500, show_spinner=False)
def _read(name: str, version: str, row: int, _dataset: Dataset) -> str:
    """A picture, kept once it was read.

    Raises:
        RsdashError: it cannot be read, which is tried again the next time.
    """
    return jpeg_address(_dataset.read_picture(row, TILE_PX))
