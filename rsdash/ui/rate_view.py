"""The learning-rate finder beside the form: a sweep, its chart, and a button that takes the rate over."""

from __future__ import annotations

import hashlib
import secrets

import streamlit as st

from rsdash.charts import rate_sweep, sweep_title
from rsdash.config import RunConfig
from rsdash.inference.results import RateSweep
from rsdash.training.rate_choice import HIGHEST, LOWEST, STEPS
from rsdash.ui.decoding import decode_first, decoding_cost, decoding_words
from rsdash.ui.long_action import long_action
from rsdash.ui.settings_form import set_field
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import left, plain


def rate_view(config: RunConfig) -> None:
    """The sweep for these settings, or the way to it.

    Raises:
        RsdashError: the data set is damaged.
    """
    place = st.session_state.setdefault("rate-place", secrets.token_hex(4))
    settings = _digest(config)
    shown_of, last = st.session_state.get("rate-shown", ("", None))
    fitting: RateSweep | None = last if shown_of == settings else None
    if fitting:
        _show(fitting)
    else:
        st.caption(
            f"Takes at most {STEPS} training steps with these settings while the rate rises from {LOWEST:f} "
            f"to {HIGHEST:g}, and marks where the loss falls most steeply.{decoding_cost(config)}"
        )
    found = long_action(
        f"rate {place}",
        label="Sweep again" if fitting else "Find a learning rate",
        title="Sweeping learning rates",
        action=lambda report: (settings, _sweep(config, report)),
        words=_words,
    )
    if found is not None:
        st.session_state["rate-shown"] = found
        st.rerun()


def _digest(config: RunConfig) -> str:
    """What a sweep depends on: taking its rate over leaves it on the page."""
    content = config.model_copy(update={"learning_rate": 1.0}).model_dump_json()
    return hashlib.sha256(content.encode()).hexdigest()


def _sweep(config: RunConfig, report: Report) -> RateSweep:
    from rsdash.inference.client import find_rate  # brings httpx, which a page should not wait for

    decode_first(config, report)
    report(0, STEPS)
    return find_rate(config, report)


def _words(progress: Progress) -> str:
    if progress.total != STEPS:
        return decoding_words(progress)
    if not progress.done:
        return "The inference service makes the network ready; it takes some seconds to start"
    remaining = left(progress.remaining_s, about="at most")
    return f"Step {progress.done} of at most {progress.total}{remaining}"


def _show(sweep: RateSweep) -> None:
    figure = rate_sweep(sweep.rates, sweep.losses, sweep.smoothed, sweep.suggestion)
    alt = f"Training loss over learning rate. {sweep_title(sweep.suggestion)}."
    st.plotly_chart(figure, key="rate-chart", alt=alt)
    if sweep.suggestion is None:
        st.warning("The loss does not fall at any of these rates. Look at the data, or try another model.")
        return
    end = "the loss had risen far" if sweep.ended_early else "the highest rate was reached"
    st.caption(
        plain(
            f"{len(sweep.rates)} steps on {sweep.device}; then {end}. The marked rate is a careful "
            "choice; with one-cycle or cosine, which end near 0, one several times as high often does "
            "better, as long as the curve has not begun to rise there."
        )
    )
    st.button(
        f"Use {sweep.suggestion:g}",
        key="use-rate",
        type="primary",
        help="Fills the field Learning rate.",
        on_click=set_field,
        args=("learning_rate", sweep.suggestion),
    )
