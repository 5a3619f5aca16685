"""The benchmark of the start opens what the dashboard has."""

from __future__ import annotations

from benchmarks.startup import PAGES
from rsdash.home import PROJECT_DIR


def test_every_page_is_opened() -> None:
    assert sorted(("overview", *PAGES)) == sorted(path.stem for path in (PROJECT_DIR / "pages").glob("*.py"))
