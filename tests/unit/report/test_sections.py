"""Parts of a report: runs of one name are told apart everywhere, and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.report import drawn, evidence
from rsdash.report.drawn import Section
from rsdash.report.evidence import pair_rows, pairs_legend
from rsdash.report.facts import Compared, gather
from rsdash.report.sections import sections_of
from rsdash.report.tables import as_latex, as_markdown, figure_table
from tests.finished import copy_run, entries_in

RATES = (0.1, 0.2, 0.3)


@pytest.fixture
def compared(runs_dir: Path) -> Compared:
    """Three runs called the same, each of a recipe of its own."""
    for number, rate in enumerate(RATES):
        copy_run(runs_dir, "alexnet" if number else "resnet18", number, name="same", learning_rate=rate)
    return gather(entries_in(runs_dir))


def cells(section: Section) -> set[str]:
    return {cell for row in section.rows for cell in row}


def test_tables_and_figures_tell_runs_of_one_name_apart(compared: Compared) -> None:
    labels = {f"same ({one.id})" for one in compared.contenders}
    found = {section.title: section for section in sections_of(compared)}
    for title in (
        "Final figures",
        "All figures",
        "Pairs of trained models",
        "Confidence",
        "Cost",
        "Settings that differ",
    ):
        assert labels <= cells(found[title]) and "same" not in cells(found[title]), title
    for title in ("Learning curves", "Confidence"):
        assert all(label in found[title].drawings[0].html for label in labels), title
    of_classes = found["Classes"]
    assert all(
        "same (2026" in text for text in (*of_classes.texts, *(one.alt for one in of_classes.drawings))
    )


def test_tables_for_papers_tell_runs_of_one_name_apart(compared: Compared) -> None:
    table = figure_table(compared.contenders)
    for text in (as_markdown(table), as_latex(table)):
        assert all(f"same ({one.id})" in text for one in compared.contenders)


@pytest.mark.parametrize(("most", "said"), [(2, "The first 2 of 3 runs are drawn."), (3, "")])
def test_a_section_says_that_it_draws_the_first_runs_only(
    compared: Compared, monkeypatch: pytest.MonkeyPatch, most: int, said: str
) -> None:
    monkeypatch.setattr(drawn, "MOST_LINES", most)
    found = {section.title: section for section in sections_of(compared)}
    for title in ("Learning curves", "Confidence"):
        assert said in found[title].legend
        assert bool(said) == ("are drawn" in found[title].legend)


def test_the_clearest_pairs_are_in_the_table_and_the_others_are_counted(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(pair_rows(compared)) == 3 and "clearest" not in pairs_legend(compared.verdict)
    monkeypatch.setattr(evidence, "MOST_PAIRS", 2)
    assert len(pair_rows(compared)) == 2
    assert pairs_legend(compared.verdict).startswith("The clearest 2 of 3. Two trained models")


def test_matrices_of_too_many_classes_are_left_out_with_a_sentence(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "MOST_IN_A_MATRIX", 5)
    section = next(section for section in sections_of(compared) if section.title == "Classes")
    assert "Matrices are drawn up to" in section.texts[0]
    assert [one.alt[:10] for one in section.drawings] == ["Difference"]


def test_a_repeat_that_a_recipe_leaves_out_is_named(runs_dir: Path) -> None:
    for number, seed in enumerate((0, 1, 1)):
        copy_run(runs_dir, "alexnet", number, name="same", seed=seed)
    compared = gather(entries_in(runs_dir))
    section = next(part for part in sections_of(compared) if part.title == "Recipes over their repeats")
    (recipe,) = compared.verdict.recipes
    told = dict(zip(section.head, section.rows[0], strict=True))
    assert told["left out"] == f"same ({recipe.repeated[0].id})" and told["repeats"] == "2 seeds"


def test_figures_show_a_name_as_typed_and_say_it_in_plain_text(runs_dir: Path) -> None:
    for number, model in enumerate(("alexnet", "resnet18")):
        copy_run(runs_dir, model, number, name=f"<b>R&D</b> {number}")
    section = next(part for part in sections_of(gather(entries_in(runs_dir))) if part.title == "Classes")
    assert len(section.drawings) == 4
    for drawing in section.drawings:
        sent = drawing.html.encode("ascii", "backslashreplace").decode("unicode_escape")
        assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in sent and "<b>" not in sent
        assert "<b>R&D</b>" in drawing.alt
