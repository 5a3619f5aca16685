"""Small tensors drawn on the CPU, on their way to the training device."""

from __future__ import annotations

import torch


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A CPU tensor on the device, without waiting for it there.

    A copy to a CUDA device overlaps with its work only from pinned memory; from ordinary memory the
    processor waits for all that is queued before it.
    """
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
