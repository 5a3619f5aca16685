"""The Compare page opened on some runs, and what it says."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rsdash.runs.folder import RunFolder
from tests.app.opening import open_page
from tests.finished import copy_run


def compare(*folders: RunFolder) -> AppTest:
    """The page with these runs chosen by its address."""
    return open_page("compare", runs=[folder.id for folder in folders])


def said(app: AppTest) -> str:
    """All that the page says in words."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def two(runs_dir: Path) -> tuple[RunFolder, RunFolder]:
    """Two finished runs on the same images."""
    return copy_run(runs_dir, "alexnet", 1), copy_run(runs_dir, "resnet18", 2)
