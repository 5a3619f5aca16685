"""What torchvision and timm offer; run as a program, it writes the catalogue that needs no torch to read.

python -m rsdash.models.survey PATH
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import timm
import torchvision
from timm.models import get_pretrained_cfg

from rsdash.config import STUDY_MODELS, STUDY_RESNETS
from rsdash.errors import ModelError, storage_errors
from rsdash.models.catalogue import ModelFacts, to_json
from rsdash.models.sources import PACKAGED_MODEL, Source

TORCHVISION_LICENCE = (
    "no licence of its own stated by torchvision; trained on ImageNet, whose terms allow research"
)


@cache
def torchvision_names() -> frozenset[str]:
    """Names of torchvision's image classifiers."""
    return frozenset(torchvision.models.list_models(module=torchvision.models))


@cache
def timm_names() -> frozenset[str]:
    """Names of timm's models, without the tags of their weights."""
    return frozenset(timm.list_models())


def torchvision_weights(name: str) -> Any:
    """The weights torchvision recommends for one of its classifiers (a `WeightsEnum` member)."""
    return torchvision.models.get_model_weights(name)["DEFAULT"]


def timm_settings(name: str) -> Any:
    """timm's `PretrainedCfg` of a model, with the tag of its weights or without.

    Raises:
        ModelError: the model has no weights of that tag.
    """
    try:
        return get_pretrained_cfg(name)
    except RuntimeError as error:
        architecture, _, tag = name.partition(".")
        raise ModelError(
            f"timm has no weights {tag!r} for {architecture}. Leave the tag out to take the default."
        ) from error


def facts_of(source: Source, name: str) -> ModelFacts:
    """Facts of one model.

    Args:
        source: whose model it is.
        name: what it is called there.
    """
    if source == "timm":
        return _timm_facts(name)
    if source == "study" and name not in STUDY_RESNETS:
        return ModelFacts(name, source, ("random",), None, "")
    weights = torchvision_weights(name)
    shown = f"torchvision/{name}" if source == "torchvision" and name in STUDY_MODELS else name
    licence = weights.meta.get("license", TORCHVISION_LICENCE)
    return ModelFacts(shown, source, ("random", "imagenet"), weights.transforms().crop_size[0], licence)


def survey() -> list[ModelFacts]:
    """Facts of all models: the study's, then torchvision's, then timm's, each by name."""
    return [
        *(facts_of("study", name) for name in STUDY_MODELS),
        *(facts_of("torchvision", name) for name in sorted(torchvision_names())),
        *(facts_of("timm", name) for name in sorted(timm_names())),
    ]


def _timm_facts(name: str) -> ModelFacts:
    settings = timm_settings(name)
    kinds = ["random"]
    if settings.has_weights:
        kinds.append("imagenet")
    if name == PACKAGED_MODEL:
        kinds.append("packaged")
    architecture = name.partition(".")[0]
    shadowed = architecture in STUDY_MODELS or architecture in torchvision_names()
    licence = (settings.license or "not stated") if settings.has_weights else ""
    if licence and settings.tag:
        licence = f"{licence} (weights {settings.tag})"
    shown = f"timm/{name}" if shadowed else name
    return ModelFacts(shown, "timm", tuple(kinds), settings.input_size[-1], licence)


def main(path: Path) -> None:
    """Write the catalogue to `path`, whole or not at all."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(to_json(survey()), encoding="utf-8")
        temporary.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
