"""Frozen, validated settings of a run, and the presets they can start from."""

from rsdash.config.command import as_text, command_for, command_for_grid
from rsdash.config.grid import MAX_RUNS, Cell, count_runs, make_grid, parse_seeds, parse_values
from rsdash.config.presets import PRESET_TEXTS, PRESETS, PresetName
from rsdash.config.radiometry import RADIOMETRIES, RADIOMETRY_TEXTS, RGB8, Radiometry, make_radiometry
from rsdash.config.run import SECTIONS, SETTINGS, RunConfig, make_config
from rsdash.config.setting import MAX_SEED, Group, SettingInfo
from rsdash.config.subject import STUDY_MODELS, STUDY_RESNETS
from rsdash.config.validating import validated

__all__ = [
    "MAX_RUNS",
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
    "Cell",
    "Group",
    "PresetName",
    "Radiometry",
    "RunConfig",
    "SettingInfo",
    "as_text",
    "command_for",
    "command_for_grid",
    "count_runs",
    "make_config",
    "make_grid",
    "make_radiometry",
    "parse_seeds",
    "parse_values",
    "validated",
]
