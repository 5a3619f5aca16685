"""The form of drafts on the Data page: images are dropped, labelled by click, and become a data set."""

from __future__ import annotations

import io

from PIL import Image
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.data import list_datasets
from rsdash.data.drafts import UNLABELLED, Draft
from tests.app.opening import open_page
from tests.tiny import draw_tile, wait_for


def tile(label: int, number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw_tile(label, number)).save(buffer, "PNG")
    return buffer.getvalue()


def put(draft: Draft, label: str, name: str, content: bytes) -> None:
    draft.store(label, name, io.BytesIO(content), len(content))


def opened_form() -> AppTest:
    return open_page("data").segmented_control("source").set_value("Drop images").run()


def finish(app: AppTest) -> None:
    app.button("finish-draft").click().run()
    wait_for(lambda: not shared.server().tasks.under_way("data"), "the task")
    app.run()


def test_images_are_labelled_by_click_and_become_a_data_set(data_place):
    draft = Draft("mine")
    for label in range(2):
        for number in range(3):
            put(draft, UNLABELLED, f"{label}{number}.png", tile(label, number))
    put(Draft("another"), UNLABELLED, "a.png", b"...")
    app = opened_form()
    app.selectbox("draft-name").set_value("mine").run()
    for name in ("Forest", "Lake"):
        app.text_input("new-class").set_value(name).run()
        app.button("add-class").click().run()
    app.button("label-Lake").click().run()  # a wrong click, taken back
    app.selectbox("draft-name").set_value("another").run()
    assert "undo-label" not in [button.key for button in app.button]
    app.selectbox("draft-name").set_value("mine").run()
    app.button("undo-label").click().run()
    for label in ["Forest"] * 3 + ["Lake"] * 3:
        app.button(f"label-{label}").click().run()
    assert not app.exception and not app.error
    finish(app)
    (info,) = list_datasets()
    assert info.counts == {"Forest": 3, "Lake": 3}


def test_a_class_may_be_called_as_the_button_that_takes_back(data_place):
    draft = Draft("mine")
    draft.add_class("undo")
    for name in ("1.png", "2.png"):
        put(draft, UNLABELLED, name, tile(0, 0))
    app = opened_form()
    app.button("label-undo").click().run()
    assert not app.exception and draft.counts() == {"undo": 1, UNLABELLED: 1}
    app.button("undo-label").click().run()
    assert not app.exception and draft.counts() == {"undo": 0, UNLABELLED: 2}


def test_the_image_that_was_seen_is_labelled_not_the_one_that_is_first_by_then(data_place):
    draft = Draft("mine")
    draft.add_class("Lake")
    for name in ("1.png", "2.png"):
        put(draft, UNLABELLED, name, b"...")
    app = opened_form()
    draft.label("1.png", "Lake")  # by somebody else
    app.button("label-Lake").click().run()
    assert draft.counts() == {"Lake": 1, UNLABELLED: 1}
    assert "does not wait for a label" in app.toast[0].value
    assert not app.exception


def test_a_draft_of_one_class_waits_and_what_has_no_label_outlives_the_rest(data_place):
    draft = Draft("mine")
    for label in ("Forest", UNLABELLED):
        put(draft, label, "1.png", tile(0, 0))
    draft.add_class("Lake")
    app = opened_form()
    assert app.button("finish-draft").disabled
    for name in ("mine", "mine-2"):
        put(draft, "Forest", "1.png", tile(0, 0))
        put(draft, "Lake", "1.png", tile(1, 0))
        assert any("1 have no label yet" in caption.value for caption in app.run().caption)
        finish(app)
        assert list_datasets()[-1].name == name
    assert draft.counts() == {"Forest": 0, "Lake": 0, UNLABELLED: 1}
    assert app.run().button("finish-draft").disabled


def test_dropped_images_are_stored_under_the_chosen_class(data_place):
    Draft("mine").add_class("Forest")
    app = opened_form()
    app.selectbox("draft-class").set_value("Forest").run()
    app.file_uploader("draft-files-0").upload("a.png", tile(0, 0), "image/png").run()
    assert Draft("mine").counts() == {"Forest": 1}
    assert "Forest **1**" in " ".join(text.value for text in app.markdown)
    assert [toast.value for toast in app.toast] == ["1 file stored."]
    again, new = (("a.png", tile(0, 0), "image/png"), ("b.png", tile(0, 1), "image/png"))
    app.file_uploader("draft-files-1").upload(*again)
    app.file_uploader("draft-files-1").upload(*new).run()
    assert [toast.value for toast in app.toast] == ["1 of 2 files stored; the others were here already."]


def test_a_file_that_is_no_image_is_left_out_by_a_click(data_place):
    draft = Draft("mine")
    put(draft, UNLABELLED, "a.jpg", b"a letter, not a picture")
    buffer = io.BytesIO()
    Image.new("RGB", (1000, 1)).save(buffer, "PNG")  # a strip, lower than a pixel where it is shown
    put(draft, UNLABELLED, "b.png", buffer.getvalue())
    app = opened_form()
    assert "cannot be read as an image" in app.warning[0].value
    app.button("draft-leave-out").click().run()
    assert not app.exception and not app.warning
    assert draft.counts() == {UNLABELLED: 1}
    assert "draft-leave-out" not in [button.key for button in app.button]
