"""What a run trains with: its network and its images, made ready on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rsdash.config import Radiometry, RunConfig
from rsdash.data import open_dataset, open_pixels
from rsdash.evaluation.roles import measured_roles
from rsdash.models.registry import build_model, freeze_all_but_head, head_parameter_names
from rsdash.runs.folder import RunFolder
from rsdash.runs.parts import Parts
from rsdash.training.batches import pixel_scale
from rsdash.training.checkpoint import Checkpoint
from rsdash.training.compute import Compute
from rsdash.training.depthwise import spare_depthwise
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.result import ModelCard
from rsdash.training.tiles import PixelScale, Tiles


@dataclass(frozen=True)
class Material:
    """What a run trains with.

    Attributes:
        model: network with its initial weights, on the device, channels last.
        head: names of the parameters of its last layer.
        training: images that are trained on.
        watched: images that are measured after each epoch: validation images, or those of the figures.
        compute: device and number format.
        decides: whether anything may be decided by them; not where they are held out for the figures.
    """

    model: nn.Module
    head: set[str]
    training: Tiles
    watched: Tiles
    compute: Compute
    decides: bool = True


@dataclass(frozen=True)
class Setup:
    """A run made ready.

    Attributes:
        material: what the loop trains with.
        card: goes with the weights.
        measured: role → images of the final figures.
        watched_role: role of the images that are measured after each epoch.
    """

    material: Material
    card: ModelCard
    measured: dict[str, Tiles]
    watched_role: str


@dataclass(frozen=True)
class Network:
    """A network with its initial weights, on the device, channels last; `head` names its last parameters."""

    model: nn.Module
    head: set[str]


def make_network(config: RunConfig, classes: int, radiometry: Radiometry, compute: Compute) -> Network:
    """Build the network of a run with the weights that it starts from.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: of the images.
        compute: names the device.

    Raises:
        ModelError: unknown name or weights.
    """
    seed_network(config.seed, Stream.WEIGHTS)
    model = build_model(config, classes, radiometry)
    if config.train_layers == "head":
        freeze_all_but_head(model)
    model = model.to(compute.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword pair
    spare_depthwise(model, compute)
    return Network(model, head_parameter_names(model))


def prepare(
    folder: RunFolder, compute: Compute, checkpoint: Checkpoint | None, *, on_progress: Callable[[], None]
) -> Setup:
    """Make a run's network and images ready.

    Args:
        folder: the run.
        compute: device and number format.
        checkpoint: where the run goes on from, so that its first weights, which may be gone by now, are not
            asked for; None where it begins.
        on_progress: called now and then while images are read; may raise to leave.

    Raises:
        RsdashError: the images have changed, or the network cannot be built.
    """
    request = folder.request()
    config, data = request.config, request.data
    dataset = open_dataset(data.name)
    dataset.verify(data.fingerprint)
    parts = Parts.read(folder.split_path)
    pixels = open_pixels(
        dataset, config.im_size, on_progress=lambda *_: on_progress(), radiometry=data.radiometry
    )
    begins = config.model_copy(update={"weights": "random"}) if checkpoint else config
    network = make_network(begins, len(data.classes), data.radiometry, compute)
    if config.compiled:
        network.model.compile(dynamic=False)  # a short batch is worked through as written
    if checkpoint and checkpoint.scale:
        scale = PixelScale(**checkpoint.scale)
    else:
        scale = pixel_scale(config, data.radiometry, pixels, parts.rows["train"])
    labels = np.asarray(dataset.manifest.labels, dtype=np.int64)

    rows, side = parts.rows, config.im_size
    training = Tiles(pixels, labels, rows=rows["train"], side_px=side, scale=scale, device=compute.device)
    roles = measured_roles(parts.counts, steered=config.steered_by_validation, test_role=data.test_role)
    measured = {role.value: training.part(rows[part]) for part, role in roles.items()}
    watched = "validation" if parts.counts["validation"] else "test"
    material = Material(
        network.model,
        network.head,
        training,
        training.part(rows[watched]),
        compute,
        decides=watched == "validation",
    )
    trainable = sum(p.numel() for p in network.model.parameters() if p.requires_grad)
    card = ModelCard(folder.id, config, data, scale, pixels.shape[1], trainable)
    return Setup(material, card, measured, roles[watched].value)
