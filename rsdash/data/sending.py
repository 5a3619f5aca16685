"""Tensors on their way from the CPU to the training device."""

from __future__ import annotations

import torch


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on the device, itself where it is there already; nothing waits for the device.

    A copy to a CUDA device overlaps with its work only from pinned memory; from ordinary memory the
    processor waits for all that is queued before it.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
