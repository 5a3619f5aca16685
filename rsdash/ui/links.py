"""Where the pages and the served files are."""

from __future__ import annotations

from pathlib import Path

from rsdash.home import PROJECT_DIR

PLOTLY_PATH = "/vendor/plotly"
"""Where the server offers the installed plotly package's JavaScript."""


def page(name: str) -> Path:
    """The script of a page; an absolute path, as the shell stands in another folder."""
    return PROJECT_DIR / "pages" / f"{name}.py"
