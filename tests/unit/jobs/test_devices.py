"""Slots of a machine with GPUs: the driver is a stand-in, as test machines have none."""

from __future__ import annotations

from types import SimpleNamespace

import pynvml
import pytest

from rsdash.jobs.devices import Slot, find_slots, slots_for
from tests.holding import CPU, GPUS

GIB = 2**30
UUIDS = ("GPU-aa11", "GPU-ab22", "GPU-cc33")
PART = "MIG-dd44"


@pytest.fixture
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A driver of three GPUs, the first in parts; what is put into the set it cannot describe."""
    failed: set[str] = set()
    unlike = set(getattr(request, "param", ()))

    def uuid(handle: str) -> str:
        if handle in failed:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return handle

    def by_uuid(name: str) -> str:
        if name != PART:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return name

    for name, answer in {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: len(UUIDS),
        "nvmlDeviceGetHandleByIndex": lambda number: UUIDS[number],
        "nvmlDeviceGetHandleByUUID": by_uuid,
        "nvmlDeviceGetUUID": uuid,
        "nvmlDeviceGetName": lambda handle: "T4" if handle in unlike else "H100",
        "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=80 * GIB),
    }.items():
        monkeypatch.setattr(pynvml, name, answer)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return failed


def gpus() -> list[str]:
    *slots, cpu = find_slots.__wrapped__()
    assert cpu.id == "cpu" and all(slot == Slot(slot.id, "H100", 80 * GIB) for slot in slots)
    return [slot.id for slot in slots]


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, list(UUIDS)),
        ("", []),
        ("-1", []),
        ("2,0", [UUIDS[2], UUIDS[0]]),
        ("1,7,0", [UUIDS[1]]),
        ("GPU-cc33, 0", [UUIDS[2], UUIDS[0]]),
        ("GPU-ab", [UUIDS[1]]),
        ("GPU-a", []),
        (PART, [PART]),
        ("MIG-gone,1", []),
    ],
)
def test_runs_train_on_the_gpus_that_the_environment_leaves_to_the_server(
    monkeypatch: pytest.MonkeyPatch, named: str | None, expected: list[str]
) -> None:
    if named is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert gpus() == expected


def test_a_gpu_that_has_failed_is_passed_over(driver: set[str], caplog: pytest.LogCaptureFixture) -> None:
    driver.add(UUIDS[1])
    assert gpus() == [UUIDS[0], UUIDS[2]]
    assert "GPU 1 is passed over" in caplog.text


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("driver", "named", "warned"),
    [((), "0,1", False), ((UUIDS[0],), "0,1", True), ((UUIDS[0],), UUIDS[1], False)],
    indirect=["driver"],
)
def test_unlike_gpus_that_are_named_by_numbers_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, named: str, warned: bool
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert len(find_slots.__wrapped__()) > 1
    assert ("order of nvidia-smi" in caplog.text) == warned


@pytest.mark.parametrize(
    ("device", "slots", "expected"),
    [
        ("auto", (*GPUS, CPU), ["GPU-a", "GPU-b"]),
        ("auto", (CPU,), ["cpu"]),
        ("cpu", (*GPUS, CPU), ["cpu"]),
        ("cuda:1", (*GPUS, CPU), ["GPU-b"]),
        ("cuda:2", (*GPUS, CPU), []),
        ("GPU-b", (*GPUS, CPU), ["GPU-b"]),
        ("cuda", (*GPUS, CPU), ["GPU-a", "GPU-b"]),
        ("cuda", (CPU,), []),
        ("cuda:x", (*GPUS, CPU), []),
    ],
)
def test_a_device_setting_names_slots(device: str, slots: tuple[Slot, ...], expected: list[str]) -> None:
    assert [slot.id for slot in slots_for(device, slots)] == expected
