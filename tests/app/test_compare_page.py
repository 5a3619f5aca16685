"""The Compare page as a session runs it: what is chosen, what is said of it, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rsdash.ui.server as shared
from rsdash.evaluation.intervals import wilson_interval
from rsdash.evaluation.saved import read_evaluation
from rsdash.home import PROJECT_DIR
from rsdash.runs.folder import RunFolder
from rsdash.runs.further import Subject, further_path, write_further
from tests.app.comparing import compare, said, two
from tests.app.opening import open_page
from tests.finished import change_answers, copy_run, edit

LOOKS = ("Curves", "Statistics", "Classes", "Tiles", "Confidence", "Cost", "Gradients", "Settings", "Report")


def test_two_runs_on_the_same_images_get_a_verdict_and_table_2(runs_dir: Path) -> None:
    text = said(compare(*two(runs_dir)))
    assert "two trained models" in text and "mid-p" in text
    assert "the study's ResNet18" in text


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_opens_for_two_runs_and_for_one(runs_dir: Path, look: str) -> None:
    first, second = two(runs_dir)
    for folders in ((first, second), (first,)):
        app = compare(*folders)
        app.segmented_control(key="look").set_value(look).run()
        assert not app.exception and not app.error


def test_the_choice_is_in_the_url(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    app = compare(first, second)
    assert app.query_params["runs"] == [first.id, second.id]
    app.button(key="choose-none").click().run()
    assert not app.query_params.get("runs")
    assert any("Tick the runs to compare" in info.value for info in app.info)


def test_a_link_to_other_runs_replaces_the_choice_and_a_plain_visit_keeps_it(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    app = compare(first)
    app.query_params["runs"] = [second.id]
    app.run()
    assert app.query_params["runs"] == second.id
    app.switch_page(str(PROJECT_DIR / "pages" / "overview.py")).run()
    del app.query_params["runs"]
    app.switch_page(str(PROJECT_DIR / "pages" / "compare.py")).run()
    assert app.query_params["runs"] == second.id


def test_a_run_that_is_gone_is_named(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    gone = RunFolder(runs_dir / "20200101-000000-alexnet-abcdef")
    assert gone.id in said(compare(first, gone, second))


def test_the_filter_finds_words_and_settings(runs_dir: Path) -> None:
    first, _ = two(runs_dir)
    copy_run(runs_dir, "alexnet", 3, name="third", seed=3)
    app = compare(first)
    app.text_input(key="compare-filter").set_value("third alexnet seed=3").run()
    count = len(shared.server().index.refresh().entries)
    assert f"1 of {count} runs; runs chosen before stay chosen" in said(app)
    assert app.query_params["runs"] == first.id
    app.text_input(key="compare-filter").set_value("nothing like that").run()
    assert "No run fits the filter." in said(app)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("grid-seed=3", ["grid-seed=3", "grid-seed=30"]),
        ("seed=3", ["grid-seed=3", "other"]),  # by the name of the one, by the setting of the other
        ("area=north", ["other"]),
        ("learning_rate=0.0005", ["grid-seed=3", "grid-seed=30", "other"]),
        ("learning_rate=0.000", []),
    ],
)
def test_the_filter_finds_names_with_an_equals_sign(runs_dir: Path, wanted: str, found: list[str]) -> None:
    copy_run(runs_dir, "alexnet", 3, name="grid-seed=3", seed=7)
    copy_run(runs_dir, "alexnet", 4, name="grid-seed=30", seed=30)
    other = copy_run(runs_dir, "alexnet", 5, name="other", seed=3)
    edit(other.about_path, lambda about: about.update(note="area=north"))
    app = open_page("compare")
    app.text_input(key="compare-filter").set_value(wanted).run()
    tables = [table.value for table in app.dataframe if "Name" in table.value]
    shown = [name for table in tables for name in table["Name"] if "example" not in name]
    assert sorted(shown) == found


def test_other_test_images_are_explained_and_not_ranked(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    change_answers(second, lambda arrays: arrays.update(rows=arrays["rows"] + 1))
    text = said(compare(first, second))
    assert "measured on different images" in text and "not ranked" in text
    assert "mid-p =" not in text


def test_unlike_roles_are_explained_and_not_ranked(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    flattering = "validation, used to choose"
    change_answers(second, lambda a: a.update(roles=np.full(len(a["roles"]), flattering)))
    text = said(compare(first, second))
    assert "unlike roles" in text and flattering in text


@pytest.mark.parametrize("state", ["RUNNING", "CANCELLED", "INTERRUPTED"])
def test_a_run_without_final_figures_is_named_beside_the_others(runs_dir: Path, state: str) -> None:
    first, second = two(runs_dir)
    third = copy_run(runs_dir, "alexnet", 3, name="third", state=state)
    third.evaluation_path.unlink()
    text = said(compare(first, second, third))
    assert f"third is {state.lower()} and has no final figures." in text
    assert "two trained models" in text


def test_a_damaged_evaluation_is_named_beside_the_others(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    third = copy_run(runs_dir, "alexnet", 3)
    third.evaluation_path.write_bytes(third.evaluation_path.read_bytes()[:300])
    text = said(compare(first, second, third))
    assert "is damaged" in text and "two trained models" in text


def test_two_runs_with_the_same_answers_are_said_to_be_alike(runs_dir: Path) -> None:
    text = said(compare(copy_run(runs_dir, "alexnet", 1), copy_run(runs_dir, "alexnet", 2)))
    assert "exactly the same of these" in text
    assert "same settings, seed included" in text


def test_a_class_missing_from_the_test_split_is_named(runs_dir: Path) -> None:
    def without_rivers(arrays: dict[str, np.ndarray]) -> None:
        kept = arrays["labels"] != 8
        for name in ("logits", "labels", "rows", "roles"):
            arrays[name] = arrays[name][kept]

    folders = two(runs_dir)
    for folder in folders:
        change_answers(folder, without_rivers)
    app = compare(*folders)
    assert "No image of class River" in said(app)
    for look in LOOKS:
        app.segmented_control(key="look").set_value(look).run()
        assert not app.exception and not app.error


def test_seeds_of_two_recipes_get_a_verdict_on_recipes(runs_dir: Path) -> None:
    folders = []
    for seed in range(3):
        for place, model in enumerate(("alexnet", "resnet18")):
            folder = copy_run(runs_dir, model, 10 * seed + place, seed=seed)
            spoilt = np.arange(place * 4 + seed)  # every seed has other answers
            change_answers(folder, lambda a, rows=spoilt: a["logits"].__setitem__(rows, -a["logits"][rows]))
            folders.append(folder)
    app = compare(*folders)
    assert "over 3 seeds each (Welch" in said(app)
    app.segmented_control(key="look").set_value("Statistics").run()
    assert "Recipes over their repeats" in [heading.value for heading in app.subheader]


def test_runs_are_compared_on_other_images_that_they_were_evaluated_on(runs_dir: Path) -> None:
    folders = two(runs_dir)
    for folder in folders:
        evaluation = read_evaluation(folder.evaluation_path)
        write_further(further_path(folder, "other", ""), evaluation, Subject("other", "", "print"))
    app = compare(*folders)
    app.selectbox(key="measured-on").set_value("other-all-images").run()
    assert not app.exception and "two trained models" in said(app)
    third = copy_run(runs_dir, "alexnet", 3, name="third")
    app = compare(*folders, third)
    app.selectbox(key="measured-on").set_value("other-all-images").run()
    assert "third has not been evaluated on other-all-images" in said(app)


def test_costs_stand_beside_the_accuracy_on_the_chosen_images(runs_dir: Path) -> None:
    folders = two(runs_dir)
    evaluation = read_evaluation(folders[0].evaluation_path)
    right = np.eye(len(evaluation.classes), dtype=np.float32)[evaluation.labels]
    right[:40] = np.roll(right[:40], 1, axis=1)
    write_further(
        further_path(folders[0], "other", ""),
        replace(evaluation, logits=right),
        Subject("other", "", "print"),
    )
    app = compare(*folders)
    app.selectbox(key="measured-on").set_value("other-all-images").run()
    app.segmented_control(key="look").set_value("Cost").run()
    table = next(table.value for table in app.dataframe if "Time to target" in table.value)
    half = wilson_interval(len(right) - 40, len(right)).half_width
    assert table["Accuracy"].fillna("–").tolist() == [f"{1 - 40 / len(right):.3f} ± {half:.3f}", "–"]


def test_tags_are_given_to_several_runs_at_once(runs_dir: Path) -> None:
    folders = two(runs_dir)
    edit(folders[0].about_path, lambda about: about.update(tags=["old"]))
    app = compare(*folders)
    app.multiselect(key="tags-added").set_value(["new"])
    app.multiselect(key="tags-removed").set_value(["old"])
    app.button(key="apply-tags").click().run()
    assert [folder.about().tags for folder in folders] == [("new",), ("new",)]


def test_a_run_is_not_given_the_name_of_another(runs_dir: Path) -> None:
    folder, other = two(runs_dir)
    before, taken = folder.about(), other.about().name
    app = compare(folder)
    app.text_input(key=f"rename-{folder.id}").set_value(taken)
    app.button(key="save-name").click().run()
    assert f"is called '{taken}' already ({other.id})" in app.error[0].value.replace("\\", "")
    assert folder.about() == before


def test_one_chosen_run_is_renamed_and_examples_cannot_be(runs_dir: Path) -> None:
    folder, _ = two(runs_dir)
    app = compare(folder)
    app.text_input(key=f"rename-{folder.id}").set_value("better name")
    app.button(key="save-name").click().run()
    assert folder.about().name == "better name"
    example = next(entry for entry in shared.server().index.refresh().entries if entry.example)
    assert {button.key for button in compare(example.folder).button} == {"choose-none"}


def test_the_first_press_on_delete_deletes_nothing(runs_dir: Path) -> None:
    first, second = two(runs_dir)
    app = compare(first, second)
    app.button(key="delete-runs").click().run()
    assert first.path.exists()
