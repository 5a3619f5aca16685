"""The Train page beside its form: the rate over the run, its command line, a sweep, a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from rsdash.config import SETTINGS, RunConfig, make_config
from rsdash.inference import client
from rsdash.inference.batches import draw_batch
from rsdash.inference.rates import find_rate
from rsdash.inference.results import RateSweep
from rsdash.training.schedule import preview_rates
from rsdash.ui.setting_words import CAPTIONS, HIDDEN
from tests.app.opening import numbers, open_page, opened, own_runs
from tests.app.train_form import command_of, filled
from tests.tiny import wait_for
from tests.unit.config.test_command import parsed


def figure(app: AppTest, key: str) -> dict:
    [chart] = [chart for chart in app.get("plotly_chart") if chart.proto.id.endswith(key)]
    return json.loads(chart.proto.spec)


def test_the_rate_over_the_run_is_drawn_for_the_settings_of_the_form() -> None:
    app = open_page("train")
    app.segmented_control("preset").set_value("transfer").run()
    drawn = figure(app, "schedule")
    assert drawn["layout"]["title"]["text"] == "Rate rises to 0.002, then falls to 0"
    names = [line["name"] for line in drawn["data"]]
    assert names == ["last layer", "all other layers"]
    expected = preview_rates(make_config({}, preset="transfer"))
    assert numbers(drawn["data"][1]["y"]) == pytest.approx(list(expected.rate))
    app.selectbox("set-schedule").set_value("step").run()
    drawn = figure(app, "schedule")
    assert "a tenth after each third" in drawn["layout"]["title"]["text"]
    assert {line["line"]["shape"] for line in drawn["data"]} == {"hv"}


def test_a_plateau_says_that_its_falls_cannot_be_foreseen() -> None:
    def said(app: AppTest) -> bool:
        return any("cannot be foreseen" in caption.value for caption in app.caption)

    app = open_page("train")
    assert not said(app)
    assert said(app.selectbox("set-schedule").set_value("plateau").run())


def test_the_command_line_means_what_the_form_holds_and_the_run_gets(tiles_dir: Path) -> None:
    app = filled(tiles_dir)
    app.text_input("set-learning_rate").set_value("0.0012").run()
    config = parsed(command_of(app))
    assert (config.data, config.im_size, config.learning_rate) == ("tiles", 63, 0.0012)
    app.button("start").click().run()
    [entry] = own_runs()
    assert entry.request.config == config
    assert "0.0012" in command_of(open_page("train", **{"from": entry.id}))


def test_the_command_line_repeats_the_name_of_the_run(tiles_dir: Path) -> None:
    app = filled(tiles_dir)
    assert "--name" not in command_of(app)
    app.text_input("run-name").set_value(" my run ").run()
    assert "--name 'my run'" in command_of(app)
    app.button("start").click().run()
    assert [entry.name for entry in own_runs()] == ["my run"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("learning_rate", "", "Learning rate is empty; it must be a number."),
        ("learning_rate", "fast", "Learning rate must be a number; got fast."),
        ("l2", "", "L2 is empty; it must be a number."),
        ("width", "9", "Width must be less than or equal to 4; got 9."),
    ],
)
def test_what_does_not_fit_is_said_in_the_forms_words_and_nothing_goes_away(
    tiles_dir: Path, field: str, value: str, sentence: str
) -> None:
    app = filled(tiles_dir)
    before = {button.key for button in app.button}
    app.text_input(f"set-{field}").set_value(value).run()
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == [sentence]
    assert before == {button.key for button in app.button}
    assert app.button("start").disabled and app.button("preflight").disabled
    assert {part.label for part in app.expander} >= {"Find a learning rate", "Try several values"}
    app.text_input(f"set-{field}").set_value("0.001" if field != "width" else "0.125").run()
    assert not app.error and not app.button("start").disabled


def test_a_start_that_is_refused_says_why_above_the_button(tiles_dir: Path) -> None:
    app = filled(tiles_dir).number_input("set-batch_size").set_value(49).run()
    assert not app.error
    app.button("start").click().run()
    assert "48 images" in app.error[0].value and not own_runs()
    assert command_of(app)


def test_fields_without_effect_beside_the_others_are_not_shown_and_not_asked_for(tiles_dir: Path) -> None:
    def shown(app: AppTest) -> set[str | None]:
        return {field.key for field in (*app.text_input, *app.number_input, *app.toggle)}

    app = filled(tiles_dir)
    app.text_input("set-warmup_epochs").set_value("3").run()
    assert not {"set-plateau_epochs", "set-plateau_factor", "set-nesterov"} & shown(app)
    assert parsed(command_of(app)).warmup_epochs == 3
    app.selectbox("set-schedule").set_value("one-cycle").run()
    assert "set-warmup_epochs" not in shown(app)
    assert parsed(command_of(app)).warmup_epochs == 0
    app.selectbox("set-schedule").set_value("plateau").run()
    assert {"set-plateau_epochs", "set-plateau_factor"} < shown(app)
    assert app.text_input("set-warmup_epochs").value == "3"  # which comes back with its field
    app.selectbox("set-optimizer").set_value("sgd").run()
    assert "set-nesterov" in shown(app)


def test_every_group_of_fields_says_in_a_line_what_it_is_about() -> None:
    app = open_page("train")
    headings = " ".join(text.value for text in app.markdown)
    for info in SETTINGS.values():
        assert info.name in HIDDEN or CAPTIONS[info.level][info.group] in headings, info.name


def sweep_here(config: RunConfig, report: Callable[[int, int], None]) -> RateSweep:
    """The sweep in this process, not in a service's."""
    for item in find_rate(config):
        if isinstance(item, RateSweep):
            return item
        report(item.done, item.total)
    raise AssertionError("no result")


def after_the_sweep(app: AppTest) -> AppTest:
    place = app.session_state["rate-place"]

    def ended() -> bool:
        task = shared.server().tasks.get(f"rate {place}")
        return task is None or task.finished  # the page may have taken it already

    wait_for(ended, "the sweep to end")
    app.run()
    return app.run()


def test_a_sweep_marks_a_rate_and_a_button_takes_it_over(
    tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "find_rate", sweep_here)
    app = filled(tiles_dir)
    app.text_input("set-dropout").set_value("0").run()
    app = opened(app, "open-rate")
    app.button("start-rate").click().run()
    app = after_the_sweep(app)
    assert not app.exception and not app.error
    drawn = figure(app, "rate-chart")
    assert drawn["layout"]["xaxis"]["type"] == "log"
    [button] = [button for button in app.button if button.key == "use-rate"]
    rate = button.label.removeprefix("Use ")
    assert drawn["layout"]["title"]["text"] == f"The loss falls most steeply at a learning rate of {rate}"
    button.click().run()
    assert app.text_input("set-learning_rate").value == rate
    assert parsed(command_of(app)).learning_rate == float(rate)
    assert figure(app, "rate-chart")  # taking its rate over leaves the sweep on the page
    app.number_input("set-batch_size").set_value(8).run()
    assert app.button("start-rate").label == "Find a learning rate"


def test_a_sweep_that_fails_says_why(tiles_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "find_rate", sweep_here)
    app = filled(tiles_dir)
    app.number_input("set-im_size").set_value(40).run()
    app = opened(app, "open-rate")
    app.button("start-rate").click().run()
    app = after_the_sweep(app)
    assert "at least 63 px" in app.error[0].value.replace("\\", "")


def test_mixed_images_are_captioned_with_the_shares_of_their_classes(
    tiles_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "training_batch", draw_batch)  # in this process, not in a service's
    app = filled(tiles_dir)
    app.text_input("set-mixup").set_value("1").run()
    opened(app, "open-batch").button("start-batch").click().run()
    wait_for(lambda: not shared.server().tasks.under_way("batch"), "the batch")
    app.run()
    assert not app.exception and not app.error
    captions = [image.caption.replace("\\", "") for shown in app.get("image") for image in shown.proto.imgs]
    assert len(captions) == 16
    pattern = re.compile(r"(Forest|Lake|Road)( \d+\u00a0%, (Forest|Lake|Road) \d+\u00a0%)?")
    assert all(pattern.fullmatch(caption) for caption in captions), captions
    assert sum("," in caption for caption in captions) > 4
