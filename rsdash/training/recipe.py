"""From settings to what moves the weights: loss, optimizer, learning rate over steps."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from rsdash.config import RunConfig

ONE_CYCLE_RISE = 0.3
"""Share of the steps in which one-cycle rises (Smith and Topin 2018)."""
ONE_CYCLE_START = 1 / 25
"""One-cycle's first rate as a share of its peak."""


def make_optimizer(model: nn.Module, config: RunConfig, head: set[str]) -> torch.optim.Optimizer:
    """Build the optimizer; `share` of each group is its rate over that of the run.

    Weight decay leaves biases and normalization alone, as they hold no scale worth shrinking.

    Args:
        model: network whose parameters with `requires_grad` are learnt.
        config: optimizer, learning_rate, momentum, l2 and head_rate_factor.
        head: names of the parameters of the last layer.
    """
    groups = _parameter_groups(model, config, head)
    rate, betas = config.learning_rate, (config.momentum, 0.999)
    fused = all(p.device.type in ("cpu", "cuda") for group in groups for p in group["params"])
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=config.momentum, fused=fused)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, momentum=config.momentum)
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, lr=rate, betas=betas, fused=fused)


def rate_factor(config: RunConfig, step: int, *, steps_per_epoch: int) -> float:
    """Learning rate at an optimizer step as a share of its peak.

    Args:
        config: schedule, warmup_epochs and epochs.
        step: steps taken before this one.
        steps_per_epoch: optimizer steps in an epoch.
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
    return 1.0


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set every group to its share of a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]


def training_loss(
    logits: torch.Tensor, labels: torch.Tensor, model: nn.Module, config: RunConfig
) -> torch.Tensor:
    """Cross-entropy with label smoothing, plus the L1 penalty where asked for.

    Args:
        logits: float of shape (B, K).
        labels: int64 of shape (B,).
        model: network whose weights the L1 penalty adds up.
        config: label_smoothing and l1.
    """
    loss = F.cross_entropy(logits.float(), labels, label_smoothing=config.label_smoothing)
    if config.l1 > 0:
        loss = loss + config.l1 * sum(p.abs().sum() for p in model.parameters() if p.requires_grad)
    return loss


def _one_cycle(done: float) -> float:
    if done < ONE_CYCLE_RISE:
        return _cosine_between(ONE_CYCLE_START, 1.0, done / ONE_CYCLE_RISE)
    return _cosine_between(1.0, ONE_CYCLE_START * 1e-3, (done - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))


def _cosine_between(start: float, end: float, done: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * done))


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
