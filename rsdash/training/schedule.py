"""How the learning rate moves over a run; no torch, so that a form can draw it before anything is trained.

A plateau is judged from the list of all losses so far, so that a resumed run judges as an undisturbed one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rsdash.config import RunConfig

ONE_CYCLE_RISE = 0.3
"""Share of the steps in which one-cycle rises (Smith and Topin 2018)."""
ONE_CYCLE_START = 1 / 25
"""One-cycle's first rate as a share of its peak."""
PROGRESS_SHARE = 1e-4
"""A loss below the lowest so far by this share of it counts as progress, as in torch's ReduceLROnPlateau."""
PREVIEW_POINTS = 240
"""Steps of a run that its preview shows, about."""


@dataclass(frozen=True)
class RatePreview:
    """The learning rate over a run, as far as it is known before.

    Attributes:
        epoch: where the rate is taken, in epochs from 0.
        rate: of the layers before the last one; 0 while they are frozen.
        head_rate: of the last layer.
    """

    epoch: tuple[float, ...]
    rate: tuple[float, ...]
    head_rate: tuple[float, ...]


def rate_factor(config: RunConfig, step: int, *, steps_per_epoch: int, cuts: int = 0) -> float:
    """Learning rate at an optimizer step as a share of its peak.

    Args:
        config: schedule, warmup_epochs, plateau_factor and epochs.
        step: steps taken before this one.
        steps_per_epoch: optimizer steps in an epoch.
        cuts: how often the plateau schedule has lowered the rate, from `plateau_cuts`.
    """
    total = config.epochs * steps_per_epoch
    if config.schedule == "one-cycle":
        return _one_cycle(step / max(total - 1, 1))
    warm_up = config.warmup_epochs * steps_per_epoch
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    done = min(1.0, (step - warm_up) / max(total - warm_up, 1))
    if config.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "step":
        return 0.1 ** min(2, int(3 * done))
    return config.plateau_factor**cuts if config.schedule == "plateau" else 1.0


def plateau_cuts(losses: Sequence[float], config: RunConfig) -> int:
    """How often the plateau schedule has lowered the rate; 0 for any other schedule.

    The rate falls once more than `plateau_epochs` - 1 epochs passed without progress since the lowest loss
    or the last fall.

    Args:
        losses: of all epochs so far.
        config: schedule and plateau_epochs.
    """
    if config.schedule != "plateau":
        return 0
    lowest, idle, cuts = math.inf, 0, 0
    for loss in losses:
        lowest, idle = (loss, 0) if _is_progress(loss, lowest) else (lowest, idle + 1)
        if idle == config.plateau_epochs:
            cuts, idle = cuts + 1, 0
    return cuts


def epochs_without_progress(losses: Sequence[float]) -> int:
    """Epochs since the one with the lowest loss; 0 where the last one has it.

    Args:
        losses: of all epochs so far.
    """
    lowest, idle = math.inf, 0
    for loss in losses:
        lowest, idle = (loss, 0) if _is_progress(loss, lowest) else (lowest, idle + 1)
    return idle


def epochs_out_of_patience(losses: Sequence[float], config: RunConfig, *, since: int = 0) -> int:
    """Epochs without progress where they have used up the patience of the settings; else 0.

    Args:
        losses: of all epochs so far.
        config: patience.
        since: epochs that were done when the run was last given another length; patience begins anew there.
    """
    idle = min(epochs_without_progress(losses), len(losses) - since)
    return idle if 0 < config.patience <= idle else 0


def preview_rates(config: RunConfig) -> RatePreview:
    """The learning rate over a run with these settings; where it waits for a plateau, it stays."""
    per_epoch = max(1, math.ceil(PREVIEW_POINTS / config.epochs))
    stride = max(1, config.epochs * per_epoch // PREVIEW_POINTS)
    last = config.epochs * per_epoch - 1
    steps = sorted({*range(0, last + 1, stride), last})
    rates = [config.learning_rate * rate_factor(config, step, steps_per_epoch=per_epoch) for step in steps]
    body, head = layer_rates(config, rates, [step // per_epoch for step in steps])
    return RatePreview(epoch=tuple(step / per_epoch for step in steps), rate=body, head_rate=head)


def layer_rates(
    config: RunConfig, rates: Sequence[float], epochs: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What a run's rate comes to in the layers before the last one, and in the last one.

    Args:
        config: train_layers, frozen_epochs and head_rate_factor.
        rates: of the run, at some steps.
        epochs: those in which the steps are taken, counted from 0.
    """
    rests = (config.train_layers == "head" or epoch < config.frozen_epochs for epoch in epochs)
    body = tuple(0.0 if resting else rate for rate, resting in zip(rates, rests, strict=True))
    return body, tuple(rate * config.head_rate_factor for rate in rates)


def _is_progress(loss: float, lowest: float) -> bool:
    return loss < lowest * (1 - PROGRESS_SHARE) or (math.isinf(lowest) and math.isfinite(loss))


def _one_cycle(done: float) -> float:
    if done < ONE_CYCLE_RISE:
        return _cosine_between(ONE_CYCLE_START, 1.0, done / ONE_CYCLE_RISE)
    return _cosine_between(1.0, ONE_CYCLE_START * 1e-3, (done - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))


def _cosine_between(start: float, end: float, done: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * done))
