"""An exported model becomes a run that answers as before; a zip that is none, or lies, is refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

import rsdash.data.source as zips
from rsdash.data import add_dataset
from rsdash.errors import RsdashError, RunError
from rsdash.evaluation.saved import read_evaluation
from rsdash.exports.stages import ImportResult
from rsdash.inference.evaluating import evaluate_run
from rsdash.inference.importing import import_model
from rsdash.inference.loading import load_reported
from rsdash.inference.onnx_model import made_images
from rsdash.inference.predictor import Predictor
from rsdash.inference.results import EvaluationResult
from rsdash.jobs.requests import delete_run, request_changes
from rsdash.runs.contender import contender_for
from rsdash.runs.folder import RunFolder
from rsdash.runs.index import RunIndex
from rsdash.runs.parts import Parts
from rsdash.runs.states import RunState
from tests.exported import NAME, Exported, changed, edited, export

Members = dict[str, bytes]


def take(bundle: Path, runs_dir: Path, **options: Any) -> RunFolder:
    """Import to the end."""
    *_, result = import_model(bundle, runs_dir=runs_dir, **options)
    assert isinstance(result, ImportResult)
    return RunFolder(runs_dir / result.run_id)


def refused(bundle: Path, runs_dir: Path) -> str:
    """The sentence that an import ends with; nothing was left behind."""
    with pytest.raises(RsdashError) as caught:
        take(bundle, runs_dir)
    assert list(runs_dir.iterdir()) == []
    return str(caught.value)


def test_it_gives_the_same_logits_and_figures(exported: Exported, runs_dir: Path) -> None:
    folder = take(exported.bundle, runs_dir)
    here, there = load_reported(exported.entry.folder.weights_path), load_reported(folder.weights_path)
    images = torch.from_numpy(made_images(4, 3, 63))
    with torch.inference_mode():
        assert torch.equal(here.model(images), there.model(images))
    before, after = (
        contender_for(RunIndex(place.path.parent).refresh().find(place.id))
        for place in (exported.entry.folder, folder)
    )
    assert before.figures and after.figures
    assert after.figures.accuracy == before.figures.accuracy
    assert after.figures.intervals == before.figures.intervals
    assert (after.fingerprint, after.split) == (before.fingerprint, before.split)
    image = next(exported.bundle.parent.glob("tiles/*/*.png"))
    asked = [(image.name, image.read_bytes())]
    first, second = (Predictor(f.weights_path).predict(asked) for f in (exported.entry.folder, folder))
    assert first == second


def test_it_is_a_finished_run_of_its_own_that_cannot_go_on(exported: Exported, runs_dir: Path) -> None:
    folder = take(exported.bundle, runs_dir)
    entry = RunIndex(runs_dir).refresh().find(NAME)
    assert entry.id == folder.id != exported.entry.id
    assert entry.state.state is RunState.FINISHED and entry.state.checkpoint_step is None
    assert entry.about.tags == ("imported",) and exported.entry.id in entry.about.note
    assert entry.state.summary.accuracy == exported.entry.state.summary.accuracy
    assert entry.state.summary.epoch == 2
    with pytest.raises(RunError, match="cannot go on"):
        request_changes(entry, epochs=9)
    delete_run(entry)
    assert list(runs_dir.iterdir()) == []


def test_names_are_kept_given_or_numbered(exported: Exported, runs_dir: Path) -> None:
    assert take(exported.bundle, runs_dir, name="mine").about().name == "mine"
    assert take(exported.bundle, runs_dir, taken_names=[NAME]).about().name == f"{NAME} (2)"


def test_it_is_measured_on_images_of_this_machine(exported: Exported, runs_dir, data_place) -> None:
    folder = take(exported.bundle, runs_dir)
    add_dataset(exported.bundle.parent / "tiles")
    *_, result = evaluate_run(folder, data="tiles")
    assert isinstance(result, EvaluationResult)
    test = Parts.read(folder.split_path).rows["test"]
    found = read_evaluation(folder.path / result.file)
    assert set(found.rows.tolist()) == set(test.tolist()), "those it trained on are left out, as before"
    own = read_evaluation(folder.evaluation_path)
    order, again = np.argsort(own.rows), np.argsort(found.rows)
    assert np.abs(own.logits[order] - found.logits[again]).max() < 1e-5


def test_it_can_be_exported_again_with_the_terms_it_came_with(
    exported: Exported, runs_dir: Path, data_place: Path, tmp_path: Path
) -> None:
    def licensed(members: Members) -> None:
        edited(members, "card.json", lambda card: card["data"].update(licence="CC BY 4.0 of somebody"))

    take(changed(exported.bundle, tmp_path / "first.zip", licensed), runs_dir, name="second")
    export(RunIndex(runs_dir).refresh().find("second"), "bundle", tmp_path / "second.zip")
    with zipfile.ZipFile(tmp_path / "second.zip") as archive:
        assert json.loads(archive.read("card.json"))["data"]["licence"] == "CC BY 4.0 of somebody"
        assert "CC BY 4.0 of somebody" in archive.read("MODEL_CARD.md").decode()
    assert take(tmp_path / "second.zip", runs_dir, name="third").about().name == "third"


@pytest.mark.parametrize("name", ["../../escaped.txt", "/tmp/escaped.txt", "run/../../escaped.txt"])
def test_names_that_lead_out_of_the_zip_are_refused(exported, runs_dir, tmp_path, name: str) -> None:
    evil = changed(exported.bundle, tmp_path / "evil.zip", lambda members: members.update({name: b"gotcha"}))
    assert "escapes its folder" in refused(evil, runs_dir)
    assert not list(tmp_path.rglob("escaped.txt"))


def test_members_that_a_run_does_not_need_are_never_written(exported, runs_dir, tmp_path) -> None:
    def more(members: Members) -> None:
        members["run/worker.lock"] = members["run/about.json"] = members["notes.txt"] = b"gotcha"

    folder = take(changed(exported.bundle, tmp_path / "more.zip", more), runs_dir)
    assert not list(tmp_path.rglob("worker.lock")) and not list(tmp_path.rglob("notes.txt"))
    assert folder.about().name == NAME


def without(name: str) -> Callable[[Members], object]:
    return lambda members: members.pop(name)


def replaced(name: str, content: bytes) -> Callable[[Members], object]:
    return lambda members: members.update({name: content})


def setting(name: str, **changes: Any) -> Callable[[Members], object]:
    return lambda members: edited(members, name, lambda content: content.update(changes))


def data_of(**changes: Any) -> Callable[[Members], object]:
    return lambda members: edited(members, "run/config.json", lambda content: content["data"].update(changes))


def settings_of(**changes: Any) -> Callable[[Members], object]:
    return lambda members: edited(
        members, "run/config.json", lambda content: content["config"].update(changes)
    )


def weights_saying(**changes: Any) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        tensors = safetensors.torch.load(members["model.safetensors"])
        size = int.from_bytes(members["model.safetensors"][:8], "little")
        card = json.loads(json.loads(members["model.safetensors"][8 : 8 + size])["__metadata__"]["rsdash"])
        members["model.safetensors"] = safetensors.torch.save(
            tensors, metadata={"rsdash": json.dumps({**card, **changes})}
        )

    return change


def answers(**changes: Callable[[np.ndarray], np.ndarray]) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        with np.load(io.BytesIO(members["run/evaluation.npz"])) as saved:
            arrays = {name: saved[name] for name in saved.files}
        buffer = io.BytesIO()
        arrays |= {name: make(arrays[name]) for name, make in changes.items()}
        np.savez_compressed(buffer, **arrays)
        members["run/evaluation.npz"] = buffer.getvalue()

    return change


def claimed_array(members: Members) -> None:
    """An array whose header claims a thousand times what is there."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            content, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)}
        )
        archive.writestr("logits.npy", content.getvalue() + bytes(48))
    members["run/evaluation.npz"] = buffer.getvalue()


def pickled_array(members: Members) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, logits=np.array([{"a": 1}], dtype=object))
    members["run/evaluation.npz"] = buffer.getvalue()


def fewer_weights(members: Members) -> None:
    size = int.from_bytes(members["model.safetensors"][:8], "little")
    metadata = json.loads(members["model.safetensors"][8 : 8 + size])["__metadata__"]
    tensors = safetensors.torch.load(members["model.safetensors"])
    tensors.popitem()
    members["model.safetensors"] = safetensors.torch.save(tensors, metadata=metadata)


LIES = [
    pytest.param(without("card.json"), "lacks card.json", id="no card"),
    pytest.param(without("model.safetensors"), "lacks model.safetensors", id="no weights"),
    pytest.param(without("run/split.json"), "lacks run/split.json", id="no split"),
    pytest.param(replaced("card.json", b"{"), "no model card of rsdash", id="torn card"),
    pytest.param(replaced("card.json", b"[]"), "no model card of rsdash", id="a card that is a list"),
    pytest.param(setting("card.json", format="other"), "no model card of rsdash", id="a foreign card"),
    pytest.param(replaced("run/config.json", b"{}"), "config.json is damaged", id="empty settings"),
    pytest.param(replaced("model.safetensors", b"\x80\x04."), "damaged or was not written", id="a pickle"),
    pytest.param(fewer_weights, "other shapes", id="a tensor is missing"),
    pytest.param(weights_saying(stored_px=100_000), "stored at 100000 px", id="huge images"),
    pytest.param(weights_saying(stored_px="63"), "numbers that are none", id="a size that is text"),
    pytest.param(
        weights_saying(scale={"mean": [0, 0, 0], "std": [1, 1, 0]}), "divides by zero", id="std of zero"
    ),
    pytest.param(weights_saying(scale={"mean": [0.5], "std": [1]}), "not that of 3 bands", id="one band"),
    pytest.param(settings_of(width=4), "another network", id="a wider network"),
    pytest.param(settings_of(data="/etc"), "name the data set '/etc'", id="a path as data"),
    pytest.param(data_of(name="../up"), "called '../up'", id="a path as name"),
    pytest.param(data_of(test_role="best"), "role 'best' is unknown", id="a role of its own"),
    pytest.param(data_of(counts={"train": 1}), "counts", id="other counts"),
    pytest.param(data_of(classes=["a", "b", "c"]), "other classes", id="other classes"),
    pytest.param(setting("run/state.json", state="RUNNING"), "is running", id="a living run"),
    pytest.param(setting("run/environment.json", attempts=3), "damaged", id="attempts that are none"),
    pytest.param(answers(logits=lambda a: a * np.nan), "not all numbers", id="answers of NaN"),
    pytest.param(answers(rows=lambda a: a * 0), "other images", id="one image again and again"),
    pytest.param(answers(rows=lambda a: np.arange(len(a)) + 10**6), "other images", id="unknown images"),
    pytest.param(answers(labels=lambda a: a + 7), "do not fit together", id="labels without class"),
    pytest.param(claimed_array, "is damaged", id="an array that claims terabytes"),
    pytest.param(pickled_array, "is damaged", id="an array of pickles"),
    pytest.param(replaced("run/metrics.jsonl", b'{"kind":"alert","at":"x"}\n'), "events", id="events"),
]


@pytest.mark.parametrize(("change", "words"), LIES)
def test_what_does_not_fit_is_refused_in_one_sentence(exported, runs_dir, tmp_path, change, words) -> None:
    sentence = refused(changed(exported.bundle, tmp_path / "lie.zip", change), runs_dir)
    assert words in sentence and "\n" not in sentence and str(runs_dir) not in sentence


def test_a_changed_file_is_noticed_by_its_digest(exported: Exported, runs_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported.bundle) as source, zipfile.ZipFile(tmp_path / "changed.zip", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"held-out", b"held out"))
    assert "is not the file that its card describes" in refused(tmp_path / "changed.zip", runs_dir)


def test_damaged_and_foreign_files_are_refused(exported: Exported, runs_dir: Path, tmp_path: Path) -> None:
    whole = exported.bundle.read_bytes()
    for name, content in {"half": whole[: len(whole) // 2], "text": b"hello", "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert "no exported model of rsdash" in refused(tmp_path / name, runs_dir)
    flipped = bytearray(whole)
    with zipfile.ZipFile(exported.bundle) as archive:
        flipped[archive.getinfo("model.safetensors").header_offset + 100_000] ^= 0xFF
    (tmp_path / "flipped").write_bytes(flipped)
    assert "damaged (Bad CRC-32" in refused(tmp_path / "flipped", runs_dir)
    assert "There is no file" in refused(tmp_path / "nowhere.zip", runs_dir)
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("Forest/1.png", b"")
    assert "lacks card.json" in refused(tmp_path / "pictures.zip", runs_dir)


def test_bombs_are_refused_before_anything_is_unpacked(exported, runs_dir, tmp_path, monkeypatch) -> None:
    def crowd(members: Members) -> None:
        members.update({f"{number}": b"" for number in range(100)})

    monkeypatch.setattr(zips, "MAX_RATIO", 10)
    bomb = changed(exported.bundle, tmp_path / "bomb.zip", replaced("run/split.json", bytes(10**8)))
    assert "zip bomb" in refused(bomb, runs_dir)
    assert "members" in refused(changed(exported.bundle, tmp_path / "crowd.zip", crowd), runs_dir)
    large = changed(exported.bundle, tmp_path / "large.zip", replaced("run/state.json", bytes(2_000_000)))
    assert "larger than 1 MB" in refused(large, runs_dir)
