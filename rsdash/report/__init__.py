"""A comparison to hand on: tables, a self-contained page, and a bundle that another rsdash derives again."""

from rsdash.report.facts import Compared, comparison_facts, gather
from rsdash.report.page import report_page
from rsdash.report.tables import as_csv, as_latex, as_markdown, figure_table

__all__ = [
    "Compared",
    "as_csv",
    "as_latex",
    "as_markdown",
    "comparison_facts",
    "figure_table",
    "gather",
    "report_page",
]
