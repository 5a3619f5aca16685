"""Settings of how the weights are learnt; each carries its help, bounds and unit."""

from __future__ import annotations

from typing import ClassVar, Literal

from rsdash.config.setting import MAX_SEED, Group, Section, setting

WITH_WARM_UP = {"schedule": ("constant", "cosine", "step", "plateau")}
"""Schedules that a warm-up may come before; one-cycle rises by itself."""


class TrainingSettings(Section, frozen=True):
    """How the weights are learnt."""

    group: ClassVar[Group] = "training"

    epochs: int = setting(15, "Passes over the training images.", ge=1, le=10_000)
    batch_size: int = setting(64, "Images per optimizer step.", unit="images", ge=1, le=65_536)
    accumulation: int = setting(
        1,
        "Work through each batch in so many parts and add up their gradients: less memory, the same step "
        "but for batch normalization, which sees the parts. Doubled by itself where memory runs out.",
        unit="parts",
        level="seldom",
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
        0.9, "Momentum of sgd and rmsprop, first beta of adam and adamw.", level="seldom", ge=0, lt=1
    )
    nesterov: bool = setting(
        False,
        "Look ahead along the momentum before each step (Nesterov); for sgd.",
        level="seldom",
        only_with={"optimizer": ("sgd",)},
    )
    schedule: Literal["constant", "cosine", "one-cycle", "step", "plateau"] = setting(
        "constant",
        "How the learning rate moves: "
        "constant; cosine to zero; one-cycle up and down; step: a tenth after each third of the run; "
        "plateau: lower whenever progress stalls.",
    )
    warmup_epochs: float = setting(
        0.0,
        "Rise linearly to the learning rate over so many epochs; one-cycle brings its own.",
        level="more",
        only_with=WITH_WARM_UP,
        unit="epochs",
        ge=0,
    )
    plateau_epochs: int = setting(
        3,
        "The plateau schedule lowers the rate after so many epochs without a lower loss: on validation "
        "images, or in training where there are none.",
        level="more",
        only_with={"schedule": ("plateau",)},
        unit="epochs",
        ge=1,
        le=1_000,
    )
    plateau_factor: float = setting(
        0.5,
        "What the plateau schedule multiplies the rate by: 0.1 is a tenth.",
        level="more",
        only_with={"schedule": ("plateau",)},
        gt=0,
        lt=1,
    )
    frozen_epochs: int = setting(
        0,
        "Train only the last layer for so many epochs, then all: a new last layer settles before "
        "weights that were learnt elsewhere move.",
        level="seldom",
        only_with={"train_layers": ("all",)},
        unit="epochs",
        ge=0,
        le=10_000,
    )
    head_rate_factor: float = setting(
        1.0, "The last layer learns so many times faster than the rest.", level="seldom", gt=0, le=1000
    )
    clip_gradient: float = setting(
        0.0, "Shorten gradients longer than this norm; 0 leaves them.", level="seldom", ge=0
    )
    balance: Literal["none", "weights", "sampling"] = setting(
        "none",
        "What is done in training about classes of unlike size. weights: images of small classes count "
        "more in the loss; sampling: every class is drawn equally often.",
        level="more",
    )
    patience: int = setting(
        0,
        "End early after so many epochs without a lower loss on validation images; 0 never does.",
        level="more",
        unit="epochs",
        ge=0,
        le=10_000,
    )
    report: Literal["last", "best"] = setting(
        "last",
        "Epoch whose weights are kept and reported: the last, or the best, which is the one with the highest "
        "accuracy on validation images.",
        level="more",
    )
    seed: int = setting(
        0, "Decides initial weights, order and augmentation; change it to see the spread.", ge=0, le=MAX_SEED
    )


class RegularizationSettings(Section, frozen=True):
    """What keeps the network from learning the training images by heart."""

    group: ClassVar[Group] = "regularization"

    dropout: float = setting(
        0.5,
        "Share of hidden units switched off at random in the fully connected layers.",
        level="more",
        models=("alexnet",),
        ge=0,
        lt=1,
    )
    l2: float = setting(
        0.0, "Weight decay (L2); decoupled from the gradient in adamw.", level="more", ge=0, le=1
    )
    l1: float = setting(0.0, "Penalty on the absolute size of the weights (L1).", level="seldom", ge=0, le=1)
    label_smoothing: float = setting(
        0.0, "Share of certainty taken from the true class in the training loss.", level="more", ge=0, lt=1
    )
    ema_decay: float = setting(
        0.0,
        "Average the weights over steps with this decay and report the average; 0 is off.",
        level="more",
        ge=0,
        lt=1,
    )


class AugmentationSettings(Section, frozen=True):
    """Random changes of the training images, drawn anew each time one is seen."""

    group: ClassVar[Group] = "augmentation"

    flip: Literal["none", "horizontal", "symmetries"] = setting(
        "none",
        "Random mirroring: none, left-right, or all "
        "8 symmetries of a square (quarter turns and mirrors), which suit images taken from above.",
    )
    rotation_deg: float = setting(
        0.0, "Turn by a random angle up to this.", level="more", unit="degrees", ge=0, le=180
    )
    scale: float = setting(
        0.0, "Zoom in or out by a random factor up to this share.", level="more", ge=0, le=0.5
    )
    crop: float = setting(
        0.0, "Cut away up to this share of the image at random.", level="more", ge=0, le=0.9
    )
    erasing: float = setting(
        0.0, "Share of the images in which a random rectangle is blanked out.", level="more", ge=0, le=1
    )
    mixup: float = setting(
        0.0,
        "Blend pairs of images and their classes (MixUp); 0.2 blends most pairs slightly, 1 makes every "
        "blend as likely; 0 is off.",
        level="more",
        ge=0,
        le=10,
    )
    cutmix: float = setting(
        0.0,
        "Paste a rectangle of one image into another and count both classes by area (CutMix); 1 makes all "
        "areas as likely; 0 is off. With mixup on too, each batch takes one of them.",
        level="more",
        ge=0,
        le=10,
    )
