"""The start of the server: what takes long to import comes while the browser loads the page's frame."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import streamlit as st

from rsdash.home import PROJECT_DIR, check_limits, runs_dir
from rsdash.runs.lock import require_working_locks

SHELL = PROJECT_DIR / "rsdash" / "ui" / "shell.py"
"""The script that Streamlit runs for each session."""
FIRST_PAGE = ("rsdash.ui.study", "rsdash.ui.device_list", "rsdash.ui.run_list")
"""What the Overview imports."""
NEXT_PAGES = ("pandas", "rsdash.ui.run_inside")
"""What takes the other pages longest, so that the first visit of each need not wait for it."""
FIRST_PAGE_S = 2.0
"""How long the browser has the processor to itself before they are imported."""
PATIENT_SWITCH_S = 0.0005
"""An importing thread gives way after this, so that the frame's many small files go out in between."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Keep a job runner alive as long as the server; workers are suspended when it is asked to stop.

    Raises:
        ConfigError: a limit in the environment is mistyped, so that the server does not start.
        RunError: the file system has no working locks, so that the server does not start.
    """
    check_limits()
    require_working_locks(runs_dir())
    keep_import_path()
    _send_at_once()
    leaving = threading.Event()
    starting = threading.Thread(target=_start, args=[leaving], name="start", daemon=True)
    starting.start()
    try:
        yield
    finally:
        leaving.set()
        starting.join()
        from rsdash.ui.server import stop_server

        stop_server()


def keep_import_path() -> None:
    """Have the shell's folder in `sys.path` to stay.

    Streamlit puts it first there when a script begins and takes it out at its end, unless it is there. A
    thread that looks for a module meanwhile passes over an entry, and does not find what is installed.
    """
    folder = str(SHELL.parent)
    if folder not in sys.path:
        sys.path.append(folder)


def _send_at_once() -> None:
    """Let small messages leave at once on the connections that the server is going to accept.

    Streamlit makes its listening socket without naming TCP as its protocol, by which asyncio knows where to
    turn Nagle's algorithm off; each small file and answer then waits some 40 ms for the browser's delayed
    acknowledgement. Accepted sockets inherit the option.
    """
    try:
        for connection in psutil.Process().net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                with socket.socket(fileno=os.dup(connection.fd)) as listening:
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, psutil.Error) as error:
        log.info("Small messages are sent with a delay: %s", error)


def _start(leaving: threading.Event) -> None:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(PATIENT_SWITCH_S)
    try:
        from rsdash.ui.server import start_server

        start_server()
        for name in FIRST_PAGE:
            importlib.import_module(name)
        leaving.wait(FIRST_PAGE_S)
        for name in NEXT_PAGES:
            if not leaving.is_set():
                importlib.import_module(name)
    except Exception:
        log.exception("The server cannot start.")
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        sys.setswitchinterval(usual_s)
