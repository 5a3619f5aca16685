from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from rsdash.data import source as source_module
from rsdash.data.source import FolderSource, ZipSource, open_source
from rsdash.errors import DataChangedError, DataError, DataNotFoundError, ImageError


def test_folder_and_zip_of_the_same_files_agree(three_classes, zipped):
    folder = FolderSource(three_classes)
    archive = ZipSource(zipped({name: folder.read(name) for name in folder.names()}))
    assert archive.names() == folder.names()
    assert len(folder.names()) == 30
    assert all(archive.read(name) == folder.read(name) for name in folder.names())
    assert archive.folders() == folder.folders() == {"Forest", "Lake", "Road"}
    assert [archive.stat(name)[0] for name in folder.names()] == [folder.stat(n)[0] for n in folder.names()]


def test_names_are_sorted_and_leave_out_what_systems_drop(zipped):
    wanted = {"B/2.png": b"", "A/1.png": b""}
    junk = {
        "__MACOSX/A/._1.png": b"",
        "A/.DS_Store": b"",
        "A/Thumbs.db": b"",
        "B/desktop.ini": b"",
        ".git/x": b"",
    }
    assert ZipSource(zipped({**wanted, **junk})).names() == ("A/1.png", "B/2.png")


@pytest.mark.parametrize("top", ["EuroSAT_RGB/", "UCMerced_LandUse/Images/"])
def test_common_top_folders_are_stripped(zipped, top):
    archive = ZipSource(zipped({f"{top}A/1.png": b"a", f"{top}B/1.png": b"b", "README.txt": b"r"}))
    assert archive.names() == ("A/1.png", "B/1.png", "README.txt")
    assert archive.folders() == {"A", "B"}
    assert archive.read("B/1.png") == b"b"


def test_a_common_top_folder_on_disk_is_stripped(three_classes):
    source = FolderSource(three_classes.parent)
    assert source.names()[0] == "Forest/0.png"
    assert source.read("Forest/0.png") == (three_classes / "Forest/0.png").read_bytes()


def test_a_single_class_folder_is_not_taken_for_a_top_folder(zipped):
    assert ZipSource(zipped({"A/1.png": b"", "A/2.png": b""})).names() == ("A/1.png", "A/2.png")


def test_an_empty_folder_is_seen(zipped, three_classes):
    assert "Empty" in ZipSource(zipped({"A/1.png": b"", "Empty/": b""})).folders()
    (three_classes / "Empty").mkdir()
    assert "Empty" in FolderSource(three_classes).folders()


@pytest.mark.parametrize(
    "name", ["../evil.png", "A/../../evil.png", "/etc/evil.png", "C:/evil.png", "A\\..\\..\\e.png"]
)
def test_members_that_escape_are_refused(zipped, name):
    with pytest.raises(DataError, match="escapes its folder"):
        ZipSource(zipped({"A/1.png": b"", name: b""}))


def test_a_zip_bomb_is_refused_without_unpacking(zipped, monkeypatch):
    monkeypatch.setattr(source_module, "RATIO_FREE_BYTES", 10_000_000)
    path = zipped({f"A/{number}.png": bytes(3_000_000) for number in range(4)})
    assert path.stat().st_size < 60_000
    with pytest.raises(DataError, match="zip bomb"):
        ZipSource(path)


def test_too_many_members_are_refused(zipped, monkeypatch):
    monkeypatch.setattr(source_module, "MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="3 members; at most 2"):
        ZipSource(zipped({f"A/{number}": b"" for number in range(3)}))


def test_an_encrypted_zip_is_refused(zipped):
    path = zipped({"A/1.png": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="encrypted"):
        ZipSource(path)


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "tiles.zip"
    path.write_bytes(b"not a zip at all")
    with pytest.raises(DataError, match=r"tiles\.zip is not a zip"):
        open_source(path)


def test_a_damaged_member_is_an_image_error(tmp_path):
    path = tmp_path / "tiles.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A/1.png", b"0123456789" * 10)
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780", 1))
    with pytest.raises(ImageError, match=r"A/1\.png is damaged"):
        ZipSource(path).read("A/1.png")


def test_links_that_lead_outside_are_not_read(three_classes, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "elsewhere").mkdir()
    (three_classes / "Lake" / "link.png").symlink_to(tmp_path / "secret.png")
    (three_classes / "Lake" / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    source = FolderSource(three_classes)
    for name in ("Lake/link.png", "Lake/more", "../secret.png"):
        with pytest.raises(ImageError, match="outside its folder"):
            source.read(name)


def test_a_link_within_the_folder_is_read(three_classes):
    (three_classes / "Lake" / "again.png").symlink_to(three_classes / "Lake" / "0.png")
    source = FolderSource(three_classes)
    assert source.read("Lake/again.png") == source.read("Lake/0.png")


def test_a_name_of_an_old_encoding_can_be_written_and_its_file_read(three_classes):
    (three_classes / "Lake" / os.fsdecode(b"h\xf6he.png")).write_bytes(b"...")
    source = FolderSource(three_classes)
    assert r"Lake/h\xf6he.png" in source.names()
    assert source.read(r"Lake/h\xf6he.png") == b"..."


def test_a_file_that_vanished_is_a_change(three_classes):
    source = FolderSource(three_classes)
    (three_classes / "Lake" / "0.png").unlink()
    with pytest.raises(DataChangedError, match=r"Lake/0\.png is no longer"):
        source.read("Lake/0.png")


def test_nothing_at_the_path_says_so(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"There is no folder or zip at .*nowhere"):
        open_source(tmp_path / "nowhere")


def test_a_zip_is_read_by_many_threads_at_once(zipped):
    members = {f"A/{number}": bytes([number]) * 5000 for number in range(200)}
    archive = ZipSource(zipped(members))
    names = list(members) * 5
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(archive.read, names)) == [members[name] for name in names]
