"""The passes of a step as a CUDA graph: recorded once, then started with a single call.

A small network's step has hundreds of kernels, which the GPU runs faster than the processor can start them
one by one. A recorded step runs the same kernels on the same numbers in the same order, so it gives what the
step as written gives. It holds the memory of its step for the rest of the run, so it is kept only where as
much is left besides. What a recording cannot hold runs as written: a short last batch, batches in parts,
compiled networks, and networks whose passes wait for the GPU or keep what they have computed for later.

Source: PyTorch, "CUDA semantics: CUDA graphs" (whole-network capture).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

from rsdash.training.memory import give_back, is_out_of_memory


class Batch(NamedTuple):
    """What a step works on.

    Attributes:
        images: float32 of shape (B, C, side, side).
        labels: int64 of shape (B,), or shares of the classes, float of shape (B, K).
    """

    images: torch.Tensor
    labels: torch.Tensor


BatchFigures = tuple[torch.Tensor, torch.Tensor]
Passes = Callable[[torch.Tensor, torch.Tensor], BatchFigures]
"""Images and labels → mean loss and number of images that were right, both of shape () and on the device;
leaves gradients in the parameters that learn."""

WARM_UPS = 2
"""Passes before the recording, so that libraries are ready and kernels are chosen on its stream."""
SAME_LOSS = 0.02
"""Relative difference of the loss up to which a recording counts as that of the passes; one that left
something out would differ by more."""


class CannotRecordError(Exception):
    """Why the passes have to run as written."""


@dataclass(frozen=True)
class _Recording:
    graph: torch.cuda.CUDAGraph
    batch: Batch
    sums: BatchFigures
    gradients: list[tuple[nn.Parameter, torch.Tensor | None]]

    def replay(self, batch: Batch) -> BatchFigures:
        self.batch.images.copy_(batch.images)
        self.batch.labels.copy_(batch.labels)
        self.graph.replay()
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        loss, right = self.sums
        return loss.clone(), right.clone()  # the next replay overwrites them


class GraphedPasses:
    """Records a network's passes at the second batch of a kind, and replays them from then on."""

    def __init__(self, model: nn.Module) -> None:
        """Begin without a recording; `model` keeps its tensors from now on."""
        self._model = model
        self._parameters = list(model.parameters())
        self._device = self._parameters[0].device
        self._possible = self._device.type == "cuda"
        self._recording: _Recording | None = None
        self._kind: tuple[Any, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether there is a recording."""
        return self._recording is not None

    def run(self, batch: Batch, passes: Passes) -> BatchFigures | None:
        """Run the passes over a batch by replaying them, if they are or can be recorded.

        Args:
            batch: on the device.
            passes: what to record; the same for all batches of a shape while the same parameters learn.

        Returns:
            What the passes return, or None where they are to be run as written; no gradient is set then.
        """
        if not self._possible:
            return None
        learning = tuple(parameter.requires_grad for parameter in self._parameters)
        kind = (batch.images.shape, batch.labels.shape, batch.labels.dtype, self._model.training, learning)
        if kind != self._kind:
            self._kind, self._recording = kind, None
            return None  # as written at first, which claims what later batches need
        if self._recording is None:
            try:
                self._recording = self._record(batch, passes)
            except CannotRecordError as error:
                self._give_up(str(error))
                return None
        return self._recording.replay(batch)

    def release(self) -> bool:
        """Let go of a recording, as memory has run out, and record no more; whether there was one."""
        if self._recording is None:
            return False
        self._give_up("memory is short")
        return True

    def _give_up(self, reason: str) -> None:
        self._recording, self._possible = None, False
        print(f"Steps run as written, not as a CUDA graph: {reason}.", flush=True)

    def _record(self, batch: Batch, passes: Passes) -> _Recording:
        """Record; the network's buffers and the state of random draws are left as they were.

        Raises:
            CannotRecordError: the passes do not lend themselves to it, or memory is short.
        """
        if kept := next((m for m in self._model.modules() if _keeps_results(m)), None):
            raise CannotRecordError(f"{type(kept).__name__} keeps what it has computed")
        present, draws = torch.cuda.current_stream(), (torch.get_rng_state(), torch.cuda.get_rng_state())
        give_back(self._device)
        buffers: list[tuple[torch.Tensor, torch.Tensor]] = []
        try:
            buffers += [(buffer, buffer.clone()) for buffer in self._model.buffers()]
            return self._tried(batch, passes)
        except RuntimeError as error:
            torch.cuda.set_stream(present)  # a recording that breaks off leaves its own
            reason = "memory is short" if is_out_of_memory(error) else str(error).partition("\n")[0]
            raise CannotRecordError(reason) from error
        finally:
            self._forget_gradients()
            for buffer, former in buffers:
                buffer.copy_(former)
            torch.set_rng_state(draws[0])
            torch.cuda.set_rng_state(draws[1])

    def _tried(self, batch: Batch, passes: Passes) -> _Recording:
        """A recording that gives the loss of the passes, and that leaves room for a step as written."""
        stream, draws = torch.cuda.Stream(), torch.cuda.get_rng_state()
        stream.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(stream):
                expected = self._warm_up(batch, passes)
        finally:
            torch.cuda.current_stream().wait_stream(stream)
        give_back(self._device)
        before = torch.cuda.memory_reserved()
        torch.cuda.set_rng_state(draws)
        recording = self._capture(stream, batch, passes)
        torch.cuda.set_rng_state(draws)
        found, _ = recording.replay(batch)
        if not torch.allclose(found, expected, rtol=SAME_LOSS, equal_nan=True):
            raise CannotRecordError(f"its loss is {found:.4g} instead of {expected:.4g}")
        held, (free, _) = torch.cuda.memory_reserved() - before, torch.cuda.mem_get_info()
        if free < held:
            raise CannotRecordError("memory is short")
        return recording

    def _warm_up(self, batch: Batch, passes: Passes) -> torch.Tensor:
        """The loss that the passes give; raises where they wait for the GPU, before a recording breaks."""
        processors_draws, draws = torch.get_rng_state(), torch.cuda.get_rng_state()
        for _ in range(WARM_UPS):
            self._forget_gradients()
            passes(*batch)
        self._forget_gradients()
        torch.cuda.set_rng_state(draws)
        with _waits_are_errors():
            loss, _ = passes(*batch)
        if not torch.equal(torch.get_rng_state(), processors_draws):
            raise CannotRecordError("it draws random numbers on the processor")
        return loss

    def _capture(self, stream: torch.cuda.Stream, batch: Batch, passes: Passes) -> _Recording:
        self._forget_gradients()
        batch, graph = Batch(batch.images.clone(), batch.labels.clone()), torch.cuda.CUDAGraph()
        # other threads, which load images or write checkpoints, may use the GPU meanwhile
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            sums = passes(*batch)
        return _Recording(graph, batch, sums, [(parameter, parameter.grad) for parameter in self._parameters])

    def _forget_gradients(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None


def _keeps_results(module: nn.Module) -> bool:
    """Whether a layer may hold tensors from one batch to the next until its mode changes.

    Some of timm's attentions do so while they are not in training, as frozen layers are, and have a `train`
    of their own that lets go of them; a recording would go on reading from where they were.
    """
    return not module.training and type(module).train is not nn.Module.train


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
