"""A chart that grows: redrawn in place by Plotly, so that zoom and hidden legend entries stay.

A browser gets the whole figure once, and from then on what has changed since; a new whole comes when the
changes have grown to a good part of it. Wholes are kept in the browser by a token. One that lacks the whole
it needs, as its page was left or a message was skipped, says so and is sent it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.components.v2 import component

from rsdash.ui.plotly_script import PLOTLY_SCRIPT
from rsdash.ui.tree_changes import APPLY_SCRIPT, as_tree, change_between

LARGEST_CHANGE = 0.2
"""Share of a whole up to which changes are sent in place of a new one."""
_SCRIPT = """
const WHOLES_KEPT = 64
const ASK_AGAIN_MS = 3000

function wholes() {
  window.rsdashWholes ??= new Map()
  return window.rsdashWholes
}

function keep(token, whole) {
  const kept = wholes()
  kept.set(token, JSON.parse(whole))
  if (kept.size > WHOLES_KEPT) kept.delete(kept.keys().next().value)
}

// until it is there: where one run of the script follows another closely, what was to be sent may be dropped
function askForWhole(chart, token, setTriggerValue) {
  if (wholes().has(token)) return
  setTriggerValue("lost", true)
  const again = () => chart.isConnected && askForWhole(chart, token, setTriggerValue)
  chart.asking = setTimeout(again, ASK_AGAIN_MS)
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const chart = parentElement.querySelector(".chart")
  chart.setAttribute("aria-label", data.alt)
  chart.style.height = data.height + "px"
  if (data.whole) keep(data.token, data.whole)
  clearTimeout(chart.asking)
  if (!wholes().has(data.token)) {
    askForWhole(chart, data.token, setTriggerValue)
    return
  }
  const figure = changed(wholes().get(data.token), JSON.parse(data.change))
  const config = { displaylogo: false, responsive: true, showSendToCloud: false }
  library().then((Plotly) =>
    Plotly.react(chart, figure.data, themed(figure.layout, chart), config)
  ).catch((error) => { chart.textContent = error.message })
}
"""

_mount = component(
    "rsdash_live_chart",
    html='<div class="chart" role="img"></div>',
    js=PLOTLY_SCRIPT + APPLY_SCRIPT + _SCRIPT,
    css=".chart { width: 100%; }\n",
    isolate_styles=False,
)


@dataclass(frozen=True)
class Drawing:
    """A figure ready to be sent to any number of browsers.

    Attributes:
        whole: the figure that changes are told from, as JSON.
        token: names it.
        change: what has changed since, as JSON.
        height: px.
    """

    whole: str
    token: str
    change: str
    height: int


def drawing_of(figure: Figure, before: Drawing | None = None) -> Drawing:
    """Prepare a figure; its `layout.uirevision` keeps zoom and legend as long as it stays the same.

    Plotly's own template is left out: it is larger than most figures, and the page's theme covers it.

    Args:
        figure: as it is now.
        before: the same chart as it was.
    """
    traces: Any = figure.data
    layout: dict[str, Any] = figure.layout.to_plotly_json()
    layout.pop("template", None)
    tree = as_tree({"data": [trace.to_plotly_json() for trace in traces], "layout": layout})
    height = int(layout["height"])
    if before:
        change = _as_json(change_between(json.loads(before.whole), tree))
        if len(change) <= LARGEST_CHANGE * len(before.whole):
            return Drawing(before.whole, before.token, change, height)
    return Drawing(_as_json(tree), secrets.token_hex(8), "null", height)


def live_chart(drawing: Drawing, *, key: str, alt: str) -> None:
    """Draw a figure that will be drawn again with more points.

    Args:
        drawing: what to draw.
        key: names the chart on its page.
        alt: what it shows, for those who cannot see it.
    """
    mark = f"sent-{key}"
    data = {"token": drawing.token, "change": drawing.change, "alt": alt, "height": drawing.height}
    if st.session_state.get(mark) != drawing.token:
        data["whole"] = drawing.whole
    _mount(key=key, data=data, on_lost_change=lambda: st.session_state.pop(mark, None))
    st.session_state[mark] = drawing.token  # not before: the run of the script may end in the line above


def _as_json(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"), allow_nan=False)
