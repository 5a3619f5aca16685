"""Runs side by side: a verdict that the numbers support, and everything that it rests on."""

import streamlit as st

from rsdash.ui.compare.answer import answer
from rsdash.ui.compare.comparing import compare_runs
from rsdash.ui.compare.edits import edit_runs, tell_problems
from rsdash.ui.compare.images import choose_images
from rsdash.ui.compare.looks import look
from rsdash.ui.compare.table import choose_runs
from rsdash.ui.server import server

st.title("Compare")
tell_problems()
entries = choose_runs(server().listing().entries)
if not entries:
    st.info("Tick the runs to compare in the table above. Runs appear there as soon as they have started.")
    st.stop()

edit_runs(entries)
compared = compare_runs(entries, choose_images(entries))
answer(compared)
st.divider()
look(compared)
