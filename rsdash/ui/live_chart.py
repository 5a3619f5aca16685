"""A chart that grows: redrawn in place by Plotly, so that zoom and hidden legend entries stay."""

from __future__ import annotations

from dataclasses import dataclass

from plotly.graph_objects import Figure
from plotly.io.json import to_json_plotly
from streamlit.components.v2 import component

from rsdash.ui.plotly_script import PLOTLY_SCRIPT

_SCRIPT = """
export default function (component) {
  const { data, parentElement } = component
  const chart = parentElement.querySelector(".chart")
  chart.setAttribute("aria-label", data.alt)
  chart.style.height = data.height + "px"
  const figure = JSON.parse(data.figure)
  const config = { displaylogo: false, responsive: true, showSendToCloud: false }
  library().then((Plotly) =>
    Plotly.react(chart, figure.data, themed(figure.layout, chart), config)
  ).catch((error) => { chart.textContent = error.message })
}
"""

_mount = component(
    "rsdash_live_chart",
    html='<div class="chart" role="img"></div>',
    js=PLOTLY_SCRIPT + _SCRIPT,
    css=".chart { width: 100%; }\n",
    isolate_styles=False,
)


@dataclass(frozen=True)
class Drawing:
    """A figure ready to be sent to any number of browsers.

    Attributes:
        content: the figure as JSON.
        height: px.
    """

    content: str
    height: int


def drawing_of(figure: Figure) -> Drawing:
    """Prepare a figure; its `layout.uirevision` keeps zoom and legend as long as it stays the same.

    Plotly's own template is left out: it is larger than most figures, and the page's theme covers it.
    """
    content = figure.to_dict()
    content["layout"].pop("template", None)
    return Drawing(str(to_json_plotly(content)), int(content["layout"]["height"]))


def live_chart(drawing: Drawing, *, key: str, alt: str) -> None:
    """Draw a figure that will be drawn again with more points.

    Args:
        drawing: what to draw.
        key: names the chart on its page.
        alt: what it shows, for those who cannot see it.
    """
    _mount(key=key, data={"figure": drawing.content, "alt": alt, "height": drawing.height})
