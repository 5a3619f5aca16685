"""Networks for any number of bands: the first convolution is made for them, pretrained weights included.

The rule, for filters of shape (O, S, k, k) that were learnt on S bands and are wanted on C others:

- A band that the weights know keeps its filter; ImageNet's know red, green and blue, a run's know the
  bands it was trained on. B04 is red, B03 green and B02 blue (Sentinel-2), as in `Radiometry.colours`.
- Every other band takes the mean of all filters.
- All are multiplied by S / C, so that an image that looks alike in all bands meets the same sum as before.
- A single band takes the sum of all filters, whatever its name.

Mean and rescaling are those of an inflated convolution (Carreira and Zisserman 2017, doi
10.1109/CVPR.2017.502, section 2.3) and of timm's `adapt_input_conv`, which however repeats the filters in
turn and so lets near-infrared be read as red. With red, green and blue in this order nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rsdash.config import RGB8, Radiometry
from rsdash.errors import ModelError


class InputLayer(NamedTuple):
    """The weights that read the image, and the bands they are to read.

    Attributes:
        names: of the weight tensors; more than one where a network has several stems.
        bands: see `band_keys`.
    """

    names: tuple[str, ...]
    bands: tuple[str, ...]


def band_keys(radiometry: Radiometry) -> tuple[str, ...]:
    """What tells the channels apart: their colour where they have one, else their name in lower case."""
    pairs = zip(radiometry.colours, radiometry.channel_names, strict=True)
    return tuple(colour or name.casefold() for colour, name in pairs)


RGB_KEYS = band_keys(RGB8)


def adapt_filters(filters: Tensor, known: Sequence[str], wanted: Sequence[str]) -> Tensor:
    """Filters for some bands from those for others, by the rule above.

    Args:
        filters: (O, S, ...).
        known: keys of their S bands.
        wanted: keys of the C bands to read.

    Returns:
        (O, C, ...), of the same type.
    """
    if tuple(known) == tuple(wanted):
        return filters
    mean = filters.mean(dim=1)
    single = len(wanted) == 1
    parts = [mean if single or band not in known else filters[:, known.index(band)] for band in wanted]
    return torch.stack(parts, dim=1) * (len(known) / len(wanted))


def adapt_state(
    state: Mapping[str, Tensor], layer: InputLayer, known: tuple[str, ...] | None, origin: str
) -> dict[str, Tensor]:
    """Weights with input filters for the wanted bands.

    Args:
        state: name → tensor.
        layer: which tensors read the image, and the bands wanted.
        known: keys of the bands the weights were learnt on; None where they do not say, so that three are
            taken for red, green and blue, and any other number for the wanted bands.
        origin: where the weights come from, for messages.

    Raises:
        ModelError: the bands differ, and the image is not read by a convolution over them.
    """
    adapted = dict(state)
    for name in layer.names:
        filters = state.get(name)
        if filters is None:
            continue  # the loader says what is missing
        source = known or (RGB_KEYS if filters.shape[1:2] == (len(RGB_KEYS),) else layer.bands)
        if source == layer.bands:
            continue
        if filters.ndim != 4 or filters.shape[1] != len(source):
            raise ModelError(
                f"The weights in {origin} read {len(source)} bands, and not through a plain convolution, so "
                f"that they cannot be adapted to {len(layer.bands)}. Choose weights=random or another model."
            )
        adapted[name] = adapt_filters(filters, source, layer.bands)
    return adapted


def first_convolution(model: nn.Module) -> str:
    """Name of the first convolution, which reads the image in the study's and torchvision's networks."""
    return next(name for name, module in model.named_modules() if isinstance(module, nn.Conv2d))


def widen(model: nn.Module, channels: int) -> None:
    """Give the first convolution another number of input channels, with random weights.

    They are drawn from a normal distribution with the standard deviation of those they replace times
    sqrt(3 / C), so that the response to C independent bands varies as it did with three (the fan-in of He,
    Zhang, Ren and Sun 2015, doi 10.1109/ICCV.2015.123).

    Args:
        model: changed in place; draws from torch's global generator.
        channels: number C of bands.
    """
    name = first_convolution(model)
    old = model.get_submodule(name)
    assert isinstance(old, nn.Conv2d)
    shape = (old.out_channels, channels, *old.kernel_size)
    spread = old.weight.detach().std() * math.sqrt(old.in_channels / channels)
    old.in_channels = channels
    old.weight = nn.Parameter(torch.randn(shape, device=old.weight.device) * spread)
