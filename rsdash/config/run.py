"""The settings of a run: one frozen model from which form, command line, help and docs are drawn.

RunConfig(model="resnet18", epochs=5)        # the study's Table 1 where not said otherwise
make_config({"epochs": "5"}, preset="quick")  # text values; one clear sentence on a mistake
config.changed_from(RunConfig())             # {"model": ("alexnet", "resnet18"), ...}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError, ValidationInfo, model_validator

from rsdash.config.presets import PRESETS, PresetName
from rsdash.config.sections import AugmentationSettings, RegularizationSettings, TrainingSettings
from rsdash.config.setting import SettingInfo, setting
from rsdash.config.subject import STUDY_RESNETS, DataSettings, MachineSettings, ModelSettings
from rsdash.errors import ConfigError

SECTIONS = (
    ModelSettings,
    DataSettings,
    TrainingSettings,
    RegularizationSettings,
    AugmentationSettings,
    MachineSettings,
)
OTHER_KINDS = (
    "int_type",
    "int_parsing",
    "int_from_float",
    "float_type",
    "float_parsing",
    "bool_type",
    "bool_parsing",
)
"""How pydantic calls what is no number, no whole one, or no switch."""
WANTED = {
    "choice": "one of its choices",
    "switch": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "a text",
}
"""What a setting of each kind holds."""
SETTINGS: dict[str, SettingInfo] = {info.name: info for section in SECTIONS for info in section.describe()}
"""Every setting that a person can change, in the order of the form."""
NEW = "new"
"""Context of validation for settings that are no run's yet: what would have no effect is refused too. Runs
from before a rule of that kind are read and changed as they are."""


class RunConfig(
    MachineSettings,
    AugmentationSettings,
    RegularizationSettings,
    TrainingSettings,
    DataSettings,
    ModelSettings,
    frozen=True,
):
    """What is asked of a run; the defaults are the study's Table 1 with AlexNet (the `paper` preset)."""

    preset: PresetName = setting("paper", "The recipe these settings started from; a record, not a switch.")

    @model_validator(mode="after")
    def _check_model_options(self) -> Self:
        for name, info in SETTINGS.items():
            if info.models and self.model not in info.models and getattr(self, name) != info.default:
                raise ValueError(
                    f"{name} applies to {', '.join(info.models)} only; the model is {self.model}"
                )
        if len(self.kernel_sizes) != 5 or any(k % 2 == 0 or not 1 <= k <= 15 for k in self.kernel_sizes):
            given = ",".join(map(str, self.kernel_sizes))
            raise ValueError(f"kernel_sizes must be five odd numbers from 1 to 15; got {given}")
        if self.model in STUDY_RESNETS and self.norm == "lrn":
            raise ValueError("norm=lrn belongs to alexnet; a ResNet takes batch or none")
        return self

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.validation_share + self.test_share >= 1:
            raise ValueError("validation_share and test_share leave no images to train on; lower one of them")
        if self.validation_share + self.test_share == 0 and self.split is None:
            raise ValueError("validation_share and test_share are both 0; raise one, or nothing is measured")
        if self.validation_share == 0 and self.split is None:
            if self.report == "best":
                raise ValueError(
                    "report=best needs validation images; raise validation_share or set report=last"
                )
            if self.patience:
                raise ValueError(
                    f"patience={self.patience} needs validation images; raise validation_share or set "
                    "patience=0"
                )
        return self

    @model_validator(mode="after")
    def _check_training(self) -> Self:
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            given = f"the optimizer is {self.optimizer}, momentum is {self.momentum:g}"
            raise ValueError(f"nesterov applies to sgd with momentum only; {given}")
        if self.frozen_epochs and self.train_layers == "head":
            raise ValueError(
                f"frozen_epochs={self.frozen_epochs} has all layers learn later, which train_layers=head "
                "rules out; set one of them back"
            )
        if self.frozen_epochs >= self.epochs:
            raise ValueError(
                f"frozen_epochs={self.frozen_epochs} leaves no epoch of {self.epochs} in which all layers "
                "learn; lower it, or set train_layers=head"
            )
        return self

    @model_validator(mode="after")
    def _check_warm_up(self, info: ValidationInfo) -> Self:
        if info.context != NEW or not self.warmup_epochs:
            return self
        given = f"warmup_epochs={self.warmup_epochs:g}"
        if self.schedule == "one-cycle":
            raise ValueError(
                f"{given} has no effect with schedule=one-cycle, which begins with a rise of its own; set "
                "warmup_epochs=0 or choose another schedule"
            )
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"{given} leaves no epoch of {self.epochs} at the full learning rate; lower it, or raise "
                "epochs"
            )
        return self

    @property
    def steered_by_validation(self) -> bool:
        """Whether measurements on validation images decide the rate, the end, or the epoch reported."""
        return self.report == "best" or self.patience > 0 or self.schedule == "plateau"

    def changed_from(self, other: RunConfig) -> dict[str, tuple[Any, Any]]:
        """Settings that differ: name → (value in `other`, value here)."""
        pairs = {name: (getattr(other, name), getattr(self, name)) for name in RunConfig.model_fields}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def make_config(values: Mapping[str, Any], *, preset: str = "paper", new: bool = True) -> RunConfig:
    """Build the settings of a run from a preset and values that may be text.

    Args:
        values: setting → value.
        preset: recipe to start from.
        new: refuse too what would have no effect, as a run that is there already may have it.

    Raises:
        ConfigError: one sentence that names the setting, the value and what is allowed.
    """
    if preset not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    try:
        given = {name: _none_if_empty(name, value) for name, value in values.items()}
        everything = {**PRESETS[preset], "preset": preset, **given}
        return RunConfig.model_validate(everything, context=NEW if new else None)
    except ValidationError as error:
        sentence = _sentence(error)
        first_word = re.split(r"\W", sentence, maxsplit=1)[0]
        raise ConfigError(sentence, setting=first_word if first_word in SETTINGS else "") from error


def _none_if_empty(name: str, value: Any) -> Any:
    """The empty text of a form or an option, where the setting may be left empty, is no value."""
    return None if value == "" and name in SETTINGS and SETTINGS[name].optional else value


def _sentence(error: ValidationError) -> str:
    """What is wrong first; where it is one setting, the sentence begins with its name."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not first["loc"]:
        return f"{message}."
    name, *place = map(str, first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(name)
    if first["input"] in ("", None) and not place:
        return f"{name} is empty; it must be {WANTED[SETTINGS[name].kind]}."
    if first["type"] in OTHER_KINDS:
        wanted = "whole numbers, parted by commas" if place else WANTED[SETTINGS[name].kind]
        return f"{name} must be {wanted}; got {first['input'] or 'nothing'}."
    return f"{name} {message[0].lower() + message[1:]}; got {first['input']}."


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, RunConfig.model_fields, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "`python -m rsdash train --help` lists the settings."
    return f"There is no setting {name!r}. {hint}"
