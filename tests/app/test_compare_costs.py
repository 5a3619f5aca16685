"""Costs on the Compare page that no run records: each is measured, whatever becomes of the others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import rsdash.ui.server as shared
from rsdash.config import RunConfig
from rsdash.errors import ServiceError
from rsdash.inference import client
from rsdash.inference.results import Profile
from tests.app.comparing import compare, two
from tests.tiny import COST, wait_for


def test_a_run_that_cannot_be_measured_holds_up_no_other(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def profile(config: RunConfig, *_: object) -> Profile:
        assert go_on.wait(60)
        if config.model == "alexnet":
            raise ServiceError("The service is slow today.")
        return COST.model_copy(update={"flops": 3 * 10**9})

    monkeypatch.setattr(client, "profile", profile)
    app = compare(*two(runs_dir))
    app.segmented_control(key="look").set_value("Cost").run()
    app.button(key="start-compare-costs").click().run()
    go_on.set()
    wait_for(lambda: not shared.server().tasks.under_way("compare-costs"), "the costs")
    app.run()
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == [
        "alexnet 1 could not be measured. The service is slow today."
    ]
    table = next(table.value for table in app.dataframe if "GFLOP an image" in table.value)
    assert table["GFLOP an image"].fillna(0).tolist() == [0, 3]
    assert app.button(key="start-compare-costs"), "it is offered again"
    assert not app.run().error, "it is said once"
