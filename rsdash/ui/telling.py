"""A short notice that outlives a change of the page: said once, by the next page that opens."""

from __future__ import annotations

import streamlit as st

NEXT = "notice-of-the-next-page"


def tell_next(text: str) -> None:
    """Have the next run of a page of this session say something.

    Args:
        text: Markdown; names of a person's own are escaped by `plain`.
    """
    st.session_state[NEXT] = text


def tell_now() -> None:
    """Say what was left to be said; the shell does, whatever page opens."""
    if text := st.session_state.pop(NEXT, ""):
        st.toast(text, duration="long")
