"""The ASGI app: serves the shell with its pages, and keeps the job runner alive meanwhile.

`make app`, or `streamlit run app.py`, starts it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from rsdash.ui.links import PLOTLY_PATH
from rsdash.ui.startup import SHELL, lifespan


def plotly_files() -> Path:
    """Folder of the JavaScript in the installed plotly package, which need not be imported for it."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError("plotly is not installed; run `make app`, or pip install -r requirements.txt.")
    return Path(spec.origin).parent / "package_data"


app = st.App(SHELL, lifespan=lifespan, routes=[Mount(PLOTLY_PATH, StaticFiles(directory=plotly_files()))])
