"""Tables of figures for other programs and for papers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from rsdash.report.facts import Compared, gather
from rsdash.report.tables import as_csv, as_latex, as_markdown, figure_table
from tests.finished import copy_run, entries_in


@pytest.fixture
def compared(runs_dir: Path) -> Compared:
    copy_run(runs_dir, "alexnet", 1, name="a | b_50%")
    copy_run(runs_dir, "resnet18", 2, name="=1+1")
    copy_run(runs_dir, "resnet18", 3, name="paused", state="INTERRUPTED")
    return gather(entries_in(runs_dir))


def test_csv_holds_the_unrounded_figures_with_their_intervals(compared: Compared) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(compared.contenders))))
    assert [row["name"] for row in rows] == ["'=1+1", "a | b_50%", "paused"]
    for row, one in zip(rows, compared.contenders, strict=True):
        if one.figures is None:
            assert row["accuracy"] == ""
            continue
        interval = one.figures.intervals["macro_f1"]
        assert float(row["accuracy"]) == one.figures.accuracy
        assert float(row["macro_f1_low"]) == interval.low and float(row["macro_f1_high"]) == interval.high


def test_markdown_has_a_row_a_run_and_the_studys_rows(compared: Compared) -> None:
    lines = as_markdown(figure_table(compared.contenders)).splitlines()
    assert len(lines) == 2 + 3 + 2
    assert all(line.replace("\\|", "").count("|") == 9 for line in lines)
    assert "the study's ResNet18 | 0.6479 | 1.1941" in lines[-2]
    assert "not evaluated" in lines[4]


def test_latex_writes_out_the_signs_that_it_reads_as_commands(compared: Compared) -> None:
    text = as_latex(figure_table(compared.contenders))
    assert r"a | b\_50\% & " in text
    assert r"$\pm$" in text and "±" not in text
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(body) == 1 + 3 + 2
    assert {line.count("&") - line.count(r"\&") for line in body} == {7}


def test_figures_are_rounded_to_what_their_intervals_support(compared: Compared) -> None:
    figures = compared.contenders[1].figures
    assert figures is not None
    half = figures.half_width("accuracy")
    assert half is not None
    assert figure_table(compared.contenders).rows[1][1] == f"{figures.accuracy:.3f} ± {half:.3f}"
