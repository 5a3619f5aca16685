"""What a model costs before it is trained: parameters, arithmetic, memory and time."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.errors import ModelError
from rsdash.models.registry import build_model, freeze_all_but_head

TIMED_STEPS = 3
TIMING_LIMIT_S = 3.0
TRACED_BATCH = 2
TIMED_PIXELS = {"cpu": 800_000, "mps": 1_600_000, "cuda": 6_400_000}
"""Pixels in a timed batch, about; small images take large batches, or the cost of reading the weights of
fully connected layers, which a batch shares, would be counted for each image."""

PARAMETER_COPIES = 4
"""Weights, gradients and Adam's two moments."""


@dataclass(frozen=True)
class ModelProfile:
    """The costs of one model with the settings of one run.

    Attributes:
        parameters: numbers in the network.
        trainable_parameters: those that are learnt.
        flops: operations of one forward pass of one image, a multiplication and an addition counting
            as two (convolutions and matrix products only).
        memory_bytes: estimated peak of training with the configured batch size.
        device: where the times were taken.
        seconds_per_step: training step of one batch: forward, backward and Adam.
        seconds_per_image_forward: forward pass of one image within a batch.
    """

    parameters: int
    trainable_parameters: int
    flops: int
    memory_bytes: int
    device: str
    seconds_per_step: float
    seconds_per_image_forward: float

    def to_json(self) -> str:
        """The profile as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The profile that `to_json` wrote."""
        return cls(**json.loads(text))


def profile_model(
    config: RunConfig,
    num_classes: int,
    radiometry: Radiometry = RGB8,
    *,
    device: torch.device | None = None,
    autocast_dtype: torch.dtype | None = None,
) -> ModelProfile:
    """Measure a model; takes a few seconds and leaves torch's random state as it was.

    Memory is counted as everything that autograd keeps for a batch, plus four copies of the trainable
    parameters (weights, gradients, Adam's two moments) and one of the frozen ones, in float32. The
    workspace of kernels is not in it.

    Args:
        config: settings of the run; its weights are not loaded, as they do not change the costs.
        num_classes: number K of outputs.
        radiometry: the C bands of the images.
        device: where to take the times; None for the fastest here.
        autocast_dtype: half precision to time with; None for float32.

    Raises:
        ModelError: unknown name, or a network that cannot take images of this size.
    """
    device = device or _fastest_device()
    config = config.model_copy(update={"weights": "random"})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        traced, traced_device = _traceable(config, num_classes, radiometry)
        shape = (TRACED_BATCH, radiometry.channels, config.im_size, config.im_size)
        images = torch.zeros(shape, device=traced_device)
        flops = _count_flops(traced, images[:1], config)
        kept_bytes = _count_kept_bytes(traced, images) * config.batch_size // TRACED_BATCH
        parameters = sum(parameter.numel() for parameter in traced.parameters())
        trainable = _count_trainable(traced)
        del traced
        model = _build(config, num_classes, radiometry).to(device).to(memory_format=torch.channels_last)
        step_s, forward_s = _Stopwatch(
            model, config, channels=radiometry.channels, device=device, autocast_dtype=autocast_dtype
        ).measure()
    return ModelProfile(
        parameters=parameters,
        trainable_parameters=trainable,
        flops=flops,
        memory_bytes=kept_bytes + 4 * (PARAMETER_COPIES * trainable + parameters - trainable),
        device=device.type,
        seconds_per_step=step_s,
        seconds_per_image_forward=forward_s,
    )


class _Stopwatch:
    """Times a few real steps on a batch that may be smaller than the configured one, and scales up."""

    def __init__(
        self,
        model: nn.Module,
        config: RunConfig,
        *,
        channels: int,
        device: torch.device,
        autocast_dtype: torch.dtype | None,
    ) -> None:
        self._model, self._device, self._autocast_dtype = model, device, autocast_dtype
        affordable = TIMED_PIXELS.get(device.type, 0) // config.im_size**2
        self._batch = max(TRACED_BATCH, min(config.batch_size, affordable))
        self._scale = config.batch_size / self._batch
        shape = (self._batch, channels, config.im_size, config.im_size)
        self._images = torch.randn(shape, device=device).contiguous(memory_format=torch.channels_last)
        self._labels = torch.zeros(self._batch, dtype=torch.long, device=device)
        learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.Adam(learnt, fused=device.type != "mps")

    def measure(self) -> tuple[float, float]:
        """Seconds per step of the configured batch, seconds per image of a forward pass.

        The optimizer's share does not grow with the batch and is timed apart.
        """
        self._model.train()
        learn_s, update_s = self._median(self._learn, self._optimizer.step)
        self._model.eval()
        with torch.no_grad():
            (forward_s,) = self._median(self._forward)
        return learn_s * self._scale + update_s, forward_s / self._batch

    def _learn(self) -> None:
        self._optimizer.zero_grad()
        functional.cross_entropy(self._forward().float(), self._labels).backward()

    def _forward(self) -> Tensor:
        enabled = self._autocast_dtype is not None
        with torch.autocast(self._device.type, dtype=self._autocast_dtype, enabled=enabled):
            return self._model(self._images)

    def _median(self, *parts: Callable[[], object]) -> list[float]:
        """Median seconds of each part over a few rounds; the first warms up.

        On a CPU it counts where it takes all the time. On a GPU it never does: libraries are loaded in it and
        kernels are chosen, which takes a thousand times as long as a step.
        """
        rounds: list[list[float]] = []
        started_s = time.perf_counter()
        for _ in range(1 + TIMED_STEPS):
            rounds.append([self._time(part) for part in parts])
            if len(rounds) == 1 and self._device.type != "cpu":
                started_s = time.perf_counter()
            elif time.perf_counter() - started_s > TIMING_LIMIT_S:
                break
        return [statistics.median(times) for times in zip(*(rounds[1:] or rounds), strict=True)]

    def _time(self, part: Callable[[], object]) -> float:
        self._synchronize()
        started_s = time.perf_counter()
        part()
        self._synchronize()
        return time.perf_counter() - started_s

    def _synchronize(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()


def _build(config: RunConfig, num_classes: int, radiometry: Radiometry) -> nn.Module:
    model = build_model(config, num_classes, radiometry)
    if config.train_layers == "head":
        freeze_all_but_head(model)
    return model


def _traceable(config: RunConfig, num_classes: int, radiometry: Radiometry) -> tuple[nn.Module, torch.device]:
    """The model on the meta device, which computes shapes alone; on CPU where it cannot live there."""
    try:
        with torch.device("meta"):
            return _build(config, num_classes, radiometry), torch.device("meta")
    except (NotImplementedError, RuntimeError):  # some models compute with values while they are built
        return _build(config, num_classes, radiometry), torch.device("cpu")


def _count_flops(model: nn.Module, images: Tensor, config: RunConfig) -> int:
    model.eval()
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(images)
    except (AssertionError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"{config.model} cannot take images of {config.im_size} px. Choose another im_size or model."
        ) from error
    return counter.get_total_flops()


def _count_kept_bytes(model: nn.Module, images: Tensor) -> int:
    """Bytes that autograd keeps between forward and backward, parameters and buffers aside."""
    owned = {_storage(tensor) for tensor in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in owned:
            kept[_storage(tensor)] = tensor  # held, so that no later storage takes its place
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = model(images)
    size = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    del output
    return size


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _count_trainable(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _fastest_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
