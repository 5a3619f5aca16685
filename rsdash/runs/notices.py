"""What a run has to say in words: alerts, answers to requests, resumes, the end of compiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACTION_WORDS = {"suspend": "Pause", "set_lr": "Learning rate", "set_epochs": "Epochs"}
"""Requests that a person knows under another name."""
NOTICE_KINDS = ("alert", "acknowledgement", "resume", "warm_up")


@dataclass(frozen=True)
class Notice:
    """Something the run has to say.

    Attributes:
        kind: one of NOTICE_KINDS.
        at: seconds since 1970.
        text: one sentence.
        fields: the event as written.
    """

    kind: str
    at: float
    text: str
    fields: Mapping[str, Any]


def notice_from(fields: Mapping[str, Any]) -> Notice:
    """The notice that an event of NOTICE_KINDS holds."""
    kind = str(fields.get("kind"))
    if kind == "resume":
        text = f"Resumed at step {fields.get('step', 0)} (attempt {fields.get('attempt', '?')})."
    elif kind == "warm_up":
        text = f"Compiled: the first steps took {fields.get('seconds', 0):.0f} s."
    elif kind == "acknowledgement":
        outcome = "done" if fields.get("outcome") == "done" else f"refused: {fields.get('reason', '')}"
        action = str(fields.get("action", ""))
        value = f" {fields['value']:g}" if isinstance(fields.get("value"), int | float) else ""
        text = f"{ACTION_WORDS.get(action, action.capitalize())}{value}: {outcome}"
    else:
        text = str(fields.get("message", ""))
    return Notice(kind, float(fields.get("at", 0.0)), text, fields)
