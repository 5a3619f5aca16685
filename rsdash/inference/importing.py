"""Makes a run of an exported model, which may come from anybody: everything in it is checked first."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import safetensors
import torch

from rsdash.data.disk import building_site
from rsdash.errors import ModelError, RunError
from rsdash.exports.card import Card
from rsdash.exports.checking import (
    check_history,
    checked_environment,
    checked_evaluation,
    checked_request,
    checked_state,
)
from rsdash.exports.describing import CARD_FILE
from rsdash.exports.package import unpack
from rsdash.exports.stages import ImportResult, Stage
from rsdash.files import write_text
from rsdash.inference.loading import load_reported, read_card
from rsdash.models.registry import build_model
from rsdash.runs.creating import place_run
from rsdash.runs.folder import RunFolder, new_run_id
from rsdash.runs.records import About, Environment, RunRequest, StateRecord
from rsdash.training.result import ModelCard

IMPORTED_TAG = "imported"
MOST_NAME = 200
_STAGES = 3


def import_model(
    path: Path, *, runs_dir: Path, name: str = "", taken_names: Collection[str] = ()
) -> Iterator[Stage | ImportResult]:
    """Make a finished run of a zip that `export_run` wrote in the format bundle.

    Figures are derived from its answers again, and its weights are loaded once. Its ONNX file and its
    program are left alone.

    Args:
        path: the zip.
        runs_dir: folder of run folders.
        name: what to call the run; empty for the name it had.
        taken_names: names that a name it had must differ from.

    Yields:
        What comes next, and at the end the run.

    Raises:
        RunError: the zip is no such export or damaged, its parts contradict each other, or its network
            cannot be built here.
        StorageError: the disk is full.
    """
    yield Stage(done=0, total=_STAGES, words="Unpacking")
    with building_site(runs_dir) as site:
        came = RunFolder(site)
        card = unpack(path, came.path)
        yield Stage(done=1, total=_STAGES, words="Loading the weights")
        try:
            request, state, environment = _checked(came, card)
        except (RunError, ModelError) as error:
            reason = str(error).replace(f"{site}/", "its ")
            raise RunError(f"{path.name} cannot be imported: {reason}") from error
        yield Stage(done=2, total=_STAGES, words="Writing the run")
        wanted, now = name or _free(card.name, taken_names), time.time()
        note = f"Imported from {path.name}; it was the run {card.run_id}, trained at {card.trained_at}."
        folder = place_run(
            runs_dir,
            request.model_copy(update={"id": new_run_id(request.config.model), "created_at": now}),
            state=state,
            about=About(name=wanted, tags=(IMPORTED_TAG,), note=note, queue_position=now),
            fill=lambda draft: _fill(draft, came, environment),
        )
    yield ImportResult(run_id=folder.id, name=wanted, cautions=card.cautions)


def _checked(came: RunFolder, card: Card) -> tuple[RunRequest, StateRecord, Environment]:
    """All that the run's folder will hold, where it fits together."""
    request = checked_request(came)
    evaluation = checked_evaluation(came, request)
    _check_weights(came, request, card)
    check_history(came)
    return request, checked_state(came, request, evaluation, card.parameters), checked_environment(came)


def _check_weights(came: RunFolder, request: RunRequest, card: Card) -> None:
    """Load the weights once, as a prediction will.

    Raises:
        RunError: what they say of themselves is not what the run says.
        ModelError: they are not those of the network.
    """
    inside = read_card(came.weights_path)
    scale, channels = inside.scale, request.data.radiometry.channels
    numbers = (*scale.mean, *scale.std, inside.stored_px, inside.parameters)
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise RunError("its weights are described by numbers that are none.")
    if (inside.data.classes, card.classes) != (request.data.classes, request.data.classes):
        raise RunError("its weights are about other classes than its settings.")
    if _structure(inside) != _structure(ModelCard(**{**vars(inside), "config": request.config})):
        raise RunError("its weights belong to another network than its settings describe.")
    if inside.data.radiometry.digest != request.data.radiometry.digest:
        raise RunError("its weights read other bands than its settings.")
    if not 1 <= inside.stored_px <= inside.config.im_size:
        raise RunError(f"its images are stored at {inside.stored_px} px and used at {inside.config.im_size}.")
    if (len(scale.mean), len(scale.std)) != (channels, channels):
        raise RunError(f"its normalization is not that of {channels} bands.")
    if min(scale.std) <= 0:
        raise RunError("its normalization divides by zero.")
    _check_shapes(came.weights_path, inside)
    load_reported(came.weights_path)


def _structure(card: ModelCard) -> tuple[object, ...]:
    """What decides the shape of the network and the images."""
    config = card.config
    names = ("model", "norm", "activation", "pooling", "overlapping_pooling", "hidden_layers", "width")
    return tuple(getattr(config, name) for name in (*names, "kernel_sizes", "skip", "im_size"))


def _check_shapes(path: Path, card: ModelCard) -> None:
    """Compare shapes before any memory is taken for the network.

    Some networks cannot be built without memory; for them loading says what does not fit.
    """
    plain = card.config.model_copy(update={"weights": "random"})
    try:
        with torch.device("meta"):
            model = build_model(plain, len(card.data.classes), card.data.radiometry)
    except (RuntimeError, NotImplementedError, TypeError):
        return
    wanted = {name: list(value.shape) for name, value in model.state_dict().items()}
    with safetensors.safe_open(path, framework="pt") as file:
        found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118  # no mapping
    if found != wanted:
        raise RunError("its weights have other shapes than those of its network.")


def _fill(draft: RunFolder, came: RunFolder, environment: Environment) -> None:
    """Move the checked files into the run's folder."""
    for path in (came.weights_path, came.split_path, came.evaluation_path, came.metrics_path):
        if path.exists():
            path.rename(draft.path / path.name)
    (came.path / CARD_FILE).rename(draft.path / CARD_FILE)
    write_text(draft.path / "environment.json", environment.model_dump_json(indent=1))


def _free(wanted: str, taken: Collection[str]) -> str:
    """A name on one line that no other run has."""
    base = " ".join(wanted.split())[:MOST_NAME] or "imported model"
    numbered = (f"{base} ({number})" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)
