"""One optimizer step: a batch in, changed weights out, in parts where memory is short."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from rsdash.config import RunConfig
from rsdash.data.mixing import strongest
from rsdash.training.average import WeightAverage
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.compute import Compute, untuned
from rsdash.training.cuda_graph import Batch, BatchFigures, GraphedPasses
from rsdash.training.memory import give_back, is_out_of_memory
from rsdash.training.randomness import rewind_network
from rsdash.training.recipe import l1_penalty, make_optimizer, set_rate, training_loss

LENT_BY_SCALER = ("grad_scale", "found_inf")
"""Attributes that a loss scaler gives to a fused optimizer for its step, and leaves there if that fails."""
Tensors = tuple[torch.Tensor, torch.Tensor]
SMALLEST_PART = 2
"""Images: batch normalization needs two."""


@dataclass(frozen=True)
class StepSums:
    """What a step says of its batch, still on the device.

    Attributes:
        loss: sum of the loss over the images, without the L1 penalty, float of shape ().
        right: number of images that were right, int64 of shape ().
        images: number of images.
    """

    loss: torch.Tensor
    right: torch.Tensor
    images: int


class Stepper:
    """Owns what a step changes: weights, optimizer, loss scaler and averaged weights.

    Attributes:
        model: network that learns.
        optimizer: moves its weights.
        average: their running average, or None.
        scaler: scales the loss in fp16; does nothing elsewhere.
        graphed: replays the passes of whole batches on a GPU.
    """

    def __init__(
        self,
        model: nn.Module,
        head: set[str],
        compute: Compute,
        config: RunConfig,
        *,
        class_weights: torch.Tensor | None = None,
    ) -> None:
        """Begin with the weights that `model` holds.

        Args:
            model: network on the device.
            head: names of the parameters of its last layer.
            compute: device and number format.
            config: settings as asked for.
            class_weights: float of shape (K,) for the loss, on the device; None for equal ones.
        """
        self.model = model
        self.optimizer = make_optimizer(model, config, head)
        self.average = WeightAverage(model, config.ema_decay) if config.ema_decay else None
        self._compute = compute
        self.scaler = self._fresh_scaler({})
        self._class_weights = class_weights
        self.graphed = GraphedPasses(model)

    @property
    def measured(self) -> nn.Module:
        """The network that figures are of: with averaged weights, if asked."""
        return self.average.model if self.average else self.model

    def state(self) -> dict[str, Mapping[str, Any]]:
        """What a checkpoint keeps of it, sharing its tensors."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average.model.state_dict() if self.average else {},
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint."""
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(dict(checkpoint.optimizer))
        if checkpoint.scaler:  # empty where it was written without one, in another number format
            self.scaler.load_state_dict(dict(checkpoint.scaler))
        if self.average:
            self.average.model.load_state_dict(checkpoint.average)

    def attempt(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        config: RunConfig,
        *,
        rate: float,
        look: Callable[[], None] | None = None,
    ) -> StepSums | None:
        """Take a step, if memory suffices; call `seed_network` right before.

        Args:
            images: float32 of shape (B, C, side, side).
            labels: int64 of shape (B,), or shares of the classes, float of shape (B, K).
            config: settings in force.
            rate: learning rate of this step; groups with a factor take their share of it.
            look: called when the gradients are complete, before they are clipped; memory may run out there.

        Returns:
            The sums, or None where memory ran out: then only the running averages of batch normalization
            may have seen a part of the batch. The optimizer asks for the most memory in its first group,
            before it has changed a weight.
        """
        set_rate(self.optimizer, rate)
        before = set(self.optimizer.state)
        try:
            return self._take(images, labels, config, look)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # only here have the frames of the failed step, which the exception held, let go of their tensors
        self._undo(before)
        if not self._make_room():
            return None
        rewind_network()  # without the memory that a recorded step holds, the batch may fit
        return self.attempt(images, labels, config, rate=rate, look=look)

    def batch_with_room(self, make: Callable[[], Tensors]) -> Tensors:
        """Images and labels as `make` makes them; once more, after making room, if memory ran out."""
        try:
            return make()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        self._make_room()
        return make()

    def _make_room(self) -> bool:
        """Give back the memory that no step needs; whether a recorded step was among it, which has to go."""
        had_recording = self.graphed.release()
        give_back(self._compute.device)
        return had_recording

    def _undo(self, states: set[torch.Tensor]) -> None:
        """Leave nothing of a step that broke off, before which these parameters had a state."""
        self.optimizer.zero_grad(set_to_none=True)
        for parameter in self.optimizer.state.keys() - states:  # may have been made by half
            del self.optimizer.state[parameter]
        for name in LENT_BY_SCALER:
            vars(self.optimizer).pop(name, None)
        # a scaler that has unscaled the gradients would refuse to do so again
        self.scaler = self._fresh_scaler(self.scaler.state_dict())

    def _take(
        self, images: torch.Tensor, labels: torch.Tensor, config: RunConfig, look: Callable[[], None] | None
    ) -> StepSums:
        self.optimizer.zero_grad(set_to_none=True)
        loss, right = self._replayed(images, labels, config) or self._in_parts(images, labels, config)
        if look or config.clip_gradient > 0:
            self.scaler.unscale_(self.optimizer)
        if look:
            look()
        if config.clip_gradient > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_gradient)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return StepSums(loss * len(labels), right, len(labels))

    def _replayed(self, images: torch.Tensor, labels: torch.Tensor, config: RunConfig) -> BatchFigures | None:
        """As `_in_parts`; None where the step is not one that can be recorded."""
        if config.compiled or config.accumulation > 1 or len(labels) < config.batch_size:
            return None
        return self.graphed.run(Batch(images, labels), partial(self._backward, config=config, share=1.0))

    def _in_parts(self, images: torch.Tensor, labels: torch.Tensor, config: RunConfig) -> BatchFigures:
        """Mean loss, and number of images that were right; the gradients are in the parameters."""
        sums = [
            self._backward(images[part], labels[part], config, share=_share(part, labels))
            for part in _parts(len(labels), config.accumulation)
        ]
        (loss, right), *others = sums
        for more_loss, more_right in others:
            loss, right = loss + more_loss, right + more_right
        return loss, right

    def _backward(
        self, images: torch.Tensor, labels: torch.Tensor, config: RunConfig, *, share: float
    ) -> BatchFigures:
        """A part's share of the mean loss, and its number of images that were right."""
        usual = len(images) >= config.batch_size // config.accumulation
        with contextlib.nullcontext() if usual else untuned():
            with self._compute.autocast():
                logits = self.model(images)
            loss = training_loss(logits, labels, config, self._class_weights) * share
            whole = loss + l1_penalty(self.model, config) * share if config.l1 > 0 else loss
            self.scaler.scale(whole).backward()
        return loss.detach(), (logits.detach().argmax(1) == strongest(labels)).sum()

    def _fresh_scaler(self, state: dict[str, object]) -> torch.amp.GradScaler:
        scaler = torch.amp.GradScaler(self._compute.device.type, enabled=self._compute.dtype == torch.float16)
        if state:  # empty at first, and in number formats that need no scaler
            scaler.load_state_dict(state)
        return scaler


def most_parts(images: int) -> int:
    """The largest number of parts that a batch can be worked through in."""
    return max(1, images // SMALLEST_PART)


def _parts(images: int, wanted: int) -> list[slice]:
    """Neighbouring parts of a batch, as even as can be."""
    count = min(wanted, most_parts(images))
    ends = [images * number // count for number in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]


def _share(part: slice, labels: torch.Tensor) -> float:
    return (part.stop - part.start) / len(labels)
