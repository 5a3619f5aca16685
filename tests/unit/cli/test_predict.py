"""`predict`: files, folders and zips in one call, as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.trained import Trained


@pytest.fixture
def ask(ask_trained: Command) -> Command:
    """Run `predict` with the trained run: exit code, output, errors."""
    return partial(ask_trained, "predict")


def rows(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output)))


def test_csv_of_folder_zip_and_file_has_a_line_an_image(trained: Trained, tmp_path, ask: Command) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "tiles"), "zip", trained.tiles))
    single = trained.tiles / "Lake" / "03.png"
    code, output, _ = ask(trained.tiles, archive, single, "--format", "csv", "--top", "2")
    found = rows(output)
    assert code == 0 and len(found) == 241
    folder, packed, alone = found[:120], found[120:240], found[240]
    assert folder[0]["file"] == f"{trained.tiles}/Forest/00.png" and alone["file"] == str(single)
    assert packed[0]["file"] == f"{archive}/Forest/00.png"
    for one, other in zip(folder, packed, strict=True):
        assert {**one, "file": ""} == {**other, "file": ""}
    (same,) = [row for row in folder if row["file"] == str(single)]
    assert same["class"] == alone["class"]
    assert float(same["confidence"]) == pytest.approx(float(alone["confidence"]), abs=1e-4)
    assert "class_2" in alone and "class_3" not in alone
    assert all(float(row["confidence"]) >= float(row["confidence_2"]) for row in found)
    assert {row["unfamiliar"] for row in found} <= {"true", "false"}


def test_json_has_calibrated_and_raw_figures_of_at_most_all_classes(trained: Trained, ask: Command) -> None:
    code, output, _ = ask(trained.tiles / "Lake" / "03.png", "--format", "json", "--top", "9")
    (found,) = json.loads(output)
    assert code == 0 and len(found["classes"]) == 3
    assert sum(found["confidences"]) == pytest.approx(1) == sum(found["probabilities"])
    assert found["confidences"] != found["probabilities"]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(trained: Trained, tmp_path, ask: Command) -> None:
    (tmp_path / "=cmd.txt").write_text("no image")
    good = trained.tiles / "Lake" / "03.png"
    code, output, _ = ask(tmp_path, tmp_path / "nowhere", good, "--format", "csv")
    text, nowhere, image = rows(output)
    assert code == 0 and image["class"] and not image["error"]
    assert "not an image" in text["error"] and text["error"].startswith("'=cmd.txt")
    assert "no image, folder or zip" in nowhere["error"]
    code, output, _ = ask(tmp_path, good)
    assert code == 0 and len(output.splitlines()) == 2


def test_where_nothing_can_be_read_it_exits_2(tmp_path: Path, ask: Command) -> None:
    code, output, errors = ask(tmp_path / "nowhere", "--format", "csv")
    assert (code, output) == (2, "") and "no image, folder or zip at" in errors


def test_symmetries_change_the_answer_a_little(trained: Trained, ask: Command) -> None:
    name = trained.tiles / "Road" / "05.png"
    figures = [
        json.loads(ask(name, "--json", *words)[1])[0]["confidences"][0] for words in ((), ("--symmetries",))
    ]
    assert figures[0] != figures[1] and abs(figures[0] - figures[1]) < 0.5
