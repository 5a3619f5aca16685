"""The learning rate over the run that a form describes, and the command line that starts it."""

from __future__ import annotations

import streamlit as st

from rsdash.charts import rate_schedule
from rsdash.config import RunConfig, command_for
from rsdash.training.schedule import preview_rates

WHAT_IT_DOES = {
    "constant": "Rate stays at {rate:g}",
    "cosine": "Rate falls from {rate:g} to 0",
    "one-cycle": "Rate rises to {rate:g}, then falls to 0",
    "step": "Rate {rate:g}, a tenth after each third",
    "plateau": "Rate {rate:g}, times {factor:g} at each plateau",
}


def schedule_view(config: RunConfig) -> None:
    """Draw the rate over the run."""
    preview = preview_rates(config)
    title = in_words(config)
    jumps = config.schedule == "step" or config.frozen_epochs > 0
    figure = rate_schedule(preview.epoch, preview.rate, preview.head_rate, title=title, jumps=jumps)
    st.plotly_chart(
        figure,
        key="schedule",
        alt=f"Learning rate over {config.epochs} epochs. {title.replace('<br>', ' ')}.",
    )
    if config.schedule == "plateau":
        st.caption(
            "Where progress stalls cannot be foreseen; at each such place the rate falls from the line drawn."
        )


def command_view(config: RunConfig, name: str) -> None:
    """Show the command line that repeats these settings, to be copied.

    Args:
        config: settings of the run.
        name: what it is to be called; empty for a made name.
    """
    st.code(command_for(config, name=name), language="bash", wrap_lines=True)
    st.caption(
        "The same run from the command line, in rsdash's folder with `.venv` activated. Only what differs "
        "from the recipe is named."
    )


def in_words(config: RunConfig) -> str:
    """What the learning rate does over a run, short enough for a narrow chart."""
    schedule = config.schedule
    words = WHAT_IT_DOES[schedule].format(rate=config.learning_rate, factor=config.plateau_factor)
    if config.warmup_epochs and schedule != "one-cycle":
        words += f"<br>after a warm-up of {config.warmup_epochs:g} epochs"
    return words
