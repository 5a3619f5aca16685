"""Folders, zips and files are predicted in parts, as single images are; what cannot be read is named."""

from __future__ import annotations

import io
import itertools
import shutil
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from rsdash.data.loose import LooseImages
from rsdash.errors import DataError, DataNotFoundError
from rsdash.inference.many import predict_place
from rsdash.inference.predictor import BATCH
from rsdash.inference.results import PredictedPart, PredictedPlace, Prediction
from tests.faults.conftest import giant_png
from tests.tiny import CLASSES
from tests.trained import Trained


def predicted(trained: Trained, place: Path, *, top: int = 5) -> tuple[list[Prediction], PredictedPlace]:
    *parts, end = predict_place(trained.predictor, place, top=top)
    assert isinstance(end, PredictedPlace)
    found = []
    for part in parts:
        assert isinstance(part, PredictedPart) and len(part.found) <= BATCH
        found += part.found
        assert (part.done, part.total) == (len(found), end.images)
    return found, end


def zipped(folder: Path, target: Path) -> Path:
    return Path(shutil.make_archive(str(target), "zip", folder))


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_folder_and_a_zip_give_the_saved_answers(trained: Trained, tmp_path: Path, packed: bool) -> None:
    place = zipped(trained.tiles, tmp_path / "tiles") if packed else trained.tiles
    found, end = predicted(trained, place, top=3)
    assert (end.images, end.refused) == (120, 0)
    assert [prediction.file for prediction in found] == sorted(trained.names)
    by_name = {prediction.file: prediction for prediction in found}
    sure = trained.predictor.trust.confidences(trained.evaluation.logits)
    for name, row in zip(trained.evaluated, sure, strict=True):
        given = dict(zip(by_name[name].classes, by_name[name].confidences, strict=True))
        assert [given[label] for label in CLASSES] == pytest.approx(row.tolist(), abs=1e-4)


def test_a_file_gives_the_answer_of_its_folder(trained: Trained) -> None:
    name = trained.evaluated[0]
    (alone,), end = predicted(trained, trained.tiles / name)
    (same,) = trained.predictor.predict([(Path(name).name, (trained.tiles / name).read_bytes())])
    assert alone == same and end == PredictedPlace(images=1, refused=0)


def as_bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bad_files(root: Path, tile: Image.Image) -> dict[str, str]:
    """Write files that no model takes; name → what its sentence says."""
    jpeg = as_bytes(tile.resize((200, 200)), "JPEG")
    contents = {
        "empty.jpg": b"",
        "torn.jpg": jpeg[: len(jpeg) // 2],
        "notes.txt": b"some notes",
        "deep.png": as_bytes(Image.fromarray(np.full((32, 32), 40_000, np.uint16)), "PNG"),
        "huge.png": giant_png(60_000),
        "disguised.tif": b'<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>',
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    bands(root / "nan.tif", np.full((3, 32, 32), np.nan, np.float32))
    bands(root / "seven.tif", np.zeros((7, 32, 32), np.uint8))
    return {
        "empty.jpg": "is empty",
        "torn.jpg": "damaged or incomplete",
        "notes.txt": "not an image of a known format",
        "deep.png": "more than 8 bits",
        "huge.png": "megapixels",
        "disguised.tif": "not an image of a known format",
        "nan.tif": "3 bands of float32",
        "seven.tif": "7 bands of uint8",
    }


def bands(path: Path, values: np.ndarray) -> None:
    shape = {"count": values.shape[0], "height": 32, "width": 32, "dtype": values.dtype}
    with rasterio.open(
        path, "w", driver="GTiff", transform=rasterio.Affine(1, 0, 5, 0, -1, 5), **shape
    ) as file:
        file.write(values)


def odd_files(root: Path, tile: Image.Image) -> dict[str, str]:
    """Write the same tile in kinds that are taken; name → what it is."""
    palette = tile.convert("P", palette=Image.Palette.ADAPTIVE)
    orientation = Image.Exif()
    orientation[274] = 6
    contents = {
        "cmyk.jpg": as_bytes(tile.convert("CMYK"), "JPEG"),
        "palette.png": as_bytes(palette, "PNG", transparency=0),
        "turned.jpg": as_bytes(tile, "JPEG", exif=orientation),
        "grey.png": as_bytes(tile.convert("L"), "PNG"),
        "frames.webp": as_bytes(tile, "WEBP", save_all=True, append_images=[tile.rotate(90)]),
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    return dict.fromkeys(contents, "")


def test_each_bad_file_is_one_sentence_and_the_rest_goes_on(trained: Trained, tmp_path: Path) -> None:
    tile = Image.open(trained.tiles / trained.evaluated[0])
    expected = {**bad_files(tmp_path, tile), **odd_files(tmp_path, tile)}
    (tmp_path / "frames.gif").write_bytes(
        as_bytes(tile, "GIF", save_all=True, append_images=[tile.rotate(90)])
    )
    expected["frames.gif"] = "not an image of a known format"
    found, end = predicted(trained, tmp_path)
    assert {prediction.file for prediction in found} == set(expected)
    for prediction in found:
        sentence = expected[prediction.file]
        assert sentence in prediction.error and prediction.file in (prediction.error or prediction.file)
        assert bool(prediction.error) == bool(sentence) != bool(prediction.classes), prediction
        assert "\n" not in prediction.error
    assert end.refused == 9


def test_what_is_not_there_or_not_safe_is_refused_as_a_whole(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "torn.zip").write_bytes(b"PK no zip")
    with zipfile.ZipFile(tmp_path / "escaping.zip", "w") as archive:
        archive.writestr("../x.png", b"x")
    (tmp_path / "void").mkdir()
    for name, error, sentence in (
        ("nowhere", DataNotFoundError, "no image, folder or zip at"),
        ("void", DataNotFoundError, "no files in"),
        ("torn.zip", DataError, "not a zip"),
        ("escaping.zip", DataError, "escapes"),
    ):
        with pytest.raises(error, match=sentence):
            predicted(trained, tmp_path / name)


def test_it_ends_where_nobody_listens_and_lets_others_in_between(trained: Trained) -> None:
    turn = threading.Lock()
    items = predict_place(trained.predictor, trained.tiles, turn=turn)
    first = next(items)
    assert isinstance(first, PredictedPart) and (first.done, first.total) == (BATCH, 120)
    assert not turn.locked()
    items.close()  # pyright: ignore[reportAttributeAccessIssue]  # it is a generator
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rsdash-data")]


def test_folders_name_classes_whatever_stands_above_them(trained: Trained, tmp_path: Path) -> None:
    for top, packed in itertools.product(("", "set/more/"), (False, True)):
        root = tmp_path / f"{bool(top)}-{packed}"
        for name in ("Lake/a.png", "Lake/b.png", "attic/c.png", "d.png")[: 2 if top else 4]:
            (root / top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(trained.tiles / trained.evaluated[0], root / top / name)
        images = LooseImages(zipped(root, root) if packed else root)
        labels = {Path(name).name: images.class_of(name, CLASSES) for name in images.names}
        assert (labels["a.png"], labels["b.png"]) == ("Lake", "Lake")
        assert labels.get("c.png") is None and labels.get("d.png") is None
    lake = LooseImages(trained.tiles / "Lake")
    assert {lake.class_of(name, CLASSES) for name in lake.names} == {"Lake"}
    assert LooseImages(trained.tiles / "Lake" / "00.png").class_of("00.png", CLASSES) is None
