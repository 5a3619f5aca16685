"""How numbers and states read on pages."""

from __future__ import annotations

import re

from rsdash.runs.index import RunEntry
from rsdash.runs.states import RunState

ZERO_WIDTH_SPACE = "\u200b"
NONE = "–"
"""What stands where there is no value."""
STATE_COLORS = {
    RunState.QUEUED: "gray",
    RunState.STARTING: "blue",
    RunState.RUNNING: "blue",
    RunState.STOPPING: "orange",
    RunState.EVALUATING: "blue",
    RunState.FINISHED: "green",
    RunState.STOPPED: "green",
    RunState.FAILED: "red",
    RunState.CANCELLED: "gray",
    RunState.INTERRUPTED: "orange",
}


def duration(seconds: float | None) -> str:
    """A time as a person says it: `45 s`, `3 min`, `2 h 05 min`."""
    if seconds is None:
        return NONE
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def left(seconds: float | None, *, about: str = "about") -> str:
    """A remaining time behind what is under way: `, about 5 s left`; nothing where it is not known."""
    return "" if seconds is None else f", {about} {duration(seconds)} left"


def size(count: float) -> str:
    """A number of bytes: `1.2 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def state_text(entry: RunEntry) -> str:
    """The state of a run in words, with its reason."""
    return entry.state.words


def plain(text: str) -> str:
    """Text of a person's own with Markdown's signs escaped, so that it shows as typed."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)


def breakable(text: str) -> str:
    """A name of several words in one, such as `AnnualCrop`, that may be broken between them only."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[_/-])(?=\w)", ZERO_WIDTH_SPACE, text)
