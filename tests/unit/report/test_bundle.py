"""A comparison in a zip that is derived again without weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import rsdash.data.source as source
from rsdash.errors import DataError, RunError
from rsdash.evaluation.saved import read_evaluation
from rsdash.report.bundle import FACTS, bundle, derive_again
from rsdash.report.facts import gather
from rsdash.runs.further import Subject, further_path, write_further
from tests.finished import copy_run, entries_in

COLUMNS = ("logits", "labels", "rows", "roles")


@pytest.fixture
def made(runs_dir: Path, tmp_path: Path) -> Path:
    copy_run(runs_dir, "alexnet", 1)
    copy_run(runs_dir, "resnet18", 2)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle(gather(entries_in(runs_dir))))
    return path


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Change members of a zip; None leaves one out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    path.write_bytes(buffer.getvalue())


def test_every_number_comes_out_as_stored(made: Path) -> None:
    result = derive_again(made)
    assert result.same
    assert result.values > 300
    assert result.runs == ("alexnet 1", "resnet18 2")


def test_figures_on_other_images_are_derived_again_too(runs_dir: Path, tmp_path: Path) -> None:
    for number, model in enumerate(("alexnet", "resnet18")):
        folder = copy_run(runs_dir, model, number)
        evaluation = read_evaluation(folder.evaluation_path)
        half = replace(evaluation, **{name: getattr(evaluation, name)[:100] for name in COLUMNS})
        write_further(further_path(folder, "other", "seed1"), half, Subject("other", "seed1", "print"))
    compared = gather(entries_in(runs_dir), "other-seed1")
    assert [one.figures.images for one in compared.contenders if one.figures] == [100, 100]
    assert {one.data for one in compared.contenders} == {"other"}
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle(compared))
    assert derive_again(path).same
    missing = gather(entries_in(runs_dir), "nowhere-seed1")
    assert all("has not been evaluated on nowhere-seed1" in one.problem for one in missing.contenders)


def test_it_holds_no_weights_but_settings_answers_report_and_versions(made: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        versions = archive.read("versions.txt").decode()
    assert {"report.html", "facts.json", "versions.txt"} <= set(names)
    assert sum(name.endswith("evaluation.npz") for name in names) == 2
    assert not [name for name in names if name.endswith((".safetensors", ".ckpt"))]
    assert "numpy==" in versions


def test_a_changed_number_is_found_and_named(made: Path) -> None:
    def tell_more(name: str, content: bytes) -> bytes:
        if name != FACTS:
            return content
        facts = json.loads(content)
        facts["runs"][0]["accuracy"] += 0.01
        return json.dumps(facts).encode()

    rewrite(made, tell_more)
    result = derive_again(made)
    assert [one.place for one in result.differences] == ["runs / 0 / accuracy"]
    assert not result.same


def test_changed_answers_change_what_is_derived(made: Path, runs_dir: Path) -> None:
    other = (runs_dir / entries_in(runs_dir)[1].id / "evaluation.npz").read_bytes()
    first = entries_in(runs_dir)[0].id
    rewrite(made, lambda name, content: other if name == f"runs/{first}/evaluation.npz" else content)
    assert len(derive_again(made).differences) > 20


def test_damaged_files_are_refused_in_a_sentence(made: Path, tmp_path: Path) -> None:
    content = made.read_bytes()
    cases = {"no bundle": b"text", "damaged": content[: len(content) // 2]}
    for words, broken in cases.items():
        made.write_bytes(broken)
        with pytest.raises(RunError, match=words):
            derive_again(made)
    with pytest.raises(RunError, match="There is no file"):
        derive_again(tmp_path / "nowhere.zip")


def test_a_bundle_without_one_of_its_runs_is_damaged(made: Path, runs_dir: Path) -> None:
    first = entries_in(runs_dir)[0].id
    rewrite(made, lambda name, content: None if name.startswith(f"runs/{first}") else content)
    with pytest.raises(RunError, match=f"{first} is not in it"):
        derive_again(made)


def test_damaged_answers_are_a_difference_and_no_crash(made: Path) -> None:
    rewrite(made, lambda name, content: b"text" if name.endswith("evaluation.npz") else content)
    assert not derive_again(made).same


@pytest.mark.parametrize("name", ["runs/../../escaped/config.json", "/tmp/rsdash-escaped"])
def test_members_that_lead_out_of_the_zip_are_refused(made: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(name, "{}")
    with pytest.raises(DataError, match="escapes its folder"):
        derive_again(made)
    assert not list(tmp_path.rglob("escaped")) and not Path("/tmp/rsdash-escaped").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_RATIO", 10)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(110_000_000))
    with pytest.raises(DataError, match="zip bomb"):
        derive_again(made)
