"""How the server sends what a page consists of."""

from __future__ import annotations

import statistics
import time

import httpx

from tests.browser.conftest import RunningServer

DELAYED_ACKNOWLEDGEMENT_S = 0.04


def test_answers_on_a_kept_connection_do_not_wait_for_acknowledgements(live_server: RunningServer) -> None:
    medians = []
    with httpx.Client(base_url=live_server.url, trust_env=False) as client:
        for _ in range(5):  # some of which may come while the machine is busy
            times = []
            for _ in range(20):
                began = time.perf_counter()
                client.get("/_stcore/health").raise_for_status()
                times.append(time.perf_counter() - began)
            medians.append(statistics.median(times))
    assert min(medians) < DELAYED_ACKNOWLEDGEMENT_S / 2
