"""When a run deserves a word of warning: figures in, an alert or None out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CHANCE_EPOCHS = 3
"""Epochs after which a loss that is still at chance is worth an alert."""
CHANCE_SHARE = 0.98
"""A loss above this share of that of guessing counts as chance."""
PLATEAU_EPOCHS = 5
PLATEAU_SHARE = 0.005
"""A loss that is lower by less than this share of the lowest so far has not improved."""
GAP_SHARE = 0.5
"""A training loss below this share of the measured one lies far below it."""
RISEN_SHARE = 0.1
RISEN_EPOCHS = 3
"""The measured loss has risen when all of so many epochs lie RISEN_SHARE above its lowest: one is noise."""
STARVED_SHARE = 0.4
STARVED_EPOCHS = 2
"""The first epoch reads images that no memory holds yet, and does not count."""


@dataclass(frozen=True)
class Alert:
    """One warning: a code that stays the same, and a sentence of what was seen and one of what to do."""

    code: str
    message: str


def loss_of_guessing(shares: Sequence[float]) -> float:
    """Mean cross-entropy, in nats, of a network that gives every image the shares of the classes.

    Args:
        shares: of each class among the images, adding up to 1.
    """
    return -sum(share * math.log(share) for share in shares if share > 0)


def chance(train_losses: Sequence[float], guessing: float, *, since: int = 0) -> Alert | None:
    """The network is no better than guessing.

    Args:
        train_losses: mean training loss of each epoch so far, in nats.
        guessing: loss of guessing on the training images.
        since: epochs that were done when a person last changed the run; only those after them count.
    """
    if len(train_losses) - since < CHANCE_EPOCHS or not train_losses[-1] > CHANCE_SHARE * guessing:
        return None
    return Alert(
        "chance",
        f"No better than guessing in epoch {len(train_losses)}: the training loss is "
        f"{train_losses[-1]:.2f}, guessing gives {guessing:.2f}. Try another learning rate (Find a "
        "learning rate, on the Train page, names one) or another seed.",
    )


def plateau(losses: Sequence[float], guessing: float, *, since: int = 0) -> Alert | None:
    """The measured loss stands still, below that of guessing.

    Args:
        losses: mean loss on the images that are not trained on, of each epoch so far, in nats.
        guessing: loss of guessing.
        since: epochs that were done when a person last changed the run; it has stood still after them.
    """
    if len(losses) - max(since, 1) < PLATEAU_EPOCHS or not losses[-1] <= CHANCE_SHARE * guessing:
        return None
    before, latest = losses[:-PLATEAU_EPOCHS], losses[-PLATEAU_EPOCHS:]
    lowest = min(before)
    if not min(latest) > (1 - PLATEAU_SHARE) * lowest:
        return None
    return Alert(
        "plateau",
        f"The loss on images that are not trained on has not improved for {PLATEAU_EPOCHS} epochs: "
        f"{lowest:.3f} was reached in epoch {list(losses).index(lowest) + 1}, it is {losses[-1]:.3f} after "
        f"epoch {len(losses)}. A lower learning rate may help; more epochs like these are likely in vain.",
    )


def overfitting(train_losses: Sequence[float], losses: Sequence[float], *, since: int = 0) -> Alert | None:
    """The training loss falls on while the measured one rises.

    Args:
        train_losses: of each epoch so far, in nats.
        losses: on the images that are not trained on.
        since: epochs that were done when a person last changed the run; it has risen after them.
    """
    latest = losses[-RISEN_EPOCHS:]
    if not losses or not train_losses[-1] < GAP_SHARE * min(latest):
        return None
    lowest = min(losses)
    best = list(losses).index(lowest) + 1
    if len(losses) - since < RISEN_EPOCHS or not min(latest) > (1 + RISEN_SHARE) * lowest:
        return None
    return Alert(
        "overfitting",
        f"Overfitting: in epoch {len(losses)} the loss is {train_losses[-1]:.3f} on the training images and "
        f"{losses[-1]:.3f} on others, where for {RISEN_EPOCHS} epochs it has lain above the {lowest:.3f} of "
        f"epoch {best}. Training again with augmentation, more l2 or, in AlexNet, dropout, or more images "
        "may do better.",
    )


def starvation(data_s: float, seconds: float, epoch: int, *, since: int = 0) -> Alert | None:
    """Steps wait for their images more than they should.

    Args:
        data_s: seconds of an epoch's steps until their images were ready.
        seconds: of all its steps.
        epoch: counted from 1.
        since: epochs that were done when this attempt began, the first of which reads its images from disk.
    """
    if epoch - since < STARVED_EPOCHS or not data_s > STARVED_SHARE * seconds:
        return None
    return Alert(
        "starvation",
        f"{data_s / seconds:.0%} of the training time went into getting images ready in epoch {epoch} "
        f"({data_s:.1f} of {seconds:.1f} s). A smaller im_size or less augmentation helps, as does a machine "
        "that does nothing else, and memory that holds the data set's pixels.",
    )
