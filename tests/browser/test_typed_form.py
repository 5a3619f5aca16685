"""What is typed into the Train form, in a browser that reloads and goes back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SETTLED
from tests.browser.steps import fill, go

pytestmark = pytest.mark.browser


def test_what_was_typed_is_there_after_a_reload_and_the_back_button_leads_away(page: Page) -> None:
    go(page, "/")
    page.get_by_role("link", name="Train").first.click()
    expect(page).to_have_url(re.compile(r"/train$"))
    page.wait_for_selector(SETTLED)
    fill(page, "set-epochs", "7")
    fill(page, "run-name", "mine")
    expect(page).to_have_url(re.compile(r"/train\?form="))
    expect(page.get_by_test_id("stCode")).to_contain_text("--name mine")  # drawn after the server has kept it
    page.reload()
    page.wait_for_selector(SETTLED)
    expect(page.locator(".st-key-set-epochs input")).to_have_value("7")
    expect(page.locator(".st-key-run-name input")).to_have_value("mine")
    for _ in range(2):  # over the form as it was before it had a token
        page.go_back()
        page.wait_for_selector(SETTLED)
    expect(page).not_to_have_url(re.compile("train"))
