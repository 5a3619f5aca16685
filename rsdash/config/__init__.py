"""Frozen, validated settings of a run, and the presets they can start from."""

from rsdash.config.presets import PRESET_TEXTS, PRESETS, PresetName
from rsdash.config.radiometry import RADIOMETRIES, RADIOMETRY_TEXTS, RGB8, Radiometry, make_radiometry
from rsdash.config.run import SECTIONS, SETTINGS, RunConfig, make_config
from rsdash.config.setting import MAX_SEED, Group, SettingInfo
from rsdash.config.subject import STUDY_MODELS, STUDY_RESNETS

__all__ = [
    "MAX_SEED",
    "PRESETS",
    "PRESET_TEXTS",
    "RADIOMETRIES",
    "RADIOMETRY_TEXTS",
    "RGB8",
    "SECTIONS",
    "SETTINGS",
    "STUDY_MODELS",
    "STUDY_RESNETS",
    "Group",
    "PresetName",
    "Radiometry",
    "RunConfig",
    "SettingInfo",
    "make_config",
    "make_radiometry",
]
