"""Where the pages are, for navigation and links between them."""

from __future__ import annotations

from pathlib import Path

from rsdash.home import PROJECT_DIR


def page(name: str) -> Path:
    """The script of a page; an absolute path, as the shell stands in another folder."""
    return PROJECT_DIR / "pages" / f"{name}.py"
