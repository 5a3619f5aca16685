"""What a methods section is told: every setting that makes the recipe, and the tests that were used."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.config import PRESETS, RunConfig
from rsdash.report.facts import gather
from rsdash.report.methods import methods
from rsdash.report.sections import sections_of
from rsdash.runs.folder import RunFolder
from tests.finished import change_answers, copy_run, edit, entries_in


def paragraphs(runs_dir: Path) -> str:
    return " ".join(methods(gather(entries_in(runs_dir))))


def in_pairs(folder: RunFolder) -> None:
    """Let every two test images of a run belong together."""
    edit(folder.split_path, lambda s: s.update(test_groups=[row // 2 for row in s["test"]["rows"]]))


def test_settings_of_the_recipe_that_all_runs_share_are_named_where_they_are_not_the_default(
    runs_dir: Path,
) -> None:
    modern = {name: value for name, value in PRESETS["modern"].items() if name != "model"}
    for number in range(2):
        copy_run(runs_dir, "resnet18", number, **modern, seed=number, threads=2, momentum=0.8)
    text = paragraphs(runs_dir)
    for words in ("ema_decay 0.998", "crop 0.2", "flip symmetries", "momentum 0.8", "Differing: seed 0, 1."):
        assert words in text
    for name in ("threads 2,", "rotation_deg", "validation_share", "dropout"):
        assert name not in text


def test_a_recipe_of_defaults_is_described_by_what_a_methods_section_always_names(runs_dir: Path) -> None:
    copy_run(runs_dir, "alexnet", 1, **RunConfig().model_dump(exclude={"model", "data"}))
    text = paragraphs(runs_dir)
    assert "flip none, report last." in text and "optimizer adam," in text


@pytest.mark.parametrize("grouped", [True, False])
def test_intervals_and_tests_are_those_that_were_used(runs_dir: Path, grouped: bool) -> None:
    for number, model in enumerate(("alexnet", "resnet18")):
        folder = copy_run(runs_dir, model, number)
        change_answers(folder, lambda arrays, n=number: arrays["logits"].__imul__(1 - 2 * n))
        if grouped:
            in_pairs(folder)
    compared = gather(entries_in(runs_dir))
    figures = [one.figures for one in compared.contenders if one.figures]
    assert [bool(one.groups) for one in figures] == [grouped, grouped]
    legends = " ".join(f"{' '.join(section.texts)} {section.legend}" for section in sections_of(compared))
    used, unused = ("sign-flip", "draws whole groups"), ("Wilson", "McNemar")
    for text in (paragraphs(runs_dir), legends):
        for words in used if grouped else unused:
            assert words in text
        for words in unused if grouped else used:
            assert words not in text
    assert all(pair.adjusted_p is not None for pair in compared.verdict.pairs)
