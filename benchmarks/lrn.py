"""Local Response Normalization against torch.nn.LocalResponseNorm: forward and backward on CPU.

For each of AlexNet's two shapes (channels-last, float32, every core) the two take turns in one run.
Printed are the ratio of the median times of forward + backward (torch's over ours) and the largest
deviations of output and input gradient. Exits with 1 where the ratio is below 2.

    python -m benchmarks.lrn [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rsdash.models.lrn import LocalResponseNorm

SHAPES = ((64, 96, 55, 55), (64, 256, 27, 27))
SMALLEST_RATIO = 2.0


class Measurement(NamedTuple):
    """One forward and backward: its time in seconds, output and input gradient."""

    elapsed_s: float
    output: Tensor
    gradient: Tensor


def main() -> int:
    """Print one line per shape; 1 if a ratio misses the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds of each, after one to warm up")
    rounds = parser.parse_args().rounds
    ratios = [compare(shape, rounds) for shape in SHAPES]
    return 0 if min(ratios) >= SMALLEST_RATIO else 1


def compare(shape: tuple[int, ...], rounds: int) -> float:
    """Print the figures of one shape and return torch's median time over ours."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).relu().contiguous(memory_format=torch.channels_last)
    upstream = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
    theirs = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
    ours = LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
    pairs = [(measure(theirs, x, upstream), measure(ours, x, upstream)) for _ in range(rounds + 1)][1:]
    reference_s = statistics.median(pair[0].elapsed_s for pair in pairs)
    own_s = statistics.median(pair[1].elapsed_s for pair in pairs)
    reference, own = pairs[-1]
    print(
        f"{'x'.join(map(str, shape))}: {reference_s / own_s:.1f} times torch's speed "
        f"({reference_s * 1e3:.0f} ms / {own_s * 1e3:.0f} ms), largest deviation "
        f"{(own.output - reference.output).abs().max():.1e} in outputs, "
        f"{(own.gradient - reference.gradient).abs().max():.1e} in gradients"
    )
    return reference_s / own_s


def measure(layer: nn.Module, x: Tensor, upstream: Tensor) -> Measurement:
    """Time one forward and backward of `layer` on x, with `upstream` as the gradient that comes in."""
    x = x.detach().requires_grad_()
    start = time.perf_counter()
    output = layer(x)
    output.backward(upstream)
    elapsed_s = time.perf_counter() - start
    assert x.grad is not None  # x is a leaf that asks for it
    return Measurement(elapsed_s, output.detach(), x.grad)


if __name__ == "__main__":
    sys.exit(main())
