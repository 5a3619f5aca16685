"""Measuring: in smaller batches where memory is short, left at once where asked, in full precision."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from rsdash.training.compute import Compute
from rsdash.training.control import Ending, LeaveError, Request
from rsdash.training.measure import measure_logits
from tests.loop import CPU, VALIDATION_ROWS, Greedy, material, recipe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("bears", [5, 1])
@pytest.mark.parametrize("from_call", [0, 1])
def test_where_memory_runs_out_batches_become_smaller_and_every_image_is_measured_once(
    monkeypatch: pytest.MonkeyPatch, bears: int, from_call: int
) -> None:
    monkeypatch.setattr("rsdash.training.measure.BATCH", 8)
    parts = material(recipe("paper"))
    expected = measure_logits(parts.model, parts.watched, CPU)
    greedy = Greedy(parts.model, bears, torch.OutOfMemoryError, from_call=from_call)
    logits = measure_logits(greedy, parts.watched, CPU)
    assert greedy.calls > len(VALIDATION_ROWS) / 8
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_memory_is_given_back_once_the_error_holds_it_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[BaseException | None] = []
    monkeypatch.setattr("rsdash.training.measure.give_back", lambda _: held.append(sys.exc_info()[1]))
    parts = material(recipe("paper"))
    measure_logits(parts.model, parts.watched, CPU)
    assert held == [], "only where memory ran out"
    measure_logits(Greedy(parts.model, 100, torch.OutOfMemoryError), parts.watched, CPU)
    measure_logits(Greedy(parts.model, 5, torch.OutOfMemoryError), parts.watched, CPU)
    assert held and set(held) == {None}


def test_where_not_even_one_image_fits_the_error_is_passed_on() -> None:
    parts = material(recipe("paper"))
    with pytest.raises(torch.OutOfMemoryError):
        measure_logits(Greedy(parts.model, 0, torch.OutOfMemoryError), parts.watched, CPU)


def test_a_network_that_is_left_while_measured_trains_on_in_its_mode() -> None:
    parts = material(recipe("paper"))
    parts.model.train()

    def leave() -> None:
        raise LeaveError(Request(Ending.SUSPEND))

    with pytest.raises(LeaveError):
        measure_logits(parts.model, parts.watched, CPU, on_batch=leave)
    assert all(module.training for module in parts.model.modules())


def test_reported_figures_are_computed_without_tf32_and_training_keeps_its_setting() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32
    training = Compute(torch.device("cuda"), torch.float32, "a GPU")
    with training.autocast():
        assert cudnn.allow_tf32 == before
    with training.in_fp32().autocast():
        assert not cudnn.allow_tf32
    assert cudnn.allow_tf32 == before
