"""Drop images on a trained model and read what it takes them for."""

import streamlit as st

from rsdash.charts import probability_bars
from rsdash.errors import RsdashError
from rsdash.inference.client import predict
from rsdash.inference.results import Prediction
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.ui.links import page
from rsdash.ui.run_list import pick_run
from rsdash.ui.server import server
from rsdash.ui.words import plain

DRAWN = 12
FORMATS = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "bmp"]


def show(prediction: Prediction, content: bytes, entry: RunEntry, position: int) -> None:
    left, right = st.columns([1, 3], vertical_alignment="center")
    if prediction.error:
        left.text(prediction.file)
        right.error(plain(prediction.error))
        return
    left.image(content, width=180, caption=plain(prediction.file), alt=f"The image {prediction.file}")
    classes = entry.request.data.classes
    labels = [classes.index(name) for name in prediction.classes]
    figure = probability_bars(prediction.classes, prediction.probabilities, labels=labels)
    alt = f"{prediction.file}: {prediction.classes[0]} with probability {prediction.probabilities[0]:.2f}"
    right.plotly_chart(figure, key=f"bars-{position}", alt=alt)


st.title("Predict")
usable = [e for e in server().listing().entries if e.state.state in EVALUATED and not e.example]
entry = pick_run(usable, key="predictor", label="Model", with_accuracy=True)
if entry is None:
    st.info("No trained model yet: predictions need a run that is finished or was stopped.")
    st.page_link(page("train"), label="Train a model")
    st.stop()

st.caption(f"Knows the classes {', '.join(plain(name) for name in entry.request.data.classes)}.")
files = st.file_uploader("Images", type=FORMATS, accept_multiple_files=True, key="images") or []
if not files:
    st.stop()
images = [(file.name, file.getvalue()) for file in files]
try:
    with st.spinner("Predicting; the first time, the inference service takes some seconds to start"):
        found = predict(entry.folder.path, images)
except RsdashError as error:
    st.error(plain(str(error)))
    st.stop()
rows = [
    {
        "File": p.file,
        "Class": p.classes[0] if p.classes else "–",
        "Probability": p.probabilities[0] if p.classes else None,
        "Problem": p.error,
    }
    for p in found
]
if len(found) > 1:
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        alt="Predicted class of each image",
        column_config={"Probability": st.column_config.NumberColumn(format="%.3f")},
    )
for position, (prediction, (_, content)) in enumerate(zip(found[:DRAWN], images, strict=False)):
    show(prediction, content, entry, position)
if len(found) > DRAWN:
    st.caption(f"The first {DRAWN} of {len(found)} images are drawn; the table holds all.")
