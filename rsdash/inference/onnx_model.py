"""A trained network as an ONNX file, and the proof that it says the same.

The graph takes pixels on [0, 1] and normalizes them itself, so that whoever uses it needs no number but
the size of the image.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.capi import onnxruntime_pybind11_state as complaints  # pyright: ignore[reportAttributeAccessIssue]  # compiled
from onnxscript import ir
from torch import Tensor, nn

from rsdash.errors import ModelError, storage_errors
from rsdash.exports.card import INPUT_NAME, OUTPUT_NAME
from rsdash.inference.loading import Reported
from rsdash.training.tiles import PixelScale

BATCH_SIZES = (1, 3, 8)
"""The file is tried on so many images at a time; it was traced with another number."""
TRACED_BATCH = 2
TOLERANCE = 1e-3
"""Rounding explains no larger difference of a logit."""
MOST_BYTES = 2_000_000_000
"""What one file of ONNX can hold."""

_UNRUNNABLE = (
    complaints.Fail,
    complaints.InvalidArgument,
    complaints.InvalidGraph,
    complaints.InvalidProtobuf,
    complaints.NotImplemented,
    complaints.RuntimeException,
    onnx.checker.ValidationError,
)


class OnPixels(nn.Module):
    """A network with its normalization before it: (N, C, side, side) on [0, 1] to logits (N, K)."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, scale: PixelScale) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(scale.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(scale.std).view(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of pixels on [0, 1]."""
        return self.network((pixels - self.mean) / self.std)


def on_pixels(reported: Reported) -> OnPixels:
    """A run's network on pixels in [0, 1]: on the CPU, where fp32 is exact, in evaluation mode."""
    return OnPixels(reported.model, reported.card.scale).to("cpu").eval()


def write_onnx(network: OnPixels, path: Path, *, side_px: int, texts: Mapping[str, str]) -> int:
    """Translate a network; the number of images at a time stays open.

    Args:
        network: from `on_pixels`.
        path: where to write.
        side_px: side of its images.
        texts: go into the file's metadata.

    Returns:
        Version of the set of operators.

    Raises:
        ModelError: the network cannot be translated, or is larger than a file of ONNX may be.
        StorageError: the disk is full.
    """
    size = sum(tensor.nbytes for tensor in network.state_dict().values())
    if size > MOST_BYTES:
        raise ModelError(f"The network takes {size / 1e9:.1f} GB; ONNX holds 2 GB. Export it as safetensors.")
    traced = torch.rand(TRACED_BATCH, network.mean.shape[1], side_px, side_px)
    try:
        program = _translated(network, traced)
    except (torch.onnx.OnnxExporterError, RuntimeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"The network cannot be translated to ONNX ({reason}). Export it as safetensors."
        ) from error
    program.model.metadata_props.update(texts)
    with storage_errors(path.parent):
        ir.save(program.model, path)
    return program.model.opset_imports[""]


def differences(network: OnPixels, path: Path, *, side_px: int) -> Iterator[float]:
    """Run the file beside the network that it was made from.

    Args:
        network: the original.
        path: the ONNX file.
        side_px: side of its images.

    Yields:
        For each of `BATCH_SIZES`, the largest difference of a logit.

    Raises:
        ModelError: a logit differs by more than `TOLERANCE`, or the file cannot be run.
    """
    try:
        onnx.checker.check_model(path)
        session = onnxruntime.InferenceSession(path, _options(), providers=["CPUExecutionProvider"])
        for count in BATCH_SIZES:
            pixels = made_images(count, network.mean.shape[1], side_px)
            with torch.inference_mode():
                wanted = network(torch.from_numpy(pixels)).numpy()
            found = np.asarray(session.run([OUTPUT_NAME], {INPUT_NAME: pixels})[0])
            yield _checked(found, wanted)
    except _UNRUNNABLE as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"The ONNX file cannot be run ({reason}). Export it as safetensors.") from error


def made_images(count: int, channels: int, side_px: int) -> np.ndarray:
    """Images to try a network on: noise, smooth and flat ones in turn; float32 (count, C, side, side)."""
    draw = np.random.default_rng(count)
    images = draw.random((count, channels, side_px, side_px), dtype=np.float32)
    ramp = np.linspace(0, 1, side_px, dtype=np.float32)
    images[1::3] = (ramp[:, None] * draw.random((channels, 1, 1), dtype=np.float32) + ramp) / 2
    images[2::3] = draw.random((channels, 1, 1), dtype=np.float32)
    return images


def _translated(network: OnPixels, traced: Tensor) -> torch.onnx.ONNXProgram:
    with _quiet():
        program = torch.onnx.export(
            network,
            (traced,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
        )
    assert program is not None  # it is returned where no path is given
    return program


def _checked(found: np.ndarray, wanted: np.ndarray) -> float:
    if found.shape != wanted.shape:
        raise ModelError(
            f"The ONNX file answers with the shape {found.shape} where the network gives {wanted.shape}. "
            "Export it as safetensors."
        )
    difference = float(np.abs(found - wanted).max())
    if not difference <= TOLERANCE:  # NaN too
        raise ModelError(
            f"The ONNX file does not say what the network says: on {len(found)} images a logit differs by "
            f"{difference:.2g}, and {TOLERANCE:g} is allowed. Export it as safetensors."
        )
    return difference


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors; it warns of constants that it folds itself
    return options


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells of its own internals, which nobody here can change."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
