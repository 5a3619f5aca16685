"""Profiles are measured once a machine, and again on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.config import RGB8, Radiometry, RunConfig, make_radiometry
from rsdash.home import DATA_VARIABLE
from rsdash.inference.profiles import known, measured
from rsdash.inference.results import Profile


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))


class Stopwatch:
    """Counts how often it is asked; each answer is slower than the last."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, config: RunConfig, classes: int, radiometry: Radiometry) -> Profile:
        self.asked += 1
        return Profile(
            parameters=1,
            trainable_parameters=1,
            flops=1,
            memory_bytes=1,
            seconds_per_step=float(self.asked),
            seconds_per_image_forward=0.1,
            device="cpu",
        )


def test_the_second_look_measures_nothing_and_says_the_same() -> None:
    stopwatch, config = Stopwatch(), RunConfig(model="alexnet")
    assert known(config, 10, RGB8) is None
    first = measured(config, 10, RGB8, measure=stopwatch)
    assert measured(config, 10, RGB8, measure=stopwatch) == first == known(config, 10, RGB8)
    assert stopwatch.asked == 1


@pytest.mark.parametrize("other", [{"seed": 3}, {"epochs": 2}, {"data": "eurosat"}, {"learning_rate": 0.1}])
def test_what_does_not_change_a_step_is_not_measured_again(other: dict) -> None:
    stopwatch = Stopwatch()
    measured(RunConfig(), 10, RGB8, measure=stopwatch)
    measured(RunConfig(**other), 10, RGB8, measure=stopwatch)
    assert stopwatch.asked == 1


@pytest.mark.parametrize("other", [{"im_size": 64}, {"batch_size": 8}, {"model": "resnet18"}, {"threads": 1}])
def test_what_changes_a_step_is_measured(other: dict) -> None:
    stopwatch = Stopwatch()
    measured(RunConfig(), 10, RGB8, measure=stopwatch)
    measured(RunConfig(**other), 10, RGB8, measure=stopwatch)
    measured(RunConfig(), 11, RGB8, measure=stopwatch)
    measured(RunConfig(), 10, make_radiometry("eurosat", "all"), measure=stopwatch)
    assert stopwatch.asked == 4


def test_measuring_again_replaces_what_was_known() -> None:
    stopwatch, config = Stopwatch(), RunConfig()
    measured(config, 10, RGB8, measure=stopwatch)
    again = measured(config, 10, RGB8, measure=stopwatch, again=True)
    assert again.seconds_per_step == 2.0
    assert known(config, 10, RGB8) == again


def test_a_damaged_file_is_measured_again(tmp_path: Path) -> None:
    stopwatch, config = Stopwatch(), RunConfig()
    measured(config, 10, RGB8, measure=stopwatch)
    (file,) = (tmp_path / "profiles").iterdir()
    file.write_text('{"parameters": ')
    assert known(config, 10, RGB8) is None
    assert measured(config, 10, RGB8, measure=stopwatch).seconds_per_step == 2.0
