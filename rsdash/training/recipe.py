"""From settings to what moves the weights: loss and optimizer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from rsdash.config import RunConfig
from rsdash.models.registry import freeze_all_but_head, unfreeze


def make_optimizer(model: nn.Module, config: RunConfig, head: set[str]) -> torch.optim.Optimizer:
    """Build the optimizer; `share` of each group is its rate over that of the run.

    Weight decay leaves biases and normalization alone, as they hold no scale worth shrinking.

    Args:
        model: network whose parameters with `requires_grad` are learnt.
        config: optimizer, learning_rate, momentum, nesterov, l2 and head_rate_factor.
        head: names of the parameters of the last layer.
    """
    groups = _parameter_groups(model, config, head)
    rate, betas = config.learning_rate, (config.momentum, 0.999)
    fused = all(p.device.type in ("cpu", "cuda") for group in groups for p in group["params"])
    if config.optimizer == "sgd":
        return _sgd(groups, config, fused=fused)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, momentum=config.momentum)
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, lr=rate, betas=betas, fused=fused)


def _sgd(groups: list[dict], config: RunConfig, *, fused: bool) -> torch.optim.SGD:
    """SGD whose momentum begins at zero, which gives the same first step.

    By itself the fused one leaves momentum as the memory was if a loss scaler skips its first step, and takes
    whatever lies there, often no numbers, into the next (PyTorch 2.11 to 2.14).
    """
    momentum = config.momentum
    optimizer = torch.optim.SGD(
        groups, lr=config.learning_rate, momentum=momentum, nesterov=config.nesterov, fused=fused
    )
    if momentum:
        for group in groups:
            for parameter in group["params"]:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def set_learning_layers(model: nn.Module, config: RunConfig, epoch: int) -> None:
    """Freeze all but the last layer while `frozen_epochs` last, and let all learn from then on.

    The optimizer holds every layer from the start; one without gradients is passed over by it.

    Args:
        model: network of the run.
        config: train_layers and frozen_epochs.
        epoch: counted from 0.
    """
    if config.train_layers == "head" or not config.frozen_epochs:
        return
    if epoch < config.frozen_epochs:
        freeze_all_but_head(model)
    else:
        unfreeze(model)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set every group to its share of a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]


def training_loss(
    logits: torch.Tensor, labels: torch.Tensor, config: RunConfig, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Cross-entropy with label smoothing; a mean over images.

    A class weight multiplies all of an image's loss, what smoothing adds included: PyTorch's would multiply
    the smoothed label class by class, and have a model answer a rare class for images of a common one. The
    sum is divided by the number of images, so that micro-batches of a batch add up to what the whole gives.

    Args:
        logits: float of shape (B, K).
        labels: int64 of shape (B,), or shares of the classes, float of shape (B, K).
        config: label_smoothing.
        weights: float of shape (K,), from `class_weights`; None for equal ones.
    """
    logits, smoothing = logits.float(), config.label_smoothing
    if weights is None:
        return F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum") / len(labels)
    sharp = F.cross_entropy(logits, labels, weight=weights, reduction="sum")
    of_images = labels @ weights if labels.is_floating_point() else weights[labels]  # (B,)
    even = -(
        F.log_softmax(logits, dim=1).mean(dim=1) * of_images
    ).sum()  # against equal shares of all classes
    return ((1 - smoothing) * sharp + smoothing * even) / len(labels)


def l1_penalty(model: nn.Module, config: RunConfig) -> torch.Tensor:
    """What the training adds to the loss: the sum of all learnt weights' sizes, times `l1`.

    It is no part of the loss that is reported, which is compared with that of guessing and of other images.
    """
    sizes = [parameter.abs().sum() for parameter in model.parameters() if parameter.requires_grad]
    return config.l1 * torch.stack(sizes).sum()


def _parameter_groups(model: nn.Module, config: RunConfig, head: set[str]) -> list[dict]:
    kinds: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kinds.setdefault((name in head, parameter.ndim > 1), []).append(parameter)
    groups = []
    for (in_head, decays), parameters in kinds.items():
        share = config.head_rate_factor if in_head else 1.0
        decay = config.l2 if decays else 0.0
        rate = config.learning_rate * share
        groups.append({"params": parameters, "lr": rate, "share": share, "weight_decay": decay})
    return groups
