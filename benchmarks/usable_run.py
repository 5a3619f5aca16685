"""A finished run whose model can be asked, and tiles to ask it about: weights are random, sizes are real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rsdash.data.sample import SAMPLE_CLASSES, sample_tile
from rsdash.home import examples_dir
from rsdash.models.registry import build_model
from rsdash.runs.folder import RunFolder, list_run_ids
from rsdash.training.result import ModelCard, save_weights
from rsdash.training.tiles import PixelScale

QUALITY = 90
SCALE = PixelScale((0.35, 0.38, 0.41), (0.2, 0.14, 0.11))


def make_usable_run(runs_dir: Path, model: str, side_px: int) -> RunFolder:
    """Copy an example, evaluation and all, as if it had trained another model at another size.

    Args:
        runs_dir: folder of runs.
        model: any name of a model.
        side_px: side of its input.
    """
    example = RunFolder(examples_dir() / list_run_ids(examples_dir())[0])
    folder = RunFolder(Path(shutil.copytree(example.path, runs_dir / example.id)))
    request = example.request()
    config = request.config.model_copy(update={"model": model, "im_size": side_px, "device": "auto"})
    content = request.model_copy(update={"config": config}).model_dump(mode="json")
    (folder.path / "config.json").write_text(json.dumps(content))
    torch.manual_seed(0)
    network = build_model(config, len(request.data.classes))
    numbers = sum(parameter.numel() for parameter in network.parameters())
    card = ModelCard(folder.id, config, request.data, SCALE, stored_px=side_px, parameters=numbers)
    save_weights(folder.weights_path, network.state_dict(), card)
    return folder


def make_tiles(place: Path, count: int, side_px: int) -> Path:
    """Write JPEG tiles of the sample's scenes at another size, some noise in them as in any photograph."""
    place.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for number in range(count):
        tile = sample_tile(SAMPLE_CLASSES[number % len(SAMPLE_CLASSES)], number)
        large = Image.fromarray(tile).resize((side_px, side_px), Image.Resampling.BICUBIC)
        pixels = np.asarray(large, np.float32) + noise.normal(0, 3, (side_px, side_px, 3))
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(place / f"{number:05}.jpg", quality=QUALITY)
    return place
