"""Images for the Predict page, ways to ask about them, and answers that are made up."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

import rsdash.ui.server as shared
from rsdash.inference.results import Prediction
from rsdash.ui.predict import job as jobs
from tests.tiny import CLASSES, draw_tile

ORDER = {
    "Forest": ("Forest", "Lake", "Road"),
    "Lake": ("Lake", "Road", "Forest"),
    "Road": ("Road", "Lake", "Forest"),
}


def answer(name: str, best: str = "Lake", sure: float = 0.7) -> Prediction:
    if name.endswith("torn.png"):
        return Prediction(file=name, error=f"{name} is damaged.")
    return Prediction(
        file=name,
        classes=ORDER[best],
        confidences=(sure, 0.9 - sure, 0.1),
        probabilities=(sure + 0.05, 0.85 - sure, 0.1),
        distance=1.5,
        unfamiliar=name.endswith("7.png"),
    )


def tile(label: int = 1) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw_tile(label, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def folder_of_tiles(root: Path, per_class: int = 8) -> Path:
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            (root / name / f"{number}.png").write_bytes(tile(label))
    (root / "Road" / "torn.png").write_bytes(b"torn")
    return root


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = app.file_uploader(key="images")
    for name, content in files:
        uploader.upload(name, content, "image/png")
    app.run()
    assert not app.exception
    return app


def predict_path(app: AppTest, place: Path) -> AppTest:
    app.segmented_control(key="images-from").set_value("On this machine").run()
    app.text_input(key="image-path").set_value(str(place)).run()
    app.button(key="predict").click().run()
    assert not app.exception
    return app


def the_job(app: AppTest) -> jobs.Job:
    task = shared.server().tasks.get(app.session_state["predicting"])
    assert task is not None
    return task.result


def class_box(app: AppTest) -> Selectbox:
    """Where the true class of what is picked is chosen."""
    return next(box for box in app.selectbox if (box.key or "").startswith("true-class-"))


def unfolded(app: AppTest, *keys: str) -> AppTest:
    """Open parts of the page, which no click of a test without a browser does."""
    for key in keys:
        app.session_state[key] = True
    app.run()
    assert not app.exception
    return app
