"""The learning rate over the run that a form describes, and the command line that starts it."""

from __future__ import annotations

import streamlit as st

from rsdash.charts import rate_schedule
from rsdash.config import RunConfig, command_for
from rsdash.training.schedule import preview_rates

WHAT_IT_DOES = {
    "constant": "stays at {rate:g}",
    "cosine": "falls from {rate:g} to zero along a cosine",
    "one-cycle": "rises to {rate:g} and falls to nearly nothing",
    "step": "begins at {rate:g} and falls to a tenth after each third",
    "plateau": "stays at {rate:g} until progress stalls, then falls to {factor:g} of it each time",
}


def schedule_view(config: RunConfig) -> None:
    """Draw the rate over the run."""
    preview = preview_rates(config)
    title = f"The learning rate {in_words(config)}"
    figure = rate_schedule(preview.epoch, preview.rate, preview.head_rate, title=title)
    st.plotly_chart(figure, key="schedule", alt=f"{title}, over {config.epochs} epochs.")


def command_view(config: RunConfig) -> None:
    """Show the command line that repeats these settings, to be copied."""
    st.code(command_for(config), language="bash", wrap_lines=True)
    st.caption("The same run from the command line. Only what differs from the recipe is named.")


def in_words(config: RunConfig) -> str:
    """What the learning rate does over a run."""
    schedule = config.schedule
    words = WHAT_IT_DOES[schedule].format(rate=config.learning_rate, factor=config.plateau_factor)
    if config.warmup_epochs and schedule != "one-cycle":
        words += f", after a warm-up of {config.warmup_epochs:g} epochs"
    return words
