"""What the Predict page shows of one answer: explanation, nearest training tiles, corrections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import rsdash.ui.server as shared
from rsdash.config import RGB8
from rsdash.data import add_dataset, open_dataset
from rsdash.data.corrections import Corrections
from rsdash.inference import client
from rsdash.inference.nearest import Nearest, Neighbour, features_path
from rsdash.inference.results import Explanation
from tests.app.opening import open_page
from tests.app.predict.asking import drop, tile, unfolded
from tests.tiny import CLASSES


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


def test_a_correction_is_sent_moved_and_taken_back(run, asked) -> None:
    app = unfolded(drop(open_page("predict"), ("a.png", tile()), ("b.png", tile(2))), "open-corrections")
    assert any("No corrections of tiles yet" in caption.value for caption in app.caption)
    send, choice = app.button(key="send-correction"), "true-class-1"  # b.png, the least sure, comes first
    assert send.disabled and not [button for button in app.button if button.key == "take-back-correction"]
    app.selectbox(key=choice).set_value("Road").run()
    app.button(key="send-correction").click().run()
    corrections = Corrections("tiles", CLASSES, RGB8)
    assert corrections.counts() == {"Road": 1} and corrections.class_of(tile(2)) == "Road"
    assert any("as soon as a second class" in caption.value for caption in app.caption)
    app.selectbox(key=choice).set_value("Forest").run()
    app.button(key="send-correction").click().run()
    assert corrections.counts() == {"Forest": 1}
    assert any("**1 correction**: Forest 1" in text.value for text in app.markdown)
    corrections.send([("a.png", tile())], "Lake")
    app.run()
    assert app.get("page_link")[-1].proto.label.replace("\\", "") == "Data set corrections-tiles"
    app.button(key="take-back-correction").click().run()
    assert not app.exception and corrections.counts() == {"Lake": 1} and not corrections.is_dataset


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
    data = run.request().data.model_copy(update={"fingerprint": open_dataset("tiles").info.fingerprint})
    request = run.request().model_copy(update={"data": data})
    (run.path / "config.json").write_text(request.model_dump_json())
    run.weights_path.write_bytes(b"made up")
    monkeypatch.setattr(shared, "_server", None)
    app = unfolded(drop(open_page("predict"), ("a.png", tile())), "open-nearest")
    features_path(run).write_bytes(b"made up")
    app.run()
    assert any(text.value == "0 of the 1 nearest are **Road**" for text in app.markdown)
    assert any("**Forest** 0.125" in text.value for text in app.markdown)
    assert any("among 2 of 3 training tiles, drawn at random" in caption.value for caption in app.caption)
