"""Rows of what the machine does; the driver of the GPU is a stand-in, as test machines have none."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pynvml
import pytest
import torch

from rsdash.training import machine
from rsdash.training.machine import MachineWatch

UUID = "aa11"
READINGS = {"gpu": 0.87, "gpu_memory": 3 * 2**30, "gpu_c": 61}
QUESTIONS = {
    "gpu": "nvmlDeviceGetUtilizationRates",
    "gpu_memory": "nvmlDeviceGetMemoryInfo",
    "gpu_c": "nvmlDeviceGetTemperature",
}


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A driver of the GPU that PyTorch trains on; figures that are put into the set it does not give."""
    refused: set[str] = set()
    answers = {
        "gpu": SimpleNamespace(gpu=87, memory=40),
        "gpu_memory": SimpleNamespace(total=80 * 2**30, used=3 * 2**30),
        "gpu_c": 61,
    }

    def answer(figure: str, handle: bytes, *sensor: int) -> object:
        assert handle == f"GPU-{UUID}".encode()
        assert sensor == ((pynvml.NVML_TEMPERATURE_GPU,) if figure == "gpu_c" else ())
        if figure in refused:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return answers[figure]

    for figure, question in QUESTIONS.items():
        monkeypatch.setattr(pynvml, question, lambda *asked, figure=figure: answer(figure, *asked))
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda uuid: uuid)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid=UUID))
    return refused


def test_a_machine_row_holds_what_can_be_read() -> None:
    row = MachineWatch(torch.device("cpu")).row()
    assert 0 <= row["cpu"] <= 1
    assert row["memory"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert "gpu" not in row


def test_machine_rows_come_seldomer_the_longer_a_run_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(machine.time, "monotonic", lambda: now[0])
    watch, taken = MachineWatch(torch.device("cpu")), []
    for second in range(0, 10 * 86_400, 5):
        now[0] = float(second)
        if watch.due():
            watch.row()
            taken.append(second)
    assert taken[:3] == [10, 20, 30]
    assert 4_000 < len(taken) < 6_000


@pytest.mark.parametrize(
    "refused", [(), ("gpu",), ("gpu_memory",), ("gpu_c",), ("gpu", "gpu_c"), tuple(READINGS)]
)
def test_a_figure_that_a_gpu_refuses_is_left_out_by_itself(
    driver: set[str], refused: tuple[str, ...]
) -> None:
    driver.update(refused)
    row = MachineWatch(torch.device("cuda")).row()
    assert {"cpu", "memory"} <= row.keys()
    assert {name: value for name, value in row.items() if name.startswith("gpu")} == {
        name: value for name, value in READINGS.items() if name not in refused
    }


def test_a_gpu_that_the_driver_does_not_know_is_left_out(
    driver: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(uuid: bytes) -> bytes:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", unknown)
    assert not driver
    assert not READINGS.keys() & MachineWatch(torch.device("cuda")).row().keys()
