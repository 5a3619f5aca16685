"""What a run has to say in words: alerts, their ends, answers to requests, resumes, the end of compiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsdash.runs.amendments import TAKEN_BACK

ACTION_WORDS = {"suspend": "Pause", "set_lr": "Learning rate", "set_epochs": "Epochs"}
"""Requests that a person knows under another name."""
NOTICE_KINDS = ("alert", "relief", "acknowledgement", "resume", TAKEN_BACK, "warm_up")
"""A relief ends the alert of its code: what that told of is no longer so."""
GO_BACK = ("resume", TAKEN_BACK)
"""Kinds of events that take back what came after their step."""
OUTDONE_BY = {"overfitting": ("chance", "plateau")}
"""Alerts that one of another code ends, as logs from before there were reliefs need it."""


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


@dataclass(frozen=True)
class Alerts:
    """What a run was warned of.

    Attributes:
        standing: what still holds, in order.
        earlier: what no longer does, in order.
    """

    standing: tuple[Notice, ...]
    earlier: tuple[Notice, ...]


def alerts_among(notices: Sequence[Notice], *, latest_epoch_at: float) -> Alerts:
    """The alerts of a run, apart from those that were taken back together with their epochs.

    Args:
        notices: of the run, in order.
        latest_epoch_at: when its latest epoch was logged, in seconds since 1970; it has not ended early
            where that is later.
    """
    standing: dict[str, Notice] = {}
    earlier: list[Notice] = []
    for notice in _not_taken_back(notices):
        code = str(notice.fields.get("code"))
        for ended in (code, *OUTDONE_BY.get(code, ())):
            before = standing.pop(ended, None)
            if before and before.text != notice.text:  # else the same is told again
                earlier.append(before)
        if notice.kind == "alert":
            standing[code] = notice
    early_end = standing.get("early-end")
    if early_end and early_end.at < latest_epoch_at:
        earlier.append(standing.pop("early-end"))
    return Alerts(tuple(standing.values()), tuple(sorted(earlier, key=lambda notice: notice.at)))


def notice_from(fields: Mapping[str, Any]) -> Notice:
    """The notice that an event of NOTICE_KINDS holds."""
    kind = str(fields.get("kind"))
    if kind == "resume":
        text = f"Resumed at step {fields.get('step', 0)} (attempt {fields.get('attempt', '?')})."
    elif kind == TAKEN_BACK:
        text = f"Again as evaluated at step {fields.get('step', 0)}; what came after it was dropped."
    elif kind == "warm_up":
        text = f"Compiled: the first steps took {fields.get('seconds', 0):.0f} s."
    elif kind == "acknowledgement":
        outcome = "done" if fields.get("outcome") == "done" else f"refused: {fields.get('reason', '')}"
        action = str(fields.get("action", ""))
        value = f" {fields['value']:g}" if isinstance(fields.get("value"), int | float) else ""
        text = f"{ACTION_WORDS.get(action, action.capitalize())}{value}: {outcome}"
    elif kind == "relief":
        text = f"No longer so after epoch {fields.get('epoch', '?')}."
    else:
        text = str(fields.get("message", ""))
    return Notice(kind, float(fields.get("at", 0.0)), text, fields)


def _not_taken_back(notices: Sequence[Notice]) -> list[Notice]:
    """Alerts and reliefs but for those of epochs that a run did again, or dropped.

    That a checkpoint found no room is over with the attempt that had to write it.
    """
    kept: list[Notice] = []
    for notice in notices:
        if notice.kind in GO_BACK:
            last = float(notice.fields.get("step", 0)) - bool(notice.fields.get("within_epoch"))
            stays = "memory" if notice.kind == "resume" else ""  # as the smaller parts do
            kept = [
                one
                for one in kept
                if one.fields.get("code") == stays
                or (float(one.fields.get("step", 0)) <= last and one.fields.get("code") != "checkpoint")
            ]
        elif notice.kind in ("alert", "relief"):
            kept.append(notice)
    return kept
