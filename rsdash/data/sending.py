"""Tensors on their way from the CPU to the training device, and back."""

from __future__ import annotations

from collections.abc import Callable

import torch


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on the device, itself where it is there already; nothing waits for the device.

    A copy to a CUDA device overlaps with its work only from pinned memory; from ordinary memory the
    processor waits for all that is queued before it.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def bring(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Begin to bring a tensor to the CPU, as it is at this point of the device's work.

    Returns:
        Waits until it is there, but not for what the device was given to do after it.
    """
    if tensor.device.type != "cuda":
        return tensor.cpu
    there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    there.copy_(tensor, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record()

    def get() -> torch.Tensor:
        arrived.synchronize()
        return there

    return get
