"""Trains for a few steps at a learning rate that rises, to see which rates suit a run."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rsdash.config import RunConfig
from rsdash.training.balance import loss_weights
from rsdash.training.batches import epoch_order, positions_of, steps_per_epoch, training_batch
from rsdash.training.compute import Compute
from rsdash.training.material import Network
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.rate_choice import has_risen, swept_rates
from rsdash.training.recipe import set_learning_layers
from rsdash.training.steering import Steering
from rsdash.training.step import Stepper
from rsdash.training.tiles import Tiles


def sweep(
    config: RunConfig, network: Network, tiles: Tiles, compute: Compute
) -> Iterator[tuple[float, float]]:
    """Take the first steps of a run, each at a higher rate, until the loss has risen far.

    Batches, loss, optimizer and frozen layers are those of the run's own first steps; schedule and averaged
    weights play no part.

    Args:
        config: settings of the run; its learning rate is ignored.
        network: with its initial weights; they are changed.
        tiles: the training images.
        compute: device and number format.

    Yields:
        Rate and training loss of each step, in nats; the last loss may be no number.

    Raises:
        RunError: memory does not suffice for two images.
    """
    weights = loss_weights(config, tiles, compute.device)
    stepper = Stepper(network.model, network.head, compute, config, class_weights=weights)
    steering = Steering(config)
    set_learning_layers(network.model, config, 0)
    network.model.train(config.train_layers == "all")
    per_epoch, losses = steps_per_epoch(len(tiles), config.batch_size), []
    order = epoch_order(tiles.labels, config, 0)
    for number, rate in enumerate(swept_rates().tolist()):
        epoch, step = divmod(number, per_epoch)
        if number and step == 0:
            order = epoch_order(tiles.labels, config, epoch)
        picked = positions_of(order, config, step)
        images, labels = training_batch(tiles, config, picked, epoch=epoch, step=step)
        while True:
            seed_network(config.seed, Stream.NETWORK, epoch=epoch, step=step)
            if sums := stepper.attempt(images, labels, steering.config, rate=rate):
                break
            steering.take_smaller_parts(number, len(labels))
        losses.append(float(sums.loss) / sums.images)
        yield rate, losses[-1]
        if not math.isfinite(losses[-1]) or has_risen(losses):
            return
