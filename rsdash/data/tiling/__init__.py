"""From a scene and a map of labels to a data set of georeferenced tiles."""

from rsdash.data.tiling.cut import Cut, cut_tiles
from rsdash.data.tiling.grid import Plan, TileRule, plan_tiles
from rsdash.data.tiling.labels import LabelMap, label_fields, read_labels
from rsdash.data.tiling.scene import SceneFacts, look_at_scene

__all__ = [
    "Cut",
    "LabelMap",
    "Plan",
    "SceneFacts",
    "TileRule",
    "cut_tiles",
    "label_fields",
    "look_at_scene",
    "plan_tiles",
    "read_labels",
]
