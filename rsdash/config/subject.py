"""Settings of what is trained, on which images and where; each carries its help, bounds and unit."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from rsdash.config.setting import MAX_SEED, Group, Section, setting

STUDY_RESNETS = ("resnet18", "resnet34", "resnet50")
STUDY_MODELS = ("alexnet", *STUDY_RESNETS)
"""Models whose structure settings can change; every other name is taken as its library defines it."""


def _split_commas(value: Any) -> Any:
    return value.strip("()[] ").split(",") if isinstance(value, str) else value


KernelSizes = Annotated[tuple[int, ...], BeforeValidator(_split_commas)]


class ModelSettings(Section, frozen=True):
    """The network and the weights it starts from."""

    group: ClassVar[Group] = "model"

    model: str = setting(
        "alexnet",
        "Network to train: the study's alexnet, resnet18, resnet34 or resnet50, "
        "any torchvision classifier, or any timm name.",
        min_length=1,
    )
    weights: str = setting(
        "random",
        "Weights to start from: random, imagenet (downloaded), packaged "
        "(tf_efficientnet_lite0 only, works offline), file:PATH (safetensors), or run:RUN, those of an "
        "earlier run of the same network by its id or unique name.",
        min_length=1,
    )
    train_layers: Literal["all", "head"] = setting(
        "all", "Train every layer, or only the last one on features that stay as they are.", level="more"
    )
    norm: Literal["default", "lrn", "batch", "none"] = setting(
        "default",
        "Normalization inside the network. The "
        "default is lrn (Local Response Normalization) for AlexNet and batch for ResNet.",
        level="more",
        models=STUDY_MODELS,
    )
    activation: Literal["relu", "sigmoid", "tanh"] = setting(
        "relu", "Nonlinearity after each layer.", level="more", models=STUDY_MODELS
    )
    pooling: Literal["max", "average"] = setting(
        "max", "How a pooling window is summarised.", level="more", models=("alexnet",)
    )
    overlapping_pooling: bool = setting(
        True,
        "Pool 3x3 windows at stride 2, so that neighbours overlap, instead of 2x2 windows.",
        level="seldom",
        models=("alexnet",),
    )
    hidden_layers: int = setting(
        2,
        "Fully connected layers before the last one: 1 or 2.",
        ge=1,
        le=2,
        level="more",
        models=("alexnet",),
    )
    width: float = setting(
        1.0, "Factor on the channels of every layer.", level="more", models=("alexnet",), ge=0.125, le=4
    )
    kernel_sizes: KernelSizes = setting(
        (11, 5, 3, 3, 3),
        "Sizes of the five convolution kernels; odd numbers.",
        level="seldom",
        unit="px",
        models=("alexnet",),
    )
    skip: bool = setting(
        True,
        "Skip connections around each block; without them the network is a plain one of the same depth.",
        level="more",
        models=STUDY_RESNETS,
    )


class DataSettings(Section, frozen=True):
    """The images, their size and how they are split."""

    group: ClassVar[Group] = "data"

    data: str = setting(
        "sample",
        "Data set: a name known to rsdash, or the path of a folder or zip with one folder per class.",
        min_length=1,
    )
    im_size: int = setting(
        224, "Side of the square that each image is resized to.", unit="px", ge=16, le=1024
    )
    class_mode: Literal["categorical"] = setting(
        "categorical", "Each image has exactly one class, given by its folder.", level="seldom"
    )
    limit_per_class: int | None = setting(
        None,
        "Use at most so many images of each class; empty for all. Of a stored split, or one that folders "
        "give, only the training images are limited.",
        unit="images",
        ge=5,
    )
    validation_share: float = setting(
        0.0,
        "Share of the images for validation: measured after each epoch, and used by report=best, patience "
        "and the plateau schedule. 0: the curves show the held-out images; who stops or extends a run by "
        "them has chosen on the images of the final figures.",
        ge=0,
        lt=0.9,
    )
    test_share: float = setting(0.2, "Share of the images held out for the final figures.", ge=0, lt=0.9)
    split_seed: int = setting(
        0,
        "Decides which images are held out; runs share them if shares, limit_per_class, excluded files and "
        "what an audit found agree, too.",
        level="seldom",
        ge=0,
        le=MAX_SEED,
    )
    split: str | None = setting(
        None,
        "Name of a stored split. Empty: the data set's own train/val/test folders where it has them, else "
        "made from the shares and split_seed.",
        level="more",
    )


class MachineSettings(Section, frozen=True):
    """Where and how exactly the arithmetic is done."""

    group: ClassVar[Group] = "machine"

    device: str = setting(
        "auto",
        "Where to train. auto: a GPU where there is one, for which the run waits, else the CPU; cpu; cuda: "
        "any NVIDIA GPU; mps: Apple's GPU; or one GPU by its UUID.",
        min_length=1,
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto",
        "Number format of the heavy arithmetic. auto: 16 bit where the hardware has it, else fp32.",
        level="seldom",
    )
    deterministic: bool = setting(
        False,
        "Same numbers on every CUDA run, at some cost in speed; the log names layers for which PyTorch "
        "cannot promise it.",
        level="seldom",
    )
    compiled: bool = setting(
        False,
        "Translate the network for this machine first (torch.compile): the first steps take a minute or "
        "more, the others may take less time. Worth trying for long runs on a GPU.",
        level="seldom",
    )
    threads: int = setting(
        0, "CPU threads; 0 takes one for each processor that rsdash may use.", level="seldom", ge=0, le=1024
    )
    checkpoint_minutes: float = setting(
        5.0, "Longest time between two checkpoints.", level="seldom", unit="minutes", gt=0, le=5
    )
