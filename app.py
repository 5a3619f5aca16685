"""The ASGI app: starts and stops the job runner, and serves the shell with its pages.

`make app`, or `streamlit run app.py`, starts it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from rsdash.home import PROJECT_DIR
from rsdash.ui.live_chart import VENDOR_PATH
from rsdash.ui.server import start_server, stop_server


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Keep a job runner alive as long as the server; workers are suspended when it is asked to stop."""
    start_server()
    try:
        yield
    finally:
        stop_server()


app = st.App(
    PROJECT_DIR / "rsdash" / "ui" / "shell.py",
    lifespan=lifespan,
    routes=[Mount(VENDOR_PATH, StaticFiles(directory=str(files("plotly") / "package_data")))],
)
