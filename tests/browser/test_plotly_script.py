"""How components of the page load Plotly."""

from __future__ import annotations

from playwright.sync_api import Browser, Route

from rsdash.ui.plotly_script import PLOTLY_SCRIPT

ADDRESS = "http://rsdash.test/"
LOAD = f"async () => {{ {PLOTLY_SCRIPT}; return library().then(it => it.name, error => error.message) }}"


def test_a_load_that_failed_is_tried_again_by_the_next_chart(chromium: Browser) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.fulfill(content_type="text/javascript", body="window.Plotly = {name: 'Plotly'}")

    page = chromium.new_page()
    page.route(ADDRESS, lambda route: route.fulfill(content_type="text/html", body="<p>A page</p>"))
    page.route("**/plotly.min.js", answer)
    page.goto(ADDRESS)
    assert page.evaluate(LOAD) == "plotly.min.js could not be loaded"
    assert page.evaluate(LOAD) == "Plotly"
    assert page.evaluate(LOAD) == "Plotly" and len(asked) == 2, "once a page"
    page.close()
