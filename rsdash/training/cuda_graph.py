"""The passes of a step as a CUDA graph: recorded once, then started with a single call.

A small network's step has hundreds of kernels, which the GPU runs faster than the processor can start them
one by one. A recorded step runs the same kernels on the same numbers in the same order, so it gives what the
step as written gives. What a recording cannot hold runs as written: a short last batch, batches in parts,
compiled networks, and networks whose passes wait for the GPU.

Source: PyTorch, "CUDA semantics: CUDA graphs" (whole-network capture).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rsdash.training.memory import is_out_of_memory

Passes = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Images and labels → sums on the device; leaves gradients in the parameters that learn."""

WARM_UPS = 2
"""Passes before the recording, so that libraries are ready and kernels are chosen on its stream."""
SAME_SUM = 0.02
"""Relative difference of the loss up to which a recording counts as that of the passes; one that left
something out would differ by more."""


@dataclass(frozen=True)
class _Recording:
    kind: tuple[Any, ...]
    graph: torch.cuda.CUDAGraph
    images: torch.Tensor
    labels: torch.Tensor
    sums: tuple[torch.Tensor, torch.Tensor]
    gradients: list[tuple[nn.Parameter, torch.Tensor | None]]

    def replay(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.images.copy_(images)
        self.labels.copy_(labels)
        self.graph.replay()
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        first, second = self.sums
        return first.clone(), second.clone()  # the next replay overwrites them


@contextmanager
def _waits_are_errors() -> Iterator[None]:
    """Context in which what waits for the GPU raises a RuntimeError, as far as PyTorch notices."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


class GraphedPasses:
    """Records a network's passes at the second batch of a kind, and replays them from then on."""

    def __init__(self, model: nn.Module) -> None:
        """Begin without a recording; `model` keeps its tensors from now on."""
        self._model = model
        self._parameters = list(model.parameters())
        self._possible = self._parameters[0].device.type == "cuda"
        self._recording: _Recording | None = None
        self._latest: tuple[Any, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether there is a recording."""
        return self._recording is not None

    def run(
        self, images: torch.Tensor, labels: torch.Tensor, passes: Passes
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Run the passes over a batch by replaying them, if they are or can be recorded.

        Args:
            images: float32 of shape (B, C, side, side).
            labels: int64 of shape (B,), or shares of the classes, float of shape (B, K).
            passes: what to record; the same for all batches of a shape while the same parameters learn.

        Returns:
            What the passes return, or None where they are to be run as written; no gradient is set then.
        """
        if not self._possible:
            return None
        learning = tuple(parameter.requires_grad for parameter in self._parameters)
        kind = (images.shape, labels.shape, labels.dtype, self._model.training, learning)
        if self._recording is None or self._recording.kind != kind:
            self._recording = None
            if kind != self._latest:
                self._latest = kind
                return None
            self._recording = self._record(kind, images, labels, passes)
            self._possible = self._recording is not None
        return self._recording.replay(images, labels) if self._recording else None

    def give_up(self) -> bool:
        """Let go of the recording and its memory and record no more; whether there was one."""
        had, self._recording, self._possible = self.recorded, None, False
        return had

    def _record(
        self, kind: tuple[Any, ...], images: torch.Tensor, labels: torch.Tensor, passes: Passes
    ) -> _Recording | None:
        """Record; the network's buffers and the state of random draws are left as they were."""
        present = torch.cuda.current_stream()
        buffers = [(buffer, buffer.clone()) for buffer in self._model.buffers()]
        draws = torch.cuda.get_rng_state()
        recording, trouble = None, ""
        try:
            stream = torch.cuda.Stream()
            stream.wait_stream(present)
            with torch.cuda.stream(stream):
                expected = self._warm_up(images, labels, passes)
            present.wait_stream(stream)
            torch.cuda.set_rng_state(draws)
            recording = self._capture(stream, kind, images, labels, passes)
            torch.cuda.set_rng_state(draws)
            found, _ = recording.replay(images, labels)
            if not torch.allclose(found, expected, rtol=SAME_SUM, equal_nan=True):
                trouble = f"its loss is {found:.4g} instead of {expected:.4g}"
        except RuntimeError as error:
            trouble = "memory is short" if is_out_of_memory(error) else str(error).partition("\n")[0]
            torch.cuda.set_stream(present)  # a recording that breaks off leaves its own
        self._forget_gradients()
        for buffer, former in buffers:
            buffer.copy_(former)
        torch.cuda.set_rng_state(draws)
        if trouble:
            print(f"Steps run as written, not as a CUDA graph: {trouble}.", flush=True)
            return None
        return recording

    def _warm_up(self, images: torch.Tensor, labels: torch.Tensor, passes: Passes) -> torch.Tensor:
        """The loss that the passes give; raises where they wait for the GPU, before a recording breaks."""
        draws = torch.cuda.get_rng_state()
        for _ in range(WARM_UPS):
            self._forget_gradients()
            passes(images, labels)
        self._forget_gradients()
        torch.cuda.set_rng_state(draws)
        with _waits_are_errors():
            return passes(images, labels)[0]

    def _capture(
        self,
        stream: torch.cuda.Stream,
        kind: tuple[Any, ...],
        images: torch.Tensor,
        labels: torch.Tensor,
        passes: Passes,
    ) -> _Recording:
        self._forget_gradients()
        images, labels, graph = images.clone(), labels.clone(), torch.cuda.CUDAGraph()
        # other threads, which load images or write checkpoints, may use the GPU meanwhile
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            sums = passes(images, labels)
        gradients = [(parameter, parameter.grad) for parameter in self._parameters]
        return _Recording(kind, graph, images, labels, sums, gradients)

    def _forget_gradients(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None
