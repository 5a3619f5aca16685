"""Several values of settings at once: every combination is a run, several seeds of each a group.

parse_values("learning_rate", "0.001, 0.0005")   # ("0.001", "0.0005")
parse_values("kernel_sizes", "11,5,3,3,3; 7,5,3,3,3")   # these hold commas themselves
parse_seeds("0-4")                               # ("0", "1", "2", "3", "4")
make_grid({"model": "resnet18"}, {"epochs": ("5", "10")}, preset="quick")   # two configs
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsdash.config.command import SEEDS, as_text
from rsdash.config.run import SETTINGS, RunConfig, make_config
from rsdash.errors import ConfigError

MAX_RUNS = 100
"""Runs that one grid may queue."""


@dataclass(frozen=True)
class Cell:
    """One run of a grid.

    Attributes:
        config: its settings.
        varied: those that vary in the grid → this run's value as text.
    """

    config: RunConfig
    varied: Mapping[str, str]


def make_grid(
    values: Mapping[str, Any], varied: Mapping[str, Sequence[str]], *, preset: str = "paper"
) -> list[Cell]:
    """Every combination of the varied values, the last setting changing fastest, seeds fastest of all.

    Args:
        values: settings that all runs share, for `make_config`.
        varied: setting → its values as text.
        preset: recipe to start from.

    Raises:
        ConfigError: a value or a combination does not fit, a setting has the same value twice, or there are
            more than MAX_RUNS combinations.
    """
    names = sorted(varied, key=lambda name: name == SEEDS)  # stable: the rest stays in its order
    count = count_runs(varied)
    if count > MAX_RUNS:
        raise ConfigError(f"These values make {count:,} runs; at most {MAX_RUNS} can be queued at once.")
    cells = []
    for combination in itertools.product(*(varied[name] for name in names)):
        chosen = dict(zip(names, combination, strict=True))
        cells.append(Cell(_config({**values, **chosen}, chosen, preset), chosen))
    _check_twins([cell.config for cell in cells], names)
    return cells


def count_runs(varied: Mapping[str, Sequence[str]]) -> int:
    """Number of combinations."""
    count = 1
    for texts in varied.values():
        count *= len(texts)
    return count


def parse_values(name: str, text: str) -> tuple[str, ...]:
    """Take a list of values apart: at commas, or at semicolons where values hold commas themselves.

    Raises:
        ConfigError: there is no such setting, or no value.
    """
    if name not in SETTINGS:
        make_config({name: text})  # says which one may be meant
    if name == SEEDS:
        return parse_seeds(text)
    several = isinstance(SETTINGS[name].default, tuple) or ";" in text
    parts = tuple(part.strip() for part in text.split(";" if several else ","))
    if not all(parts) and not SETTINGS[name].optional:
        raise ConfigError(f"{name} has an empty value in {text!r}; write values like {_example(name)}.")
    return parts


def parse_seeds(text: str) -> tuple[str, ...]:
    """Take seeds apart: `0-4`, `0,3,7` or both.

    Raises:
        ConfigError: it is neither, or names too many.
    """
    seeds: list[str] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(f"Seeds are whole numbers such as 0-4 or 0,3,7; got {text!r}.")
        low, high = int(first), int(last) if dash else int(first)
        if not 0 <= high - low < MAX_RUNS:
            raise ConfigError(f"Seeds {part.strip()!r} must rise, by less than {MAX_RUNS}.")
        seeds += map(str, range(low, high + 1))
    return tuple(seeds)


def _config(values: dict[str, Any], chosen: dict[str, str], preset: str) -> RunConfig:
    try:
        return make_config(values, preset=preset)
    except ConfigError as error:
        tried = ", ".join(f"{name}={text}" for name, text in chosen.items())
        raise ConfigError(f"With {tried}: {error}") from error


def _check_twins(configs: list[RunConfig], names: Sequence[str]) -> None:
    """Refuse equal runs, which equal values make, such as 0.001 and 1e-3."""
    seen: set[str] = set()
    for config in configs:
        key = config.model_dump_json()
        if key in seen:
            same = ", ".join(f"{name}={as_text(getattr(config, name))}" for name in names)
            raise ConfigError(f"Two of these runs are the same: {same}. Write each value once.")
        seen.add(key)


def _example(name: str) -> str:
    return "11,5,3,3,3; 7,5,3,3,3" if isinstance(SETTINGS[name].default, tuple) else "a, b"
