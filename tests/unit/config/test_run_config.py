"""Settings: the study's table, one clear sentence on each mistake, and texts that forms can show."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rsdash.config import PRESETS, SECTIONS, SETTINGS, RunConfig, SettingInfo, make_config
from rsdash.errors import ConfigError


def test_the_defaults_are_the_studys_table_1() -> None:
    config = RunConfig()
    table = (config.im_size, config.batch_size, config.class_mode, config.learning_rate, config.epochs)
    assert table == (224, 64, "categorical", 0.0005, 15)
    assert (config.model, config.optimizer, config.weights, config.schedule) == (
        "alexnet",
        "adam",
        "random",
        "constant",
    )
    assert (config.validation_share, config.test_share, config.report) == (0.0, 0.2, "last")
    assert (config.flip, config.rotation_deg, config.scale, config.crop) == ("none", 0, 0, 0)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_survives_json(preset: str) -> None:
    config = make_config({}, preset=preset)
    assert config.preset == preset
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_recipes_other_than_the_papers_select_on_validation_and_report_on_test() -> None:
    for name in PRESETS.keys() - {"paper"}:
        config = make_config({}, preset=name)
        assert (config.validation_share, config.test_share, config.report) == (0.2, 0.2, "best")


def test_settings_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().epochs = 3  # pyright: ignore[reportAttributeAccessIssue]  # the point of the test


def test_text_values_become_numbers_and_kernel_sizes() -> None:
    config = make_config({"epochs": "3", "skip": "true", "kernel_sizes": "7,5,3,3,3", "l2": "1e-4"})
    assert (config.epochs, config.skip, config.kernel_sizes, config.l2) == (3, True, (7, 5, 3, 3, 3), 1e-4)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"learning_rate": "-1"}, ["learning_rate", "greater than 0", "-1"]),
        ({"learning_rate": "nan"}, ["learning_rate", "finite"]),
        ({"learning_rate": "inf"}, ["learning_rate", "finite"]),
        ({"epochs": "0"}, ["epochs", "greater than or equal to 1", "0"]),
        ({"epochs": "many"}, ["epochs", "many"]),
        ({"batch_size": "0"}, ["batch_size", "1"]),
        ({"optimizer": "lion"}, ["optimizer", "sgd", "adamw", "lion"]),
        ({"epochz": "3"}, ["epochz", "Did you mean 'epochs'"]),
        ({"qqqq": "3"}, ["qqqq", "--help"]),
        ({"model": "resnet18", "pooling": "average"}, ["pooling", "alexnet", "resnet18"]),
        ({"model": "resnet18", "norm": "lrn"}, ["norm=lrn", "alexnet"]),
        ({"model": "alexnet", "skip": "false"}, ["skip", "resnet18", "alexnet"]),
        ({"kernel_sizes": "11,5,3,3"}, ["kernel_sizes", "five odd numbers", "11,5,3,3"]),
        ({"kernel_sizes": "11,5,3,3,4"}, ["kernel_sizes", "odd"]),
        ({"validation_share": "0.6", "test_share": "0.5"}, ["validation_share", "test_share"]),
        ({"test_share": "0"}, ["validation_share", "test_share", "both 0"]),
        ({"report": "best"}, ["report=best", "validation"]),
        ({"patience": "2"}, ["patience=2", "validation"]),
        ({"nesterov": "true"}, ["nesterov", "sgd", "adam"]),
        ({"nesterov": "true", "optimizer": "sgd", "momentum": "0"}, ["nesterov", "momentum is 0"]),
        ({"frozen_epochs": "3", "epochs": "3"}, ["frozen_epochs=3", "no epoch of 3"]),
        ({"frozen_epochs": "3", "train_layers": "head"}, ["frozen_epochs=3", "train_layers=head"]),
        ({"erasing": "1.5"}, ["erasing", "1"]),
        ({"warmup_epochs": "50", "epochs": "2"}, ["warmup_epochs=50", "no epoch of 2"]),
        ({"warmup_epochs": "2", "epochs": "2"}, ["warmup_epochs=2", "no epoch of 2"]),
        ({"warmup_epochs": "1", "schedule": "one-cycle"}, ["warmup_epochs=1", "schedule=one-cycle"]),
        ({"kernel_sizes": "11,5,three,3,3"}, ["kernel_sizes", "whole numbers", "three"]),
        ({"balance": "most"}, ["balance", "weights", "sampling", "most"]),
        ({"schedule": "plateau", "plateau_factor": "1"}, ["plateau_factor", "less than 1"]),
        ({"checkpoint_minutes": "0"}, ["checkpoint_minutes", "greater than 0"]),
    ],
)
def test_a_mistake_is_one_sentence_with_setting_value_and_what_is_allowed(
    values: dict[str, str], parts: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(values)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert message.endswith((".", "?")) and "\n" not in message and "pydantic" not in message


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("l2", "", "l2 is empty; it must be a number."),
        ("l2", "much", "l2 must be a number; got much."),
        ("epochs", None, "epochs is empty; it must be a whole number."),
        ("epochs", "2.5", "epochs must be a whole number; got 2.5."),
        ("model", "", "model is empty; it must be a text."),
        ("deterministic", "maybe", "deterministic must be true or false; got maybe."),
    ],
)
def test_what_is_empty_or_of_another_kind_is_said_in_one_wording(
    name: str, value: str | None, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config({name: value})
    assert (str(caught.value), caught.value.setting) == (sentence, name)


def test_an_error_names_its_setting_where_it_is_one() -> None:
    for values, setting in (({"report": "best"}, "report"), ({"epochz": 3}, "")):
        with pytest.raises(ConfigError) as caught:
            make_config(values)
        assert caught.value.setting == setting


def test_a_stored_run_may_have_a_warm_up_that_is_refused_now() -> None:
    stored = RunConfig(warmup_epochs=50, epochs=2)
    assert RunConfig.model_validate_json(stored.model_dump_json()) == stored
    assert make_config(stored.model_dump(), new=False) == stored


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'fast'.*paper, modern, quick, transfer"):
        make_config({}, preset="fast")


def test_an_empty_text_is_no_value_where_a_setting_may_be_empty() -> None:
    assert make_config({"limit_per_class": "", "split": ""}, preset="quick").limit_per_class is None
    with pytest.raises(ConfigError, match="epochs"):
        make_config({"epochs": ""})


@pytest.mark.parametrize("values", [{"report": "best"}, {"patience": 3}, {"schedule": "plateau"}])
def test_what_decides_by_validation_images_says_so(values: dict[str, str]) -> None:
    assert not make_config({"validation_share": 0.2}).steered_by_validation
    assert make_config({"validation_share": 0.2, **values}).steered_by_validation


def test_a_stored_split_lifts_the_demand_for_shares() -> None:
    config = RunConfig(split="by-region", report="best", test_share=0)
    assert config.split == "by-region"


def test_differences_name_both_values() -> None:
    changed = RunConfig(epochs=3, seed=1).changed_from(RunConfig())
    assert changed == {"epochs": (15, 3), "seed": (0, 1)}


def test_every_field_stands_in_one_section_with_help_and_default() -> None:
    assert set(SETTINGS) | {"preset"} == set(RunConfig.model_fields)
    assert len(SETTINGS) == sum(len(section.model_fields) for section in SECTIONS)
    for name, info in SETTINGS.items():
        assert info.text.endswith(".") and info.default == getattr(RunConfig(), name), name


def test_a_description_tells_unit_choices_models_and_default() -> None:
    assert "In px." in SETTINGS["im_size"].describe()
    assert "One of sgd, adam, adamw, rmsprop." in SETTINGS["optimizer"].describe()
    assert "For resnet18, resnet34, resnet50." in SETTINGS["skip"].describe()
    assert "Default: 11,5,3,3,3." in SETTINGS["kernel_sizes"].describe()
    assert "Default: empty." in SETTINGS["limit_per_class"].describe()


def test_a_setting_says_beside_which_values_it_has_an_effect() -> None:
    values = make_config({}, preset="modern").model_dump()
    assert not SETTINGS["pooling"].applies(values) and SETTINGS["skip"].applies(values)
    assert not SETTINGS["warmup_epochs"].applies(values)
    assert SETTINGS["warmup_epochs"].applies({**values, "schedule": "cosine"})
    for name in ("plateau_epochs", "plateau_factor"):
        assert not SETTINGS[name].applies(values) and SETTINGS[name].applies(
            {**values, "schedule": "plateau"}
        )
    assert not SETTINGS["nesterov"].applies(values)
    assert not SETTINGS["frozen_epochs"].applies({**values, "train_layers": "head"})


@pytest.mark.parametrize("info", SETTINGS.values(), ids=lambda info: info.name)
def test_what_a_setting_needs_of_others_are_choices_of_theirs(info: SettingInfo) -> None:
    assert all(set(allowed) < set(SETTINGS[name].choices) for name, allowed in info.only_with.items())


def test_bounds_reach_the_forms() -> None:
    rate, epochs, limit = SETTINGS["learning_rate"], SETTINGS["epochs"], SETTINGS["limit_per_class"]
    assert (rate.minimum, rate.exclusive_minimum, rate.maximum, rate.kind) == (0, True, 100, "number")
    assert (epochs.minimum, epochs.exclusive_minimum, epochs.kind) == (1, False, "whole")
    assert (limit.optional, limit.minimum) == (True, 5)
    assert SETTINGS["skip"].kind == "switch" and SETTINGS["flip"].kind == "choice"
