from __future__ import annotations

import hashlib
import os
import shutil

import numpy as np
import pytest

from rsdash.data.manifest import Manifest, changed_since
from rsdash.data.scan import scan
from rsdash.data.source import FolderSource, ZipSource, open_source
from rsdash.errors import DataError

EMPTY = "The class folder 'Road' of tiles has no usable image"


class CountingSource(FolderSource):
    """A folder that notes which files were read."""

    def __init__(self, place):
        super().__init__(place)
        self.was_read: list[str] = []

    def read(self, name):
        self.was_read.append(name)
        return super().read(name)


def test_each_image_is_listed_with_class_size_and_content(three_classes):
    manifest = scan(FolderSource(three_classes))
    assert manifest.classes == ("Forest", "Lake", "Road")
    assert manifest.counts() == {"Forest": 10, "Lake": 10, "Road": 10}
    assert manifest.names == tuple(sorted(manifest.names))
    data = (three_classes / "Lake/3.png").read_bytes()
    row = manifest.names.index("Lake/3.png")
    assert manifest.labels[row] == 1
    assert (manifest.widths[row], manifest.heights[row]) == (12, 10)
    assert manifest.sizes[row] == len(data)
    assert manifest.hashes[row] == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert manifest.refused == () and not manifest.has_given_split


def test_images_deeper_below_a_class_folder_belong_to_it(three_classes, tile):
    (three_classes / "Lake/2024/june").mkdir(parents=True)
    (three_classes / "Lake/2024/june/x.png").write_bytes(tile(1))
    manifest = scan(FolderSource(three_classes))
    assert manifest.counts()["Lake"] == 11


def test_junk_is_listed_with_its_reason_and_never_fatal(three_classes, tile, hollow_png):
    lake = three_classes / "Lake"
    (lake / "notes.txt").write_text("seen in June")
    (lake / "text.jpg").write_text("not a picture")
    (lake / "empty.png").touch()
    (lake / "cut.png").write_bytes(tile(1, size=(64, 64))[:2000])
    (lake / "huge.png").write_bytes(hollow_png(60_000, 60_000))
    (three_classes / "readme.md").write_text("top")
    manifest = scan(FolderSource(three_classes))
    assert len(manifest) == 30
    reasons = {refusal.name: refusal.reason for refusal in manifest.refused}
    assert sorted(reasons) == [
        "Lake/cut.png", "Lake/empty.png", "Lake/huge.png", "Lake/notes.txt", "Lake/text.jpg", "readme.md",
    ]  # fmt: skip
    assert reasons["Lake/notes.txt"] == "Lake/notes.txt is not an image."
    assert "known format" in reasons["Lake/text.jpg"]
    assert "empty" in reasons["Lake/empty.png"]
    assert "damaged or incomplete" in reasons["Lake/cut.png"]
    assert "3,600.0 megapixels" in reasons["Lake/huge.png"]
    assert "outside the class folders" in reasons["readme.md"]


@pytest.mark.parametrize("name", [b"h\xf6he.png", b"J\xe4nner/1.png"])
def test_a_file_named_in_an_old_encoding_is_listed_as_refused(three_classes, tile, tmp_path, name):
    place = three_classes / "Lake" / os.fsdecode(name)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(tile(1))
    manifest = scan(FolderSource(three_classes))
    assert len(manifest) == 30
    manifest.save(tmp_path / "m.json")
    (refusal,) = Manifest.load(tmp_path / "m.json").refused
    assert refusal.name == "Lake/" + name.decode(errors="backslashreplace")
    assert "old encoding, not UTF-8; rename" in refusal.reason
    assert changed_since(manifest, FolderSource(three_classes)) == []


def test_a_class_folder_named_in_an_old_encoding_is_told(three_classes):
    (three_classes / "Road").rename(three_classes / os.fsdecode(b"Gew\xe4sser"))
    with pytest.raises(DataError, match=r"class folder 'Gew.*xe4sser' .* old encoding, not UTF-8") as refused:
        scan(FolderSource(three_classes))
    assert str(refused.value).encode("utf-8")


def test_an_image_without_a_known_suffix_is_used(three_classes):
    (three_classes / "Lake/0.png").rename(three_classes / "Lake/scene")
    assert "Lake/scene" in scan(FolderSource(three_classes)).names


def test_a_link_that_leads_outside_is_listed_as_refused(three_classes, tmp_path, tile):
    (tmp_path / "secret.png").write_bytes(tile(1))
    (three_classes / "Lake/link.png").symlink_to(tmp_path / "secret.png")
    manifest = scan(FolderSource(three_classes))
    assert [refusal.name for refusal in manifest.refused] == ["Lake/link.png"]


def test_an_empty_class_folder_is_named(three_classes):
    shutil.rmtree(three_classes / "Road")
    (three_classes / "Road").mkdir()
    with pytest.raises(DataError, match=f"{EMPTY}. It is empty"):
        scan(FolderSource(three_classes))


def test_a_class_whose_every_file_is_refused_is_named(three_classes):
    for path in (three_classes / "Road").iterdir():
        path.write_text("no picture")
    with pytest.raises(DataError, match=rf"{EMPTY}. Its first file was refused: Road/0\.png"):
        scan(FolderSource(three_classes))


def test_one_class_is_not_enough(three_classes):
    shutil.rmtree(three_classes / "Road")
    shutil.rmtree(three_classes / "Lake")
    with pytest.raises(DataError, match="only one class, 'Forest'"):
        scan(FolderSource(three_classes))


def test_images_without_class_folders_get_the_layout_explained(tmp_path, tile):
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/a.png").write_bytes(tile(0))
    with pytest.raises(DataError, match=r"flat has no class folders\. Put the images of each class"):
        scan(FolderSource(tmp_path / "flat"))


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val"])
def test_nested_folders_are_a_given_split(zipped, tile, val):
    parts = (("train", 4), (val, 2), ("test", 3))
    members = {
        f"set/{part}/{name}/{index}.png": tile(index)
        for part, count in parts
        for name in ("A", "B")
        for index in range(count)
    }
    manifest = scan(ZipSource(zipped(members)))
    assert manifest.classes == ("A", "B")
    assert manifest.has_given_split
    assert {role: manifest.roles.count(role) for role in set(manifest.roles)} == {
        "train": 8, "validation": 4, "test": 6,
    }  # fmt: skip


def test_a_class_called_train_among_others_is_a_class(zipped, tile):
    members = {f"{name}/1.png": tile(1) for name in ("train", "car", "bus")}
    assert scan(ZipSource(zipped(members))).classes == ("bus", "car", "train")


def test_a_class_without_training_images_is_refused(zipped, tile):
    names = ("train/A/1.png", "train/B/1.png", "test/A/1.png", "test/C/1.png")
    with pytest.raises(DataError, match="'C' has no images below train"):
        scan(ZipSource(zipped({name: tile(1) for name in names})))


def test_unchanged_files_are_not_read_again(three_classes, tile):
    first = scan(FolderSource(three_classes))
    (three_classes / "Lake/new.png").write_bytes(tile(999))
    source = CountingSource(three_classes)
    second = scan(source, previous=first)
    assert source.was_read == ["Lake/new.png"]
    assert second.fingerprint == scan(FolderSource(three_classes)).fingerprint != first.fingerprint


def test_the_fingerprint_ignores_times_but_not_content_names_or_classes(three_classes, tile):
    first = scan(FolderSource(three_classes)).fingerprint
    path = three_classes / "Lake/0.png"
    os.utime(path, ns=(1, 1))
    assert scan(FolderSource(three_classes)).fingerprint == first
    data = path.read_bytes()
    path.write_bytes(tile(12345))
    assert scan(FolderSource(three_classes)).fingerprint != first
    path.write_bytes(data)
    assert scan(FolderSource(three_classes)).fingerprint == first
    path.rename(three_classes / "Lake/00.png")
    assert scan(FolderSource(three_classes)).fingerprint != first


def test_a_folder_and_its_zip_have_the_same_fingerprint(three_classes, zipped):
    folder = FolderSource(three_classes)
    archive = ZipSource(zipped({f"top/{name}": folder.read(name) for name in folder.names()}))
    assert scan(archive).fingerprint == scan(folder).fingerprint


def test_changes_are_named_and_touching_is_none(three_classes, tile):
    manifest = scan(FolderSource(three_classes))
    os.utime(three_classes / "Road/0.png", ns=(1, 1))
    assert changed_since(manifest, FolderSource(three_classes)) == []
    (three_classes / "Forest/1.png").unlink()
    (three_classes / "Lake/new.png").write_bytes(tile(7))
    (three_classes / "Road/5.png").write_bytes(tile(8))
    changes = changed_since(manifest, FolderSource(three_classes))
    assert changes == ["Forest/1.png", "Lake/new.png", "Road/5.png"]


def test_a_file_refused_before_is_no_change(three_classes):
    (three_classes / "Lake/notes.txt").write_text("x")
    manifest = scan(FolderSource(three_classes))
    assert changed_since(manifest, FolderSource(three_classes)) == []


def test_a_manifest_survives_the_disk(three_classes, tmp_path):
    (three_classes / "Lake/größe.txt").write_text("x")
    manifest = scan(FolderSource(three_classes))
    manifest.save(tmp_path / "m.json")
    again = Manifest.load(tmp_path / "m.json")
    assert again.fingerprint == manifest.fingerprint
    assert again.names == manifest.names and again.refused == manifest.refused
    assert again.roles == manifest.roles and again.classes == manifest.classes
    for column in ("labels", "sizes", "stamps", "widths", "heights"):
        assert np.array_equal(getattr(again, column), getattr(manifest, column))
        with pytest.raises(ValueError, match="read-only"):
            getattr(again, column)[0] = 9


def test_a_damaged_manifest_says_what_to_do(three_classes, tmp_path):
    manifest = scan(FolderSource(three_classes))
    manifest.save(tmp_path / "m.json")
    (tmp_path / "m.json").write_text((tmp_path / "m.json").read_text()[:-40])
    with pytest.raises(DataError, match="Add the data set again"):
        Manifest.load(tmp_path / "m.json")


def test_progress_ends_at_the_total_and_can_stop_the_scan(three_classes):
    seen: list[tuple[int, int]] = []
    scan(FolderSource(three_classes), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (30, 30)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(FolderSource(three_classes), stop)


def test_eurosat_counts(eurosat_zip):
    manifest = scan(open_source(eurosat_zip))
    assert len(manifest) == 24_300
    assert sorted(set(manifest.counts().values())) == [1800, 2250, 2700]
    assert len(manifest.classes) == 10 and not manifest.refused
    assert set(manifest.widths) == set(manifest.heights) == {64}
