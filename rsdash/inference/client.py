"""Talks to the inference service, and starts it when nobody answers; no torch."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.errors import ServiceError
from rsdash.home import PROJECT_DIR, data_dir
from rsdash.inference.address import read_address
from rsdash.inference.results import DeviceFacts, Prediction, Profile, TrainingBatch

START_WAIT_S = 60.0
POLL_S = 0.1
ANSWER_WAIT_S = 300.0

_started: list[subprocess.Popen[bytes]] = []
"""Services started by this process, kept so that they are reaped once they have left."""


def predict(run_path: Path, images: Sequence[tuple[str, bytes]], *, top: int = 5) -> list[Prediction]:
    """Ask a run's model about images.

    Args:
        run_path: folder of the run.
        images: file name and content of each.
        top: classes to name.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    files = [("images", (name, content)) for name, content in images]
    answer = _call("POST", "/predict", data={"run": str(run_path), "top": str(top)}, files=files)
    return [Prediction(**item) for item in answer]


def profile(config: RunConfig, classes: int, radiometry: Radiometry = RGB8) -> Profile:
    """Measure what a network costs on this machine.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: bands of the images.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {
        "config": config.model_dump(mode="json"),
        "classes": classes,
        "radiometry": radiometry.model_dump(mode="json"),
    }
    return Profile(**_call("POST", "/profile", json=content))


def training_batch(config: RunConfig, *, step: int = 0) -> TrainingBatch:
    """Ask what the network sees in a training step: its batch, augmented, normalized and drawn back.

    Args:
        config: settings of the run, the name of the data set among them.
        step: counted from 0 over all epochs.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {"config": config.model_dump(mode="json"), "step": step}
    return TrainingBatch(**_call("POST", "/batch", json=content))


def devices() -> list[DeviceFacts]:
    """The devices as torch sees them.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    return [DeviceFacts(**item) for item in _call("GET", "/devices")]


def _call(method: str, path: str, **content: Any) -> Any:
    try:
        answer = _send(method, path, **content)
    except httpx.ConnectError:
        _start()
        answer = _send(method, path, **content)
    except httpx.TimeoutException as error:
        raise ServiceError(f"The inference service did not answer within {ANSWER_WAIT_S:.0f} s.") from error
    except httpx.HTTPError as error:
        raise ServiceError(f"The inference service broke off: {error}. Try again.") from error
    if answer.is_success:
        return answer.json()
    try:
        message = answer.json()["error"]
    except (json.JSONDecodeError, KeyError):
        message = f"The inference service answered with status {answer.status_code}."
    raise ServiceError(message)


def _send(method: str, path: str, **content: Any) -> httpx.Response:
    address = read_address()
    if address is None:
        raise httpx.ConnectError("no address")
    headers = {"Authorization": f"Bearer {address.token}"}
    return httpx.request(
        method, address.url + path, headers=headers, timeout=ANSWER_WAIT_S, trust_env=False, **content
    )


def _start() -> None:
    """Start the service in a session of its own and wait until it answers."""
    data_dir().mkdir(parents=True, exist_ok=True)
    log_path = data_dir() / "service.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rsdash", "serve"],
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started[:] = [*(old for old in _started if old.poll() is None), process]
    deadline = time.monotonic() + START_WAIT_S
    while time.monotonic() < deadline:
        try:
            if _send("GET", "/health").is_success:
                return
        except httpx.HTTPError:
            pass
        if process.poll() not in (None, 0):
            break
        time.sleep(POLL_S)
    raise ServiceError(f"The inference service did not start; {log_path} says why.")
