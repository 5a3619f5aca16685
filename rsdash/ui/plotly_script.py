"""What components that draw with Plotly begin with: its library, loaded once a page, and the page's theme."""

from __future__ import annotations

from rsdash.ui.links import PLOTLY_PATH

PLOTLY_SCRIPT = """
const source = new URL("PLOTLY_PATH/plotly.min.js", document.baseURI).href

function library() {
  if (window.Plotly) return Promise.resolve(window.Plotly)
  window.rsdashPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = source
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      window.rsdashPlotly = undefined  // the next chart tries again
      reject(new Error("plotly.min.js could not be loaded"))
    }
    document.head.appendChild(script)
  })
  return window.rsdashPlotly
}

function themed(layout, element) {
  const style = getComputedStyle(element)
  const text = style.getPropertyValue("--st-text-color").trim()
  const line = style.getPropertyValue("--st-border-color").trim()
  const themedLayout = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: text },
    font: { ...layout.font, color: text, family: style.getPropertyValue("--st-font").trim() },
  }
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) {
      const title = { standoff: 12, ...layout[name].title }
      const axis = { automargin: true, title, gridcolor: line, linecolor: line, zerolinecolor: line }
      themedLayout[name] = { ...layout[name], ...axis }
    }
  }
  return themedLayout
}
""".replace("PLOTLY_PATH", PLOTLY_PATH.removeprefix("/"))
"""JavaScript: `library()` is a promise of Plotly; `themed(layout, element)` fits a layout to the theme."""
