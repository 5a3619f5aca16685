"""A batch as the network sees it is the one that training takes, and its pictures are those of the files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsdash.config import RGB8, make_radiometry
from rsdash.data import add_dataset
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.errors import DataError
from rsdash.inference.batches import draw_back, draw_batch
from rsdash.inference.results import BatchImage
from rsdash.jobs.submit import submit
from rsdash.training import trainer
from rsdash.training.tiles import PixelScale
from tests.bands import TILE_PX as BAND_TILE_PX
from tests.bands import make_band_tiles
from tests.sessions import go_on
from tests.tiny import TILE_PX, make_tiles, small_config

ROUGH = {"flip": "symmetries", "rotation_deg": 30, "crop": 0.3, "scale": 0.2, "seed": 5}


def pixels_of(image: BatchImage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image.content)))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """Images of each training step, as the network got them."""
    batches: list[torch.Tensor] = []
    take = trainer.training_batch

    def note(*arguments, **named):
        images, labels = take(*arguments, **named)
        batches.append(images.clone())
        return images, labels

    monkeypatch.setattr(trainer, "training_batch", note)
    return batches


def test_it_is_the_batch_that_a_run_trains_on(tmp_path, runs_dir, data_place, recorded):
    add_dataset(make_tiles(tmp_path / "tiles"))
    config = small_config(data="tiles", epochs=2, **ROUGH)
    threads = torch.get_num_threads()
    try:
        assert go_on(submit(config, runs_dir=runs_dir))
    finally:
        torch.set_num_threads(threads)
    assert len(recorded) == 6  # 48 training images in batches of 16, twice
    for step in (0, 2, 4):
        batch = draw_batch(config, step=step, shown=16)
        assert (batch.epoch, batch.step) == divmod(step, 3)
        assert (batch.batch_size, batch.side_px, batch.steps_per_epoch) == (16, 63, 3)
        expected = draw_back(recorded[step], PixelScale(batch.mean, batch.std), RGB8)
        assert (np.stack([pixels_of(image) for image in batch.images]) == expected).all()
        assert batch.lowest == pytest.approx(recorded[step].min().item(), abs=1e-6)
        assert batch.highest == pytest.approx(recorded[step].max().item(), abs=1e-6)


def test_without_changes_the_pictures_are_the_files_themselves(tmp_path, data_place):
    dataset = add_dataset(make_tiles(tmp_path / "tiles"))
    (split,) = add_splits(dataset, SplitRequest(name="mine"))
    batch = draw_batch(small_config(data="tiles", split="mine", im_size=TILE_PX))
    assert batch.split == "mine" and len(batch.images) == 16
    names = {dataset.manifest.names[row] for row in split.train}
    for image in batch.images:
        assert image.name in names and image.name.startswith(f"{image.label}/")
        assert (pixels_of(image) == np.asarray(Image.open(dataset.place / image.name))).all()


def test_flips_show(tmp_path, data_place):
    dataset = add_dataset(make_tiles(tmp_path / "tiles"))
    batch = draw_batch(small_config(data="tiles", im_size=TILE_PX, flip="horizontal"))
    files = [np.asarray(Image.open(dataset.place / image.name)) for image in batch.images]
    shown = [pixels_of(image) for image in batch.images]
    kept = [(file == pixels).all() for file, pixels in zip(files, shown, strict=True)]
    mirrored = [(file[:, ::-1] == pixels).all() for file, pixels in zip(files, shown, strict=True)]
    assert sum(kept) + sum(mirrored) == 16
    assert min(sum(kept), sum(mirrored)) > 2


@pytest.mark.parametrize("mixing", [{"mixup": 1.0}, {"cutmix": 1.0}])
def test_a_mixed_image_says_how_much_it_holds_of_each_class(tmp_path, data_place, mixing):
    add_dataset(make_tiles(tmp_path / "tiles"))
    settings = {"data": "tiles", "im_size": TILE_PX}
    alone = draw_batch(small_config(**settings)).images
    mixed = draw_batch(small_config(**settings, **mixing)).images
    assert all(image.shares == ((image.label, 1.0),) for image in alone)
    blended = 0
    for place, image in enumerate(mixed):
        one, other = alone[place], alone[place - 1]
        held = dict(image.shares)
        assert sum(held.values()) == pytest.approx(1, abs=1e-6)
        assert list(held.values()) == sorted(held.values(), reverse=True)
        if one.label == other.label:
            assert held == {one.label: pytest.approx(1)}
            continue
        assert held.keys() <= {one.label, other.label}
        blended += len(held) == 2
        share = held.get(one.label, 0.0)
        first, second = pixels_of(one).astype(float), pixels_of(other).astype(float)
        expected = share * first + (1 - share) * second
        if "mixup" in mixing:
            assert np.abs(pixels_of(image) - expected).max() <= 1
        else:
            own = (pixels_of(image) == pixels_of(one)).all(axis=2).mean()
            assert own == pytest.approx(share, abs=0.01)
    assert blended > 4


def test_of_13_bands_the_visible_ones_are_drawn(tmp_path, data_place):
    radiometry = make_radiometry("sentinel2", "all")
    dataset = add_dataset(make_band_tiles(tmp_path / "ms"), radiometry=radiometry)
    batch = draw_batch(small_config(data="ms", im_size=BAND_TILE_PX), shown=5)
    assert len(batch.images) == 5 and len(batch.mean) == len(batch.std) == 13
    assert [batch.channels[place] for place in batch.display_channels] == ["B04", "B03", "B02"]
    for image in batch.images:
        row = dataset.manifest.names.index(image.name)
        expected = dataset.read_picture(row, BAND_TILE_PX).astype(int)
        assert np.abs(pixels_of(image) - expected).max() <= 1


def test_what_does_not_fit_is_one_sentence(tmp_path: Path, data_place: Path) -> None:
    add_dataset(make_tiles(tmp_path / "tiles"))
    with pytest.raises(DataError, match="no data set 'none'"):
        draw_batch(small_config(data="none"))
    with pytest.raises(DataError, match="no split 'none'"):
        draw_batch(small_config(data="tiles", split="none"))
