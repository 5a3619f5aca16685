"""Faults inside a real worker: imported by any Python that has this folder on PYTHONPATH.

RSDASH_TEST_FAULT=memory:N   the step after N steps runs out of memory unless it works in parts of 8 images
RSDASH_TEST_FAULT=nan:N      after N steps one weight becomes NaN
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

TARGET = "rsdash.training.step"


class Injector(MetaPathFinder):
    """Changes the module of steps as it is imported."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != TARGET:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                inject(module.Stepper, *os.environ["RSDASH_TEST_FAULT"].split(":"))

            spec.loader.exec_module = exec_module
        return spec


def inject(stepper: Any, fault: str, after: str) -> None:
    """Have one method of the steps fail."""
    import torch

    taken, real = [0], stepper._take

    def take(self: Any, images: Any, labels: Any, config: Any, *others: Any) -> Any:
        if taken[0] == int(after):
            if fault == "memory" and len(labels) / config.accumulation > 8:
                raise torch.OutOfMemoryError("injected")
            if fault == "nan":
                with torch.no_grad():
                    next(self.model.parameters())[0, 0, 0, 0] = float("nan")
        result = real(self, images, labels, config, *others)
        taken[0] += 1
        return result

    stepper._take = take


if "RSDASH_TEST_FAULT" in os.environ:
    sys.meta_path.insert(0, Injector())
