"""Names and facts of all models, for pages and checks that must not import torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rsdash import home
from rsdash.config import RunConfig
from rsdash.errors import ModelError
from rsdash.models.geometry import smallest_image_px
from rsdash.models.sources import Source, check_available, locate, parse_weights

SURVEY_LIMIT_S = 300.0
GIVING_WAY = ("nice", "-n", "10")
"""Pages are to open while the libraries are surveyed, which takes a core for some seconds."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model without building it.

    Attributes:
        name: as in the setting `model`; prefixed where a bare name means another one.
        source: study, torchvision or timm.
        weights: kinds of first weights: random, imagenet, packaged.
        input_px: side of the images its pretrained weights were made for, if known.
        licence: licence note of the pretrained weights; empty where there are none.
    """

    name: str
    source: Source
    weights: tuple[str, ...]
    input_px: int | None
    licence: str


def catalogue_path() -> Path:
    """The cached catalogue of the installed library versions."""
    name = f"models-{version('torchvision')}-{version('timm')}.json"
    return home.data_dir() / "catalogue" / name


def load_catalogue(*, gives_way: bool = False) -> dict[str, ModelFacts]:
    """All models by name: the study's, then torchvision's, then timm's.

    The first call after an installation or update surveys the libraries in a process of its own,
    which takes some seconds; later calls read one file.

    Args:
        gives_way: whether the survey lets all else on the machine go first, as where nobody waits for it.

    Raises:
        ModelError: the libraries could not be surveyed.
    """
    path = catalogue_path()
    facts = _read(path)
    if facts is None:
        _survey(path, GIVING_WAY if gives_way else ())
        facts = _read(path)
    if facts is None:
        raise ModelError(f"The catalogue of models {path} cannot be read. Delete it and try again.")
    return facts


def model_facts(name: str, catalogue: dict[str, ModelFacts]) -> ModelFacts:
    """Facts of the model that `name` means, prefix or tag included.

    Raises:
        ModelError: no model has this name; the message proposes close ones.
    """
    bare = {source: _names(catalogue, source) for source in ("torchvision", "timm")}
    source, found = locate(name, torchvision=bare["torchvision"], timm=bare["timm"])
    if source == "timm":
        found = found.partition(".")[0]
    return catalogue.get(f"{source}/{found}") or catalogue[found]


def check_model(config: RunConfig) -> None:
    """Refuse a model, or first weights for it, that could not be built; before the run starts.

    Raises:
        ModelError: unknown name, weights that do not exist for the model, malformed weights, a missing
            file, or images too small for AlexNet.
    """
    origin = parse_weights(config.weights)
    facts = model_facts(config.model, load_catalogue())
    check_available(config, origin.kind, facts.weights)
    if config.model == "alexnet":
        check_image_size(config)


def check_image_size(config: RunConfig) -> None:
    """Refuse images that are too small for the study's AlexNet.

    Raises:
        ModelError: names the smallest size.
    """
    smallest_px = smallest_image_px(config)
    if config.im_size < smallest_px:
        raise ModelError(
            f"alexnet needs images of at least {smallest_px} px with these settings; im_size is "
            f"{config.im_size}. Raise im_size or choose another model."
        )


def to_json(facts: list[ModelFacts]) -> str:
    """The catalogue as it is cached."""
    return json.dumps([asdict(fact) for fact in facts], indent=0)


def _names(catalogue: dict[str, ModelFacts], source: Source) -> set[str]:
    return {name.rpartition("/")[2] for name, facts in catalogue.items() if facts.source == source}


def _read(path: Path) -> dict[str, ModelFacts] | None:
    """The cached catalogue, or None where there is none that can be read."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        facts = [ModelFacts(**{**row, "weights": tuple(row["weights"])}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return {fact.name: fact for fact in facts}


def _survey(path: Path, prefix: Sequence[str]) -> None:
    command = [*prefix, sys.executable, "-m", "rsdash.models.survey", str(path)]
    try:
        subprocess.run(
            command, cwd=home.PROJECT_DIR, check=True, capture_output=True, text=True, timeout=SURVEY_LIMIT_S
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"torchvision and timm could not be asked for their models: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"torchvision and timm did not list their models within {SURVEY_LIMIT_S:.0f} s. Try again."
        ) from error
