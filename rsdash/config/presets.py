"""Recipes: named sets of settings that a run can start from; every field stays editable."""

from __future__ import annotations

from typing import Any, Literal

PresetName = Literal["paper", "modern", "quick", "transfer"]

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "modern": {
        "model": "resnet18",
        "im_size": 64,
        "batch_size": 32,
        "optimizer": "adamw",
        "learning_rate": 0.0015,
        "schedule": "one-cycle",
        "l2": 0.05,
        "label_smoothing": 0.1,
        "ema_decay": 0.998,
        "flip": "symmetries",
        "crop": 0.2,
        "validation_share": 0.2,
        "report": "best",
    },
    "quick": {
        "model": "resnet18",
        "im_size": 64,
        "epochs": 5,
        "limit_per_class": 200,
        "batch_size": 32,
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "schedule": "one-cycle",
        "flip": "symmetries",
        "validation_share": 0.2,
        "report": "best",
    },
    "transfer": {
        "model": "tf_efficientnet_lite0",
        "weights": "packaged",
        "im_size": 128,
        "epochs": 5,
        "batch_size": 32,
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "head_rate_factor": 3.0,
        "schedule": "one-cycle",
        "l2": 0.05,
        "label_smoothing": 0.1,
        "flip": "symmetries",
        "validation_share": 0.2,
        "report": "best",
    },
}
"""What each recipe sets differently from Table 1."""

PRESET_TEXTS = {
    "paper": "The study's Table 1: 224 px, batch 64, Adam at 0.0005, 15 epochs, no augmentation.",
    "modern": "Today's training from scratch: AdamW one-cycle, the 8 symmetries, smoothed labels.",
    "quick": "A first look in about a minute: 64 px, at most 200 images a class, 5 epochs.",
    "transfer": "Start from ImageNet weights that need no download and fine-tune for 5 epochs.",
}
