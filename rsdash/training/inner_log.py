"""Writes what a run shows of its inner life: gradients, confusion, probe tiles, filters, machine, alerts.

What it adds to metrics.jsonl, at most: gradients 8 rows of 500 bytes an epoch (24 groups); confusion 1 kB an
epoch at 10 classes, 25 kB at 50, 70 bytes a class beyond; probe tiles 1.4 kB an epoch; machine 120 bytes
every 10 s, seldomer after 3 hours; each alert when it begins and ends. filters.npz is replaced, not added to.
"""

from __future__ import annotations

from collections.abc import Sequence

from rsdash.runs.folder import RunFolder
from rsdash.runs.history import History, HistoryReader
from rsdash.runs.parts import PARTS, Parts
from rsdash.training.alarms import Alarms
from rsdash.training.confusion import confusion_counts
from rsdash.training.filters import FilterFile
from rsdash.training.gradients import LayerFigures
from rsdash.training.layers import LayerGroup
from rsdash.training.machine import MachineWatch
from rsdash.training.material import Material
from rsdash.training.measure import Score
from rsdash.training.probes import choose_probes, probe_answers
from rsdash.training.progress import Progress, Sums


class InnerLog:
    """The recorder's second pen; only the holder of the run's lock may use it."""

    def __init__(self, folder: RunFolder, material: Material, *, shares: Sequence[float]) -> None:
        """Choose the probe tiles and remember the first filters.

        Args:
            folder: the run.
            material: with the weights that the run begins with, before those of a checkpoint if it has one.
            shares: of the classes in what the loss asks for, adding up to 1.
        """
        self._folder = folder
        self._alarms = Alarms(folder, shares=shares)
        self._filters = FilterFile(folder.filters_path, material.model)
        self._machine = MachineWatch(material.compute.device)
        measured = material.watched
        names = _names_by_row(folder)
        self._probes = choose_probes(
            measured.labels, measured.rows, [names.get(row, str(row)) for row in measured.rows.tolist()]
        )

    def begin(self, progress: Progress, groups: Sequence[LayerGroup]) -> History:
        """Say what the rows to come are about; take over the past of a resumed run, and return it."""
        past = HistoryReader(self._folder.metrics_path).refresh()
        self._alarms.recall(past)
        self._folder.log_event(
            "layers", names=[group.name for group in groups], sizes=[group.size for group in groups]
        )
        probes = self._probes
        self._folder.log_event("probes", names=probes.names, labels=probes.labels, rows=probes.rows)
        self._filters.write(progress.step, force=True)
        return past

    def tick(self, progress: Progress) -> None:
        """Between two steps: look at the machine, if it is time to."""
        if self._machine.due():
            self._folder.log_event("machine", step=progress.step, **self._machine.row())

    def on_layers(self, figures: LayerFigures, *, step: int, epoch: float) -> None:
        """Log the gradients of a measured step."""
        self._folder.log_event(
            "gradients", step=step, epoch=epoch, norms=figures.norms, ratios=figures.ratios
        )

    def on_epoch(self, progress: Progress, training: Sums, validation: Score) -> None:
        """Log what an epoch's measured logits say, and raise alerts."""
        step, epoch = progress.step, progress.epoch
        counts = confusion_counts(validation.logits, validation.labels)
        self._folder.log_event("confusion", step=step, epoch=epoch, images=validation.images, counts=counts)
        answers = probe_answers(self._probes, validation.logits)
        self._folder.log_event("probe", step=step, epoch=epoch, answers=answers)
        self._filters.write(step)
        self._alarms.on_epoch(progress, training, validation.loss)

    def write_filters(self, step: int) -> None:
        """Leave the latest filters behind."""
        self._filters.write(step, force=True)


def _names_by_row(folder: RunFolder) -> dict[int, str]:
    parts = Parts.read(folder.split_path)
    return {
        row: name
        for part in PARTS
        for row, name in zip(parts.rows[part].tolist(), parts.names[part], strict=True)
    }
