"""The report as one HTML file."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from rsdash.report.facts import gather
from rsdash.report.page import report_page
from tests.finished import change_answers, copy_run, entries_in


class Page(HTMLParser):
    """What a browser would load, and the text outside of programs."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["script"] and self.tags[-1:] != ["style"]:
            self.words.append(data)


@pytest.fixture
def page(runs_dir: Path) -> Page:
    for seed in range(3):
        for place, model in enumerate(("alexnet", "resnet18")):
            folder = copy_run(runs_dir, model, 10 * seed + place, seed=seed)
            spoilt = np.arange(60 * place + 2 * seed)  # resnet18 answers worse, each seed a little otherwise
            change_answers(folder, lambda a, rows=spoilt: a["logits"].__setitem__(rows, -a["logits"][rows]))
    copy_run(runs_dir, "alexnet", 40, name="<script>alert(1)</script>", seed=7, learning_rate=0.1)
    copy_run(runs_dir, "alexnet", 41, name="paused", state="INTERRUPTED")
    return Page(report_page(gather(entries_in(runs_dir))))


def test_it_loads_nothing_from_elsewhere_and_holds_its_figures(page: Page) -> None:
    assert page.loads == []
    assert page.tags.count("figure") >= 7


def test_it_says_the_verdict_the_methods_and_what_is_missing(page: Page) -> None:
    text = re.sub(r"\s+", " ", " ".join(page.words))
    assert "The recipe alexnet, learning_rate=0.0005 is better than resnet18, learning_rate=0.0005" in text
    assert "over 3 seeds each (Welch" in text
    assert "fingerprint 733c0cedd6ec40fc6bfe2eef0a847dd0" in text
    assert "torch 2.14.1" in text and "AMD EPYC" in text
    assert "paused is interrupted and has no final figures." in text
    assert "the study's ResNet18" in text


def test_a_name_is_shown_as_typed_and_never_run(page: Page) -> None:
    assert "<script>alert(1)</script>" in " ".join(page.words)
    assert page.tags.count("script") == 1 + page.tags.count("figure")
