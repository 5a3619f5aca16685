"""Talks to the inference service, and starts it when nobody answers; no torch."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import httpx

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.errors import ServiceError
from rsdash.home import PROJECT_DIR, data_dir
from rsdash.inference.address import Address, read_address
from rsdash.inference.results import (
    DeviceFacts,
    EvaluationResult,
    PredictedPart,
    PredictedPlace,
    Prediction,
    Profile,
    RateSweep,
    TrainingBatch,
)

START_WAIT_S = 60.0
POLL_S = 0.1
ANSWER_WAIT_S = 300.0

_started: list[subprocess.Popen[bytes]] = []
"""Services started by this process, kept so that they are reaped once they have left."""


def predict(
    run_path: Path, images: Sequence[tuple[str, bytes]], *, top: int = 5, symmetries: bool = False
) -> list[Prediction]:
    """Ask a run's model about images.

    Args:
        run_path: folder of the run.
        images: file name and content of each.
        top: classes to name.
        symmetries: average over the 8 symmetries of the square.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    files = [("images", (name, content)) for name, content in images]
    asked = {"run": str(run_path), "top": str(top), "symmetries": "true" if symmetries else ""}
    return [Prediction(**item) for item in _call("POST", "/predict", data=asked, files=files)]


def predict_place(
    run_path: Path,
    place: Path,
    take: Callable[[PredictedPart], None],
    *,
    top: int = 5,
    symmetries: bool = False,
) -> PredictedPlace:
    """Ask a run's model about all images of a folder or zip; it ends where `take` raises.

    Args:
        run_path: folder of the run.
        place: an image, a folder or a zip on this machine.
        take: takes some predictions at a time, in the order of the names.
        top: classes to name.
        symmetries: average over the 8 symmetries of the square.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    asked = {"run": str(run_path), "place": str(place.absolute()), "top": top, "symmetries": symmetries}
    end = _followed("/predict/place", asked, lambda line: take(PredictedPart(**line)))
    return PredictedPlace(**end)


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


def find_rate(config: RunConfig, report: Callable[[int, int], None]) -> RateSweep:
    """Have learning rates swept; it ends where `report` raises.

    Args:
        config: settings of the run, the name of the data set among them.
        report: takes steps done and their largest number.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    return RateSweep(**_followed("/rate", {"config": config.model_dump(mode="json")}, _steps(report)))


def evaluate(run_path: Path, data: str, split: str, report: Callable[[int, int], None]) -> EvaluationResult:
    """Have a run's weights measured on a data set and stored in its folder; it ends where `report` raises.

    Args:
        run_path: folder of the run.
        data: name of the data set.
        split: name of one of its splits; empty for all images.
        report: takes images done and how many there are to decode and measure.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {"run": str(run_path), "data": data, "split": split}
    return EvaluationResult(**_followed("/evaluate", content, _steps(report)))


def devices() -> list[DeviceFacts]:
    """The devices as torch sees them.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    return [DeviceFacts(**item) for item in _call("GET", "/devices")]


def _steps(report: Callable[[int, int], None]) -> Callable[[dict[str, Any]], None]:
    return lambda line: report(line["done"], line["total"])


def _followed(path: str, content: dict[str, Any], take: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Hand on each line of a long answer, and return its result."""
    with contextlib.closing(_lines(path, content)) as lines:  # hung up, the service stops
        for line in lines:
            if "error" in line:
                raise ServiceError(line["error"])
            if "result" in line:
                return line["result"]
            take(line)
    raise ServiceError("The inference service broke off before its result. Try again.")


def _lines(path: str, content: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
    """The lines of a long answer, as they come."""
    _call("GET", "/health")  # starts the service where there is none
    address = read_address()
    if address is None:
        raise ServiceError("The inference service has just left. Try again.")
    try:
        with httpx.stream("POST", address.url + path, json=content, **_options(address)) as answer:
            if not answer.is_success:
                answer.read()
                raise ServiceError(_message(answer))
            for line in answer.iter_lines():
                yield json.loads(line)
    except httpx.HTTPError as error:
        raise ServiceError(f"The inference service broke off: {error}. Try again.") from error


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
    raise ServiceError(_message(answer))


def _message(answer: httpx.Response) -> str:
    try:
        return answer.json()["error"]
    except (json.JSONDecodeError, KeyError):
        return f"The inference service answered with status {answer.status_code}."


def _options(address: Address) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {address.token}"}
    return {"headers": headers, "timeout": ANSWER_WAIT_S, "trust_env": False}


def _send(method: str, path: str, **content: Any) -> httpx.Response:
    address = read_address()
    if address is None:
        raise httpx.ConnectError("no address")
    return httpx.request(method, address.url + path, **_options(address), **content)


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
