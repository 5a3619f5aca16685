"""What is dropped to be predicted or mapped is kept whatever it is called, and not for long."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from rsdash.data.dropped import KEPT_S, dropped_place, dropped_scene, keep_dropped, keep_scene
from rsdash.data.loose import LooseImages
from rsdash.errors import DataError


def keep(*names: str) -> Path:
    place = dropped_place(keep_dropped([(name, io.BytesIO(name.encode())) for name in names]))
    assert place is not None
    return place


def test_every_name_is_kept_and_none_leads_out(data_place: Path) -> None:
    names = (
        "a.jpg",
        "a.jpg",
        "../../etc/passwd.png",
        "/root/b.png",
        ".hidden.png",
        "C:\\c.png",
        "Lake/d.png",
    )
    images = LooseImages(keep(*names))
    assert set(images.names) == {
        "a.jpg",
        "a (2).jpg",
        "etc/passwd.png",
        "root/b.png",
        "hidden.png",
        "c.png",
        "Lake/d.png",
    }
    contents = {images.read(name).decode() for name in images.names}
    assert contents == set(names)
    assert images.class_of("Lake/d.png", ("Lake",)) == "Lake"
    assert list((data_place / "dropped").iterdir()) == [images.place.parent]


def test_one_zip_is_taken_as_it_is(data_place: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Lake/a.png", b"a")
        archive.writestr("Road/b.png", b"b")
    token = keep_dropped([("tiles.ZIP", io.BytesIO(buffer.getvalue()))])
    place = dropped_place(token)
    assert place is not None and LooseImages(place).names == ("Lake/a.png", "Road/b.png")
    assert place.name == "tiles.zip"  # what is wrong with it is said of what was dropped
    with pytest.raises(DataError, match=r"tiles\.zip was dropped together"):
        keep_dropped([("a.png", io.BytesIO()), ("tiles.zip", io.BytesIO())])


@pytest.mark.parametrize("token", ["", "../service", "0" * 24, "g" * 24])
def test_only_a_token_that_was_given_out_opens_anything(data_place: Path, token: str) -> None:
    keep("a.png")
    assert dropped_place(token) is None


def test_after_a_day_it_is_gone(data_place: Path) -> None:
    old = keep("a.png")
    yesterday = time.time() - KEPT_S - 60
    os.utime(old.parent, (yesterday, yesterday))
    fresh = keep("b.png")
    assert not old.exists() and fresh.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("S2 Zürich (2023).TIF", "S2-Zürich-2023.tif"),
        ("../../etc/passwd.tif", "passwd.tif"),
        ("C:\\scenes\\a.tiff", "a.tif"),
        ("*.tif", "dropped.tif"),
        ("x" * 300 + ".tif", "x" * 60 + ".tif"),
    ],
)
def test_a_scene_is_kept_under_what_its_name_has_of_plain_signs(
    data_place: Path, name: str, kept: str
) -> None:
    token = keep_scene(name, io.BytesIO(b"scene"))
    found = dropped_scene(token)
    assert found is not None and (found.name, found.read_bytes()) == (kept, b"scene")
    assert found.parent == data_place / "dropped" / token


@pytest.mark.parametrize("token", ["", "../service", "..", "0" * 24, "g" * 24])
def test_a_scene_is_behind_its_own_token_alone(data_place: Path, token: str) -> None:
    keep_scene("a.tif", io.BytesIO())
    assert dropped_scene(token) is None
    assert dropped_place(keep_scene("a.tif", io.BytesIO())) is None
    assert dropped_scene(keep_dropped([("a.png", io.BytesIO())])) is None


def test_after_a_day_a_scene_is_gone_and_one_that_breaks_off_was_never_there(data_place: Path) -> None:
    old = keep_scene("a.tif", io.BytesIO())
    yesterday = time.time() - KEPT_S - 60
    os.utime(data_place / "dropped" / old, (yesterday, yesterday))

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        keep_scene("b.tif", Broken())
    assert dropped_scene(old) is None and not list((data_place / "dropped").iterdir())
