"""Where the pages and the served files are, and what the address of a page says of a choice on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from rsdash.home import PROJECT_DIR

PLOTLY_PATH = "/vendor/plotly"
"""Where the server offers the installed plotly package's JavaScript."""


def page(name: str) -> Path:
    """The script of a page; an absolute path, as the shell stands in another folder."""
    return PROJECT_DIR / "pages" / f"{name}.py"


def asks_anew(key: str, asked: str | Sequence[str] | None) -> bool:
    """Whether the address asks for something that the page did not write there: a link, or the back button.

    Args:
        key: of the widget that the address holds the choice of.
        asked: what the address says.
    """
    return key not in st.session_state or asked != st.session_state.get(_written(key))


def write_address(parameter: str, key: str, chosen: str | list[str]) -> None:
    """Have the address hold the choice of a widget."""
    st.query_params[parameter] = st.session_state[_written(key)] = chosen


def _written(key: str) -> str:
    return f"{key}-in-url"
