"""Memory that runs out in a run does not end it, as long as two images fit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rsdash.errors import RunError
from rsdash.training import trainer as trainer_module
from rsdash.training.causes import cause_of
from rsdash.training.control import Ending, Request
from rsdash.training.memory import is_out_of_memory
from rsdash.training.trainer import Trainer
from tests.loop import (
    CPU,
    STEPS_PER_EPOCH,
    Greedy,
    Witness,
    equal,
    material,
    recipe,
    trainer_for,
    undisturbed,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "could not create a primitive",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "FIND was unable to find an engine to execute this computation",
        "Unable to find a valid cuDNN algorithm to run convolution",
        "MPS backend out of memory (MPS allocated: 8.10 GB, max allowed: 9.07 GB).",
    ],
)
def test_short_memory_is_known_in_every_librarys_words(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text)) and "batch_size" in (cause_of(RuntimeError(text)) or "")


def greedy_trainer(bears: int, error: type[Exception], from_call: int = 0) -> tuple[Trainer, Witness]:
    config, witness = recipe("paper", dropout=0.0), Witness()
    parts = material(config)
    model = Greedy(parts.model, bears, error, from_call=from_call)
    greedy = type(parts)(model, {f"inner.{name}" for name in parts.head}, parts.training, parts.watched, CPU)
    trainer = Trainer("run", config, greedy, witness)
    return trainer, witness


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError, RuntimeError])
def test_where_memory_runs_out_the_batch_is_halved_until_it_fits(error: type[Exception]) -> None:
    trainer, witness = greedy_trainer(14, error, from_call=4)  # 4: three steps and a validation pass
    assert trainer.run() == Request(Ending.COMPLETE)
    assert [(a.step, a.setting, a.value) for a in witness.amendments] == [
        (STEPS_PER_EPOCH, "accumulation", 2)
    ]
    assert trainer.config.accumulation == 2
    assert [sums.images for sums, _ in witness.intervals] == [16, 16, 8] * 3


def test_memory_that_runs_out_several_times_in_a_step_is_told_once_with_what_fitted() -> None:
    trainer, witness = greedy_trainer(4, torch.OutOfMemoryError)
    assert trainer.run() == Request(Ending.COMPLETE)
    assert [(a.step, a.value) for a in witness.amendments] == [(0, 4)]


def test_memory_that_runs_out_for_the_images_themselves_is_tried_again_with_what_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, calls = trainer_module.training_batch, []

    def short_at_first(*args: Any, **place: Any) -> tuple[torch.Tensor, torch.Tensor]:
        calls.append(place)
        if len(calls) in (2, 6):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return make(*args, **place)

    monkeypatch.setattr(trainer_module, "training_batch", short_at_first)
    trainer = trainer_for(recipe("paper"))
    trainer.run()
    assert len(calls) == 2 + trainer.total_steps and calls[1] == calls[2]
    assert equal(trainer.reported_weights(), undisturbed("paper")[0].reported_weights())


def test_where_not_even_two_images_fit_the_run_ends_with_advice() -> None:
    trainer, witness = greedy_trainer(1, torch.OutOfMemoryError)
    with pytest.raises(RunError, match="Memory does not suffice for 2 images at a time"):
        trainer.run()
    assert not witness.amendments, "that the run goes on is said once it does"


def test_another_error_is_not_taken_for_short_memory() -> None:
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    trainer, _ = greedy_trainer(1, ValueError)
    with pytest.raises(ValueError, match="allocate"):
        trainer.run()
