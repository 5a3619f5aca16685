from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from rsdash.config import RunConfig
from rsdash.data import store as store_module
from rsdash.data.splitting import split_for, stored_splits
from rsdash.data.store import add_dataset, add_upload, list_datasets, open_dataset, remove_dataset
from rsdash.errors import DataChangedError, DataError, DataNotFoundError

ROADMAP = {"A/1.png": 1, "A/2.png": 2, "B/1.png": 3, "B/2.png": 4}


def left_in(data_dir) -> list[str]:
    root = data_dir / "datasets"
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


@pytest.fixture
def upload(zipped, tile):
    return zipped({name: tile(seed) for name, seed in ROADMAP.items()}, "My Tiles.zip")


def test_a_folder_is_added_and_opened_by_name_and_by_path(three_classes):
    added = add_dataset(three_classes)
    assert (added.name, added.info.kind, added.info.synthetic) == ("tiles", "folder", False)
    for key in ("tiles", str(three_classes)):
        opened = open_dataset(key)
        assert opened.name == "tiles"
        assert opened.manifest.fingerprint == added.info.fingerprint
    assert opened.read_image(12) == (three_classes / opened.manifest.names[12]).read_bytes()
    assert len(list_datasets()) == 1


def test_a_path_that_is_not_known_is_added_when_opened(upload):
    dataset = open_dataset(str(upload))
    assert (dataset.name, dataset.info.kind) == ("my-tiles", "zip")
    assert [info.name for info in list_datasets()] == ["my-tiles"]


def test_the_list_shows_what_a_page_needs_without_the_files(three_classes):
    (three_classes / "Lake/notes.txt").write_text("x")
    add_dataset(three_classes, "Rivers and Lakes")
    shutil.rmtree(three_classes)
    (info,) = list_datasets()
    assert info.name == "rivers-and-lakes"
    assert info.counts == {"Forest": 10, "Lake": 10, "Road": 10} and info.image_count == 30
    assert info.classes == ("Forest", "Lake", "Road")
    assert info.refused == 1 and len(info.fingerprint) == 32


def test_adding_the_same_path_again_scans_it_again(three_classes, tile):
    first = add_dataset(three_classes)
    (three_classes / "Lake/new.png").write_bytes(tile(77))
    second = add_dataset(three_classes)
    assert second.name == first.name and len(list_datasets()) == 1
    assert second.info.counts["Lake"] == 11
    assert second.info.added_at == first.info.added_at


def test_names_are_made_free_or_refused(three_classes, upload, tmp_path):
    add_dataset(three_classes)
    twin = shutil.copytree(three_classes, tmp_path / "other" / "tiles")
    assert add_dataset(twin).name == "tiles-2"
    for taken in ("tiles", "Tiles", "sample", "eurosat"):
        with pytest.raises(DataError, match="is taken"):
            add_dataset(upload, taken)
    with pytest.raises(DataError, match="cannot name a data set"):
        add_dataset(upload, "../..")


def test_a_missing_path_says_so(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"There is no folder or zip at .*nowhere"):
        add_dataset(tmp_path / "nowhere")


def test_a_failure_leaves_nothing_half_written(three_classes, data_dir):
    (three_classes / "Empty").mkdir()
    with pytest.raises(DataError, match="'Empty'"):
        add_dataset(three_classes)
    assert left_in(data_dir) == []


def test_an_upload_is_kept_and_survives_without_its_stream(upload, data_dir):
    with upload.open("rb") as stream:
        dataset = add_upload(stream, "My Tiles.zip")
    upload.unlink()
    assert (dataset.name, dataset.info.kind) == ("my-tiles", "upload")
    moved = data_dir.rename(data_dir.with_name("moved"))
    moved.rename(data_dir)
    assert open_dataset("my-tiles").read_image(0).startswith(b"\x89PNG")


def test_a_single_image_is_no_upload(tile, data_dir):
    with pytest.raises(DataError, match=r"^scene\.png is not a zip"):
        add_upload(io.BytesIO(tile(1)), "scene.png")
    assert left_in(data_dir) == []


@pytest.mark.parametrize("name", ["nothing", "../sample", "", "/no/such/place", "x" * 5000])
def test_an_unknown_name_lists_the_known_ones(three_classes, name):
    add_dataset(three_classes)
    with pytest.raises(DataNotFoundError, match="Known: sample, tiles"):
        open_dataset(name)


def test_a_public_set_that_is_not_here_says_how_to_get_it():
    with pytest.raises(DataNotFoundError, match="not downloaded yet"):
        open_dataset("eurosat")


def test_removing_forgets_but_keeps_the_files_of_the_person(three_classes, data_dir):
    add_dataset(three_classes)
    remove_dataset("tiles")
    assert list_datasets() == [] and left_in(data_dir) == []
    assert len(list(three_classes.rglob("*.png"))) == 30
    for name in ("tiles", "../tiles", "."):
        with pytest.raises(DataNotFoundError):
            remove_dataset(name)
    assert data_dir.exists()


def test_a_damaged_entry_hides_no_other(three_classes, upload, data_dir):
    add_dataset(three_classes)
    add_dataset(upload)
    (data_dir / "datasets/tiles/dataset.json").write_text("{")
    assert [info.name for info in list_datasets()] == ["my-tiles"]
    with pytest.raises(DataError, match="Remove the data set 'tiles' and add it again"):
        open_dataset("tiles")


def test_split_for_a_config_is_stored_and_the_same_again(three_classes):
    dataset = add_dataset(three_classes)
    config = RunConfig(validation_share=0.2, split_seed=3)
    split = split_for(dataset, config)
    assert split.name == "60-20-20-seed3"
    assert [len(split.train), len(split.validation), len(split.test)] == [18, 6, 6]
    assert [known.name for known in stored_splits(dataset)] == ["60-20-20-seed3"]
    again = split_for(open_dataset("tiles"), RunConfig(split="60-20-20-seed3"))
    assert again.to_json() == split.to_json() == split_for(dataset, config).to_json()
    with pytest.raises(DataNotFoundError, match="no split 'mine'"):
        split_for(dataset, RunConfig(split="mine"))


def test_given_folders_come_before_shares(zipped, tile):
    names = [f"{part}/{name}/{n}.png" for part in ("train", "test") for name in "AB" for n in range(3)]
    dataset = add_dataset(zipped({name: tile(1) for name in names}))
    split = split_for(dataset, RunConfig(validation_share=0.2))
    assert (split.name, split.test_role) == ("given", "given test")
    assert len(split.train) == len(split.test) == 6 and len(split.validation) == 0


def test_verify_accepts_the_same_files_and_names_changed_ones(three_classes, tile):
    dataset = add_dataset(three_classes)
    dataset.verify(dataset.info.fingerprint)
    for index in range(4):
        (three_classes / f"Lake/{index}.png").write_bytes(tile(500 + index))
    expected = r"^4 files of the data set 'tiles' changed since: Lake/0\.png, Lake/1\.png, Lake/2\.png, …"
    with pytest.raises(DataChangedError, match=expected):
        dataset.verify(dataset.info.fingerprint)


def test_verify_still_names_the_files_after_a_new_scan(three_classes, tile):
    old = add_dataset(three_classes)
    original = (three_classes / "Road/9.png").read_bytes()
    (three_classes / "Road/9.png").write_bytes(tile(321))
    new = add_dataset(three_classes)
    new.verify(new.info.fingerprint)
    with pytest.raises(DataChangedError, match=r"^1 file of .* changed since: Road/9\.png\."):
        new.verify(old.info.fingerprint)
    (three_classes / "Road/9.png").write_bytes(original)
    with pytest.raises(DataChangedError, match="Add it again"):
        new.verify(old.info.fingerprint)
    add_dataset(three_classes).verify(old.info.fingerprint)


def test_verify_says_when_the_files_are_gone(three_classes):
    dataset = add_dataset(three_classes)
    shutil.rmtree(three_classes)
    with pytest.raises(DataNotFoundError, match="There is no folder or zip at"):
        dataset.verify(dataset.info.fingerprint)


def test_stored_json_is_plain(three_classes, data_dir):
    add_dataset(three_classes)
    content = json.loads((data_dir / "datasets/tiles/dataset.json").read_text())
    assert content["path"] == str(three_classes) and content["kind"] == "folder"


def test_a_building_site_of_a_killed_process_is_cleared(three_classes, data_dir):
    leftover = data_dir / "datasets/.new-dead"
    leftover.mkdir(parents=True)
    os.utime(leftover, (0, 0))
    add_dataset(three_classes)
    assert left_in(data_dir) == ["tiles"]


def test_the_sample_is_drawn_at_first_use(monkeypatch):
    monkeypatch.setattr("rsdash.data.sample.TILES_PER_CLASS", 3)
    dataset = open_dataset("sample")
    assert (
        dataset.info.synthetic and dataset.info.kind == "sample" and "not satellite" in dataset.info.licence
    )
    assert set(dataset.info.counts.values()) == {3} and len(dataset.info.classes) == 10
    monkeypatch.setattr(store_module, "write_sample", None)  # a second drawing would fail
    assert open_dataset("sample").manifest.fingerprint == dataset.manifest.fingerprint


def test_the_package_does_not_import_torch():
    code = "import sys, rsdash.data; sys.exit('torch' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_same_zip_uploaded_again_is_the_same_data_set(three_classes, zipped, data_dir):
    names = (path.relative_to(three_classes).as_posix() for path in three_classes.rglob("*.png"))
    archive = zipped({name: (three_classes / name).read_bytes() for name in names})
    first = add_upload(io.BytesIO(archive.read_bytes()), "tiles.zip")
    again = add_upload(io.BytesIO(archive.read_bytes()), "tiles (1).zip")
    assert again.name == first.name
    assert [info.name for info in list_datasets()] == [first.name]
    other = add_upload(io.BytesIO(archive.read_bytes()), "tiles.zip", name="another")
    assert other.name == "another"
