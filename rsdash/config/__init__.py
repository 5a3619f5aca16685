"""Frozen, validated settings of a run, and the presets they can start from."""

from rsdash.config.presets import PRESET_TEXTS, PRESETS, PresetName
from rsdash.config.run import SECTIONS, SETTINGS, RunConfig, make_config
from rsdash.config.sections import MAX_SEED, STUDY_MODELS, STUDY_RESNETS
from rsdash.config.setting import Group, SettingInfo

__all__ = [
    "MAX_SEED",
    "PRESETS",
    "PRESET_TEXTS",
    "SECTIONS",
    "SETTINGS",
    "STUDY_MODELS",
    "STUDY_RESNETS",
    "Group",
    "PresetName",
    "RunConfig",
    "SettingInfo",
    "make_config",
]
