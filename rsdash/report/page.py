"""The report as one HTML file that opens anywhere: figures inside, no network."""

from __future__ import annotations

import time
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from plotly.offline import get_plotlyjs

from rsdash import __version__
from rsdash.report.facts import Compared
from rsdash.report.sections import COLUMNS_OF_WORDS, sections_of

TEMPLATE = "page.html"


def report_page(compared: Compared, *, title: str = "") -> str:
    """The whole page, about 5 MB, most of it Plotly's program for the figures.

    Args:
        compared: what to report.
        title: heading; empty names the runs' models and data.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return templates.get_template(TEMPLATE).render(
        title=title or _title(compared),
        version=__version__,
        made=time.strftime("%d %B %Y"),
        plotly=get_plotlyjs(),  # a program of the installed package, no text of a person's
        verdict=compared.verdict,
        problems=[one.problem for one in compared.contenders if one.problem],
        sections=sections_of(compared),
        columns_of_words=COLUMNS_OF_WORDS,
    )


def _title(compared: Compared) -> str:
    models = list(dict.fromkeys(entry.config.model for entry in compared.entries))
    data = list(dict.fromkeys(entry.request.data.name for entry in compared.entries))
    return f"{' against '.join(models) if len(models) > 1 else models[0]} on {', '.join(data)}"
