"""A finished run, and a service whose answers are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rsdash.data.loose import LooseImages
from rsdash.inference import client
from rsdash.inference.results import PredictedPart, PredictedPlace
from rsdash.runs.folder import RunFolder
from rsdash.runs.states import RunState
from rsdash.ui.predict import job as jobs
from tests.app.predict.asking import answer
from tests.tiny import make_run


@pytest.fixture(autouse=True)
def no_recent_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without answers, which come at once unless it says otherwise."""
    jobs._recent.clear()
    monkeypatch.setattr(jobs, "AT_ONCE_S", 60.0)


@pytest.fixture
def run(runs_dir: Path) -> RunFolder:
    return make_run(runs_dir, name="mine", state=RunState.FINISHED)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool]]:
    """Questions to the service, which takes everything for a lake, less surely the later it comes."""
    questions: list[tuple[str, str, bool]] = []

    def predict_place(
        run: Path, place: Path, take: Callable[[PredictedPart], None], *, top: int, symmetries: bool
    ) -> PredictedPlace:
        questions.append((run.name, place.name, symmetries))
        names = LooseImages(place).names
        for number, name in enumerate(names):
            found = answer(name, "Lake" if len(questions) == 1 else "Road", 0.8 - 0.4 * number / len(names))
            take(PredictedPart(done=number + 1, total=len(names), found=(found,)))
        return PredictedPlace(images=len(names), refused=0)

    monkeypatch.setattr(client, "predict_place", predict_place)
    return questions
