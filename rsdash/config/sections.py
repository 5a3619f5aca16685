"""The settings of a run, group by group; each carries its help, bounds and unit."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from rsdash.config.setting import Group, Section, setting

MAX_SEED = 2**31 - 1
STUDY_RESNETS = ("resnet18", "resnet34", "resnet50")
STUDY_MODELS = ("alexnet", *STUDY_RESNETS)
"""Models whose structure settings can change; every other name is taken as its library defines it."""


def _split_commas(value: Any) -> Any:
    return value.strip("()[] ").split(",") if isinstance(value, str) else value


KernelSizes = Annotated[tuple[int, ...], BeforeValidator(_split_commas)]


class ModelSettings(Section):
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
        "(tf_efficientnet_lite0 only, works offline), file:PATH (safetensors) or run:ID.",
        min_length=1,
    )
    train_layers: Literal["all", "head"] = setting(
        "all", "Train every layer, or only the last one on features that stay as they are.", advanced=True
    )
    norm: Literal["default", "lrn", "batch", "none"] = setting(
        "default",
        "Normalization inside the network. The "
        "default is lrn (Local Response Normalization) for AlexNet and batch for ResNet.",
        advanced=True,
        models=STUDY_MODELS,
    )
    activation: Literal["relu", "sigmoid", "tanh"] = setting(
        "relu", "Nonlinearity after each layer.", advanced=True, models=STUDY_MODELS
    )
    pooling: Literal["max", "average"] = setting(
        "max", "How a pooling window is summarised.", advanced=True, models=("alexnet",)
    )
    overlapping_pooling: bool = setting(
        True,
        "Pool 3x3 windows at stride 2, so that neighbours overlap, instead of 2x2 windows.",
        advanced=True,
        models=("alexnet",),
    )
    hidden_layers: int = setting(
        2,
        "Fully connected layers before the last one: 1 or 2.",
        ge=1,
        le=2,
        advanced=True,
        models=("alexnet",),
    )
    width: float = setting(
        1.0, "Factor on the channels of every layer.", advanced=True, models=("alexnet",), ge=0.125, le=4
    )
    kernel_sizes: KernelSizes = setting(
        (11, 5, 3, 3, 3),
        "Sizes of the five convolution kernels; odd numbers.",
        advanced=True,
        unit="px",
        models=("alexnet",),
    )
    skip: bool = setting(
        True,
        "Skip connections around each block; without them the network is a plain one of the same depth.",
        advanced=True,
        models=STUDY_RESNETS,
    )


class DataSettings(Section):
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
        "categorical", "Each image has exactly one class, given by its folder.", advanced=True
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
        "Share of the images for validation, on which the best epoch is "
        "selected. 0: nothing is selected and the last epoch is reported.",
        ge=0,
        lt=0.9,
    )
    test_share: float = setting(0.2, "Share of the images held out for the final figures.", ge=0, lt=0.9)
    split_seed: int = setting(
        0,
        "Decides which images are held out; runs with the same number share them.",
        advanced=True,
        ge=0,
        le=MAX_SEED,
    )
    split: str | None = setting(
        None,
        "Name of a stored split. Empty: made from the shares and split_seed, or "
        "the data set's own train/val/test folders.",
        advanced=True,
    )


class TrainingSettings(Section):
    """How the weights are learnt."""

    group: ClassVar[Group] = "training"

    epochs: int = setting(15, "Passes over the training images.", ge=1, le=10_000)
    batch_size: int = setting(64, "Images per optimizer step.", unit="images", ge=1, le=65_536)
    accumulation: int = setting(
        1,
        "Work through each batch in so many parts and add up their gradients: less memory, the same step "
        "but for batch normalization, which sees the parts. Doubled by itself where memory runs out.",
        unit="parts",
        advanced=True,
        ge=1,
        le=65_536,
    )
    learning_rate: float = setting(
        0.0005, "Size of an optimizer step; the peak where a schedule changes it.", gt=0, le=100
    )
    optimizer: Literal["sgd", "adam", "adamw", "rmsprop"] = setting(
        "adam", "Rule that turns gradients into steps."
    )
    momentum: float = setting(
        0.9, "Momentum of sgd and rmsprop, first beta of adam and adamw.", advanced=True, ge=0, lt=1
    )
    schedule: Literal["constant", "cosine", "one-cycle", "step"] = setting(
        "constant",
        "How the learning rate moves: "
        "constant; cosine to zero; one-cycle up and down; step: a tenth after each third of the run.",
    )
    warmup_epochs: float = setting(
        0.0,
        "Rise linearly to the learning rate over so many epochs; one-cycle brings its own.",
        advanced=True,
        unit="epochs",
        ge=0,
    )
    head_rate_factor: float = setting(
        1.0, "The last layer learns so many times faster than the rest.", advanced=True, gt=0, le=1000
    )
    clip_gradient: float = setting(
        0.0, "Shorten gradients longer than this norm; 0 leaves them.", advanced=True, ge=0
    )
    report: Literal["last", "best"] = setting(
        "last",
        "Epoch whose weights are kept and reported: the last, or the best on validation.",
        advanced=True,
    )
    seed: int = setting(
        0, "Decides initial weights, order and augmentation; change it to see the spread.", ge=0, le=MAX_SEED
    )


class RegularizationSettings(Section):
    """What keeps the network from learning the training images by heart."""

    group: ClassVar[Group] = "regularization"

    dropout: float = setting(
        0.5,
        "Share of hidden units switched off at random in the fully connected layers.",
        advanced=True,
        models=("alexnet",),
        ge=0,
        lt=1,
    )
    l2: float = setting(
        0.0, "Weight decay (L2); decoupled from the gradient in adamw.", advanced=True, ge=0, le=1
    )
    l1: float = setting(0.0, "Penalty on the absolute size of the weights (L1).", advanced=True, ge=0, le=1)
    label_smoothing: float = setting(
        0.0, "Share of certainty taken from the true class in the training loss.", advanced=True, ge=0, lt=1
    )
    ema_decay: float = setting(
        0.0,
        "Average the weights over steps with this decay and report the average; 0 is off.",
        advanced=True,
        ge=0,
        lt=1,
    )


class AugmentationSettings(Section):
    """Random changes of the training images, drawn anew each time one is seen."""

    group: ClassVar[Group] = "augmentation"

    flip: Literal["none", "horizontal", "symmetries"] = setting(
        "none",
        "Random mirroring: none, left-right, or all "
        "8 symmetries of a square (quarter turns and mirrors), which suit images taken from above.",
    )
    rotation_deg: float = setting(
        0.0, "Turn by a random angle up to this.", advanced=True, unit="degrees", ge=0, le=180
    )
    scale: float = setting(
        0.0, "Zoom in or out by a random factor up to this share.", advanced=True, ge=0, le=0.5
    )
    crop: float = setting(
        0.0, "Cut away up to this share of the image at random.", advanced=True, ge=0, le=0.9
    )


class MachineSettings(Section):
    """Where and how exactly the arithmetic is done."""

    group: ClassVar[Group] = "machine"

    device: str = setting("auto", "Where to train: auto, cpu, mps, cuda, or the UUID of a GPU.", min_length=1)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto",
        "Number format of the heavy arithmetic. auto: 16 bit where the hardware has it, else fp32.",
        advanced=True,
    )
    deterministic: bool = setting(
        False, "Same numbers on every CUDA run, at some cost in speed.", advanced=True
    )
    threads: int = setting(0, "CPU threads; 0 takes one per core.", advanced=True, ge=0, le=1024)
    checkpoint_minutes: float = setting(
        5.0, "Longest time between two checkpoints.", advanced=True, unit="minutes", gt=0, le=5
    )
