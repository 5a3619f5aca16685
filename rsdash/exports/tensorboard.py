"""A run's history as a TensorBoard event file.

| tag | what |
| --- | --- |
| `step/loss`, `step/accuracy` | means over the training images since the row before |
| `step/learning_rate`, `step/images_per_s` | rate, and training speed, in force there |
| `epoch/train_loss`, `epoch/train_accuracy` | means over an epoch's training images |
| `epoch/<role>_loss`, `epoch/<role>_accuracy` | of the images measured after each epoch, by their role |
| `gradient_norm/<layers>`, `update_ratio/<layers>` | of each layer group, from input to output |
| `result/accuracy`, `result/loss` | the reported figures, once the run is evaluated |

Losses are in nats, accuracies shares; the horizontal axis is optimizer steps, and wall times are those of the
events. The settings are there as text and for the HParams tab. Values that are no numbers are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]  # made at import
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata  # pyright: ignore[reportAttributeAccessIssue]  # made at import
from tensorboard.compat.proto.tensor_pb2 import TensorProto  # pyright: ignore[reportAttributeAccessIssue]  # made at import
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto  # pyright: ignore[reportAttributeAccessIssue]  # made at import
from tensorboard.compat.proto.types_pb2 import DT_STRING  # pyright: ignore[reportAttributeAccessIssue]  # made at import
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.summary.writer.record_writer import RecordWriter

from rsdash.config import RunConfig, as_text
from rsdash.errors import RunError, storage_errors
from rsdash.files import write_atomic
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.index import RunEntry
from rsdash.runs.states import EVALUATED
from rsdash.runs.watched import LayerHistory

FILE_VERSION = "brain.Event:2"
STEP_TAGS = ("loss", "accuracy", "learning_rate")
TEXT_TAG = "settings"


class Scalar(NamedTuple):
    """A point of a curve; `at` is in seconds since 1970."""

    tag: str
    step: int
    at: float
    value: float


def write_tensorboard(entry: RunEntry, out: Path) -> Path:
    """Write a run's event file; one that was written before is replaced.

    Args:
        entry: any run that has begun.
        out: folder that TensorBoard is pointed at; the run gets a folder of its own in it.

    Returns:
        The file, `<out>/<run id>/events.out.tfevents.<second of the run's making>.rsdash`.

    Raises:
        RunError: the run has recorded nothing yet.
        StorageError: the disk is full or the place cannot be written.
    """
    history = HistoryReader(entry.folder.metrics_path).refresh()
    points = sorted(scalars(entry, history), key=lambda point: (point.at, point.tag))
    if not points:
        raise RunError(f"{entry.name} has recorded no step yet; there is nothing to export.")
    created_at = entry.request.created_at
    path = out / entry.id / f"events.out.tfevents.{int(created_at)}.rsdash"
    events = [
        Event(wall_time=created_at, file_version=FILE_VERSION),
        Event(wall_time=created_at, step=0, summary=_settings_text(entry)),
        Event(wall_time=created_at, step=0, summary=_hparams(entry)),
        *(_scalar_event(point) for point in points),
    ]
    with storage_errors(out):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda file: _write(events, file))
    return path


def scalars(entry: RunEntry, history: History) -> Iterator[Scalar]:
    """All points of a run's curves.

    Args:
        entry: the run.
        history: what it has recorded.
    """
    steps, epochs = history.steps, history.epochs
    for name in STEP_TAGS:
        yield from _points(f"step/{name}", steps, steps[name])
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = steps["images"] / steps["seconds"]
    yield from _points("step/images_per_s", steps, speed)
    for name in ("train_loss", "train_accuracy"):
        yield from _points(f"epoch/{name}", epochs, epochs[name])
    role = str(entry.watched_role).replace(",", "").replace("-", "_").replace(" ", "_")
    for name in ("loss", "accuracy"):
        yield from _points(f"epoch/{role}_{name}", epochs, epochs[name])
    yield from _layers(history.layers, steps)
    summary = entry.state.summary
    if entry.state.state in EVALUATED and summary.accuracy is not None and summary.loss is not None:
        for name, value in (("accuracy", summary.accuracy), ("loss", summary.loss)):
            yield Scalar(f"result/{name}", summary.step, entry.state.updated_at, value)


def _layers(layers: LayerHistory, steps: Mapping[str, np.ndarray]) -> Iterator[Scalar]:
    """Gradients are recorded together with a step, whose time is theirs."""
    if not len(layers.step) or not len(steps["step"]):
        return
    table = {"step": layers.step, "at": np.interp(layers.step, steps["step"], steps["at"])}
    for place, name in enumerate(layers.names):
        yield from _points(f"gradient_norm/{name}", table, layers.norms[:, place])
        yield from _points(f"update_ratio/{name}", table, layers.ratios[:, place])


def _points(tag: str, table: Mapping[str, np.ndarray], values: np.ndarray) -> Iterator[Scalar]:
    for step, at, value in zip(table["step"].tolist(), table["at"].tolist(), values.tolist(), strict=True):
        if np.isfinite(value) and np.isfinite(at):
            yield Scalar(tag, int(step), at, value)


def _scalar_event(point: Scalar) -> Event:
    summary = Summary(value=[Summary.Value(tag=point.tag, simple_value=point.value)])
    return Event(wall_time=point.at, step=point.step, summary=summary)


def _settings_text(entry: RunEntry) -> Summary:
    """What the run is and its settings in force, as a table for the Text tab."""
    data, summary = entry.request.data, entry.state.summary
    facts = {
        "run": f"{entry.name} ({entry.id})",
        "state": entry.state.state.value,
        "data set": f"{data.name}, fingerprint {data.fingerprint}, split {data.split}",
        "parameters": f"{summary.parameters:,}",
        "device": summary.device,
    }
    changes = [f"{one.setting} = {one.value:g} from step {one.step} on" for one in entry.state.amendments]
    if changes:
        facts["changed on the way"] = "; ".join(changes)
    rows = {**facts, **{name: as_text(getattr(entry.config, name)) for name in RunConfig.model_fields}}
    lines = [
        "| setting | value |",
        "| --- | --- |",
        *(f"| {_cell(k)} | {_cell(v)} |" for k, v in rows.items()),
    ]
    content = TensorProto(
        dtype=DT_STRING, tensor_shape=TensorShapeProto(), string_val=["\n".join(lines).encode()]
    )
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary(value=[Summary.Value(tag=TEXT_TAG, metadata=metadata, tensor=content)])


def _hparams(entry: RunEntry) -> Summary:
    """The settings in force for the HParams tab."""
    values = {name: getattr(entry.config, name) for name in RunConfig.model_fields}
    plain = {k: v if isinstance(v, bool | int | float | str) else as_text(v) for k, v in values.items()}
    content = hparams.hparams_pb(plain, trial_id=entry.id, start_time_secs=entry.request.created_at)
    return Summary.FromString(content.SerializeToString())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _write(events: list[Event], file: BinaryIO) -> None:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
