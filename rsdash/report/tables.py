"""The table of figures as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from rsdash.evaluation.comparison import STUDY_TABLE_2, Contender
from rsdash.evaluation.figures import Figures
from rsdash.evaluation.names import names_apart
from rsdash.evaluation.wording import figure_text
from rsdash.inference.tables import inert

COLUMNS = ("model", "accuracy", "loss", "average accuracy", "macro F1", "kappa", "images", "role")
MORE_COLUMNS = (
    "run",
    "role",
    "top-5 accuracy",
    "recall (average accuracy)",
    "precision",
    "macro F1",
    "kappa",
    "log loss",
    "Brier",
    "ECE",
    "ECE by chance",
)
MORE_LEGEND = (
    "Recall, precision and F1 are means over classes (producer's and user's accuracy). Kappa is given by "
    "habit of the field; it adds little to accuracy, and its value depends on how common classes are "
    "(Pontius and Millones 2011; Foody 2020). ECE by chance is what a perfectly calibrated model would show "
    "on so many images."
)
AVERAGES = ("average_accuracy", "macro_f1", "kappa")
STUDY_ROLE = "other, unknown data"
NOTHING = "–"


@dataclass(frozen=True)
class FigureTable:
    """The study's Table 2 with more columns.

    Attributes:
        rows: cells of each run, in the order of COLUMNS, rounded to what their intervals support.
        reference: cells of the study's own rows, which are never ranked.
    """

    rows: tuple[tuple[str, ...], ...]
    reference: tuple[tuple[str, ...], ...]


def figure_table(contenders: Sequence[Contender]) -> FigureTable:
    """Figures of each run with half the width of their 95 % intervals, and the study's rows."""
    names = names_apart(contenders)
    rows = tuple(_row(names[one.id], one.figures) for one in contenders)
    empty = ("",) * 4
    reference = tuple(
        (f"the study's {row.model}", f"{row.accuracy:.4f}", f"{row.loss:.4f}", *empty, STUDY_ROLE)
        for row in STUDY_TABLE_2
    )
    return FigureTable(rows, reference)


def more_figures(contenders: Sequence[Contender]) -> list[tuple[str, ...]]:
    """What COLUMNS leaves out, a row an evaluated run, in the order of MORE_COLUMNS."""
    names = names_apart(contenders)
    return [
        (
            names[one.id],
            figures.role,
            "–" if figures.top5 is None else f"{figures.top5:.3f}",
            f"{figures.average_accuracy:.3f}",
            f"{figures.macro_precision:.3f}",
            f"{figures.macro_f1:.3f}",
            f"{figures.kappa:.3f}",
            f"{figures.loss:.4f}",
            f"{figures.brier:.4f}",
            f"{figures.ece:.3f}",
            f"{figures.ece_if_calibrated:.3f}",
        )
        for one in contenders
        if (figures := one.figures)
    ]


def as_markdown(table: FigureTable) -> str:
    """A table for a README or a note."""
    lines = [_markdown_row(COLUMNS), "|:--|--:|--:|--:|--:|--:|--:|:--|"]
    lines += [_markdown_row(row) for row in (*table.rows, *table.reference)]
    return "\n".join(lines) + "\n"


def as_latex(table: FigureTable) -> str:
    """A `tabular` with the rules of booktabs; the study's rows are grey (needs xcolor)."""
    body = [" & ".join(map(_latex, row)) + r" \\" for row in table.rows]
    grey = [
        " & ".join(rf"\textcolor{{gray}}{{{_latex(cell)}}}" if cell else "" for cell in row) + r" \\"
        for row in table.reference
    ]
    return "\n".join([
        r"% needs \usepackage{booktabs,xcolor}",
        r"\begin{tabular}{lrrrrrrl}",
        r"\toprule",
        " & ".join(COLUMNS) + r" \\",
        r"\midrule",
        *body,
        r"\midrule",
        *grey,
        r"\bottomrule",
        r"\end{tabular}",
    ]) + "\n"  # fmt: skip


def as_csv(contenders: Sequence[Contender]) -> str:
    """One row a run with unrounded figures and the ends of their intervals, for other programs."""
    names = ("accuracy", "average_accuracy", "macro_f1", "kappa")
    head = ["id", "name", "model", "seed", "data", "split", "role", "images", "loss", "brier", "ece"]
    head += [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for one in contenders:
        figures, config = one.figures, one.config
        facts: list[object] = [one.id, inert(one.name), config.model, config.seed, inert(one.data), one.split]
        if figures is None:
            writer.writerow([*facts, *[""] * (len(head) - len(facts))])
            continue
        facts += [figures.role, figures.images, figures.loss, figures.brier, figures.ece]
        for name in names:
            interval = figures.intervals.get(name)
            facts += [getattr(figures, name), *((interval.low, interval.high) if interval else ("", ""))]
        writer.writerow(facts)
    return buffer.getvalue()


def _row(name: str, figures: Figures | None) -> tuple[str, ...]:
    if figures is None:
        return (name, *(NOTHING,) * 6, "not evaluated")
    averages = [figure_text(getattr(figures, name), figures.half_width(name)) for name in AVERAGES]
    accuracy = figure_text(figures.accuracy, figures.half_width("accuracy"))
    return (name, accuracy, f"{figures.loss:.4f}", *averages, f"{figures.images:,}", figures.role)


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"


def _latex(text: str) -> str:
    """Text with the signs that LaTeX reads as commands written out."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "–": "--",
        **{sign: rf"\{sign}" for sign in "&%$#_{}"},
    }
    return "".join(special.get(sign, sign) for sign in text)
