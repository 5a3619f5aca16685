"""The frame around every page: navigation and the page's title."""

import streamlit as st

from rsdash.home import PROJECT_DIR

PAGES = PROJECT_DIR / "pages"

page = st.navigation(
    [
        st.Page(PAGES / "overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page(PAGES / "data.py", title="Data", icon=":material/photo_library:"),
        st.Page(PAGES / "train.py", title="Train", icon=":material/model_training:"),
        st.Page(PAGES / "run.py", title="Run", icon=":material/monitoring:"),
        st.Page(PAGES / "compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page(PAGES / "predict.py", title="Predict", icon=":material/image_search:"),
    ],
    position="top",
)
st.set_page_config(page_title=f"{page.title} · rsdash", page_icon=":material/satellite_alt:", layout="wide")
page.run()
