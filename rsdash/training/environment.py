"""The circumstances of one attempt: versions, hardware, commit and command line."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rsdash import __version__
from rsdash.home import PROJECT_DIR
from rsdash.processors import processors
from rsdash.training.compute import Compute

PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")


def describe_environment(compute: Compute, *, attempt: int) -> dict[str, Any]:
    """Facts that a reader needs to judge or repeat this attempt."""
    return {
        "attempt": attempt,
        "started_at": time.time(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "command": sys.argv,
        "rsdash": __version__,
        "commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
        "cores": processors(),
        "threads": torch.get_num_threads(),
        "device": compute.description,
    }


def _git_commit() -> str:
    command = ["git", "-C", str(PROJECT_DIR), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, platform.processor())
