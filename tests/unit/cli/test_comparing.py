"""`compare` in every format, and `verify`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rsdash.cli import app
from rsdash.errors import ConfigError, RunError, RunNotFoundError
from tests.finished import copy_run


@pytest.fixture(autouse=True)
def two_runs(runs_dir: Path) -> None:
    copy_run(runs_dir, "alexnet", 1, name="one")
    copy_run(runs_dir, "resnet18", 2, name="two")


def rsdash(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_text_says_the_verdict_and_what_differs() -> None:
    shown = rsdash("compare", "one", "two")
    assert shown.exit_code == 0
    assert "two trained models" in shown.output and "mid-p" in shown.output
    assert "model: one alexnet, two resnet18" in shown.output
    assert "for reference: ResNet18 0.6479" in shown.output


def test_json_holds_every_number() -> None:
    facts = json.loads(rsdash("compare", "one", "two", "--json").output)
    assert [run["name"] for run in facts["runs"]] == ["one", "two"]
    assert facts["pairs"][0]["p"] == pytest.approx(facts["pairs"][0]["adjusted_p"])
    assert set(facts["runs"][0]["intervals"]) == {"accuracy", "average_accuracy", "macro_f1", "kappa"}
    assert facts["verdict"]["finding"] in ("models differ", "no difference shown")


def test_csv_markdown_and_latex_are_printed() -> None:
    rows = list(csv.reader(io.StringIO(rsdash("compare", "one", "two", "--format", "csv").output)))
    assert [row[1] for row in rows] == ["name", "one", "two"]
    assert rsdash("compare", "one", "two", "--format", "markdown").output.startswith("| model | accuracy |")
    assert r"\begin{tabular}" in rsdash("compare", "one", "two", "--format", "latex").output


def test_all_runs_of_a_tag_are_compared_and_the_shipped_study_is_one() -> None:
    shown = rsdash("compare", "--tag", "study-64px")
    assert shown.exit_code == 0 and "over 5 seeds each (Welch" in shown.output
    assert isinstance(rsdash("compare", "--tag", "nothing").exception, RunNotFoundError)
    assert isinstance(rsdash("compare").exception, ConfigError)


def test_a_run_named_twice_is_compared_once() -> None:
    assert "95 % interval" in rsdash("compare", "one", "one").output


def test_a_report_and_a_bundle_are_written_and_the_bundle_verified(tmp_path: Path) -> None:
    report, bundle = tmp_path / "report.html", tmp_path / "bundle.zip"
    assert rsdash("compare", "one", "two", "--format", "html", "--out", report).exit_code == 0
    assert report.read_text().startswith("<!DOCTYPE html>")
    assert rsdash("compare", "one", "two", "--format", "bundle", "--out", bundle).exit_code == 0
    same = rsdash("verify", bundle)
    assert same.exit_code == 0 and same.output.startswith("same: all ")


def test_a_bundle_that_comes_out_differently_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.zip"
    rsdash("compare", "one", "two", "--format", "bundle", "--out", bundle)
    monkeypatch.setattr("rsdash.report.facts.STUDY_TABLE_2", ())  # as another version of the program might
    different = rsdash("verify", bundle)
    assert different.exit_code == 1 and "different: " in different.output


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("one", "nobody"), RunNotFoundError, "nobody"),
        (("one", "two", "--format", "bundle"), ConfigError, "--out FILE"),
        (("one", "two", "--format", "text", "--out", "x.txt"), ConfigError, "--out goes with"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    arguments: tuple[str, ...],
    error: type[Exception],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = rsdash("compare", *arguments).exception
    assert isinstance(refused, error) and words in str(refused)
    assert not list(tmp_path.glob("x.txt"))


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("text")
    assert isinstance(rsdash("verify", tmp_path / "x.zip").exception, RunError)
