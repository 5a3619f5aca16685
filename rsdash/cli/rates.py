"""`find-rate`: sweep over learning rates before a run is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from rsdash.cli.output import Format, FormatOption, JsonOption, followed, print_json, print_rows, wants_json
from rsdash.cli.settings import PresetOption, SetOption, asked_values, with_setting_options
from rsdash.config import make_config
from rsdash.data import open_dataset
from rsdash.data.splitting import split_for
from rsdash.home import examples_dir, runs_dir
from rsdash.inference.results import RateSweep
from rsdash.jobs.first_weights import with_run_id
from rsdash.jobs.submit import check_split
from rsdash.models.catalogue import check_model
from rsdash.runs.index import RunIndex

ROWS = 28
"""Rows that a sweep prints, about."""
OPTIONS: dict[str, tuple[Any, Any]] = {
    "preset": (PresetOption, "paper"),
    "changes": (SetOption, None),
    "format": (FormatOption, Format.TEXT),
    "json": (JsonOption, False),
}


def _find(
    preset: str, changes: list[str] | None, *, format: Format, json: bool, **options: str | None
) -> None:
    config = make_config(asked_values(changes, options), preset=preset)
    config = with_run_id(config, RunIndex(runs_dir(), examples_dir()).refresh)
    check_model(config)
    check_split(config, split_for(open_dataset(config.data), config))
    from rsdash.inference.rates import find_rate as swept  # imports torch

    found = followed(swept(config), RateSweep, "Sweeping learning rates")
    if wants_json(format, json):
        print_json(found.model_dump())
        return
    stride = max(1, len(found.rates) // ROWS)
    columns = ("learning rate", "loss", "smoothed")
    lines = list(zip(found.rates, found.losses, found.smoothed, strict=True))[::stride]
    rows = [{"learning rate": f"{rate:.1e}", "loss": loss, "smoothed": even} for rate, loss, even in lines]
    print_rows(rows, columns=columns, empty="The first step already gave no number.")
    if found.suggestion is None:
        typer.echo("The loss does not fall at any of these rates; look at data and model first.")
    else:
        typer.echo(f"Suggested: --set learning_rate={found.suggestion:g}, where the loss falls most steeply.")


def _make_find_rate() -> Callable[..., None]:
    def find_rate(**values: Any) -> None:
        """Try learning rates in a few training steps and name one; nothing is queued."""
        _find(**values)

    return with_setting_options(find_rate, OPTIONS)


find_rate = _make_find_rate()
