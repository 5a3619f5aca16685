"""The frame around every page: navigation and the page's title."""

from pathlib import Path

import streamlit as st

from rsdash.ui.links import page
from rsdash.ui.telling import tell_now

chosen = st.navigation(
    [
        st.Page(page("overview"), title="Overview", icon=":material/home:", default=True),
        st.Page(page("data"), title="Data", icon=":material/photo_library:"),
        st.Page(page("train"), title="Train", icon=":material/model_training:"),
        st.Page(page("run"), title="Run", icon=":material/monitoring:"),
        st.Page(page("compare"), title="Compare", icon=":material/compare_arrows:"),
        st.Page(page("predict"), title="Predict", icon=":material/image_search:"),
        st.Page(page("scenes"), title="Scenes", icon=":material/map:"),
    ],
    position="top",
)
icon = Path(__file__).with_name("icon.png")
st.set_page_config(page_title=f"{chosen.title} · rsdash", page_icon=icon, layout="wide")
tell_now()
chosen.run()
