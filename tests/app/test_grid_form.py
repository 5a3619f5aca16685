"""Several values of settings at once on the Train page: what they make, their time, and their queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsdash.data import open_dataset
from rsdash.data.splits import SplitRequest
from rsdash.data.splitting import add_splits, stored_splits
from rsdash.inference import profiles
from tests.app.opening import leave_and_return, opened, own_runs
from tests.app.train_form import command_of, filled
from tests.tiny import COST
from tests.unit.config.test_command import parsed


def test_several_values_and_seeds_queue_every_combination(tiles_dir: Path) -> None:
    app = opened(filled(tiles_dir), "open-grid")
    app.multiselect("vary-settings").set_value(["learning_rate", "kernel_sizes"]).run()
    app.text_input("vary-learning_rate").set_value("0.001, 0.01")
    app.text_input("vary-kernel_sizes").set_value("11,5,3,3,3; 7,5,3,3,3")
    app.text_input("vary-seeds").set_value("0-2").run()
    assert any("12 runs** (2 × 2 × 3)" in text.value for text in app.markdown)
    command, kernels = app.code[1].value, "11,5,3,3,3;7,5,3,3,3"
    assert f"--vary learning_rate=0.001,0.01 --vary 'kernel_sizes={kernels}' --seeds 0,1,2" in command
    assert "--set width=0.125" in command and "--set learning_rate" not in command
    assert any("time is not known" in text.value for text in app.markdown)
    app.button("queue-grid").click().run()
    [tag] = {tag for entry in own_runs() for tag in entry.about.tags}
    assert app.title[0].value == "rsdash"
    [told] = app.toast
    assert told.value.replace("\\", "") == f"12 runs are queued; they share the tag {tag}."
    assert not app.run().toast
    runs = [entry.request.config for entry in own_runs()]
    assert len({(run.learning_rate, run.kernel_sizes, run.seed) for run in runs}) == len(runs) == 12
    assert {run.width for run in runs} == {0.125}
    assert len({entry.about.tags for entry in own_runs()}) == 1
    app = opened(leave_and_return(app, "train"), "open-grid")
    assert app.text_input("set-width").value == "0.125" and not app.multiselect("vary-settings").value


def test_a_chosen_setting_without_values_is_not_passed_over(tiles_dir: Path) -> None:
    app = opened(filled(tiles_dir), "open-grid")
    app.multiselect("vary-settings").set_value(["learning_rate", "l2"]).run()
    app.text_input("vary-learning_rate").set_value("0.001, 0.01").run()
    assert "L2: no values yet" in app.info[0].value
    assert "queue-grid" not in {button.key for button in app.button}
    app.text_input("vary-l2").set_value("0").run()
    assert not app.info and app.button("queue-grid").label == "Queue 2 runs"


def test_a_varied_setting_may_be_empty_in_the_form(tiles_dir: Path) -> None:
    app = opened(filled(tiles_dir), "open-grid")
    app.text_input("set-l2").set_value("").run()
    app.multiselect("vary-settings").set_value(["l2"]).run()
    app.text_input("vary-l2").set_value("0, 0.1").run()
    assert app.button("queue-grid").label == "Queue 2 runs"


def test_the_time_of_a_grid_is_told_where_its_cost_is_known(tiles_dir: Path) -> None:
    app = filled(tiles_dir)
    config = parsed(command_of(app))
    info = open_dataset("tiles").info
    profiles.measured(config, len(info.classes), info.radiometry, measure=lambda *_: COST)
    app = opened(app, "open-grid")
    app.text_input("vary-seeds").set_value("0,1").run()
    # 48 images in steps of 16 and 12 measured, 15 epochs, 2 runs
    seconds = 2 * 15 * (3 * 2.0 + 12 * 0.5)
    assert any(f"about **{seconds / 60:.0f} min** one after" in text.value for text in app.markdown)


def test_the_time_of_a_grid_counts_a_stored_split_and_stores_none(tiles_dir: Path) -> None:
    app = filled(tiles_dir)
    dataset = open_dataset("tiles")
    add_splits(dataset, SplitRequest(name="half", validation_share=0.0, test_share=0.5))
    app.run().selectbox("set-split").set_value("half").run()
    config = parsed(command_of(app))
    profiles.measured(config, 3, dataset.info.radiometry, measure=lambda *_: COST)
    stored = [split.name for split in stored_splits(dataset)]
    app = opened(app, "open-grid")
    app.multiselect("vary-settings").set_value(["limit_per_class"]).run()
    app.text_input("vary-limit_per_class").set_value("7,8").run()
    # 21 and 24 images in steps of 16, 30 measured, 15 epochs
    seconds = 15 * ((21 + 24) / 16 * 2.0 + 2 * 30 * 0.5)
    assert any(f"about **{seconds / 60:.0f} min** one after" in text.value for text in app.markdown)
    assert [split.name for split in stored_splits(dataset)] == stored


@pytest.mark.parametrize(
    ("setting", "values", "sentence"),
    [
        ("learning_rate", "0.1, fast", "With Learning rate = fast"),
        ("learning_rate", "0.1, 0.10", "the same"),
        ("seeds", "0-120", "Seeds '0-120'"),
        ("split", "mine", "mine"),
    ],
)
def test_values_that_do_not_fit_are_one_sentence_and_nothing_is_queued(
    tiles_dir: Path, setting: str, values: str, sentence: str
) -> None:
    app = opened(filled(tiles_dir), "open-grid")
    if setting != "seeds":
        app.multiselect("vary-settings").set_value([setting]).run()
    app.text_input(f"vary-{setting}").set_value(values).run()
    buttons = {button.key for button in app.button}
    if "queue-grid" in buttons:
        app.button("queue-grid").click().run()
    assert sentence in app.error[0].value.replace("\\", "")
    assert not own_runs()
