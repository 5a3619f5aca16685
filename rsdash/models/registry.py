"""Build any model by name, with the first weights that its settings ask for."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import timm
import torchvision
from torch import nn

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.errors import ModelError
from rsdash.models.alexnet import AlexNet
from rsdash.models.bands import RGB_KEYS, InputLayer, adapt_state, band_keys, first_convolution, widen
from rsdash.models.resnet import build_resnet
from rsdash.models.sources import Source, check_available, locate, parse_weights
from rsdash.models.survey import facts_of, timm_names, timm_settings, torchvision_names, torchvision_weights
from rsdash.models.weights import Normalization, file_card, load_file, load_packaged, load_torchvision

HALVES = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_WITH_AUXILIARY_OUTPUTS = ("googlenet", "inception_v3")
"""Their ImageNet weights expect mean and standard deviation 0.5, to which torchvision brings images that
were normalized otherwise (`transform_input`); here they are normalized so in the first place."""


def build_model(config: RunConfig, num_classes: int, radiometry: Radiometry = RGB8) -> nn.Module:
    """Build the network of a run: images (N, C, im_size, im_size) to logits (N, K).

    Random weights depend on torch's global seed alone, which the caller sets. Where pretrained weights
    end in another number of classes, the last layer stays random. Where they were learnt on other bands,
    the first convolution is adapted (see `rsdash.models.bands`).

    Args:
        config: settings of the run.
        num_classes: number K of outputs.
        radiometry: the C bands of the images.

    Raises:
        ModelError: unknown name, a network that cannot take C bands, or weights that do not exist, do
            not fit or cannot be downloaded.
    """
    source, name = _locate(config)
    origin = parse_weights(config.weights)
    check_available(config, origin.kind, facts_of(source, name).weights)
    if source == "timm":
        model = _build_timm(config, name, num_classes, radiometry, pretrained=origin.kind == "imagenet")
    elif source == "torchvision":
        model = _build_torchvision(config, name, num_classes, pretrained=origin.kind == "imagenet")
    else:
        model = AlexNet(config, num_classes) if name == "alexnet" else build_resnet(config, num_classes)
    if source != "timm" and radiometry.channels != len(RGB_KEYS):
        widen(model, radiometry.channels)
    head, layer = head_parameter_names(model), _input_layer(model, source, name, radiometry)
    if origin.path is not None:
        load_file(model, origin.path, head=head, layer=layer)
    elif origin.kind == "packaged":
        load_packaged(model, head=head, layer=layer)
    elif origin.kind == "imagenet" and source != "timm":
        load_torchvision(model, torchvision_weights(name), head=head, layer=layer)
    return model


def normalization_for(config: RunConfig, radiometry: Radiometry = RGB8) -> Normalization | None:
    """Mean and standard deviation of the inputs that the first weights expect.

    Published weights expect 8-bit pictures, whose numbers mean nothing for reflectance (Sentinel-2's green
    is about 0.1 where ImageNet's is 0.46); bands other than rgb8 are therefore standardised by the
    training images, which brings them to mean 0 and variance 1, as ImageNet's numbers do with ImageNet.
    Weights of an earlier run bring its normalization along if the radiometry is the same.

    Args:
        config: settings of the run.
        radiometry: bands, scale and offset of the images.

    Returns:
        Per channel, on pixels in [0, 1]; None where the weights are bound to none (random ones, a file
        that does not say), so that the caller measures them on the training images.

    Raises:
        ModelError: unknown name or weights.
    """
    origin = parse_weights(config.weights)
    if origin.path is not None:
        card = file_card(origin.path)
        return card.normalization if card and card.radiometry.digest == radiometry.digest else None
    if not radiometry.is_rgb8:
        return None
    if origin.kind == "packaged":
        return HALVES
    if origin.kind == "random":
        return None
    source, name = _locate(config)
    check_available(config, origin.kind, facts_of(source, name).weights)
    if source == "torchvision" and name in _WITH_AUXILIARY_OUTPUTS:
        return HALVES
    stated = timm_settings(name) if source == "timm" else torchvision_weights(name).transforms()
    return Normalization(tuple(stated.mean), tuple(stated.std))


def head_parameter_names(model: nn.Module) -> set[str]:
    """Names of the parameters of the last layer, which turns features into logits."""
    owned = {id(parameter) for head in _heads(model) for parameter in head.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in owned}


def freeze_all_but_head(model: nn.Module) -> None:
    """Let only the last layer learn.

    From then on `model.train()` keeps all else in evaluation mode: no dropout before the last layer,
    and batch normalization with the averages it came with, so that the features stay as they are.
    """
    head = head_parameter_names(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in head)
    model.train = functools.partial(_train_head, model)  # a deep copy of the model binds its own


def unfreeze(model: nn.Module) -> None:
    """Let every layer learn, after `freeze_all_but_head`."""
    model.requires_grad_(True)
    vars(model).pop("train", None)  # the class's own again


def _train_head(model: nn.Module, mode: bool = True) -> nn.Module:
    nn.Module.train(model, False)
    for head in _heads(model):
        head.train(mode)
    model.training = mode
    return model


def _heads(model: nn.Module) -> Iterable[nn.Module]:
    if hasattr(model, "get_classifier"):  # timm's; distilled models have two
        head: Any = model.get_classifier()  # pyright: ignore[reportCallIssue]  # timm's models share no base class
        return head if isinstance(head, tuple | list) else (head,)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return layers[-1:]


def _locate(config: RunConfig) -> tuple[Source, str]:
    return locate(config.model, torchvision=torchvision_names(), timm=timm_names())


def _build_torchvision(config: RunConfig, name: str, num_classes: int, *, pretrained: bool) -> nn.Module:
    options: dict[str, Any] = {}
    if name in _WITH_AUXILIARY_OUTPUTS:
        options = {"aux_logits": False, "init_weights": not pretrained, "transform_input": False}
    elif name.startswith("vit_"):
        options = {"image_size": config.im_size}
    elif name == "maxvit_t":
        options = {"input_size": (config.im_size, config.im_size)}
    try:
        return torchvision.models.get_model(name, weights=None, num_classes=num_classes, **options)
    except (AssertionError, ValueError) as error:
        raise _size_error(config, torchvision_weights(name).transforms().crop_size[0]) from error


def _input_layer(model: nn.Module, source: Source, name: str, radiometry: Radiometry) -> InputLayer:
    """The tensors that read the image; timm says which, elsewhere it is the first convolution."""
    stems = timm_settings(name).first_conv if source == "timm" else first_convolution(model)
    names = (stems,) if isinstance(stems, str) else tuple(stems or ())
    return InputLayer(tuple(f"{stem}.weight" for stem in names), band_keys(radiometry))


def _build_timm(
    config: RunConfig, name: str, num_classes: int, radiometry: Radiometry, *, pretrained: bool
) -> nn.Module:
    settings = timm_settings(name)
    options: dict[str, Any] = {} if radiometry.channels == 3 else {"in_chans": radiometry.channels}
    native_px = settings.input_size[-1]
    if settings.fixed_input_size and config.im_size != native_px:
        options |= {"img_size": config.im_size}
        try:  # a model that takes no other size must not cost a download first
            timm.create_model(name, num_classes=num_classes, **options)
        except (AssertionError, RuntimeError, TypeError, ValueError) as error:
            raise _size_error(config, native_px) from error
    if not pretrained:
        return timm.create_model(name, num_classes=num_classes, **options)
    options.pop("in_chans", None)
    try:
        published = timm.create_model(name, pretrained=True, num_classes=num_classes, **options)
    except Exception as error:
        raise ModelError(
            f"The imagenet weights of {config.model} could not be downloaded. Check the network, or choose "
            f"weights=random or, with tf_efficientnet_lite0, weights=packaged."
        ) from error
    layer = _input_layer(published, "timm", name, radiometry)
    if layer.bands == RGB_KEYS:
        return published
    state = adapt_state(published.state_dict(), layer, RGB_KEYS, f"timm's {name}")
    model = timm.create_model(name, num_classes=num_classes, in_chans=radiometry.channels, **options)
    model.load_state_dict(state)
    return model


def _size_error(config: RunConfig, native_px: int) -> ModelError:
    return ModelError(
        f"{config.model} cannot take images of {config.im_size} px; it is made for im_size={native_px}."
    )
