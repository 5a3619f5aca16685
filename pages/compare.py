"""Runs side by side: a verdict that the numbers support, and everything that it rests on."""

import streamlit as st

from rsdash.evaluation.verdict import judge
from rsdash.report.facts import Compared
from rsdash.ui.compare.answer import answer
from rsdash.ui.compare.edits import deletion_problems, edit_runs
from rsdash.ui.compare.images import choose_images
from rsdash.ui.compare.looks import look
from rsdash.ui.compare.table import choose_runs
from rsdash.ui.server import server

st.title("Compare")
deletion_problems()
entries = choose_runs(server().listing().entries)
if not entries:
    st.info("Tick the runs to compare in the table above. Runs appear there as soon as they have started.")
    st.stop()

edit_runs(entries)
measured_on = choose_images(entries)
contenders = [server().contender(entry, measured_on) for entry in entries]
compared = Compared(entries, contenders, judge(contenders), measured_on)
answer(compared)
st.divider()
look(compared)
