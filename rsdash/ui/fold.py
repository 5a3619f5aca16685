"""A folded part of a page that is built only where it is open."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rsdash.errors import RsdashError
from rsdash.ui.words import plain


def fold(title: str, key: str, draw: Callable[[], None]) -> None:
    """Draw a part where it is open; what does not fit in it is said there.

    Args:
        title: of the part.
        key: names it on its page.
        draw: builds what is inside.
    """
    folded = st.expander(title, key=key, on_change="rerun")
    if folded.open:
        with folded:
            try:
                draw()
            except RsdashError as error:
                st.error(plain(str(error)))
