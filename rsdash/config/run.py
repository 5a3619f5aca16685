"""The settings of a run: one frozen model from which form, command line, help and docs are drawn.

RunConfig(model="resnet18", epochs=5)        # the study's Table 1 where not said otherwise
make_config({"epochs": "5"}, preset="quick")  # text values; one clear sentence on a mistake
config.changed_from(RunConfig())             # {"model": ("alexnet", "resnet18"), ...}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError, model_validator

from rsdash.config.presets import PRESETS, PresetName
from rsdash.config.sections import (
    STUDY_RESNETS,
    AugmentationSettings,
    DataSettings,
    MachineSettings,
    ModelSettings,
    RegularizationSettings,
    TrainingSettings,
)
from rsdash.config.setting import SettingInfo, setting
from rsdash.errors import ConfigError

SECTIONS = (
    ModelSettings,
    DataSettings,
    TrainingSettings,
    RegularizationSettings,
    AugmentationSettings,
    MachineSettings,
)
SETTINGS: dict[str, SettingInfo] = {info.name: info for section in SECTIONS for info in section.describe()}
"""Every setting that a person can change, in the order of the form."""


class RunConfig(
    MachineSettings,
    AugmentationSettings,
    RegularizationSettings,
    TrainingSettings,
    DataSettings,
    ModelSettings,
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
        if self.report == "best" and self.validation_share == 0 and self.split is None:
            raise ValueError("report=best needs validation images; raise validation_share or set report=last")
        return self

    def changed_from(self, other: RunConfig) -> dict[str, tuple[Any, Any]]:
        """Settings that differ: name → (value in `other`, value here)."""
        pairs = {name: (getattr(other, name), getattr(self, name)) for name in RunConfig.model_fields}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def make_config(values: Mapping[str, Any], *, preset: str = "paper") -> RunConfig:
    """Build the settings of a run from a preset and values that may be text.

    Raises:
        ConfigError: one sentence that names the setting, the value and what is allowed.
    """
    if preset not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    try:
        return RunConfig.model_validate({**PRESETS[preset], "preset": preset, **values})
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        return _unknown(str(first["loc"][0]))
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not first["loc"]:
        return f"{message}."
    return f"{first['loc'][0]} {message[0].lower() + message[1:]}; got {first['input']}."


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, RunConfig.model_fields, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "`python -m rsdash train --help` lists the settings."
    return f"There is no setting {name!r}. {hint}"
