"""Weights as they are saved: of networks, too, that use one tensor under two names."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

from rsdash.config import RunConfig
from rsdash.training.result import ModelCard, save_weights
from rsdash.training.tiles import PixelScale
from tests.tiny import make_run


def test_a_tensor_of_two_names_is_saved_under_both(runs_dir: Path) -> None:
    shared = torch.randn(3, 4, 5, 5)
    data = make_run(runs_dir).request().data
    card = ModelCard("run", RunConfig(), data, PixelScale((0.5,), (0.2,)), stored_px=5, parameters=1)
    save_weights(runs_dir / "model.safetensors", {"one": shared, "two": shared, "part": shared[:1]}, card)
    saved = safetensors.torch.load_file(runs_dir / "model.safetensors")
    assert torch.equal(saved["one"], shared) and torch.equal(saved["two"], shared)
    assert torch.equal(saved["part"], shared[:1])
