"""The start of the server."""

from __future__ import annotations

import sys

import pytest
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path

from rsdash.ui.startup import SHELL, keep_import_path


def test_a_script_of_streamlit_leaves_the_import_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that imports while a script begins or ends would else pass over an entry of it."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(SHELL.parent)])
    with modified_sys_path(str(SHELL)):
        assert sys.path[0] == str(SHELL.parent), "Streamlit has changed: keep_import_path may go"
    keep_import_path()
    before = list(sys.path)
    with modified_sys_path(str(SHELL)):
        assert sys.path == before
    assert sys.path == before
    keep_import_path()
    assert sys.path == before
