"""The maps that were made: which one is shown, a list of them, and deletion."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.inference.scenes.kept import KeptMap, remove_map
from rsdash.ui.words import duration, plain

URL_KEY = "map"


def chosen_map(maps: Sequence[KeptMap]) -> KeptMap | None:
    """The map that the URL names."""
    asked = st.query_params.get(URL_KEY)
    if not asked:
        return None
    for kept in maps:
        if kept.record.id == asked:
            return kept
    st.warning(f"There is no map {plain(asked)}; it was deleted, or made elsewhere.")
    del st.query_params[URL_KEY]
    return None


def show_map(map_id: str) -> None:
    """Show this map at the next run of the page."""
    st.query_params[URL_KEY] = map_id


def kept_list(maps: Sequence[KeptMap]) -> None:
    """A table of all maps; ticking one shows it."""
    if not maps:
        return
    st.subheader("Maps made before")
    rows = [
        {
            "Scene": kept.record.scene.name,
            "Model": kept.record.run_name,
            "Made": time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.record.made_at)),
            "Cells": kept.record.grid[0] * kept.record.grid[1],
            "Stride (m)": kept.record.stride_px[0] * kept.record.scene.pixel_m[0],
            "Time": duration(kept.record.seconds),
        }
        for kept in maps
    ]
    key = f"maps-{maps[0].record.id}-{len(maps)}"

    def show_ticked() -> None:  # at a change alone: a tick that stays must not undo the back button
        if ticked := st.session_state[key]["selection"]["rows"]:
            show_map(maps[ticked[0]].record.id)

    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        on_select=show_ticked,
        selection_mode="single-row",
        alt="Maps made before; tick one to see it",
        column_config={
            "Cells": st.column_config.NumberColumn(format="localized"),
            "Stride (m)": st.column_config.NumberColumn(format="%.0f"),
        },
    )


def delete_button(kept: KeptMap) -> None:
    """Delete a map, after a question."""
    with st.popover("Delete", key="delete-map"):
        st.write("The map and its files are removed; the scene itself stays.")
        if st.button("Delete this map", key="delete-map-now", type="primary"):
            try:
                remove_map(kept.record.id)
            except RsdashError as error:
                st.error(plain(str(error)))
                return
            st.query_params.pop(URL_KEY, None)
            st.rerun()
