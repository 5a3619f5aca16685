"""A run's records as they may leave this machine: without its name, command lines and places of its files."""

from __future__ import annotations

import json
from typing import Any

from rsdash.runs.events import read_lines
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import Environment

PRIVATE_FACTS = ("host", "pid", "command")
"""What environment.json says of the machine that nobody else needs."""
PRIVATE_ALERTS = ("checkpoint",)
"""Alerts that say where files lie on this machine."""


def records_to_share(folder: RunFolder) -> dict[str, str]:
    """Contents of state.json, environment.json and metrics.jsonl, for those who get a run without checkpoint.

    Raises:
        RunError: one of them is damaged, or state.json is missing.
    """
    state = folder.state().model_copy(update={"host": "", "slot": "", "checkpoint_step": None})
    attempts = tuple(_without(attempt, *PRIVATE_FACTS) for attempt in folder.environment().attempts)
    events = (line.fields for line in read_lines(folder.metrics_path))
    shared = [_without(event, "log") for event in events if not _is_private(event)]
    return {
        "state.json": state.model_dump_json(indent=1),
        "environment.json": Environment(attempts=attempts).model_dump_json(indent=1),
        "metrics.jsonl": "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in shared),
    }


def _is_private(event: dict[str, Any]) -> bool:
    return event.get("kind") == "alert" and event.get("code") in PRIVATE_ALERTS


def _without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}
