"""Taking a model along, and taking one in: the zip that `export` writes and `import` reads."""

from __future__ import annotations

import re
import secrets
import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from rsdash.exports.process import export_for_download, exports_dir, import_into, offered
from rsdash.exports.stages import ExportResult, ImportResult
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.fold import fold
from rsdash.ui.long_action import long_action, outcome, tell_error, watch
from rsdash.ui.server import server
from rsdash.ui.tasks import Progress, Report
from rsdash.ui.words import plain, size

TOLD, TURN, IMPORTED = "export-difference", "import-turn", "imported"


def export_form(entry: RunEntry) -> None:
    """A folded part of the Run page; nothing where the run has no weights."""
    if entry.state.state in EVALUATED and not entry.example and entry.folder.weights_path.exists():
        fold("Take this model along", "open-export", lambda: _export(entry))


def choose_imported(key: str) -> None:
    """Choose the run that was imported just now; before the list of runs is drawn.

    Args:
        key: of that list.
    """
    found: ImportResult | None = st.session_state.pop(IMPORTED, None)
    if found is not None:
        st.session_state[key] = found.run_id
        st.toast(f"Imported: {plain(found.name)}", duration="long")


def import_form() -> None:
    """A folded part that turns an exported model into a run."""
    fold("Import a model", "open-import", _import)


def _export(entry: RunEntry) -> None:
    st.caption(
        "One zip with the weights (safetensors), the network for other programs (ONNX, held against the "
        "original), a model card with figures, licences and cautions, and a program of 20 lines that uses it "
        "without rsdash. It names the files of the data set, but holds no image. Another rsdash imports it."
    )
    found: ExportResult | None = long_action(
        f"export {entry.id}",
        label="Export",
        title=f"Exporting {entry.name}",
        action=lambda report: export_for_download(entry.folder, report),
        words=_words,
    )
    if found is not None:
        st.session_state[f"{TOLD}-{entry.id}"] = found.largest_difference
        st.rerun()  # the form again, in place of the progress
    path = offered(entry.folder)
    if path is not None:
        st.download_button(
            f"Download ({size(path.stat().st_size)})",
            lambda: path.open("rb"),
            path.name,
            "application/zip",
            key=f"download-model-{entry.id}",
            on_click="ignore",
        )
        difference = st.session_state.get(f"{TOLD}-{entry.id}")
        if difference is not None:
            st.caption(f"The ONNX file gives the network's logits to within {difference:.1e}.")


def _import() -> None:
    st.caption("The zip that another rsdash exported. Its weights are numbers; no program in it is run.")
    turn = st.session_state.setdefault(TURN, secrets.token_hex(4))
    key = f"import {turn}"
    file = st.file_uploader("Exported model", type="zip", key=f"zip-{turn}", label_visibility="collapsed")
    found: ImportResult | None = (
        _without_file(key)
        if file is None
        else long_action(
            key,
            label="Import",
            title=f"Importing {file.name}",
            action=lambda report: _take_in(file, report),
            words=_words,
        )
    )
    if found is not None:
        server().refresh()
        st.session_state[IMPORTED] = found
        del st.session_state[TURN]  # an empty form again
        st.rerun()


def _without_file(key: str) -> ImportResult | None:
    """Follow an import whose zip was taken out of the form after it began; nothing else can be begun."""
    task = server().tasks.get(key)
    if task and not task.finished:
        watch(key, _words)
        return None
    ended = outcome(key)
    if ended and ended.task.error:
        tell_error(ended.task)
    server().tasks.forget(key)  # why it failed says nothing of the next zip
    return ended.task.result if ended else None


def _take_in(file: UploadedFile, report: Report) -> ImportResult:
    exports_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=exports_dir()) as folder:
        path = Path(folder) / (re.sub(r"[^\w.-]+", "-", file.name)[-80:].lstrip(".-") or "model.zip")
        path.write_bytes(file.getbuffer())
        return import_into(server().runs_dir, path, report)


def _words(progress: Progress) -> str:
    if not progress.total:
        return f"{plain(progress.title)}: starting, which takes some seconds"
    return f"{plain(progress.title)}: step {progress.done + 1} of {progress.total}"
