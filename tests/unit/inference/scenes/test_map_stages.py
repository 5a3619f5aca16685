"""Writing a map says what it is at, and ends where whoever hears it raises."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.inference.scenes import joining, rasters
from rsdash.inference.scenes.record import CLASSES, CONFIDENCE, PATCHES
from rsdash.inference.scenes.writing import write_files
from tests.maps import map_record, random_probabilities

GRID = (60, 40)
ENDS = {  # where it ends → files that are there by then
    "writing the map, row 31 of 60": set(),
    "arranging classes.tif": set(),
    "checking confidence.tif, row 1 of 60": {CLASSES},
    "joining cells, row 41 of 60": {CLASSES, CONFIDENCE},
    "drawing polygons": {CLASSES, CONFIDENCE},
}


class EnoughError(Exception):
    pass


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "BLOCK_BYTES", 8 * GRID[1] * 3 * 30)
    monkeypatch.setattr(joining, "BLOCK_ROWS", 20)
    monkeypatch.setattr("rsdash.inference.scenes.patches.BATCH", 200)


def test_stages_are_said_with_how_far_they_are(tmp_path: Path) -> None:
    heard: list[str] = []
    write_files(tmp_path, map_record(GRID), random_probabilities(GRID), heard.append)
    assert heard[:2] == ["writing the map, row 1 of 60", "writing the map, row 31 of 60"]
    places = [heard.index(words) for words in ENDS]
    assert places == sorted(places)
    count = (tmp_path / PATCHES).read_text().count('"Feature"')
    assert count > 400 and f"drawing polygons, 400 of {count:,}" in heard
    assert heard[-1] == f"drawing polygons, {count:,} of {count:,}"


@pytest.mark.parametrize("words", ENDS)
def test_it_ends_where_it_is_asked_to_and_leaves_no_half_of_a_file(tmp_path: Path, words: str) -> None:
    def say(heard: str) -> None:
        if heard == words:
            raise EnoughError

    with pytest.raises(EnoughError):
        write_files(tmp_path, map_record(GRID), random_probabilities(GRID), say)
    found = {path.name for path in tmp_path.iterdir()}
    assert not [name for name in found if name.startswith(".")]
    assert found & {CLASSES, CONFIDENCE, PATCHES} == ENDS[words]
