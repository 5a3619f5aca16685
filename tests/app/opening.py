"""Pages as a session opens them, without a browser."""

from __future__ import annotations

import base64

import numpy as np
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.home import PROJECT_DIR
from rsdash.runs.index import RunEntry
from rsdash.ui.startup import SHELL

WAIT_S = 60


def open_page(name: str, **query: str | list[str]) -> AppTest:
    """A session that has opened a page, without an error.

    Args:
        name: of its file in `pages`.
        query: of its address.
    """
    app = AppTest.from_file(str(SHELL), default_timeout=WAIT_S)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(PROJECT_DIR / "pages" / f"{name}.py"))
    app.run()
    assert not app.exception
    return app


def opened(app: AppTest, key: str) -> AppTest:
    """The page with a folded part open.

    Args:
        app: the session.
        key: of the part.
    """
    app.session_state[key] = True
    app.run()
    assert not app.exception
    return app


def leave_and_return(app: AppTest, name: str) -> AppTest:
    """Look at another page and come back by the navigation, whose links carry no choice.

    Args:
        app: the session.
        name: of the page to come back to.
    """
    for stop in ("scenes", name):
        app.query_params.clear()
        app.switch_page(str(PROJECT_DIR / "pages" / f"{stop}.py")).run()
        assert not app.exception
    return app


def own_runs() -> list[RunEntry]:
    """What the server's runs folder holds now."""
    return [entry for entry in shared.server().index.refresh().entries if not entry.example]


def numbers(sent: dict[str, str]) -> list[float]:
    """Values of a chart as Plotly sends them to a browser."""
    return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).tolist()
