"""Finding a learning rate for settings that are not a run yet."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rsdash.config import RunConfig
from rsdash.inference.opening import open_training_images
from rsdash.inference.results import RateSweep, Step
from rsdash.training.compute import choose_compute
from rsdash.training.material import make_network
from rsdash.training.rate_choice import STEPS, smoothed, suggested_rate
from rsdash.training.rate_sweep import sweep


def find_rate(config: RunConfig) -> Iterator[Step | RateSweep]:
    """Sweep over learning rates on the training images of these settings.

    Args:
        config: settings of the run; its learning rate is ignored.

    Yields:
        How far it is, after each step; the sweep at its end.

    Raises:
        RsdashError: data, model or device do not fit, in one sentence.
    """
    compute = choose_compute(config)
    images = open_training_images(config, compute.device)
    info = images.dataset.info
    network = make_network(config, len(info.classes), info.radiometry, compute)
    rates, losses = [], []
    for rate, loss in sweep(config, network, images.tiles, compute):
        if math.isfinite(loss):
            rates.append(rate)
            losses.append(loss)
        yield Step(done=len(rates), total=STEPS)
    yield RateSweep(
        rates=tuple(rates),
        losses=tuple(losses),
        smoothed=tuple(smoothed(losses).tolist()),
        suggestion=suggested_rate(rates, losses),
        ended_early=len(rates) < STEPS,
        device=compute.description,
    )
