"""What the Predict page shows of one answer: explanation, nearest training tiles, corrections."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import RGB8
from rsdash.data import add_dataset, open_dataset
from rsdash.data.corrections import Corrections
from rsdash.inference import client
from rsdash.inference.nearest import Nearest, Neighbour, features_path
from rsdash.inference.results import Explanation
from rsdash.runs.folder import RunFolder
from rsdash.ui.predict import explanation
from rsdash.ui.predict.detail import SCENE_FACTOR
from rsdash.ui.predict.overlay import FOR, overlay
from rsdash.ui.predict.pictures import shown, thumbnail
from tests.app.opening import open_page
from tests.app.predict.asking import class_box, drop, folder_of_tiles, predict_path, the_job, tile, unfolded
from tests.app.ticking import tick
from tests.tiny import CLASSES


def know_its_data(run: RunFolder) -> None:
    """Have the run trained on the data set that is there, with weights that are made up."""
    data = run.request().data.model_copy(update={"fingerprint": open_dataset("tiles").info.fingerprint})
    request = run.request().model_copy(update={"data": data})
    (run.path / "config.json").write_text(request.model_dump_json())
    run.weights_path.write_bytes(b"made up")


def looks_of(app: AppTest, name: str) -> tuple[str | None, bytes]:
    """The small and the large picture of an image."""
    images = the_job(app).images
    picture = shown(images, name, RGB8) if images else None
    assert images and picture
    return thumbnail(images, name, RGB8), picture.pixels.tobytes()


def test_an_explanation_is_asked_once_whatever_its_opacity(run, asked, monkeypatch) -> None:
    explained: list[tuple[str, ...]] = []

    def explain(path: Path, image: tuple[str, bytes], *, method: str, label: str) -> Explanation:
        explained.append((image[0], method, label))
        values = ((0.0, 0.5), (1.0, 0.25))
        return Explanation(method=method, label="Lake", values=values, layer="features.conv5")

    monkeypatch.setattr(client, "explain", explain)
    app = drop(open_page("predict"), ("a.png", tile()))
    assert not explained
    app.segmented_control(key="explain").set_value("grad-cam").run()
    app.slider(key="explain-opacity").set_value(20).run()
    assert not app.exception and explained == [("a.png", "grad-cam", "Lake")]
    assert any("2 × 2 cells of `features.conv5`" in caption.value for caption in app.caption)


def test_occlusion_is_drawn_in_the_colours_that_its_words_name(run, asked, monkeypatch) -> None:
    def explain(path: Path, image: tuple[str, bytes], *, method: str, label: str) -> Explanation:
        return Explanation(method=method, label="Lake", values=((0.5, 0.5), (0.5, 0.5)), covered=0.2)

    drawn: list[np.ndarray] = []

    def draw(*arguments: Any, **settings: Any) -> np.ndarray:
        drawn.append(overlay(*arguments, **settings))
        return drawn[-1]

    monkeypatch.setattr(client, "explain", explain)
    monkeypatch.setattr(explanation, "overlay", draw)
    app = drop(open_page("predict"), ("a.png", tile()))
    app.segmented_control(key="explain").set_value("occlusion").run()
    app.slider(key="explain-opacity").set_value(100).run()
    assert not app.exception and (drawn[-1] == FOR).all()
    assert any("by up to 50% (red)" in caption.value for caption in app.caption)


def test_a_correction_is_sent_moved_and_taken_back(run, asked) -> None:
    app = unfolded(drop(open_page("predict"), ("a.png", tile()), ("b.png", tile(2))), "open-corrections")
    assert any("No corrections of tiles yet" in caption.value for caption in app.caption)
    send = app.button(key="send-correction")
    assert send.disabled and not [button for button in app.button if button.key == "take-back-correction"]
    class_box(app).set_value("Road").run()  # of b.png: the least sure comes first
    app.button(key="send-correction").click().run()
    corrections = Corrections("tiles", CLASSES, RGB8)
    assert corrections.counts() == {"Road": 1} and corrections.class_of(tile(2)) == "Road"
    assert any("as soon as a second class" in caption.value for caption in app.caption)
    class_box(app).set_value("Forest").run()
    app.button(key="send-correction").click().run()
    assert corrections.counts() == {"Forest": 1}
    assert any("**1 correction**: Forest 1" in text.value for text in app.markdown)
    corrections.send([("a.png", tile())], "Lake")
    app.run()
    assert app.get("page_link")[-1].proto.label.replace("\\", "") == "Data set corrections-tiles"
    app.button(key="take-back-correction").click().run()
    assert not app.exception and corrections.counts() == {"Lake": 1} and not corrections.is_dataset


@pytest.mark.parametrize(("key", "value"), [("result-show", "Unlike training"), ("result-order", "by name")])
def test_ticks_and_a_chosen_class_stay_with_their_images(run, asked, tmp_path, key: str, value: str) -> None:
    app = unfolded(predict_path(open_page("predict"), folder_of_tiles(tmp_path / "set")), "open-corrections")
    tick(app, 0, 0, 1)
    class_box(app).set_value("Forest").run()
    assert class_box(app).label == "True class of all 2 images that are ticked"
    app.selectbox(key=key).set_value(value).run()
    assert class_box(app).label == "True class" and class_box(app).value is None
    tick(app, 0, 0, 1)
    assert "2 images" in class_box(app).label and class_box(app).value is None


def test_ticks_do_not_move_to_what_is_dropped_next(run, asked) -> None:
    images = [(f"{name}.png", tile(label)) for label, name in enumerate("abc")]
    app = unfolded(drop(open_page("predict"), *images), "open-corrections")
    tick(app, 0, 0, 1)
    class_box(app).set_value("Road").run()
    app.file_uploader(key="images").clear().run()
    drop(app, *((name, tile(0)) for name, _ in images))
    assert class_box(app).label == "True class" and class_box(app).value is None


def test_a_file_that_has_changed_is_shown_and_explained_as_it_is_now(
    run, asked, tmp_path, monkeypatch
) -> None:
    explained: list[bytes] = []

    def explain(path: Path, image: tuple[str, bytes], *, method: str, label: str) -> Explanation:
        explained.append(image[1])
        return Explanation(method=method, label=label, values=((0.0, 1.0),), layer="features")

    monkeypatch.setattr(client, "explain", explain)
    place = tmp_path / "seen.png"
    place.write_bytes(tile(0))
    app = predict_path(open_page("predict"), place)
    app.button(key="predict").click().run()  # from the second question on, the answer is the same
    app.segmented_control(key="explain").set_value("grad-cam").run()
    before = looks_of(app, "seen.png")
    place.write_bytes(tile(2))
    app.button(key="predict").click().run()
    after = looks_of(app, "seen.png")
    assert not app.exception and explained == [tile(0), tile(2)]
    assert before[0] != after[0] and before[1] != after[1]


def test_tiles_to_look_at_are_those_of_the_data_set_or_a_sentence(
    run, asked, tiles_dir, runs_dir, monkeypatch
) -> None:
    def nearest(path: Path, place: Path, name: str, report: Callable[[int, int], None]) -> Nearest:
        found = Neighbour(row=3, file="Forest/03.png", label="Forest", distance=0.125)
        return Nearest(layer="fc", compared=2, trained_on=3, found=(found,))

    monkeypatch.setattr(client, "nearest", nearest)
    app = unfolded(drop(open_page("predict"), ("a.png", tile())), "open-nearest")
    assert any("'tiles' is not here any more" in info.value.replace("\\", "") for info in app.info)
    add_dataset(tiles_dir)
    app.run()
    assert any("holds other files" in info.value for info in app.info)
    know_its_data(run)
    monkeypatch.setattr(shared, "_server", None)
    app = unfolded(drop(open_page("predict"), ("a.png", tile())), "open-nearest")
    features_path(run).write_bytes(b"made up")
    app.run()
    assert any(text.value == "0 of the 1 nearest are **Road**" for text in app.markdown)
    assert any("**Forest** 0.125" in text.value for text in app.markdown)
    assert any("among 2 of 3 training tiles, drawn at random" in caption.value for caption in app.caption)


def test_a_neighbour_that_could_not_be_read_is_tried_again(run, asked, tiles_dir, monkeypatch) -> None:
    found = Neighbour(row=3, file="Forest/03.png", label="Forest", distance=0.125)
    nearest = Nearest(layer="fc", compared=2, trained_on=3, found=(found,))
    monkeypatch.setattr(client, "nearest", lambda *_: nearest)
    add_dataset(tiles_dir)
    know_its_data(run)
    features_path(run).write_bytes(b"made up")
    st.cache_data.clear()
    tile_path, away = tiles_dir / "Forest" / "03.png", tiles_dir.parent / "away.png"
    tile_path.rename(away)
    app = unfolded(drop(open_page("predict"), ("a.png", tile())), "open-nearest")
    pictures = len(app.get("image"))
    assert any("cannot be shown" in caption.value for caption in app.caption)
    away.rename(tile_path)
    app.run()
    assert not app.exception and len(app.get("image")) == pictures + 1
    assert not any("cannot be shown" in caption.value for caption in app.caption)


def test_a_file_that_has_changed_has_other_neighbours(run, asked, tiles_dir, tmp_path, monkeypatch) -> None:
    seen: list[bytes] = []

    def nearest(path: Path, place: Path, name: str, report: Callable[[int, int], None]) -> Nearest:
        seen.append(place.read_bytes())
        found = Neighbour(row=3, file="Forest/03.png", label="Forest", distance=0.125)
        return Nearest(layer="fc", compared=2, trained_on=3, found=(found,))

    monkeypatch.setattr(client, "nearest", nearest)
    add_dataset(tiles_dir)
    know_its_data(run)
    features_path(run).write_bytes(b"made up")
    place = tmp_path / "seen.png"
    place.write_bytes(tile(0))
    app = unfolded(predict_path(open_page("predict"), place), "open-nearest")
    app.run()
    place.write_bytes(tile(2))
    app.button(key="predict").click().run()
    assert not app.exception and seen == [tile(0), tile(2)]


@pytest.mark.parametrize(("more_px", "hint"), [(0, False), (1, True)])
def test_an_image_that_may_be_a_scene_is_sent_to_the_scenes(run, asked, more_px: int, hint: bool) -> None:
    side_px = SCENE_FACTOR * run.request().config.im_size + more_px
    buffer = io.BytesIO()
    Image.new("RGB", (side_px, 1200), "green").save(buffer, "PNG")
    app = drop(open_page("predict"), ("a.png", buffer.getvalue()))
    assert f"{side_px} x 1,200 px" in [text.value for text in app.caption]
    assert any("mapped" in told.value for told in app.info) is hint
