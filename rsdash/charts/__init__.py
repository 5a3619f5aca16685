"""Numbers in, Plotly figure out. Knows no run folder and no page."""

from rsdash.charts.classes import class_counts, probability_bars, split_counts
from rsdash.charts.curves import Curve, curve_from, learning_curves, overlay, run_color, study_panels
from rsdash.charts.images import Places, Spectrum, class_spectra, footprints, image_sizes, sizes_in_words
from rsdash.charts.rates import rate_schedule, rate_sweep, sweep_title
from rsdash.charts.style import PART_COLORS, class_color

__all__ = [
    "PART_COLORS",
    "Curve",
    "Places",
    "Spectrum",
    "class_color",
    "class_counts",
    "class_spectra",
    "curve_from",
    "footprints",
    "image_sizes",
    "learning_curves",
    "overlay",
    "probability_bars",
    "rate_schedule",
    "rate_sweep",
    "run_color",
    "sizes_in_words",
    "split_counts",
    "study_panels",
    "sweep_title",
]
