"""The Train page with a small network, and the command line that it names."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rsdash.data import add_dataset
from tests.app.opening import open_page

FORM = {"im_size": 63, "batch_size": 16}


def filled(tiles_dir: Path) -> AppTest:
    add_dataset(tiles_dir, name="tiles")
    app = open_page("train", data="tiles")
    for name, value in FORM.items():
        app.number_input(f"set-{name}").set_value(value)
    app.text_input("set-width").set_value("0.125")
    return app.run()


def command_of(app: AppTest) -> str:
    [code] = app.code
    return code.value
