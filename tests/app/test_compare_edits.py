"""Changes to chosen runs on the Compare page that cannot be made: each is said, the others are made."""

from __future__ import annotations

from pathlib import Path

import pytest

import rsdash.ui.server as shared
from rsdash.errors import StorageError
from rsdash.runs.folder import RunFolder
from tests.app.comparing import compare
from tests.finished import copy_run


@pytest.fixture
def folders(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunFolder]:
    """Three runs; the first one's folder cannot be written."""
    found = [copy_run(runs_dir, "alexnet", number, name=f"run_{number}") for number in range(3)]
    write = RunFolder.write_about

    def write_unless_full(folder: RunFolder, **changes: object) -> object:
        if folder.id == found[0].id:
            raise StorageError(f"The disk that holds {folder.id} is full.")
        return write(folder, **changes)

    monkeypatch.setattr(RunFolder, "write_about", write_unless_full)
    return found


def test_runs_whose_tags_cannot_be_written_are_named_and_the_others_tagged(
    folders: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = compare(*folders)
    server = shared.server()
    listing = server.index.refresh()
    monkeypatch.setattr(server, "listing", lambda: listing)  # as the page saw it before the deletion
    folders[1].about_path.unlink()
    app.multiselect(key="tags-added").set_value(["new"])
    app.button(key="apply-tags").click().run()
    assert not app.exception
    full, gone = (error.value.replace("\\", "") for error in app.error)
    assert full == f"run_0 keeps its tags. The disk that holds {folders[0].id} is full."
    assert gone.startswith("run_1 keeps its tags. ") and "about.json is missing" in gone
    assert [folder.about().tags for folder in (folders[0], folders[2])] == [(), ("new",)]
    assert not app.run().error, "it is said once"


def test_a_name_that_cannot_be_written_is_one_sentence(folders: list[RunFolder]) -> None:
    app = compare(folders[0])
    app.text_input(key=f"rename-{folders[0].id}").set_value("better name")
    app.button(key="save-name").click().run()
    assert not app.exception and "is full" in app.error[0].value
    assert folders[0].about().name == "run_0"
