"""When memory runs out, on a GPU or on the CPU."""

from __future__ import annotations

import torch

_ALLOCATION_FAILED = (
    "can't allocate memory",
    "could not create a memory object",
    "could not create a primitive",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_NOT_INITIALIZED",
    "unable to find an engine to execute this computation",
    "valid cuDNN algorithm",
    "MPS backend out of memory",
)
"""How PyTorch's CPU allocator, oneDNN, CUDA and its libraries and MPS say it, in a plain RuntimeError.

cuDNN tries every way of a convolution and, where memory suffices for none, says that there is none; a library
that finds no room for its workspace says that it could not begin.
"""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or any(text in str(error) for text in _ALLOCATION_FAILED)


def give_back(device: torch.device) -> None:
    """Give what no tensor holds any more back to the device, so that smaller pieces find room.

    Call it after the `except` block that caught the error, which holds the frames of what failed.
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()
