"""Tensors on their way from the CPU to the training device, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on the device, itself where it is there already; nothing waits for the device.

    A copy to a CUDA device overlaps with its work only from pinned memory; from ordinary memory the
    processor waits for all that is queued before it.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def send_rows(source: torch.Tensor, rows: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Some rows of a tensor on the device; from the CPU to a GPU they are picked straight into pinned memory.

    Args:
        source: (N, ...).
        rows: int64 of shape (B,), where `source` is.
        device: where they go.

    Returns:
        (B, ...).
    """
    if device.type != "cuda" or source.device.type != "cpu":
        return send(source[rows], device)
    picked = torch.empty((len(rows), *source.shape[1:]), dtype=source.dtype, pin_memory=True)
    torch.index_select(source, 0, rows, out=picked)
    return picked.to(device, non_blocking=True)  # the memory stays as it is until the copy is done


class Lane:
    """A way to a GPU beside its work, so that copies do not wait for it; elsewhere the usual way."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def load(self, pick: Callable[[], Sequence[torch.Tensor]]) -> Callable[[], Sequence[torch.Tensor]]:
        """Send tensors off; may be called from any thread.

        Args:
            pick: sends them, and returns them as they will be on the device.

        Returns:
            Gives them to the thread that calls it, whose further work on the device waits for them.
        """
        if self._stream is None:
            tensors = pick()
            return lambda: tensors
        with torch.cuda.stream(self._stream):
            tensors, there = pick(), torch.cuda.Event()
            there.record()

        def unload() -> Sequence[torch.Tensor]:
            present = torch.cuda.current_stream(tensors[0].device)
            present.wait_event(there)
            for tensor in tensors:
                tensor.record_stream(present)  # its memory is not given away before that work is done
            return tensors

        return unload


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
