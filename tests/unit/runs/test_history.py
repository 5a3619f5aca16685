"""Reading a run's events: only new bytes, resumes take back what was repeated, charts stay small."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from rsdash.runs.events import append_event, read_lines
from rsdash.runs.history import STEP_COLUMNS, HistoryReader


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def log_steps(path: Path, steps: range, loss: float = 1.0) -> None:
    for step in steps:
        append_event(path, "step", step=step, epoch=step / 10, loss=loss, accuracy=0.5, learning_rate=0.1)


def log_epoch(path: Path, epoch: int, **fields: float) -> None:
    append_event(path, "epoch", step=10 * epoch, epoch=epoch, train_loss=1.0, elapsed_s=1.0, **fields)


def test_columns_hold_what_was_logged(log: Path) -> None:
    log_steps(log, range(1, 4), loss=0.25)
    log_epoch(log, 1, train_accuracy=0.5, loss=0.7, accuracy=0.6)
    history = HistoryReader(log).refresh()
    assert history.steps["step"].tolist() == [1, 2, 3]
    assert history.steps["loss"].tolist() == [0.25] * 3
    assert history.epochs["accuracy"].tolist() == [0.6]


def test_an_epoch_without_measured_images_has_no_accuracy(log: Path) -> None:
    log_epoch(log, 1)
    assert math.isnan(HistoryReader(log).refresh().epochs["accuracy"][0])


def test_a_reader_before_the_first_event_is_empty(log: Path) -> None:
    reader = HistoryReader(log)
    assert len(reader.refresh().steps["step"]) == 0
    log_steps(log, range(1, 2))
    assert len(reader.refresh().steps["step"]) == 1


def test_only_new_bytes_are_taken_and_old_snapshots_stay(log: Path) -> None:
    log_steps(log, range(1, 4))
    reader = HistoryReader(log)
    before = reader.refresh()
    content = log.read_bytes()
    log.write_bytes(b"#" * (len(content) - 1) + b"\n")  # same inode: the old part is not read again
    log_steps(log, range(4, 6))
    after = reader.refresh()
    assert after.steps["step"].tolist() == [1, 2, 3, 4, 5]
    assert before.steps["step"].tolist() == [1, 2, 3]
    assert after.revision > before.revision


def test_an_unchanged_log_gives_the_same_snapshot(log: Path) -> None:
    log_steps(log, range(1, 4))
    reader = HistoryReader(log)
    assert reader.refresh() is reader.refresh()


def test_a_torn_line_is_taken_once_it_is_complete(log: Path) -> None:
    log_steps(log, range(1, 3))
    reader = HistoryReader(log)
    reader.refresh()
    with log.open("ab") as file:
        file.write(b'{"kind":"step","step":3,')
    assert reader.refresh().steps["step"].tolist() == [1, 2]
    with log.open("ab") as file:
        file.write(b'"loss":1}\n')
    assert reader.refresh().steps["step"].tolist() == [1, 2, 3]


def test_a_replaced_log_is_read_anew(log: Path) -> None:
    log_steps(log, range(1, 4))
    reader = HistoryReader(log)
    reader.refresh()
    fresh = log.with_name("fresh")
    log_steps(fresh, range(7, 9))
    fresh.replace(log)
    assert reader.refresh().steps["step"].tolist() == [7, 8]


def test_a_resume_drops_rows_beyond_its_step_and_keeps_the_rest(log: Path) -> None:
    log_steps(log, range(1, 26), loss=9.0)
    log_epoch(log, 1)
    log_epoch(log, 2)
    reader = HistoryReader(log)
    reader.refresh()
    append_event(log, "resume", attempt=2, step=12)
    log_steps(log, range(13, 15), loss=1.0)
    history = reader.refresh()
    assert history.steps["step"].tolist() == list(range(1, 15))
    assert history.steps["loss"].tolist() == [9.0] * 12 + [1.0] * 2
    assert history.epochs["epoch"].tolist() == [1]
    assert [len(column) for column in history.steps.values()] == [14] * len(STEP_COLUMNS)


def test_a_resume_at_step_0_begins_again(log: Path) -> None:
    log_steps(log, range(1, 5))
    append_event(log, "resume", attempt=2, step=0)
    assert len(HistoryReader(log).refresh().steps["step"]) == 0


def test_notices_say_what_happened_in_order(log: Path) -> None:
    append_event(log, "alert", code="chance", message="No better than guessing.")
    append_event(log, "acknowledgement", command="1", action="stop", outcome="done")
    append_event(log, "acknowledgement", command="2", action="resume", outcome="refused", reason="It runs.")
    append_event(log, "resume", attempt=2, step=5)
    notices = HistoryReader(log).refresh().notices
    assert [notice.text for notice in notices] == [
        "No better than guessing.",
        "Stop: done",
        "Resume: refused: It runs.",
        "Resumed at step 5 (attempt 2).",
    ]
    assert notices[0].fields["code"] == "chance"
    assert len(list(read_lines(log))) == len(notices)


def alerts(log: Path) -> tuple[list[str], list[str]]:
    """Texts of the alerts that stand, and of the earlier ones."""
    found = HistoryReader(log).refresh().alerts
    return [one.text for one in found.standing], [one.text for one in found.earlier]


def test_an_alert_stands_until_it_is_ended_or_told_in_other_words(log: Path) -> None:
    append_event(log, "alert", code="plateau", message="Still in epoch 6.", step=60)
    append_event(log, "alert", code="starvation", message="Slow.", step=70)
    assert alerts(log) == (["Still in epoch 6.", "Slow."], [])
    append_event(log, "relief", code="plateau", step=80, epoch=8)
    assert alerts(log) == (["Slow."], ["Still in epoch 6."])
    append_event(log, "alert", code="plateau", message="Still in epoch 20.", step=200)
    append_event(log, "alert", code="starvation", message="Slow.", step=210)
    assert alerts(log) == (["Still in epoch 20.", "Slow."], ["Still in epoch 6."])


def test_a_resume_takes_back_alerts_and_reliefs_of_what_is_done_again(log: Path) -> None:
    append_event(log, "alert", code="plateau", message="Still.", step=60)
    append_event(log, "relief", code="plateau", step=80, epoch=8)
    append_event(log, "alert", code="starvation", message="Slow.", step=80)
    append_event(log, "resume", attempt=2, step=80)
    assert alerts(log) == (["Slow."], ["Still."])
    append_event(log, "resume", attempt=3, step=80, within_epoch=True)
    assert alerts(log) == (["Still."], [])
    append_event(log, "resume", attempt=4, step=20)
    assert alerts(log) == ([], [])


def test_that_memory_ran_out_stands_as_long_as_the_smaller_parts_do(log: Path) -> None:
    append_event(log, "alert", code="memory", message="In 2 parts.", step=121)
    append_event(log, "resume", attempt=2, step=100, within_epoch=True)
    assert alerts(log) == (["In 2 parts."], [])
    append_event(log, "taken_back", step=80, amendments=[])
    assert alerts(log) == ([], [])


def test_a_log_from_before_alerts_ended_does_not_contradict_itself(log: Path) -> None:
    for code in ("chance", "plateau", "starvation", "overfitting"):
        append_event(log, "alert", code=code, message=code)
    assert alerts(log) == (["starvation", "overfitting"], ["chance", "plateau"])


def test_an_early_end_stands_until_another_epoch_and_is_told_once(log: Path) -> None:
    log_epoch(log, 14)
    for _ in range(2):  # a run that died while it was evaluated says it again
        append_event(log, "alert", code="early-end", message="Ended after epoch 14.")
        append_event(log, "resume", attempt=2, step=140)
    assert alerts(log) == (["Ended after epoch 14."], [])
    log_epoch(log, 15, at=time.time() + 1)
    assert alerts(log) == ([], ["Ended after epoch 14."])


def test_an_epoch_that_a_resumed_run_ends_again_is_counted_once(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    append_event(log, "step", step=3, epoch=1, loss=1.0)
    append_event(log, "epoch", step=3, epoch=1, loss=0.5)
    append_event(log, "resume", step=3, attempt=2, within_epoch=True)
    append_event(log, "epoch", step=3, epoch=1, loss=0.5)
    append_event(log, "resume", step=3, attempt=3, within_epoch=False)
    history = HistoryReader(log).refresh()
    assert history.epochs["epoch"].tolist() == [1] and history.steps["step"].tolist() == [3]
