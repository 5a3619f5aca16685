"""The way to the inference service: it is started where nobody answers; no torch."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from typing import Any

import httpx

from rsdash.errors import ServiceError
from rsdash.home import PROJECT_DIR, data_dir
from rsdash.inference.address import Address, read_address

START_WAIT_S = 60.0
POLL_S = 0.1
ANSWER_WAIT_S = 300.0

_started: list[subprocess.Popen[bytes]] = []
"""Services started by this process, kept so that they are reaped once they have left."""


def steps(report: Callable[[int, int], None]) -> Callable[[dict[str, Any]], None]:
    """What takes the lines of a long answer that tell nothing but how far it is."""
    return lambda line: report(line["done"], line["total"])


def followed(path: str, content: dict[str, Any], take: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Hand on each line of a long answer, and return its result.

    Args:
        path: what is asked, by POST.
        content: sent as JSON.
        take: takes each line; where it raises, the service stops.

    Raises:
        ServiceError: the service cannot be started, refuses or breaks off.
    """
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
    call("GET", "/health")  # starts the service where there is none
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


def call(method: str, path: str, **content: Any) -> Any:
    """Send a request and return its answer; the service is started where nobody answers.

    Args:
        method: of HTTP.
        path: what is asked.
        content: handed to httpx.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
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
    plain_http = {"verify": False}  # on loopback there is no certificate, and loading them takes 25 ms
    return {"headers": headers, "timeout": ANSWER_WAIT_S, "trust_env": False, **plain_http}


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
