"""The command line that repeats a run names what differs from its preset, and nothing is lost on the way."""

from __future__ import annotations

import shlex

import pytest

from rsdash.config import (
    PRESETS,
    RunConfig,
    command_for,
    command_for_grid,
    make_config,
    make_grid,
    parse_seeds,
    parse_values,
)
from rsdash.config.command import PROGRAM

CASES = [
    {},
    {"epochs": 3},
    {"learning_rate": 0.00123456789, "seed": 7},
    {"data": '/a folder/it\'s "here" $HOME;', "split": "by region"},
    {"kernel_sizes": (7, 5, 3, 3, 3), "overlapping_pooling": False, "model": "alexnet", "weights": "random"},
    {"limit_per_class": None, "validation_share": 0.1},
    {"limit_per_class": 30, "device": "GPU-1234", "l1": 1e-7},
    {"model": "resnet34", "skip": False, "weights": "random"},
]


def options(command: str) -> list[tuple[str, str]]:
    """Options of a command with their values."""
    words = shlex.split(command)
    assert tuple(words[:4]) == PROGRAM
    return list(zip(words[4::2], words[5::2], strict=True))


def meant(pairs: list[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """Preset and settings that options mean, read by hand."""
    values, preset = {}, ""
    for option, value in pairs:
        if option == "--preset":
            preset = value
        elif option == "--set":
            name, _, text = value.partition("=")
            values[name] = text
        else:
            values[option.removeprefix("--")] = value
    return preset, values


def parsed(command: str) -> RunConfig:
    """What a command means, read by hand."""
    preset, values = meant(options(command))
    return make_config(values, preset=preset)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("changes", CASES, ids=str)
def test_the_command_gives_the_same_settings(preset: str, changes: dict) -> None:
    config = make_config(changes, preset=preset)
    assert parsed(command_for(config)) == config


def test_only_what_differs_from_the_preset_is_named() -> None:
    assert command_for(RunConfig()) == "python -m rsdash train --preset paper"
    config = make_config({"data": "eurosat", "epochs": 3}, preset="quick")
    assert command_for(config) == "python -m rsdash train --preset quick --data eurosat --set epochs=3"


VALUES = {"data": "my data", "learning_rate": 0.00123456789, "epochs": 3, "seed": 7}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "varied",
    [
        {"seed": ("0", "1", "2")},
        {"learning_rate": ("0.001", "1e-4"), "model": ("resnet18", "resnet34")},
        {"seed": ("3", "4"), "kernel_sizes": ("11,5,3,3,3", "7,5,3,3,3"), "model": ("alexnet",)},
        {"kernel_sizes": ("7,5,3,3,3",), "model": ("alexnet",)},
        {"data": ("one, two", "three"), "limit_per_class": ("30", "")},
    ],
    ids=str,
)
def test_the_command_of_a_grid_gives_the_same_runs(preset: str, varied: dict) -> None:
    cells = make_grid(VALUES, varied, preset=preset)
    pairs = options(command_for_grid(cells[-1].config, varied, name="mine"))
    assert dict(pairs)["--name"] == "mine"
    several = [value.partition("=") for option, value in pairs if option == "--vary"]
    again = {setting: parse_values(setting, texts) for setting, _, texts in several}
    if "seed" in varied:
        again["seed"] = parse_seeds(dict(pairs)["--seeds"])
    shared, values = meant([pair for pair in pairs if pair[0] not in ("--vary", "--seeds", "--name")])
    assert make_grid(values, again, preset=shared) == cells


def test_a_name_is_repeated_as_it_was_typed() -> None:
    words = shlex.split(command_for(RunConfig(epochs=3), name="it's mine"))
    assert words[words.index("--name") + 1] == "it's mine" and words[-1] == "epochs=3"
