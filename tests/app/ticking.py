"""Ticks in a table, which AppTest has no gesture for: sent as a browser sends them."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest


def tick(app: AppTest, number: int, *rows: int) -> AppTest:
    """Have just these rows of a table ticked.

    Args:
        app: the session.
        number: of the table on its page.
        rows: to tick.
    """
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = app.dataframe[number].proto.id
    state.string_value = json.dumps({"selection": {"rows": list(rows), "columns": [], "cells": []}})
    app._run(states)
    assert not app.exception
    return app
