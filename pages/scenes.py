"""Map the classes of a whole georeferenced scene, and look at the maps made before."""

import streamlit as st

from rsdash.inference.scenes.kept import kept_maps
from rsdash.ui.scenes.job import map_form
from rsdash.ui.scenes.kept_list import chosen_map, kept_list
from rsdash.ui.scenes.map_view import map_view

st.title("Scenes")
maps = kept_maps()
shown = chosen_map(maps)
if shown:
    map_view(shown)
    st.divider()
map_form(fresh=not shown)
kept_list(maps)
