"""What the machine does meanwhile: processor, memory, GPU and temperatures, every few seconds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import psutil
import pynvml
import torch

ROW_EVERY_S = 10.0
MOST_AN_EPISODE = 1_000
"""Rows of about 120 bytes in the first 3 hours; from then on the gaps grow with the time that has passed, so
that ten days of training give 5,500 rows rather than 86,000."""
_GPU_FIGURES: dict[str, Callable[[Any], float]] = {
    "gpu": lambda gpu: int(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu) / 100,
    "gpu_memory": lambda gpu: int(pynvml.nvmlDeviceGetMemoryInfo(gpu).used),
    "gpu_c": lambda gpu: pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU),
}
"""What is asked of a GPU, by its handle; some GPUs, and parts of one, answer not all of it."""


class MachineWatch:
    """Looks at the machine when a row is due; what cannot be read is left out of the row.

    Rows hold `cpu` (share of all processors in use), `memory` (bytes of this process), `cpu_c` (°C), and
    of the GPU it trains on `gpu` (share of the time in which it works), `gpu_memory` (bytes in use, by all)
    and `gpu_c`.
    """

    def __init__(self, device: torch.device) -> None:
        self._process = psutil.Process()
        self._gpu = _gpu_handle(device)
        self._began = self._row_at = time.monotonic()
        psutil.cpu_percent(None)  # the share is that since the last call

    def due(self) -> bool:
        """Whether it is time for a row."""
        now = time.monotonic()
        return now - self._row_at >= max(ROW_EVERY_S, (now - self._began) / MOST_AN_EPISODE)

    def row(self) -> dict[str, Any]:
        """One row, of the time since the last one."""
        self._row_at = time.monotonic()
        row: dict[str, Any] = {
            "cpu": round(psutil.cpu_percent(None) / 100, 3),
            "memory": self._process.memory_info().rss,
        }
        degrees = _processor_c()
        if degrees is not None:
            row["cpu_c"] = degrees
        return row | self._gpu_row()

    def _gpu_row(self) -> dict[str, Any]:
        row: dict[str, Any] = {}
        if self._gpu is None:
            return row
        for name, read in _GPU_FIGURES.items():
            with contextlib.suppress(pynvml.NVMLError):  # a figure that this GPU does not give
                row[name] = read(self._gpu)
        return row


def _gpu_handle(device: torch.device) -> Any | None:
    """The driver's handle of the GPU that PyTorch calls `device`; None where it trains on none."""
    if device.type != "cuda":
        return None
    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return pynvml.nvmlDeviceGetHandleByUUID(uuid.encode())
    except pynvml.NVMLError:
        return None


def _processor_c() -> float | None:
    """The hottest of the processor's sensors; None where there is none to read."""
    read = getattr(psutil, "sensors_temperatures", None)  # not on every system
    sensors = read() if read else {}
    found = [
        reading.current
        for name in ("coretemp", "k10temp", "zenpower", "cpu_thermal")
        for reading in sensors.get(name, [])
    ]
    return round(max(found), 1) if found else None
