"""What a report holds, part by part: texts, tables and figures."""

from __future__ import annotations

from rsdash.config import as_text
from rsdash.evaluation.comparison import STUDY_SOURCE, differing_settings
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.wording import intervals_in_words
from rsdash.report.drawn import Section, classes, confidence, curves, recipes
from rsdash.report.evidence import pair_rows, pairs_legend, texts_of
from rsdash.report.facts import Compared
from rsdash.report.methods import methods
from rsdash.report.tables import COLUMNS, MORE_COLUMNS, MORE_LEGEND, figure_table, more_figures

COLUMNS_OF_WORDS = frozenset(
    ("model", "role", "run", "recipe", "left out", "more accurate", "less accurate", "fitted", "device")
)
"""Heads of columns that are not numbers, which stand on the left."""


def sections_of(compared: Compared) -> list[Section]:
    """All parts that these runs give."""
    found = [
        _figures(compared),
        _more_figures(compared),
        recipes(compared),
        _pairs(compared),
        curves(compared),
        classes(compared),
        confidence(compared),
        _costs(compared),
        _settings(compared),
        Section("Methods", methods(compared)),
        _reading(),
    ]
    return [section for section in found if section is not None]


def _figures(compared: Compared) -> Section:
    table = figure_table(compared.contenders)
    return Section(
        "Final figures",
        head=COLUMNS,
        rows=table.rows,
        reference=table.reference,
        legend=f"± is half the width of a 95 % interval {intervals_in_words(compared.contenders)}. It does "
        f"not hold the spread of seeds. Grey rows are the study that rsdash began with ({STUDY_SOURCE}); "
        "they are for reference and never ranked.",
    )


def _more_figures(compared: Compared) -> Section | None:
    rows = more_figures(compared.contenders)
    return Section("All figures", head=MORE_COLUMNS, rows=rows, legend=MORE_LEGEND) if rows else None


def _pairs(compared: Compared) -> Section | None:
    rows = pair_rows(compared)
    if not rows:
        return None
    return Section(
        "Pairs of trained models",
        head=list(rows[0]),
        rows=texts_of(rows),
        legend=f"{pairs_legend(compared.verdict)} These speak of two trained models on these images, not of "
        "their recipes.",
    )


def _costs(compared: Compared) -> Section:
    rows, names = [], names_apart(compared.entries)
    for entry in compared.entries:
        summary = entry.state.summary
        speed = f"{summary.images_per_s:.0f}" if summary.images_per_s else "–"
        memory = f"{summary.memory_bytes / 1e9:.1f}" if summary.memory_bytes else "–"
        size = f"{summary.parameters / 1e6:.1f}"
        rows.append((names[entry.id], size, f"{summary.elapsed_s / 60:.1f}", speed, memory, summary.device))
    return Section(
        "Cost",
        head=("run", "parameters (M)", "training (min)", "images/s", "peak memory (GB)", "device"),
        rows=rows,
    )


def _settings(compared: Compared) -> Section | None:
    configs = {entry.id: entry.config for entry in compared.entries}
    differing = differing_settings(configs)
    if not differing:
        return None
    names = names_apart(compared.entries)
    rows = [
        (names[entry.id], *(as_text(values[entry.id]) or "–" for values in differing.values()))
        for entry in compared.entries
    ]
    changed = [
        f"{names[entry.id]}: {one.setting} {one.value:g} from step {one.step:,} on"
        for entry in compared.entries
        for one in entry.state.amendments
    ]
    legend = f"Changed on the way: {'; '.join(changed)}." if changed else ""
    return Section("Settings that differ", head=("run", *differing), rows=rows, legend=legend)


def _reading() -> Section:
    return Section(
        "How to read this",
        [
            "Two trained models and two recipes are different questions. A test on the same images says "
            "whether two trained models differ there; whether a recipe is better shows only over several "
            "seeds or folds, as training again with another seed gives another model.",
            "Held-out images took no part in training and nothing was selected on them. Images on which an "
            "epoch was selected flatter a model. Where near-duplicates or neighbouring tiles sit on both "
            "sides of a split, all figures flatter.",
            "Accuracy on tiles is not the accuracy of a map made with the model.",
        ],
    )
