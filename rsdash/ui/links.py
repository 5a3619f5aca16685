"""Where the pages and the served files are, and what the address of a page says of a choice on it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

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


def follow_address(parameter: str, key: str, offered: Container[str]) -> str | None:
    """Have a list choose what the address asks for, else what it held before its page was left.

    A browser holds the words of what it chose: where these change, as when a run is renamed, the list holds
    what is no longer offered, and the address says what was meant.

    Args:
        parameter: of the address.
        key: of the list, which holds one of those it offers.
        offered: what can be chosen.

    Returns:
        What the address asks for although it is not offered; None where there is no such thing.
    """
    asked = st.query_params.get(parameter, "")
    wanted = asked if asked in offered and asks_anew(key, asked) else ""
    if not wanted and st.session_state.get(key, "") not in offered:
        wanted = asked if asked in offered else chosen_before(key) or ""
    if wanted in offered:
        st.session_state[key] = wanted
    if st.session_state.get(key, "") not in offered:
        st.session_state.pop(key, None)
    return asked if asked and asked not in offered else None


def chosen_before(key: str) -> Any:
    """What the address held for a widget last in this session, which outlives it; None for nothing."""
    return st.session_state.get(_written(key))


def write_address(parameter: str, key: str, chosen: str | list[str]) -> None:
    """Have the address hold the choice of a widget."""
    st.query_params[parameter] = st.session_state[_written(key)] = chosen


def _written(key: str) -> str:
    return f"{key}-in-url"
