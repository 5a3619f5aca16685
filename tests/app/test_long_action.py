"""A long action's result reaches somebody, also where the page that began it is gone."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from tests.tiny import wait_for

KEY = "answer of all"


def ask() -> None:
    import time

    import streamlit as st

    from rsdash.ui.long_action import counted, long_action
    from rsdash.ui.tasks import Report

    def slow(report: Report) -> int:
        report(0, 1)
        time.sleep(1.0)
        return 42

    result = long_action("answer of all", label="Ask", title="Asking", action=slow, words=counted)
    st.markdown("nothing" if result is None else f"got {result}")


def told(app: AppTest) -> str:
    app.run()
    assert not app.exception
    return app.markdown[0].value


def test_a_result_that_nobody_took_is_handed_to_the_page_that_was_loaded_anew(runs_dir) -> None:
    gone = AppTest.from_function(ask).run()
    gone.button("start-answer").click().run()
    wait_for(lambda: not shared.server().tasks.under_way(KEY), "the answer")
    anew, other = AppTest.from_function(ask), AppTest.from_function(ask)
    assert [told(anew), told(anew), told(other)] == ["got 42", "nothing", "nothing"]
