"""What an error from within PyTorch means for the person whose run it ended."""

from __future__ import annotations

from rsdash.training.memory import is_out_of_memory


def cause_of(error: Exception) -> str | None:
    """One sentence on the cause and what to do, or None where it is not known."""
    if is_out_of_memory(error):
        return (
            "Memory does not suffice for the network, a batch or to measure it. Lower im_size or batch_size, "
            "or take a smaller model."
        )
    if "more than 1 value per channel" in str(error):
        return (
            "Batch normalization needs more than one value a channel: raise batch_size or im_size, or lower "
            "accumulation."
        )
    return None
