"""`python -m rsdash data ...`: what a person and a program read, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rsdash.data import open_dataset, public
from rsdash.data.exclusions import exclude
from rsdash.data.public import ListFile
from tests.bands import make_band_tiles
from tests.conftest import Command
from tests.scenes import rectangle, write_geojson, write_scene
from tests.tiny import make_tiles

PART_COLUMNS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def data_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "data"
    monkeypatch.setenv("RSDASH_DATA", str(place))
    return place


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """20 tiles each of Forest, Lake and Road; a turned copy, a copy under another label, a broken file."""
    root = make_tiles(tmp_path / "tiles")
    with Image.open(root / "Forest" / "03.png") as image:
        turned = np.rot90(np.asarray(image))
    Image.fromarray(np.ascontiguousarray(turned)).save(root / "Forest" / "turned.png")
    shutil.copy(root / "Lake" / "05.png", root / "Road" / "stray.png")
    (root / "Road" / "broken.png").write_bytes(b"not a picture")
    return root


@pytest.fixture(name="command")
def data_command(command: Command) -> Command:
    """Words after `rsdash data`."""
    return partial(command, "data")


@pytest.fixture
def answer(command: Command) -> Callable[..., Any]:
    """What a command that succeeds prints as JSON, and nothing else."""

    def call(*arguments: str | Path) -> Any:
        code, output, errors = command(*arguments, "--json")
        assert (code, errors) == (0, "")
        return json.loads(output)

    return call


def test_a_folder_is_added_listed_and_scanned_again(tiles, command, answer):
    added = answer("add", tiles, "--name", "mine")
    assert (added["name"], added["images"], added["refused"]) == ("mine", 62, 1)
    assert added["classes"] == {"Forest": 21, "Lake": 20, "Road": 21}
    assert [one["file"] for one in added["refused_files"]] == ["Road/broken.png"]
    (tiles / "Road" / "broken.png").unlink()
    code, output, _ = command("add", tiles)
    assert code == 0 and "Added mine: 62 images of 3 classes." in output and "broken" not in output
    (row,) = answer("list")
    assert (row["name"], row["refused"], row["radiometry"]) == ("mine", 0, "rgb8")
    _, output, _ = command("list")
    assert output.splitlines()[1].split()[:5] == ["mine", "folder", "62", "3", "0"]


def test_an_empty_list_says_what_to_do(command):
    assert "python -m rsdash data add" in command("list")[1].replace("\n", " ")


def test_bands_are_chosen_when_a_set_is_added(tmp_path, answer):
    bands = make_band_tiles(tmp_path / "bands", per_class=4)
    added = answer("add", bands, "--radiometry=eurosat", "--bands=B08,B04,B03")
    assert added["reads"].startswith("B08, B04, B03;")
    assert open_dataset("bands").info.radiometry.bands == ("B08", "B04", "B03")


def test_terms_are_accepted_by_an_option(monkeypatch, command):
    entry = replace(public.PUBLIC_SETS["resisc45"], url="http://127.0.0.1:1/nothing.zip")
    monkeypatch.setitem(public.PUBLIC_SETS, "resisc45", entry)
    code, _, errors = command("add", "resisc45")
    assert code == 2 and "or with --accept-terms" in errors
    code, _, errors = command("add", "resisc45", "--accept-terms")
    assert code == 2 and "The download of NWPU-RESISC45 broke off" in errors


def test_an_audit_names_what_it_found_the_worst_first(tiles, command, answer):
    code, output, _ = command("audit", tiles)
    lines = output.splitlines()
    assert code == 0
    assert lines[0].startswith("tiles: 62 images, audited 20")
    assert lines[1].split(maxsplit=2)[:2] == ["1", "pair"] and "under two classes" in lines[1]
    assert "nearly the same" in lines[2] and "1 file cannot be used" in lines[3]
    assert any("broken.png" in line and line.startswith("not used: ") for line in lines)
    found = {one["kind"]: one for one in answer("audit", "tiles")["findings"]}
    assert list(found) == ["two labels", "near-duplicates", "unreadable"]
    (pair,) = found["two labels"]["pairs"]
    assert (pair["first"], pair["second"], pair["same_bytes"]) == ("Lake/05.png", "Road/stray.png", True)
    (pair,) = found["near-duplicates"]["pairs"]
    assert (pair["first"], pair["second"]) == ("Forest/03.png", "Forest/turned.png")
    assert (pair["second_is"], pair["difference"]) == ("turned by 270°", 0)


def test_a_clean_set_is_said_to_be_clean(tmp_path, command):
    assert "Nothing wrong was found." in command("audit", make_tiles(tmp_path / "clean"))[1]


def test_a_split_keeps_audited_duplicates_together_and_leaves_excluded_files_out(tiles, answer):
    answer("audit", tiles)
    exclude(open_dataset("tiles").folder, ["Lake/00.png"])
    (made,) = answer("split", "tiles", "--validation=0.1", "--test=0.3", "--seed=4", "--name=mine")
    assert (made["name"], made["data"], made["kept_together"]) == ("mine", "tiles", 4)
    assert made["left_out"] == {"excluded": 1} and sum(made["sizes"].values()) == 61
    assert made["sizes"]["test"] == pytest.approx(18, abs=1)
    assert {part: sum(made["classes"][part].values()) for part in PART_COLUMNS} == made["sizes"]
    assert "audit of" in made["checked"]["duplicates"]


def test_a_split_as_text_has_a_line_for_each_class(tiles, command):
    code, output, _ = command("split", tiles, "--limit", "10")
    lines = output.splitlines()
    assert code == 0 and lines[0].startswith("tiles: split 60-20-20-seed0-limit10")
    assert lines[2].split() == ["Forest", "6", "2", "2"] and lines[5].split() == ["all", "18", "6", "6"]
    assert lines[6].startswith("0 images kept together. Checked: duplicates: not checked")


def test_folds_are_several_splits(tiles, answer):
    made = answer("split", tiles, "--folds=3", "--validation=0")
    assert [one["name"] for one in made] == [f"seed0-fold{fold}of3" for fold in (1, 2, 3)]
    assert sum(one["sizes"]["test"] for one in made) == 62


def test_groups_by_pattern_and_by_a_column(tiles, tmp_path, answer):
    (by_pattern,) = answer("split", tiles, "--pattern", r"(\d)\.png$")
    assert by_pattern["kept_together"] == 60
    names = open_dataset("tiles").manifest.names
    table = tmp_path / "scenes.csv"
    table.write_text("file,scene\n" + "".join(f"{name},{at // 6}\n" for at, name in enumerate(names)))
    (by_column,) = answer("split", "tiles", "--table", table, "--column", "scene")
    assert by_column["kept_together"] == 62


def test_blocks_of_a_set_with_positions(tmp_path, answer):
    bands = make_band_tiles(tmp_path / "bands", per_class=30)
    answer("add", bands, "--radiometry=eurosat", "--bands=all")
    (made,) = answer("split", "bands", "--block-m=1000", "--gap-m=300")
    assert made["left_out"]["between blocks"] > 0 and "blocks of 1 km, 300 m" in made["checked"]["positions"]


def test_lists_of_ones_own(tiles, tmp_path, answer):
    answer("add", tiles)
    names = open_dataset("tiles").manifest.names
    for part, chosen in (("train", names[::2]), ("test", names[1::2])):
        (tmp_path / f"{part}.txt").write_text("\n".join(chosen))
    lists = [f"--list={part}={tmp_path}/{part}.txt" for part in ("train", "test")]
    (made,) = answer("split", "tiles", *lists, "--name=theirs")
    assert (made["name"], made["sizes"]) == ("theirs", {"train": 31, "validation": 0, "test": 31})
    whole = tmp_path / "all.csv"
    whole.write_text("file,part\n" + "".join(f"{name},{'val' if 'Lake/0' in name else 'train'}\n"
                                             for name in names))  # fmt: skip
    (made,) = answer("split", "tiles", f"--list=all={whole}", "--name=table")
    assert made["sizes"] == {"train": 52, "validation": 10, "test": 0}


def test_an_official_list_that_cannot_be_fetched_is_one_sentence(tiles, monkeypatch, command):
    nowhere = {"train": ListFile("http://127.0.0.1:1/train.txt", "0" * 64)}
    entry = replace(public.PUBLIC_SETS["eurosat"], lists={"longitude": nowhere})
    monkeypatch.setitem(public.PUBLIC_SETS, "eurosat", entry)
    code, _, errors = command("split", tiles, "--official=eurosat:longitude")
    assert code == 2 and "longitude/train" in errors and len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "nowhere"), "There is no folder or zip at"),
        (("add", "sample", "--name=mine"), "leave --name and --radiometry out"),
        (("add", "TILES", "--bands=all"), "--bands=all needs --radiometry"),
        (("add", "TILES", "--radiometry=landsat"), "There is no radiometry 'landsat'"),
        (("add", "TILES", "--radiometry=eurosat"), "is a PNG, but the radiometry 'eurosat'"),
        (("audit", "nobody"), "There is no data set 'nobody'"),
        (("split", "TILES", "--test=0.9", "--validation=0.5"), "Nothing is left to train on"),
        (("split", "TILES", "--folds=3", "--test=0.1"), "leave one out"),
        (("split", "TILES", "--column=scene"), "--column needs --table"),
        (("split", "TILES", "--gap-m=100"), "--gap-m needs --block-m"),
        (("split", "TILES", "--block-m=1000"), "position"),
        (("split", "TILES", "--list=train"), "--list takes part=file"),
        (("split", "TILES", "--list=train=a", "--seed=1"), "--list goes with --name alone"),
        (("split", "TILES", "--list=all=a", "--list=test=b"), "names every part"),
        (("split", "TILES", "--official=eurosat"), "--official takes public:split"),
        (("split", "TILES", "--official=eurosat:longitude", "--seed=1"), "--official stands alone"),
        (("split", "TILES", "--official=ucmerced:x"), "has no official split 'x'"),
        (("split", "TILES", "--name=a/b"), "'a/b' cannot name a split"),
        (("tile", "TILES", "x.geojson", "--tile-m=0"), "tile_m=0 is out of range"),
        (("tile", "none.tif", "x.geojson", "--tile-m=100"), "none.tif"),
    ],
)
def test_what_is_refused_exits_2_with_one_sentence(tiles, data_place, command, words, sentence):
    code, output, errors = command(*(tiles if word == "TILES" else word for word in words))
    assert (code, output) == (2, "")
    assert sentence in errors and len(errors.strip().splitlines()) == 1
    assert not list(data_place.glob("datasets/*/versions/*/splits/*"))


def test_a_scene_becomes_tiles(tmp_path, answer):
    pixels = np.random.default_rng(0).integers(1, 256, (120, 120, 3), dtype=np.uint8)
    scene = write_scene(tmp_path / "county.tif", pixels)
    halves = [("corn", rectangle(0, 0, 60, 120)), ("wood", rectangle(60, 0, 120, 120))]
    labels = write_geojson(tmp_path / "f.geojson", [({"use": kind}, where) for kind, where in halves])
    options = ("--tile-m=200", "--min-share=0.95", "--field=use", "--name=fields")
    made = answer("tile", scene, labels, *options)
    assert (made["name"], made["kind"], made["classes"]) == ("fields", "tiles", {"corn": 18, "wood": 18})
    assert "county.tif" in made["origin"]
    denser = answer("tile", scene, labels, *options[:-1], "--name=dense", "--overlap=0.5")
    assert denser["images"] > 2 * made["images"]
