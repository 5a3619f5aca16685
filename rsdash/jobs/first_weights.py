"""Weights of an earlier run as another's first ones: found by id or name, held against the settings.

with_run_id(config, index.refresh)   # weights="run:my best" becomes "run:20261126-101500-resnet18-0a1b2c"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsdash.config import SETTINGS, STUDY_MODELS, RunConfig, as_text
from rsdash.errors import ConfigError, RunError
from rsdash.models.catalogue import load_catalogue, model_facts
from rsdash.runs.index import Listing, RunEntry
from rsdash.runs.states import EVALUATED

OF_A_RUN = "run:"
STRUCTURE = tuple(info.name for info in SETTINGS.values() if info.group == "model" and info.models)
"""Settings that make one network of a model another."""


def with_run_id(config: RunConfig, runs: Callable[[], Listing]) -> RunConfig:
    """The settings with the id of the run that they take their first weights from.

    Args:
        config: settings of a run that is asked for; `weights` may name a run by its id or its name.
        runs: lists the runs there are; asked only where `weights` names one.

    Raises:
        ConfigError: there is no such run, several have the name, it has no weights, or its network is
            another one.
    """
    if not config.weights.startswith(OF_A_RUN):
        return config
    try:
        entry = runs().find(config.weights.removeprefix(OF_A_RUN))
    except RunError as error:
        raise ConfigError(str(error), setting="weights") from error
    if not entry.folder.weights_path.is_file():
        why = "it is an example without weights" if entry.example else f"it is {entry.state.state.lower()}"
        raise ConfigError(
            f"weights=run:{entry.name} cannot be taken, as the run has none: {why}. Choose another run, or "
            "set weights=random.",
            setting="weights",
        )
    _check_network(config, entry)
    return config.model_copy(update={"weights": weights_of(entry)})


def weights_of(entry: RunEntry) -> str:
    """The setting `weights` that takes those of a run."""
    return f"{OF_A_RUN}{entry.id}"


def runs_with_weights(listing: Listing, model: str) -> list[RunEntry]:
    """The evaluated runs of a model whose weights are there, newest first."""
    return [
        entry
        for entry in listing.entries
        if entry.config.model == model
        and entry.state.state in EVALUATED
        and entry.folder.weights_path.is_file()
    ]


def _check_network(config: RunConfig, entry: RunEntry) -> None:
    """Refuse weights of another network.

    Raises:
        ConfigError: names what differs.
    """
    if not _same_model(config.model, entry.config.model):
        raise ConfigError(
            f"weights=run:{entry.name} are those of {entry.config.model}, but the model is {config.model}. "
            f"Set model={entry.config.model}, or choose other weights.",
            setting="weights",
        )
    different = [name for name in STRUCTURE if _built(config, name) != _built(entry.config, name)]
    if different:
        theirs = " and ".join(f"{name}={as_text(getattr(entry.config, name))}" for name in different)
        here = " and ".join(as_text(getattr(config, name)) for name in different)
        raise ConfigError(
            f"weights=run:{entry.name} were learnt with {theirs}, but here it is {here}. Set it alike, or "
            "choose other weights.",
            setting="weights",
        )


def _same_model(name: str, other: str) -> bool:
    """Whether both names mean one network; a tag behind a timm name says other weights of the same."""
    if name == other or name in STUDY_MODELS or other in STUDY_MODELS:
        return name == other
    catalogue = load_catalogue()
    return model_facts(name, catalogue) == model_facts(other, catalogue)


def _built(config: RunConfig, name: str) -> Any:
    """A setting of the structure as the network is built."""
    value = getattr(config, name)
    if name == "norm" and value == "default":
        return "lrn" if config.model == "alexnet" else "batch"
    return value
