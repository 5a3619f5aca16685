"""Several values at once: every combination once, refused as a whole where one does not fit."""

from __future__ import annotations

import pytest

from rsdash.config import MAX_RUNS, make_grid, parse_seeds, parse_values
from rsdash.errors import ConfigError


def test_every_combination_is_a_run_and_seeds_follow_each_other() -> None:
    varied = {"seed": ("0", "1"), "learning_rate": ("0.001", "5e-4"), "model": ("alexnet", "resnet18")}
    cells = make_grid({"epochs": 3}, varied)
    found = [(cell.config.learning_rate, cell.config.model, cell.config.seed) for cell in cells]
    assert found == [
        (0.001, "alexnet", 0),
        (0.001, "alexnet", 1),
        (0.001, "resnet18", 0),
        (0.001, "resnet18", 1),
        (0.0005, "alexnet", 0),
        (0.0005, "alexnet", 1),
        (0.0005, "resnet18", 0),
        (0.0005, "resnet18", 1),
    ]
    assert {cell.config.epochs for cell in cells} == {3}
    assert cells[0].varied == {"learning_rate": "0.001", "model": "alexnet", "seed": "0"}


def test_nothing_varied_is_one_run_of_the_preset() -> None:
    [cell] = make_grid({}, {}, preset="quick")
    assert (cell.config.preset, cell.config.epochs) == ("quick", 5)


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("learning_rate", "0.001,0.0005", ("0.001", "0.0005")),
        ("optimizer", " sgd , adam ", ("sgd", "adam")),
        ("kernel_sizes", "11,5,3,3,3; 7,5,3,3,3", ("11,5,3,3,3", "7,5,3,3,3")),
        ("kernel_sizes", "11,5,3,3,3", ("11,5,3,3,3",)),
        ("data", "a,b;c", ("a,b", "c")),
        ("limit_per_class", "50,", ("50", "")),
        ("seed", "0-2,7", ("0", "1", "2", "7")),
    ],
)
def test_values_are_parted_at_commas_or_semicolons(name: str, text: str, values: tuple[str, ...]) -> None:
    assert parse_values(name, text) == values


@pytest.mark.parametrize("text", ["", "a", "3-1", "-1", "1-", "0-100000", "1.5"])
def test_seeds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="Seeds"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("varied", "parts"),
    [
        ({"epochs": ("3", "many")}, ["epochs=many", "many"]),
        (
            {"model": ("resnet18", "alexnet"), "skip": ("true", "false")},
            ["model=alexnet, skip=false", "skip"],
        ),
        ({"learning_rate": ("0.001", "1e-3")}, ["the same", "learning_rate=0.001"]),
        ({"seed": tuple(map(str, range(60))), "epochs": ("1", "2")}, ["120 runs", f"at most {MAX_RUNS}"]),
    ],
)
def test_a_grid_that_does_not_fit_is_one_sentence(varied: dict, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        make_grid({}, varied)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_unknown_settings_and_empty_values_are_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'epochs'"):
        parse_values("epochz", "1,2")
    with pytest.raises(ConfigError, match="empty value"):
        parse_values("epochs", "1,,2")
