"""Audit a data set once per version of its files; the result is kept beside the manifest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from rsdash.data.audit.measure import BLANK_SHARE, Measurements, measure
from rsdash.data.audit.outliers import COMMON_SHARE, SIDE_FACTOR, mode_outliers, size_outliers
from rsdash.data.audit.result import FORMAT, Audit, IdenticalImages, Rows
from rsdash.data.dataset import Dataset, manifest_path
from rsdash.data.manifest import Manifest
from rsdash.data.parallel import Progress
from rsdash.errors import DataError, DataNotFoundError

AUDIT_FILE = "audit.json"
"""With another radiometry than rgb8 the name goes on with its digest: other bands show other things."""


def audit_path(dataset: Dataset) -> Path:
    """Where the audit of the present files, read with the present radiometry, is stored."""
    radiometry = dataset.info.radiometry
    name = AUDIT_FILE if radiometry.is_rgb8 else AUDIT_FILE.replace(".", f"-{radiometry.digest}.")
    return manifest_path(dataset.folder, dataset.manifest.fingerprint).parent / name


def load_audit(dataset: Dataset) -> Audit | None:
    """The stored audit of the present files; None where there is none, or one of another version of rsdash.

    Raises:
        DataError: it is damaged.
    """
    path = audit_path(dataset)
    if not path.exists():
        return None
    audit = Audit.load(path)
    if audit.fingerprint != dataset.manifest.fingerprint or audit.image_count != len(dataset.manifest):
        raise DataError(f"The audit {path} belongs to other files. Audit the data set again.")
    return audit if audit.format == FORMAT else None


def audit_dataset(dataset: Dataset, on_progress: Progress | None = None) -> Audit:
    """Audit the present files, or read the audit that was made of them; a damaged one is made anew.

    Args:
        dataset: what to audit; its files are only read.
        on_progress: called with (images done, images in all). It may raise to stop, which leaves
            nothing behind.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
        DataNotFoundError: the data set was removed meanwhile.
        StorageError: the disk is full or the place cannot be written.
    """
    try:
        audit = load_audit(dataset)
    except DataError:
        audit = None
    if audit is None:
        audit = _audit(dataset, on_progress)
        path = audit_path(dataset)
        if not path.parent.is_dir():
            raise DataNotFoundError(f"The data set {dataset.name!r} was removed while it was audited.")
        audit.save(path)
    return audit


def _audit(dataset: Dataset, on_progress: Progress | None) -> Audit:
    # They load scipy, 0.7 s that whoever only reads an audit would wait for.
    from rsdash.data.audit.neighbours import MIN_CONTRAST, THRESHOLDS, find_near, join

    manifest = dataset.manifest
    measured = measure(dataset, on_progress)
    identical = _identical(measured, manifest)
    too_uniform = measured.contrast < MIN_CONTRAST
    copies = [row for images in identical for row in images.rows[1:]]
    compared = np.setdiff1d(np.flatnonzero(~too_uniform), copies)
    near = find_near(dataset, measured, compared, on_progress)
    groups = join([*(images.rows for images in identical), *((pair.first, pair.second) for pair in near)])
    return Audit(
        format=FORMAT,
        fingerprint=manifest.fingerprint,
        image_count=len(manifest),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        thresholds={**THRESHOLDS, **_OTHER_THRESHOLDS},
        refused=manifest.refused,
        identical=identical,
        near=tuple(near),
        groups=groups,
        conflicts=_conflicts(groups, manifest.labels),
        too_uniform=_rows(too_uniform),
        blank=_rows(measured.blank),
        size_outliers=size_outliers(manifest.widths, manifest.heights),
        mode_outliers=mode_outliers(measured.modes),
        modes=dict(Counter(measured.modes).most_common()),
        counts=manifest.counts(),
    )


_OTHER_THRESHOLDS = {"blank_share": BLANK_SHARE, "common_share": COMMON_SHARE, "side_factor": SIDE_FACTOR}


def _identical(measured: Measurements, manifest: Manifest) -> tuple[IdenticalImages, ...]:
    rows_of: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, pixels in enumerate(measured.pixel_hashes):
        rows_of[pixels].append(row)
    return tuple(
        IdenticalImages(rows=tuple(rows), same_bytes=len({manifest.hashes[row] for row in rows}) == 1)
        for rows in rows_of.values()
        if len(rows) > 1
    )


def _conflicts(groups: Sequence[Rows], labels: np.ndarray) -> tuple[Rows, ...]:
    return tuple(rows for rows in groups if len(set(labels[list(rows)].tolist())) > 1)


def _rows(chosen: np.ndarray) -> Rows:
    return tuple(np.flatnonzero(chosen).tolist())
