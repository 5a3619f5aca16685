"""Which parts of an image speak for a class: Grad-CAM, and occlusion as the slow check that needs no layer.

Grad-CAM (Selvaraju et al. 2017, doi 10.1109/ICCV.2017.74) weighs the maps of the last convolution by the mean
gradient of the class's logit. Occlusion (Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) covers a
part of the image with the mean colour of the training images and watches how sure the model remains.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torchvision.models.resnet import ResNet

from rsdash.errors import ConfigError, ImageError, ModelError
from rsdash.inference.predictor import Predictor
from rsdash.inference.results import METHODS, OCCLUSION, Explanation

WINDOWS_A_SIDE = 4
"""Windows of an occlusion that fit side by side."""
STEPS_A_WINDOW = 2
"""Steps of a window until it lies beside itself: the map has 4 x 2 cells a side."""
COVERED_AT_A_TIME = 16
FLAT = 1e-12


def explain(predictor: Predictor, name: str, content: bytes, *, method: str, label: str = "") -> Explanation:
    """Explain the answer to one image.

    Args:
        predictor: the model.
        name: of the file.
        content: its bytes.
        method: one of METHODS.
        label: name of the class to explain; empty for the most probable one.

    Raises:
        ConfigError: there is no such method or class.
        ImageError: the image cannot be read.
        ModelError: the network has no convolution that Grad-CAM could look at.
    """
    classes = predictor.card.data.classes
    if method not in METHODS:
        raise ConfigError(f"There is no method {method!r}; take one of {', '.join(METHODS)}.")
    if label and label not in classes:
        raise ConfigError(f"The model knows no class {label!r}; it knows {', '.join(classes)}.")
    pixels = predictor.read(name, content)
    if isinstance(pixels, str):
        raise ImageError(pixels)
    images = predictor.prepared([pixels])  # (1, C, side, side)
    number = classes.index(label) if label else int(predictor.logits([pixels])[0, 0].argmax())
    if method == OCCLUSION:
        values = occlusion(predictor, images, number)
        return _explanation(method, classes[number], values, covered=1 / WINDOWS_A_SIDE)
    layer_name, layer = layer_to_look_at(predictor.model, images)
    return _explanation(
        method, classes[number], grad_cam(predictor.model, layer, images, number), layer=layer_name
    )


def grad_cam(model: nn.Module, layer: nn.Module, images: torch.Tensor, label: int) -> np.ndarray:
    """Where a layer's maps speak for a class, float64 (h, w) from 0 to 1; all 0 where nothing does.

    Args:
        model: network in evaluation mode.
        layer: whose output is (1, F, h, w).
        images: one image as the network takes it, (1, C, side, side).
        label: of the class.
    """
    from captum.attr import LayerGradCam  # brings matplotlib, which takes seconds

    with torch.enable_grad():
        found = LayerGradCam(model, layer).attribute(images, target=label, relu_attributions=True)
    assert isinstance(found, torch.Tensor)  # one layer, one tensor
    weighed = found.detach()[0, 0].double().cpu().numpy()  # (h, w)
    return weighed / max(float(weighed.max()), FLAT)


def occlusion(predictor: Predictor, images: torch.Tensor, label: int) -> np.ndarray:
    """How much surer of a class the model is with each part of the image than without, float64 (8, 8).

    Each value is a mean over the windows that cover its cell, of the calibrated probability with the whole
    image less that with the window covered.

    Args:
        predictor: the model.
        images: one image as the network takes it, (1, C, side, side).
        label: of the class.
    """
    from captum.attr import Occlusion  # see above

    channels, side = images.shape[1], images.shape[2]
    step = max(1, side // (WINDOWS_A_SIDE * STEPS_A_WINDOW))
    window = step * STEPS_A_WINDOW

    def sure(batch: torch.Tensor) -> torch.Tensor:
        logits = predictor.model(batch).double() / predictor.trust.temperature
        return logits.softmax(1)[:, label]

    with torch.inference_mode():
        found = Occlusion(sure).attribute(
            images,
            sliding_window_shapes=(channels, window, window),
            strides=(channels, step, step),
            baselines=0,  # normalized: the mean colour of the training images
            perturbations_per_eval=COVERED_AT_A_TIME,
        )
    by_pixel = found[0].double().mean(dim=0)[None, None]  # (1, 1, side, side)
    cells = WINDOWS_A_SIDE * STEPS_A_WINDOW
    return nn.functional.adaptive_avg_pool2d(by_pixel, cells)[0, 0].cpu().numpy()


def layer_to_look_at(model: nn.Module, images: torch.Tensor) -> tuple[str, nn.Module]:
    """The last block of a ResNet's layer4; of other networks the convolution that is carried out last.

    Convolutions of a single cell, as squeeze-and-excitation has them, are passed over.

    Args:
        model: network in evaluation mode.
        images: one image as it takes it.

    Raises:
        ModelError: it has none.
    """
    if isinstance(model, ResNet):
        last = len(model.layer4) - 1
        return f"layer4.{last}", model.layer4[last]
    carried_out: list[str] = []

    def note(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        def look(_module: nn.Module, _inputs: object, maps: torch.Tensor) -> None:
            if maps.ndim == 4 and min(maps.shape[2:]) > 1:
                carried_out.append(name)

        return look

    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    hooks = [module.register_forward_hook(note(name)) for name, module in layers.items()]
    try:
        with torch.inference_mode():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    if not carried_out:
        raise ModelError("This network has no convolution for Grad-CAM to look at. Take occlusion.")
    return carried_out[-1], layers[carried_out[-1]]


def _explanation(
    method: str, label: str, values: np.ndarray, *, layer: str = "", covered: float = 0.0
) -> Explanation:
    rows = tuple(tuple(row) for row in values.tolist())
    return Explanation(method=method, label=label, values=rows, layer=layer, covered=covered)
