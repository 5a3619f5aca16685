"""13 bands from the file to the prediction, in each family of models; damaged files on the way."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from scipy.special import softmax

from rsdash.config import make_radiometry
from rsdash.data import add_dataset, open_dataset
from rsdash.inference.predictor import Predictor
from rsdash.runs.states import RunState
from tests.bands import draw_bands, geotiff, make_band_tiles
from tests.sessions import go_on
from tests.tiny import make_tiles

ALL = make_radiometry("sentinel2", "all")
OFFSET = make_radiometry("sentinel2-offset", "all")
DAMAGED_EACH = 20


@pytest.fixture
def band_tiles(tmp_path: Path) -> Path:
    return make_band_tiles(tmp_path / "bands")


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "alexnet", "epochs": 8, "learning_rate": 0.001},
        {"model": "torchvision/squeezenet1_1", "epochs": 2, "width": 1.0, "hidden_layers": 2},
        {
            "model": "tf_efficientnet_lite0",
            "weights": "packaged",
            "epochs": 2,
            "width": 1.0,
            "hidden_layers": 2,
            "im_size": 64,
        },
    ],
    ids=lambda settings: settings["model"],
)
def test_predictions_are_the_softmax_of_the_saved_logits(settings, band_tiles, queue):
    add_dataset(band_tiles, radiometry=ALL)
    run = queue("bands", flip="symmetries", crop=0.2, **settings)
    assert go_on(run)
    dataset, predictor = open_dataset("bands"), Predictor(run.weights_path)
    assert predictor.card.data.radiometry == ALL
    assert len(predictor.card.scale.mean) == 13
    with np.load(run.evaluation_path) as saved:
        rows, logits, classes = saved["rows"], saved["logits"], saved["classes"].tolist()
    files = [(dataset.manifest.names[row], dataset.read_image(row)) for row in rows]
    assert len(files) >= 9
    expected = softmax(logits.astype(float), axis=1)
    for found, probabilities in zip(predictor.predict(files, top=3), expected, strict=True):
        order = [classes.index(name) for name in found.classes]
        assert found.probabilities == pytest.approx(probabilities[order], abs=1e-4)
    if settings["model"] == "alexnet":  # the classes differ in the bands that a picture lacks
        assert (logits.argmax(1) == dataset.manifest.labels[rows]).all()


def test_the_offset_reaches_the_prediction(band_tiles, queue):
    add_dataset(band_tiles, radiometry=OFFSET)
    run = queue("bands", epochs=1)
    go_on(run)
    predictor = Predictor(run.weights_path)
    tile = draw_bands(0, 0)
    dark = np.maximum(tile, 1000)  # what lies below the offset is 0 either way
    first, same, other = predictor.predict(
        [("a.tif", geotiff(tile)), ("b.tif", geotiff(dark)), ("c.tif", geotiff(tile + 500))], top=3
    )
    assert first.probabilities == same.probabilities
    assert first.probabilities != other.probabilities
    (refused,) = predictor.predict([("d.tif", geotiff(tile[:4]))])
    assert "no band 'B01'; the bands are B1, B2, B3, B4" in refused.error


def test_a_run_goes_on_with_its_own_radiometry(band_tiles, queue):
    add_dataset(band_tiles, radiometry=ALL)
    twin, run = queue("bands", epochs=4, seed=1), queue("bands", epochs=4, seed=1)
    assert go_on(twin)
    assert not go_on(run, leave_after=6)
    assert run.state().state is RunState.INTERRUPTED and run.checkpoint_path.exists()
    assert add_dataset(band_tiles, radiometry=OFFSET).info.radiometry == OFFSET
    assert go_on(run)
    assert Predictor(run.weights_path).card.data.radiometry == ALL
    weights = [safetensors.torch.load_file(folder.weights_path) for folder in (twin, run)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    later = queue("bands", epochs=1)
    assert later.request().data.radiometry == OFFSET


def encoded(array: np.ndarray, file_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, file_format)
    return buffer.getvalue()


def noise(seed: int, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, bands), dtype=np.uint8)


def scrambled(data: bytes, start: int) -> bytes:
    return data[:start] + bytes(byte ^ 0x5A for byte in data[start : start + 200]) + data[start + 200 :]


Maker = Callable[[int], bytes]
PICTURES: dict[str, tuple[str, Maker, str]] = {
    "empty": ("jpg", lambda seed: b"", "is empty"),
    "half a jpeg": ("jpg", lambda seed: encoded(noise(seed), "JPEG")[:500], "damaged"),
    "half a png": ("png", lambda seed: encoded(noise(seed), "PNG")[:1500], "damaged or incomplete"),
    "scrambled png": ("png", lambda seed: scrambled(encoded(noise(seed), "PNG"), 300), "damaged"),
    "text": ("jpg", lambda seed: f"no image {seed}".encode(), "not an image of a known format"),
    "gif": ("png", lambda seed: encoded(noise(seed), "GIF"), "not an image of a known format"),
    "noise": ("tif", lambda seed: noise(seed).tobytes(), "not an image of a known format"),
    "half a tiff": ("tif", lambda seed: encoded(noise(seed), "TIFF")[:900], "damaged"),
    "deep png": ("png", lambda seed: encoded(noise(seed)[..., 0].astype(np.uint16), "PNG"), "8 bits"),
    "bands": ("tif", lambda seed: geotiff(draw_bands(0, seed)), "13 bands of uint16"),
}
BANDS: dict[str, tuple[str, Maker, str]] = {
    "empty": ("tif", lambda seed: b"", "is empty"),
    "half": ("tif", lambda seed: geotiff(draw_bands(0, seed))[:9000], "damaged or incomplete"),
    "header alone": ("tif", lambda seed: geotiff(draw_bands(0, seed))[:60], "damaged or incomplete"),
    "scrambled": (
        "tif",
        lambda seed: scrambled(geotiff(draw_bands(0, seed), compress="deflate"), 600),
        "pixels cannot be decoded",
    ),
    "four bands": ("tif", lambda seed: geotiff(draw_bands(0, seed)[:4]), "no band 'B01'"),
    "complex": ("tif", lambda seed: geotiff(draw_bands(0, seed).astype(np.complex64)), "complex64"),
    "picture": ("png", lambda seed: encoded(noise(seed), "PNG"), "is a PNG"),
    "vrt": ("tif", lambda seed: f"<VRTDataset rasterXSize='{seed}'/>".encode(), "not an image of a known"),
    "noise": ("tif", lambda seed: b"II*\0" + noise(seed).tobytes(), "damaged or incomplete"),
    "text": ("txt", lambda seed: f"notes {seed}".encode(), "is not an image"),
}


@pytest.mark.parametrize("kinds", [PICTURES, BANDS], ids=["pictures", "bands"])
def test_200_damaged_files_are_named_with_their_reason_and_the_rest_trains(kinds, tmp_path, queue):
    root = (make_tiles if kinds is PICTURES else make_band_tiles)(tmp_path / "set")
    good = {str(path.relative_to(root)) for path in root.rglob("*.*")}
    reasons = {}
    for kind, (suffix, make, reason) in kinds.items():
        for seed in range(DAMAGED_EACH):
            name = f"{('Forest', 'Lake', 'Road')[seed % 3]}/{kind.replace(' ', '-')}-{seed}.{suffix}"
            (root / name).write_bytes(make(seed))
            reasons[name] = reason
    dataset = add_dataset(root, radiometry=ALL if kinds is BANDS else None)
    assert len(reasons) == dataset.info.refused == 200
    for refusal in dataset.manifest.refused:
        assert refusal.name in refusal.reason
        assert reasons[refusal.name] in refusal.reason
        assert len(refusal.reason) < 300
    assert set(dataset.manifest.names) == good
    run = queue("set", epochs=1)
    assert go_on(run)
    assert sum(run.request().data.counts.values()) == len(good)
