"""Pictures of the probe tiles on the Run page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from tests.app.opening import open_page
from tests.tiny import make_run


def run_on(tiles: Path, runs_dir: Path) -> RunFolder:
    """A run whose one probe tile is the first image of a data set."""
    dataset = add_dataset(tiles)
    folder = make_run(runs_dir, state=RunState.RUNNING)
    data = folder.request().data.model_copy(update={"fingerprint": dataset.info.fingerprint})
    (folder.path / "config.json").write_text(
        folder.request().model_copy(update={"data": data}).model_dump_json()
    )
    folder.log_event("probes", names=[dataset.manifest.names[0]], labels=[0], rows=[0])
    folder.log_event("probe", step=10, epoch=1, answers=[[[0, 0.75], [1, 0.25]]])
    return folder


def pictures(app: AppTest) -> list[str | None]:
    assert not app.exception
    table: pd.DataFrame = next(frame.value for frame in app.dataframe if "Tile" in frame.value)
    return table["Tile"].tolist()


def test_pictures_that_were_not_there_are_shown_once_they_are(runs_dir: Path, tiles_dir: Path) -> None:
    folder, away = run_on(tiles_dir, runs_dir), tiles_dir.with_name("away")
    tiles_dir.rename(away)  # as a drive that is not mounted
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value("Probe tiles").run()
    assert pictures(app) == [None]
    assert any("The pictures are not here" in caption.value for caption in app.caption)
    away.rename(tiles_dir)
    (picture,) = pictures(app.run())
    assert picture and picture.startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(("answer", "shown"), [(0, "✓ Forest"), (1, "✗ Lake")])
def test_an_answer_is_marked_as_right_or_wrong(
    runs_dir: Path, tiles_dir: Path, answer: int, shown: str
) -> None:
    folder = run_on(tiles_dir, runs_dir)
    folder.log_event("probe", step=20, epoch=2, answers=[[[answer, 0.75], [1 - answer, 0.25]]])
    app = open_page("run", run=folder.id)
    app.segmented_control("inside").set_value("Probe tiles").run()
    table: pd.DataFrame = next(frame.value for frame in app.dataframe if "Tile" in frame.value)
    assert table["Answer"].tolist() == [shown]
