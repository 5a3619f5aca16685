"""What the arithmetic runs on and in which number format."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from rsdash.config import RunConfig
from rsdash.errors import ConfigError


@dataclass(frozen=True)
class Compute:
    """A device with a number format.

    Attributes:
        device: where tensors live.
        dtype: format of the heavy arithmetic; parameters stay in fp32.
        description: device and format in words.
        exact: whether fp32 is to be that in cuDNN's convolutions too, which round to TF32 by default.
    """

    device: torch.device
    dtype: torch.dtype
    description: str
    exact: bool = False

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Context in which matrix products and convolutions run in `dtype`."""
        if self.dtype != torch.float32:
            return torch.autocast(self.device.type, dtype=self.dtype)
        return _without_tf32() if self.exact else contextlib.nullcontext()

    def in_fp32(self) -> Compute:
        """The same device in full precision, for figures that are reported."""
        return Compute(self.device, torch.float32, self.description, exact=True)


@contextlib.contextmanager
def untuned() -> Iterator[None]:
    """Context for batches unlike those of most steps: what makes a kind of batch fast later is left out.

    Compiled networks run as written, as compiling them again takes as long as it did for training; cuDNN
    takes the kernels that it recommends instead of trying all of them. The compiler is not imported where
    nothing is compiled.
    """
    compiling = "torch._dynamo" in sys.modules
    tried, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
    try:
        with torch.compiler.set_stance("force_eager") if compiling else contextlib.nullcontext():
            yield
    finally:
        torch.backends.cudnn.benchmark = tried


def choose_compute(config: RunConfig) -> Compute:
    """Take the device and precision that `config` asks for, or the best there is.

    A GPU given by its UUID has been made the only visible one by the launcher.

    Raises:
        ConfigError: the device is not there, or lacks the precision.
    """
    device = _device(config.device)
    native = _native_dtype(device)
    wanted = {"auto": native, "fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    dtype = wanted[config.precision]
    if dtype not in (torch.float32, native) and not (device.type == "cuda" and dtype == torch.float16):
        raise ConfigError(
            f"precision={config.precision} is not native to this {device.type}; use auto or fp32."
        )
    repeatable = config.deterministic and device.type == "cuda"
    if repeatable:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if repeatable != torch.are_deterministic_algorithms_enabled():  # a call imports PyTorch's compiler
        torch.use_deterministic_algorithms(repeatable, warn_only=True)  # AlexNet's pooling has no such form
    torch.backends.cudnn.benchmark = not config.deterministic  # batches are of one size
    format_name = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
    return Compute(device, dtype, f"{device_name(device)}, {format_name}")


def device_name(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads" if device.type == "cpu" else "Apple GPU"


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 natively (AVX512-BF16 or AMX-BF16), rather than emulating it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return bool({"avx512_bf16", "amx_bf16"} & set(flags.split()))


@contextlib.contextmanager
def _without_tf32() -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _device(wanted: str) -> torch.device:
    if wanted == "cpu":
        return torch.device("cpu")
    if wanted == "mps" or (wanted == "auto" and torch.backends.mps.is_available()):
        if torch.backends.mps.is_available():
            return torch.device("mps")
        raise ConfigError("device=mps is not available on this machine; use auto or cpu.")
    if torch.cuda.is_available():
        return torch.device("cuda:0")
    if wanted == "auto":
        return torch.device("cpu")
    raise ConfigError(f"device={wanted} is not available: PyTorch sees no GPU here; use auto or cpu.")


def _native_dtype(device: torch.device) -> torch.dtype:
    if device.type == "cpu":
        return torch.bfloat16 if cpu_has_bf16() else torch.float32
    if device.type == "cuda":
        real = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if real else torch.float16
    return torch.float32
