"""What the form of the settings calls them: labels, headings, and what each group of fields is about."""

from __future__ import annotations

import re

from rsdash.config import SETTINGS, Group, SettingInfo
from rsdash.config.setting import Level

HIDDEN = ("class_mode",)
"""Settings with a single possible value, of which forms and tables say nothing."""
LABEL_WORDS = {
    "im": "image",
    "ema": "EMA",
    "deg": "",
    "norm": "normalization",
    "warmup": "warm-up",
    "mixup": "MixUp",
    "cutmix": "CutMix",
}
TITLES: dict[Group, str] = {
    "model": "Model",
    "data": "Data",
    "training": "Training",
    "regularization": "Regularization",
    "augmentation": "Augmentation",
    "machine": "Machine",
}
CAPTIONS: dict[Level, dict[Group, str]] = {
    "first": {
        "model": "The network, and what it knows at the start.",
        "data": "The images, and which are kept aside to measure on.",
        "training": "How long and how boldly it learns.",
        "augmentation": "Changes of the images, so that it sees more of them.",
        "machine": "Where it is computed.",
    },
    "more": {
        "model": "What the network is built of, and which of its layers learn.",
        "data": "A split that was made before, instead of one from the shares.",
        "training": "How the learning rate moves, when training ends, and which epoch counts.",
        "regularization": "What keeps it from learning the training images by heart.",
        "augmentation": "Random changes of the training images, new each time one is seen.",
    },
    "seldom": {
        "model": "Fine points of AlexNet's structure.",
        "data": "Which images are drawn when a split is made from the shares.",
        "training": "Fine points of a step, and of the last layer.",
        "regularization": "One more way to keep the weights small.",
        "machine": "Number format, processors, and how often the state is saved.",
    },
}
"""One line on each group of fields, at each level of the form."""

_NAMES = "|".join(sorted(SETTINGS, key=len, reverse=True))
_NAME_AND_VALUE = re.compile(rf"\b({_NAMES})=([^\s;]*?)(?=[.,]?(?:\s|$)|;)")
_LONG_NAME = re.compile(rf"\b({'|'.join(name for name in SETTINGS if '_' in name)})\b")


def field_label(info: SettingInfo) -> str:
    """Name of a field in words, with its unit once."""
    words = _words(info.name)
    unit = f" ({info.unit})" if info.unit and not words.endswith(info.unit) else ""
    return words + unit


def in_form_words(sentence: str, setting: str = "") -> str:
    """A sentence about settings with their names as the form has them.

    Args:
        sentence: as the command line says it, such as `l2 is empty; it must be a number.`
        setting: name of the setting that it is about, with which it may begin.
    """
    if setting and re.match(rf"{setting}\b(?!=)", sentence):
        sentence = _words(setting) + sentence[len(setting) :]
    sentence = _NAME_AND_VALUE.sub(lambda found: f"{_words(found[1])} = {found[2]}", sentence)
    return _LONG_NAME.sub(lambda found: _words(found[1]), sentence)


def _words(name: str) -> str:
    words = " ".join(LABEL_WORDS.get(word, word) for word in name.split("_")).strip()
    return words[0].upper() + words[1:]
