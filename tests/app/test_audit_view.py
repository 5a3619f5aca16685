"""The audit of a data set as a session runs it, without a browser."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import make_radiometry
from rsdash.data import Dataset, add_dataset, open_dataset
from rsdash.data.audit import audit_dataset, load_audit
from rsdash.data.exclusions import EXCLUSIONS_FILE, exclude, load_exclusions
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits
from rsdash.ui.data.audit_view import task_key
from tests.bands import make_band_tiles
from tests.tiny import wait_for

WAIT_S = 60


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    st.cache_data.clear()


@pytest.fixture
def dataset(tiles_dir: Path) -> Dataset:
    """A turned copy, a copy under another label, a small image, a blank one, an unreadable file."""
    with Image.open(tiles_dir / "Forest" / "03.png") as image:
        turned = np.ascontiguousarray(np.rot90(np.asarray(image)))
    Image.fromarray(turned).save(tiles_dir / "Forest" / "turned *one*.png")
    shutil.copy(tiles_dir / "Lake" / "05.png", tiles_dir / "Road" / "stray.png")
    Image.fromarray(turned[:16, :20]).save(tiles_dir / "Forest" / "small.png")
    Image.new("RGB", (32, 32)).save(tiles_dir / "Lake" / "blank.png")
    (tiles_dir / "Road" / "broken.png").write_bytes(b"not a picture")
    return add_dataset(tiles_dir, name="tiles")


def script() -> None:
    import streamlit as st

    from rsdash.data import open_dataset
    from rsdash.ui.data.audit_view import audit_view

    audit_view(open_dataset(st.query_params["data"]))


def open_view(name: str = "tiles") -> AppTest:
    app = AppTest.from_function(script, default_timeout=WAIT_S)
    app.query_params["data"] = name
    app.run()
    assert not app.exception
    return app


def row_of(dataset: Dataset, name: str) -> int:
    return dataset.manifest.names.index(name)


def pair_key(dataset: Dataset, first: str, second: str) -> str:
    return f"{row_of(dataset, first)}-{row_of(dataset, second)}"


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption)).replace("\\", "")


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button if button.key}


def test_the_button_starts_an_audit_whose_findings_are_shown_the_worst_first(dataset):
    app = open_view()
    assert keys(app) == {"audit-start"}
    app.button("audit-start").click().run()
    task = shared.server().tasks.get(task_key("tiles"))
    assert task is not None
    wait_for(lambda: task.finished, "the audit")
    app.run()
    assert load_audit(dataset) is not None and "audit-start" not in keys(app)
    shown = texts(app)
    titles = [
        "pair shows one image under two classes",
        "pair of images of one class is nearly the same",
        "file cannot be used",
        "image has an unusual size",
        "image is blank",
    ]
    places = [shown.index(title) for title in titles]
    assert places == sorted(places)
    assert app.segmented_control[0].value == "two labels"


def test_progress_survives_a_reload_and_can_be_stopped(dataset):
    release = threading.Event()

    def action(report) -> None:
        report(25, 100)
        release.wait(WAIT_S)
        report(26, 100)

    tasks = shared.server().tasks
    task = tasks.start(task_key("tiles"), "Auditing tiles", action)
    wait_for(lambda: task.progress.done == 25, "the first report")
    open_view()
    app = open_view()  # a reload is a new session
    assert keys(app) == {"stop-audit"}
    app.button("stop-audit").click().run()
    release.set()
    wait_for(lambda: task.finished, "the end")
    app.run()
    assert [info.value for info in app.info] == [r"Auditing tiles\: stopped\."] and not app.error
    assert keys(app) == {"audit-start"}


def test_an_audit_that_fails_says_why(dataset, tiles_dir):
    (tiles_dir / "Lake" / "04.png").write_bytes((tiles_dir / "Lake" / "05.png").read_bytes())
    app = open_view()
    app.button("audit-start").click().run()
    wait_for(lambda: bool(app.run().error), "the sentence")
    assert "Lake/04.png" in app.error[0].value.replace("\\", "") and "audit-start" in keys(app)


def test_a_pair_is_shown_with_classes_names_and_difference(dataset):
    audit_dataset(dataset)
    app = open_view()
    shown = texts(app)
    assert "Lake/05.png" in shown and "Road/stray.png" in shown and "equal byte for byte" in shown
    assert "**Lake**" in shown and "**Road**" in shown
    app.segmented_control[0].set_value("near-duplicates").run()
    assert "turned by 270° to fit the first; the two then are equal" in texts(app)
    assert not any("turned *one*" in caption.value for caption in app.caption)  # escaped


def test_an_excluded_image_takes_no_part_in_a_later_split_until_it_is_taken_back(dataset):
    audit_dataset(dataset)
    (before,) = add_splits(dataset, SplitRequest())
    key = pair_key(dataset, "Lake/05.png", "Road/stray.png")
    app = open_view()
    app.button(f"exclude-second-{key}").click().run()
    assert load_exclusions(dataset.folder).names == {"Road/stray.png"}
    assert (
        "same image as Lake/05.png of another class" in texts(app)
        and "1 excluded file" in app.subheader[-1].value
    )
    assert {f"back-second-{key}", f"exclude-first-{key}", "take-back-Road/stray.png"} <= keys(app)
    (after,) = add_splits(open_dataset("tiles"), SplitRequest())
    stray = row_of(dataset, "Road/stray.png")
    assert stray in [*before.train, *before.validation, *before.test]
    assert stray not in [*after.train, *after.validation, *after.test]
    assert after.left_out == {"excluded": 1} and after.name != before.name
    app.button("take-back-Road/stray.png").click().run()
    assert not load_exclusions(dataset.folder).names and f"exclude-second-{key}" in keys(app)


def test_all_seconds_are_excluded_at_once_and_all_taken_back(dataset, tiles_dir):
    shutil.copy(tiles_dir / "Lake" / "07.png", tiles_dir / "Lake" / "same1.png")
    shutil.copy(tiles_dir / "Lake" / "07.png", tiles_dir / "Lake" / "same2.png")
    audit_dataset(add_dataset(tiles_dir))
    app = open_view()
    app.segmented_control[0].set_value("copies").run()
    app.button("exclude-all-COPIES").click().run()
    assert load_exclusions(dataset.folder).names == {"Lake/same1.png", "Lake/same2.png"}
    assert app.button("exclude-all-COPIES").disabled
    app.button("take-back-all").click().run()
    assert not len(load_exclusions(dataset.folder))


def test_odd_images_are_excluded_one_by_one(dataset):
    audit_dataset(dataset)
    app = open_view()
    app.segmented_control[0].set_value("unusual size").run()
    assert "20 × 16 px" in texts(app)
    app.button(f"exclude-SIZES-{row_of(dataset, 'Forest/small.png')}").click().run()
    (file,) = load_exclusions(dataset.folder).files
    assert (file.name, file.reason) == ("Forest/small.png", "unusual size")


def test_unreadable_files_stand_in_a_table(dataset):
    audit_dataset(dataset)
    app = open_view()
    app.segmented_control[0].set_value("unreadable").run()
    table = app.dataframe[0].value
    assert list(table["File"]) == ["Road/broken.png"] and "broken.png" in table["Reason"][0]


def test_many_pairs_are_paged(tiles_dir):
    for at in range(13):
        shutil.copy(tiles_dir / "Lake" / f"{at:02}.png", tiles_dir / "Lake" / f"z{at:02}.png")
    dataset = add_dataset(tiles_dir, name="tiles")
    audit_dataset(dataset)
    app = open_view()
    key = f"audit-page-tiles-{dataset.manifest.fingerprint[:8]}-COPIES"
    first = pair_key(dataset, "Lake/00.png", "Lake/z00.png")
    last = pair_key(dataset, "Lake/12.png", "Lake/z12.png")
    assert f"exclude-first-{first}" in keys(app) and f"exclude-first-{last}" not in keys(app)
    app.session_state[key] = 3
    app.run()
    assert f"exclude-first-{last}" in keys(app) and f"exclude-first-{first}" not in keys(app)


def test_the_last_page_of_excluded_files_goes_with_its_last_file(dataset):
    names = dataset.manifest.names[:11]
    exclude(dataset.folder, names, "test")
    app = open_view()
    app.session_state["excluded-page-tiles"] = 2
    app.run()
    app.button(f"take-back-{names[10]}").click().run()
    assert not app.exception and f"take-back-{names[9]}" in keys(app)


def test_a_clean_set_is_said_to_be_clean(tiles_dir):
    audit_dataset(add_dataset(tiles_dir, name="tiles"))
    app = open_view()
    assert [message.value for message in app.success] == ["Nothing wrong was found."]
    assert not keys(app)


def test_an_image_that_is_gone_is_one_sentence_and_the_rest_is_shown(dataset, tiles_dir):
    audit_dataset(dataset)
    (tiles_dir / "Road" / "stray.png").unlink()
    app = open_view()
    assert sum("stray.png is no longer in" in line for line in texts(app).splitlines()) == 1
    assert f"exclude-second-{pair_key(dataset, 'Lake/05.png', 'Road/stray.png')}" in keys(app)


def test_a_damaged_list_of_exclusions_is_one_sentence(dataset):
    (dataset.folder / EXCLUSIONS_FILE).write_text("{")
    app = open_view()
    assert len(app.error) == 1 and "is damaged" in app.error[0].value


def test_images_of_13_bands_are_shown(tmp_path: Path):
    root = make_band_tiles(tmp_path / "bands", per_class=4)
    shutil.copy(root / "Lake" / "00.tif", root / "Road" / "stray.tif")
    dataset = add_dataset(root, radiometry=make_radiometry("eurosat", "all"))
    audit_dataset(dataset)
    app = open_view("bands")
    assert f"exclude-first-{pair_key(dataset, 'Lake/00.tif', 'Road/stray.tif')}" in keys(app)
    assert "rsdash" not in texts(app)  # no sentence in place of an image
