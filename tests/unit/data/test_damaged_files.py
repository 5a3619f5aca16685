"""Two hundred damaged files of ten kinds among good ones: each is named with its reason, the rest trains."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsdash.data import add_dataset
from rsdash.data.audit import audit_dataset
from rsdash.jobs.submit import submit
from rsdash.runs.states import RunState
from tests.sessions import go_on
from tests.tiny import CLASSES, draw_tile, make_tiles, small_config

EACH = 20
SIDE_PX = 32


def encoded(number: int, file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw_tile(number % 3, 1000 + number)).save(buffer, file_format, **options)
    return buffer.getvalue()


def deep(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 60_000, (SIDE_PX, SIDE_PX), dtype=np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def scrambled(number: int) -> bytes:
    content = bytearray(encoded(number, "PNG"))
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    return bytes(content)


@pytest.fixture
def kinds(hollow_png) -> dict[str, tuple[str, Callable[[int], bytes], str]]:
    """Kind → suffix, maker of a file, and what its reason must say."""
    vrt = b'<VRTDataset rasterXSize="8" rasterYSize="8"></VRTDataset>'
    return {
        "nothing": ("png", lambda _: b"", "is empty"),
        "text": ("jpg", lambda n: f"not an image {n}".encode(), "not an image of a known format"),
        "cut-jpeg": ("jpg", lambda n: encoded(n, "JPEG")[: 800 + n], "damaged or incomplete"),
        "cut-png": ("png", lambda n: encoded(n, "PNG")[:-200], "damaged or incomplete"),
        "scrambled": ("png", scrambled, "damaged or incomplete"),
        "cut-tiff": ("tif", lambda n: encoded(n, "TIFF")[: 900 + n], "damaged"),
        "gif": ("png", lambda n: encoded(n, "GIF"), "not an image of a known format"),
        "huge": ("png", lambda n: hollow_png(60_000, 60_000 + n), r"3,60\d\.\d megapixels"),
        "deep": ("png", deep, "more than 8 bits"),
        "vrt": ("tif", lambda _: vrt, "not an image of a known format"),
    }


def test_each_is_named_with_its_reason_and_the_rest_trains(tmp_path: Path, runs_dir: Path, kinds):
    root = make_tiles(tmp_path / "tiles")
    expected = {}
    for kind, (suffix, make, reason) in kinds.items():
        for number in range(EACH):
            name = f"{CLASSES[number % 3]}/{kind}-{number:02}.{suffix}"
            (root / name).write_bytes(make(number))
            expected[name] = reason
    assert len(expected) == 200

    dataset = add_dataset(root)
    refused = {refusal.name: refusal.reason for refusal in dataset.manifest.refused}
    assert refused.keys() == expected.keys()
    for name, reason in expected.items():
        assert re.search(reason, refused[name]), f"{name}: {refused[name]}"
        assert name in refused[name]
    assert dataset.info.counts == dict.fromkeys(CLASSES, 20)
    assert {refusal.name for refusal in audit_dataset(dataset).refused} == expected.keys()

    config = small_config(data="tiles", epochs=1)
    folder = submit(config, runs_dir=runs_dir)
    assert go_on(folder)
    assert folder.state().state is RunState.FINISHED
    assert folder.request().data.counts == {"train": 48, "validation": 0, "test": 12}


def test_a_zip_with_damaged_members_names_them_too(tmp_path: Path, kinds):
    root = make_tiles(tmp_path / "tiles")
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root))
        for kind, (suffix, make, _) in kinds.items():
            archive.writestr(f"Forest/{kind}.{suffix}", make(0))
    content = bytearray((tmp_path / "tiles.zip").read_bytes())
    place = content.index(b"IDAT", content.index(b"Lake/03.png"))
    content[place + 20 : place + 40] = bytes(20)
    (tmp_path / "tiles.zip").write_bytes(bytes(content))
    dataset = add_dataset(tmp_path / "tiles.zip")
    refused = {refusal.name: refusal.reason for refusal in dataset.manifest.refused}
    assert len(refused) == len(kinds) + 1
    assert "damaged" in refused["Lake/03.png"]
    assert dataset.info.counts == {"Forest": 20, "Lake": 19, "Road": 20}
