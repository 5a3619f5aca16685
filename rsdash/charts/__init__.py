"""Numbers in, Plotly figure out. Knows no run folder and no page.

pandas is imported first: Plotly looks for it among the loaded modules when it draws, and fails on one that
another visitor's page is importing at that moment.
"""

import pandas  # noqa: F401  # see above

from rsdash.charts.answers import confusion_matrix, probe_lines, probe_map
from rsdash.charts.axes import AXIS_TITLES, Axis
from rsdash.charts.calibration import ReliabilityLine, reliability_diagram
from rsdash.charts.classes import class_counts, probability_bars, split_counts
from rsdash.charts.comparing import class_deltas, matrix_difference, matrix_map
from rsdash.charts.cost import Priced, SettingAxis, accuracy_against_cost, on_the_front, parallel_settings
from rsdash.charts.curves import Curve, curve_from, learning_curves, run_color, study_panels
from rsdash.charts.filters import filter_mosaic
from rsdash.charts.gradients import NamedLayers, gradient_map, gradient_maps, update_ratios
from rsdash.charts.images import Places, Spectrum, class_spectra, footprints, image_sizes, sizes_in_words
from rsdash.charts.overlays import CurveGroup, group_overlay, overlay, seed_spread
from rsdash.charts.pace import learning_rate, machine_use, rate_in_words, throughput
from rsdash.charts.rates import rate_schedule, rate_sweep, sweep_title
from rsdash.charts.style import PART_COLORS, class_color

__all__ = [
    "AXIS_TITLES",
    "PART_COLORS",
    "Axis",
    "Curve",
    "CurveGroup",
    "NamedLayers",
    "Places",
    "Priced",
    "ReliabilityLine",
    "SettingAxis",
    "Spectrum",
    "accuracy_against_cost",
    "class_color",
    "class_counts",
    "class_deltas",
    "class_spectra",
    "confusion_matrix",
    "curve_from",
    "filter_mosaic",
    "footprints",
    "gradient_map",
    "gradient_maps",
    "group_overlay",
    "image_sizes",
    "learning_curves",
    "learning_rate",
    "machine_use",
    "matrix_difference",
    "matrix_map",
    "on_the_front",
    "overlay",
    "parallel_settings",
    "probability_bars",
    "probe_lines",
    "probe_map",
    "rate_in_words",
    "rate_schedule",
    "rate_sweep",
    "reliability_diagram",
    "run_color",
    "seed_spread",
    "sizes_in_words",
    "split_counts",
    "study_panels",
    "sweep_title",
    "throughput",
    "update_ratios",
]
