"""Sizes inside the study's AlexNet, known without torch so that a form can check them."""

from __future__ import annotations

from rsdash.config import RunConfig

CONVOLUTIONS = 5
POOLED_LAYERS = (1, 2, 5)
FIRST_STRIDE = 4


def convolution_padding(layer: int, kernel: int) -> int:
    """Padding of convolution `layer` (1 to 5) for a kernel of odd size, in pixels.

    Convolutions 2 to 5 keep the size; the first one gives 55 x 55 at 224 px, as 11x11 with padding 2 does.
    """
    return max(0, (kernel - 7) // 2) if layer == 1 else kernel // 2


def smallest_image_px(config: RunConfig) -> int:
    """Side of the smallest image that still fills every window of AlexNet."""
    window = 3 if config.overlapping_pooling else 2
    side = 1
    for layer in range(CONVOLUTIONS, 0, -1):
        if layer in POOLED_LAYERS:
            side = (side - 1) * 2 + window
    kernel = config.kernel_sizes[0]
    return (side - 1) * FIRST_STRIDE + kernel - 2 * convolution_padding(1, kernel)
