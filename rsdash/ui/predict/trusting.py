"""What a run's own evaluation says of its word, in words for the Predict page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from rsdash.errors import RunError
from rsdash.runs.index import RunEntry

if TYPE_CHECKING:
    from rsdash.evaluation.trust import Trust


def trust_of(entry: RunEntry) -> Trust:
    """The run's temperature and threshold; computed once for each evaluation."""
    path = entry.folder.evaluation_path
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return _trust(str(path), stamp, entry)


def sure_help(trust: Trust, *, symmetries: bool) -> str:
    """What "how sure" means for a run."""
    if trust.how is None:
        return "The model's own softmax: this run has no evaluation by which it could be corrected."
    averaged = " It is averaged over the 8 symmetries, while T was fitted without them." if symmetries else ""
    return (
        "A calibrated probability: of many answers given at 80 %, about 80 % are right, on images like "
        "those the run was measured on. By temperature scaling: logits are divided by "
        f"T = {trust.temperature:.2f}, {trust.how} ({trust.images:,}), before the softmax.{averaged} "
        "CSV and JSON hold the plain softmax too."
    )


def unfamiliar_help(trust: Trust) -> str:
    """What the flag means, and what it cannot see."""
    if trust.familiarity is None:
        return "This run was measured on too few images to flag strange ones."
    return (
        f"Its logits lie further from those of {len(trust.familiarity.reference):,} measured images "
        f"({trust.familiarity.role}) than 95 % of these do from each other: 5 % of ordinary tiles are "
        "flagged by construction. It sees the model's answers alone: a strange image that happens to be "
        "answered like an ordinary one, as many with exchanged bands or inverted colours are, is not flagged."
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _trust(path: str, stamp: int, _entry: RunEntry) -> Trust:
    from rsdash.evaluation.saved import read_evaluation
    from rsdash.evaluation.trust import UNKNOWN, trust_from  # brings scipy, which a page should not wait for

    try:
        return trust_from(read_evaluation(_entry.folder.evaluation_path))
    except RunError:
        return UNKNOWN
