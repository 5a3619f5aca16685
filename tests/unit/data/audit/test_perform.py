from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from rsdash.data.audit import Audit, audit_dataset, audit_path, load_audit
from rsdash.data.audit.findings import small_classes
from rsdash.data.images import decode_rgb
from rsdash.data.store import add_dataset, open_dataset, remove_dataset
from rsdash.errors import DataChangedError, DataError, DataNotFoundError


class StoppedError(Exception):
    pass


@pytest.fixture
def tiles(scene, encode) -> dict[str, bytes]:
    """Five tiles of each of two classes."""
    return {f"{kind}/{at}.png": encode(scene(10 * ord(kind) + at)) for kind in "AB" for at in range(5)}


def names_of(dataset, rows) -> list[str]:
    return [dataset.manifest.names[row] for row in rows]


def test_equal_bytes_and_equal_pixels_are_told_apart(tiles, scene, encode, folder):
    members = tiles | {
        "A/same.png": tiles["A/0.png"],
        "B/pixels.bmp": encode(scene(10 * ord("B") + 1), "BMP"),
    }
    dataset = add_dataset(folder(members))
    audit = audit_dataset(dataset)
    found = {tuple(names_of(dataset, images.rows)): images.same_bytes for images in audit.identical}
    assert found == {("A/0.png", "A/same.png"): True, ("B/1.png", "B/pixels.bmp"): False}
    assert audit.near == ()
    assert [len(rows) for rows in audit.groups] == [2, 2]


def test_the_same_image_under_two_labels_is_a_conflict(tiles, scene, encode, folder):
    turned = encode(np.rot90(scene(10 * ord("A") + 3)))
    members = tiles | {"A/same.png": tiles["A/0.png"], "B/same.png": tiles["A/1.png"], "B/turned.png": turned}
    dataset = add_dataset(folder(members))
    audit = audit_dataset(dataset)
    conflicts = {tuple(names_of(dataset, rows)) for rows in audit.conflicts}
    assert conflicts == {("A/1.png", "B/same.png"), ("A/3.png", "B/turned.png")}
    assert len(audit.groups) == 3


def test_sizes_modes_and_blank_tiles_stand_out(scene, encode, folder):
    members = {f"{'AB'[at % 2]}/{at:02}.png": encode(scene(at)) for at in range(40)}
    mostly_empty = np.zeros((64, 64, 3), dtype=np.uint8)
    mostly_empty[:10, :20] = 200  # 4.9 % of the pixels
    part_empty = mostly_empty.copy()
    part_empty[:20, :20] = scene(91)[:20, :20]  # 9.8 %
    members |= {
        "A/blank.png": encode(mostly_empty),
        "A/part.png": encode(part_empty),
        "A/small.png": encode(scene(90)[:32, :32]),
        "B/grey.png": encode(np.asarray(Image.fromarray(scene(92)).convert("L"))),
        "B/greyrgb.png": encode(np.asarray(Image.fromarray(scene(93)).convert("L").convert("RGB"))),
    }
    dataset = add_dataset(folder(members))
    audit = audit_dataset(dataset)
    assert names_of(dataset, audit.size_outliers) == ["A/small.png"]
    assert names_of(dataset, audit.blank) == ["A/blank.png"]
    assert names_of(dataset, audit.mode_outliers) == ["B/grey.png", "B/greyrgb.png"]
    assert audit.modes == {"RGB": 43, "L": 1, "RGB without colour": 1}


def test_refusals_and_class_sizes_are_reported(tiles, encode, scene, folder):
    members = tiles | {"A/broken.png": tiles["A/0.png"][:200], "A/notes.txt": b"hello"}
    members |= {f"A/more{at}.png": encode(scene(500 + at)) for at in range(10)}
    audit = audit_dataset(add_dataset(folder(members)))
    assert {refusal.name for refusal in audit.refused} == {"A/broken.png", "A/notes.txt"}
    assert all(refusal.name in refusal.reason for refusal in audit.refused)
    assert audit.counts == {"A": 15, "B": 5}
    assert small_classes(audit) == ("B",)


def test_an_audit_is_made_once_per_version_of_the_files(tiles, scene, encode, folder):
    root = folder(tiles)
    first = audit_dataset(add_dataset(root))
    calls: list[tuple[int, int]] = []
    dataset = open_dataset(add_dataset(root).name)
    assert audit_dataset(dataset, lambda done, total: calls.append((done, total))) == first
    assert not calls
    (root / "B/new.png").write_bytes(encode(scene(999)))
    changed = add_dataset(root)
    assert load_audit(changed) is None
    assert audit_dataset(changed).image_count == 11
    assert load_audit(dataset) == first


def test_what_is_stored_is_what_was_found(tiles, folder):
    dataset = add_dataset(folder(tiles | {"A/same.png": tiles["B/0.png"]}))
    audit = audit_dataset(dataset)
    assert Audit.load(audit_path(dataset)) == audit
    assert audit.fingerprint == dataset.manifest.fingerprint
    stored = json.loads(audit_path(dataset).read_text())
    assert stored["format"] == 1 and stored["thresholds"]["min_contrast"] == 4


def test_progress_reaches_the_number_of_images(tiles, folder):
    calls: list[tuple[int, int]] = []
    audit_dataset(add_dataset(folder(tiles)), lambda done, total: calls.append((done, total)))
    assert calls[-1] == (10, 10)
    assert all(done <= total == 10 for done, total in calls)


@pytest.mark.parametrize("calls_before", [0, 1, 2])
def test_a_stop_leaves_nothing_behind_and_a_second_try_succeeds(
    calls_before, tiles, folder, data_dir, encode
):
    turned = encode(np.rot90(decode_rgb(tiles["A/0.png"], "")))
    dataset = add_dataset(folder(tiles | {"B/turned.png": turned}))
    before = sorted(data_dir.rglob("*"))
    calls: list[int] = []

    def stop(done: int, _total: int) -> None:
        calls.append(done)
        if len(calls) > calls_before:  # while decoding, searching, confirming
            raise StoppedError

    with pytest.raises(StoppedError):
        audit_dataset(dataset, stop)
    assert sorted(data_dir.rglob("*")) == before
    assert load_audit(dataset) is None
    assert audit_dataset(dataset).groups == ((0, 10),)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda _text: "",
        lambda _text: "[]",
        lambda text: text.replace('"too_uniform":[]', '"too_uniform":[10]'),
        lambda text: text.replace('"blank":[]', '"blank":"none"'),
    ],
    ids=["torn", "empty", "a list", "a row too many", "a wrong type"],
)
def test_a_damaged_audit_is_named_and_made_anew(damage, tiles, folder):
    dataset = add_dataset(folder(tiles))
    expected = audit_dataset(dataset)
    path = audit_path(dataset)
    path.write_text(damage(path.read_text()))
    with pytest.raises(
        DataError, match=r"audit\.json is missing or damaged \(.+\)\. Audit the data set again"
    ):
        load_audit(dataset)
    again = audit_dataset(dataset)
    assert again.groups == expected.groups and load_audit(dataset) == again


def test_an_audit_of_other_files_is_refused(tiles, scene, encode, folder):
    dataset = add_dataset(folder(tiles))
    audit_dataset(dataset)
    other = add_dataset(folder(tiles | {"A/new.png": encode(scene(77))}, "others"))
    audit_path(other).write_bytes(audit_path(dataset).read_bytes())
    with pytest.raises(DataError, match="belongs to other files"):
        load_audit(other)


def test_an_audit_of_another_format_is_made_anew(tiles, folder):
    dataset = add_dataset(folder(tiles))
    audit_dataset(dataset)
    path = audit_path(dataset)
    path.write_text(path.read_text().replace('"format":1', '"format":0'))
    assert load_audit(dataset) is None
    assert audit_dataset(dataset).format == 1


def test_a_file_that_changed_since_the_scan_stops_the_audit(tiles, scene, encode, folder):
    root = folder(tiles)
    dataset = add_dataset(root)
    (root / "B/3.png").write_bytes(encode(scene(333)))
    with pytest.raises(DataChangedError, match=r"B/3\.png .* changed since it was scanned"):
        audit_dataset(dataset)
    assert not audit_path(dataset).exists()


def test_a_data_set_removed_meanwhile_is_not_brought_back(tiles, folder, data_dir):
    dataset = add_dataset(folder(tiles))

    def remove(_done: int, _total: int) -> None:
        if dataset.folder.exists():
            remove_dataset(dataset.name)

    with pytest.raises(DataNotFoundError, match="was removed while it was audited"):
        audit_dataset(dataset, remove)
    assert not dataset.folder.exists()
