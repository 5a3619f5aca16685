"""What leaves says the same as what stays: ONNX against torch, the example against a prediction, the card."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors
import torch

from rsdash.config import make_radiometry
from rsdash.data import add_dataset
from rsdash.errors import ModelError, RunError, StorageError
from rsdash.evaluation.saved import read_evaluation
from rsdash.exports.card import read_card_file
from rsdash.inference import onnx_model
from rsdash.inference.loading import load_reported
from rsdash.inference.onnx_model import differences, made_images, on_pixels, write_onnx
from rsdash.inference.predictor import Predictor
from rsdash.jobs.submit import submit
from rsdash.models.registry import build_model
from rsdash.runs.index import RunIndex
from rsdash.runs.states import RunState
from rsdash.training.tiles import PixelScale
from tests.bands import make_band_tiles
from tests.exported import Exported, export
from tests.sessions import go_on
from tests.tiny import CLASSES, make_run, small_config

STUDY = {"width": 0.125, "hidden_layers": 1}
NETWORKS = [
    pytest.param({"model": "alexnet", "im_size": 63, **STUDY}, id="alexnet with LRN"),
    pytest.param({"model": "resnet18", "im_size": 32}, id="resnet18"),
    pytest.param({"model": "mobilenet_v3_small", "im_size": 32}, id="torchvision", marks=pytest.mark.slow),
    pytest.param({"model": "tf_efficientnet_lite0", "im_size": 32}, id="timm", marks=pytest.mark.slow),
]


def run_example(folder: Path, image: Path) -> dict[str, float]:
    """What the example prints, in a process that cannot import rsdash, torch or anything of this folder."""
    shield = "import sys; sys.modules.update(rsdash=None, torch=None); import runpy; "
    start = "runpy.run_path('example.py', run_name='__main__')"
    code = f"{shield}sys.argv = ['example.py', {str(image)!r}]; {start}"
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    pairs = (line.split("  ", 1) for line in done.stdout.splitlines())
    return {name: float(share) for share, name in pairs}


def unzipped(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def assert_same_answer(folder: Path, image: Path, weights: Path) -> None:
    """The example and rsdash's own prediction agree."""
    (own,) = Predictor(weights).predict([(image.name, image.read_bytes())], top=5)
    found = run_example(folder, image)
    assert next(iter(found)) == own.classes[0]
    for name, share in zip(own.classes, own.probabilities, strict=True):
        assert found[name] == pytest.approx(share, abs=1e-3)


def test_the_example_says_what_rsdash_says(exported: Exported, tmp_path: Path) -> None:
    folder = unzipped(exported.bundle, tmp_path / "there")
    assert len((folder / "example.py").read_text().splitlines()) <= 25
    for image in sorted(exported.bundle.parent.glob("tiles/*/0[0-1].png")):
        assert_same_answer(folder, image, exported.entry.folder.weights_path)


def test_the_example_says_what_rsdash_says_of_real_tiles(exported: Exported, tmp_path: Path) -> None:
    place = Path(os.environ.get("RSDASH_TEST_DATA", "")) / "eurosat_rgb.zip"
    if not place.is_file():
        pytest.skip("RSDASH_TEST_DATA names no folder with eurosat_rgb.zip")
    folder = unzipped(exported.bundle, tmp_path / "there")
    with zipfile.ZipFile(place) as archive:
        for name in [name for name in archive.namelist() if name.endswith("_1.jpg")][:3]:
            image = tmp_path / Path(name).name
            image.write_bytes(archive.read(name))
            assert_same_answer(folder, image, exported.entry.folder.weights_path)


def test_the_example_reads_bands_as_rsdash_does(tmp_path: Path, runs_dir: Path, data_place: Path) -> None:
    tiles = make_band_tiles(tmp_path / "bands")
    add_dataset(tiles, radiometry=make_radiometry("sentinel2-offset", "B08,B04,B03,B02"))
    threads = torch.get_num_threads()
    folder = submit(small_config(data="bands", epochs=1, im_size=64), runs_dir=runs_dir, name="bands")
    try:
        assert go_on(folder)
    finally:
        torch.set_num_threads(threads)
    entry = RunIndex(runs_dir).refresh().find("bands")
    _, result = export(entry, "onnx", tmp_path / "out")
    assert [file.name for file in result.files] == [
        "MODEL_CARD.md",
        "card.json",
        "example.py",
        "model.onnx",
        "requirements.txt",
    ]
    image = next(tiles.rglob("*.tif"))
    assert_same_answer(tmp_path / "out", image, folder.weights_path)


def test_the_onnx_file_takes_any_number_of_images(exported: Exported, tmp_path: Path) -> None:
    folder = unzipped(exported.bundle, tmp_path)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    reported = load_reported(exported.entry.folder.weights_path)
    mean = np.array(reported.card.scale.mean, np.float32)[:, None, None]
    std = np.array(reported.card.scale.std, np.float32)[:, None, None]
    for count in (1, 5, 17):
        pixels = made_images(count, 3, 63)
        (found,) = session.run(["logits"], {"pixels": pixels})
        with torch.inference_mode():
            wanted = reported.model(torch.from_numpy((pixels - mean) / std)).numpy()
        assert np.abs(np.asarray(found) - wanted).max() < 1e-4
    assert json.loads(session.get_modelmeta().custom_metadata_map["card"])["classes"] == list(CLASSES)


def test_it_was_held_against_the_network_and_says_how_far_it_is(exported: Exported, tmp_path: Path) -> None:
    difference = exported.result.largest_difference
    assert difference is not None and 0 <= difference < 1e-4
    card = read_card_file(unzipped(exported.bundle, tmp_path) / "card.json")
    assert card.onnx and card.onnx.largest_difference == difference
    told = [(stage.done, stage.total) for stage in exported.stages]
    assert told == sorted(told) and told[-1][0] < told[-1][1] and len({total for _, total in told}) == 1


@pytest.mark.parametrize("settings", NETWORKS)
def test_networks_become_onnx(settings: dict, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = small_config(**{"width": 1.0, "hidden_layers": 2, **settings})
    scale = PixelScale((0.3, 0.4, 0.5), (0.2, 0.25, 0.3))
    network = onnx_model.OnPixels(build_model(config, 4), scale).eval()
    write_onnx(network, tmp_path / "model.onnx", side_px=config.im_size, texts={"card": "{}"})
    found = list(differences(network, tmp_path / "model.onnx", side_px=config.im_size))
    assert len(found) == len(onnx_model.BATCH_SIZES) and max(found) < 1e-3


def test_a_file_that_says_something_else_is_refused(exported: Exported, tmp_path: Path) -> None:
    folder = unzipped(exported.bundle, tmp_path)
    network = on_pixels(load_reported(exported.entry.folder.weights_path))
    with torch.no_grad():
        next(iter(network.network.parameters())).mul_(1.05)
    with pytest.raises(ModelError, match="does not say what the network says"):
        list(differences(network, folder / "model.onnx", side_px=63))
    (folder / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="cannot be run"):
        list(differences(network, folder / "model.onnx", side_px=63))


def test_a_wrong_onnx_file_leaves_nothing_behind(exported: Exported, tmp_path: Path, monkeypatch) -> None:
    def other(network, path, **options):
        with torch.no_grad():
            next(iter(network.network.parameters())).mul_(2)
        opset = write_onnx(network, path, **options)
        with torch.no_grad():
            next(iter(network.network.parameters())).div_(2)
        return opset

    monkeypatch.setattr("rsdash.inference.exporting.write_onnx", other)
    with pytest.raises(ModelError, match="does not say"):
        export(exported.entry, "bundle", tmp_path / "out" / "model.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_safetensors_carry_the_same_numbers_and_the_card(exported: Exported, tmp_path: Path) -> None:
    _, result = export(exported.entry, "safetensors", tmp_path / "out")
    assert {file.name for file in result.files} == {"MODEL_CARD.md", "card.json", "model.safetensors"}
    assert result.largest_difference is None
    with (
        safetensors.safe_open(tmp_path / "out" / "model.safetensors", "pt") as there,
        safetensors.safe_open(exported.entry.folder.weights_path, "pt") as here,
    ):
        assert set(there.keys()) == set(here.keys())
        assert all(torch.equal(there.get_tensor(name), here.get_tensor(name)) for name in here.keys())  # noqa: SIM118  # no mapping
        assert json.loads(there.metadata()["card"])["run_id"] == exported.entry.id


def test_nothing_of_the_machine_goes_along(exported: Exported, tmp_path: Path) -> None:
    folder = unzipped(exported.bundle, tmp_path)
    environment = json.loads((folder / "run" / "environment.json").read_text())
    here = exported.entry.folder.environment().attempts[0]
    assert {"host", "command", "pid"} <= here.keys()
    assert not {"host", "command", "pid"} & environment["attempts"][0].keys()
    texts = [
        path.read_text() for path in folder.rglob("*") if path.suffix in (".json", ".md", ".jsonl", ".py")
    ]
    assert not [text for text in texts if str(exported.bundle.parent) in text or here["host"] in text]


def test_evaluated_answers_go_along_unchanged(exported: Exported, tmp_path: Path) -> None:
    there = read_evaluation(unzipped(exported.bundle, tmp_path) / "run" / "evaluation.npz")
    here = read_evaluation(exported.entry.folder.evaluation_path)
    assert (there.logits == here.logits).all() and there.roles.tolist() == here.roles.tolist()


def test_what_is_not_evaluated_or_has_no_weights_is_refused(runs_dir: Path, tmp_path: Path) -> None:
    running = make_run(runs_dir, name="running", state=RunState.RUNNING)
    finished = make_run(runs_dir, name="finished", state=RunState.FINISHED)
    listing = RunIndex(runs_dir).refresh()
    with pytest.raises(RunError, match="is running; it can be exported once"):
        export(listing.find(running.id), "onnx", tmp_path / "out")
    with pytest.raises(ModelError, match="has no weights"):
        export(listing.find(finished.id), "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_left_alone(exported: Exported, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StorageError, match="name a folder"):
        export(exported.entry, "safetensors", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
