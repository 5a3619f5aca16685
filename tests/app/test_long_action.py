"""A long action's result reaches somebody, also where the page that began it is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

import rsdash.ui.server as shared
from tests.tiny import wait_for

KEY = "answer of all"
GO_ON = threading.Event()
"""Lets the answer come."""


def ask() -> None:
    import streamlit as st

    from rsdash.ui.long_action import counted, long_action
    from rsdash.ui.tasks import Report
    from tests.app.test_long_action import GO_ON

    def slow(report: Report) -> int:
        report(0, 1)
        assert GO_ON.wait(60)
        return 42

    result = long_action("answer of all", label="Ask", title="Asking", action=slow, words=counted)
    st.markdown("nothing" if result is None else f"got {result}")


def refuse() -> None:
    import streamlit as st

    from rsdash.errors import DataError
    from rsdash.ui.long_action import counted, long_action
    from rsdash.ui.tasks import Report

    scene = st.text_input("Scene", "north", key="scene")

    def action(report: Report) -> None:
        raise DataError(f"{scene} is too coarse.")

    long_action("refusal of all", label="Map", title=f"Mapping {scene}", action=action, words=counted)


def page_of(script: Callable[[], None]) -> AppTest:
    return AppTest.from_function(script, default_timeout=60)


def told(app: AppTest) -> str:
    app.run()
    assert not app.exception
    return app.markdown[0].value


def test_a_result_that_nobody_took_is_handed_to_the_page_that_was_loaded_anew(runs_dir) -> None:
    GO_ON.clear()
    gone = page_of(ask).run()
    gone.button("start-answer").click().run()
    GO_ON.set()
    wait_for(lambda: not shared.server().tasks.under_way(KEY), "the answer")
    anew, other = page_of(ask), page_of(ask)
    assert [told(anew), told(anew), told(other)] == ["got 42", "nothing", "nothing"]


def test_a_refusal_stands_beside_what_was_refused_alone(runs_dir) -> None:
    app = page_of(refuse).run()
    app.button("start-refusal").click().run()
    wait_for(lambda: not shared.server().tasks.under_way("refusal of all"), "the refusal")
    other = page_of(refuse)
    seen = [refusals(app), refusals(app), refusals(app, "south"), refusals(other, "south")]
    assert seen == [["north is too coarse."], ["north is too coarse."], [], []]


def refusals(app: AppTest, scene: str = "north") -> list[str]:
    if not app.text_input:
        app.run()
    app.text_input("scene").set_value(scene).run()
    assert not app.exception
    return [error.value.replace("\\", "") for error in app.error]
