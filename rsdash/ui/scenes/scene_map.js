// The map over its scene. Drawn once a map: opacity, zoom and hidden classes stay while the page runs again.
const HEIGHT_PX = 640
const UNSEEN = "rgba(0,0,0,0)" // hidden cells stay, so that a click on one says what it is

function numbers(text) {
  const raw = atob(text)
  return Uint8Array.from(raw, (sign) => sign.charCodeAt(0))
}

function rowsOf(labels, columns, value) {
  const rows = []
  for (let at = 0; at < labels.length; at += columns) {
    rows.push(Array.from(labels.subarray(at, at + columns), value))
  }
  return rows
}

function scale(colors) {
  return colors.flatMap((color, label) => [[label / colors.length, color], [(label + 1) / colors.length, color]])
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}

function figure(data, labels) {
  const [width, height] = data.size_km
  const z = rowsOf(labels, data.columns, (label) => (label === data.none ? null : label))
  const names = rowsOf(labels, data.columns, (label) => escaped(data.names[label] ?? "no data"))
  const trace = {
    type: "heatmap", z, text: names, colorscale: scale(data.colors),
    zmin: -0.5, zmax: data.colors.length - 0.5,
    x0: data.cell_km[0] / 2, dx: data.cell_km[0], y0: data.cell_km[1] / 2, dy: data.cell_km[1],
    showscale: false, opacity: data.opacity, hovertemplate: "%{text}<extra></extra>",
  }
  const layout = {
    height: HEIGHT_PX, margin: { l: 60, r: 20, t: 50, b: 50 }, dragmode: "pan",
    title: { text: escaped(data.title), font: { size: 15 }, x: 0, xanchor: "left" },
    xaxis: { range: [0, width], constrain: "domain",
             title: { text: "from the left edge (km)" }, showgrid: false },
    yaxis: { range: [height, 0], scaleanchor: "x", constrain: "domain",
             title: { text: "from the top edge (km)" }, showgrid: false },
    images: [{ source: data.picture, xref: "x", yref: "y", x: 0, y: 0, sizex: width, sizey: height,
               sizing: "stretch", layer: "below" }],
  }
  return { trace, layout }
}

function mark(Plotly, chart, data) {
  const shapes = []
  if (data.picked) {
    const [x, y] = [(data.picked[1] + 0.5) * data.cell_km[0], (data.picked[0] + 0.5) * data.cell_km[1]]
    const [dx, dy] = [data.window_km[0] / 2, data.window_km[1] / 2]
    shapes.push({ type: "rect", x0: x - dx, x1: x + dx, y0: y - dy, y1: y + dy,
                  line: { color: "#ffffff", width: 2 } })
  }
  Plotly.relayout(chart, { shapes })
}

function entry(name, color, share, onchange) {
  const label = document.createElement("label")
  const box = document.createElement("input")
  const swatch = document.createElement("span")
  box.type = "checkbox"
  box.checked = true
  box.addEventListener("change", () => onchange(box.checked))
  swatch.className = "swatch"
  swatch.style.background = color
  label.append(box, swatch, `${name} ${share}`)
  return label
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".scene-map")
  const chart = root.querySelector(".chart")
  if (root.dataset.map === data.id) {
    library().then((Plotly) => mark(Plotly, chart, data))
    return
  }
  root.dataset.map = data.id
  const labels = numbers(data.labels)
  const hidden = new Set()
  const slider = root.querySelector(".opacity")
  const legend = root.querySelector(".legend")
  const { trace, layout } = figure(data, labels)
  chart.setAttribute("aria-label", data.alt)
  slider.value = 100 * data.opacity
  library().then(async (Plotly) => {
    await Plotly.newPlot(chart, [trace], themed(layout, chart),
                         { displaylogo: false, responsive: true, scrollZoom: true, showSendToCloud: false })
    slider.oninput = () => Plotly.restyle(chart, { opacity: slider.value / 100 })
    legend.replaceChildren(...data.present.map((label) =>
      entry(data.names[label], data.colors[label], data.shares[label], (on) => {
        on ? hidden.delete(label) : hidden.add(label)
        const shown = data.colors.map((color, place) => (hidden.has(place) ? UNSEEN : color))
        Plotly.restyle(chart, { colorscale: [scale(shown)] })
      })))
    chart.on("plotly_click", (event) => {
      const [row, column] = event.points[0].pointIndex
      setTriggerValue("picked", [row, column])
    })
    mark(Plotly, chart, data)
  }).catch((error) => { chart.textContent = error.message })
}
