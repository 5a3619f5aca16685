"""What exporting and importing a model tells on its way and at its end; plain values, no torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Stage(_Told):
    """How far it is: stages done, of so many, and what comes next in words."""

    done: int
    total: int
    words: str


class ExportedFile(_Told):
    """One file that was written, by its name in the place asked for."""

    name: str
    bytes: int


class ExportResult(_Told):
    """What was written.

    Attributes:
        format: safetensors, onnx or bundle.
        path: the folder, or the zip.
        files: what is there.
        largest_difference: of a logit between the ONNX file and the network in fp32; None without ONNX.
    """

    format: str
    path: str
    files: tuple[ExportedFile, ...]
    largest_difference: float | None


class ImportResult(_Told):
    """The run that an exported model became.

    Attributes:
        run_id: name of its folder.
        name: what it is called.
        cautions: what it was not made or tested for, as its card says.
    """

    run_id: str
    name: str
    cautions: tuple[str, ...]
