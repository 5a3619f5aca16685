"""Options that several commands share, and what they mean together."""

from __future__ import annotations

from typing import Annotated

import typer

from rsdash.config import RADIOMETRY_TEXTS, Radiometry, make_radiometry
from rsdash.errors import ConfigError

RunArgument = Annotated[str, typer.Argument(help="Id or unique name of a run.")]
RadiometryOption = Annotated[
    str | None,
    typer.Option(
        help="How the numbers in its files are read. "
        + " ".join(f"{name}: {text}" for name, text in RADIOMETRY_TEXTS.items())
    ),
]
BandsOption = Annotated[
    str | None, typer.Option(help="rgb, all, or names with commas between them; with --radiometry.")
]


def asked_radiometry(radiometry: str | None, bands: str | None) -> Radiometry | None:
    """The radiometry that two options name; None where neither was given.

    Raises:
        ConfigError: there is no such radiometry or band, or bands came alone.
    """
    if radiometry is None and bands is None:
        return None
    if radiometry is None:
        raise ConfigError(f"--bands={bands} needs --radiometry, which says what the numbers in them mean.")
    return make_radiometry(radiometry, bands or "rgb")
