"""Mean spectrum of each class: mean and spread of the pixel values, band by band, on a sample of images.

versions/<fingerprint>/spectra-<digest>.json; the digest covers the radiometry and the excluded files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from rsdash.config import Radiometry
from rsdash.data.dataset import Dataset, manifest_path
from rsdash.data.decoding import TOP, decode
from rsdash.data.exclusions import load_exclusions
from rsdash.data.manifest import content_hash
from rsdash.data.parallel import Progress, map_in_order
from rsdash.errors import DataChangedError, DataError, DataNotFoundError
from rsdash.files import write_text

IMAGES_PER_CLASS = 200
"""Read at most. On EuroSAT RGB the means of 199 tiles a class differ from those of 1,500 by 1.4 % of their
value in the middle, by 6 % at most."""
SENTINEL2_NM = {
    "B01": 443,
    "B02": 490,
    "B03": 560,
    "B04": 665,
    "B05": 705,
    "B06": 740,
    "B07": 783,
    "B08": 842,
    "B8A": 865,
    "B09": 945,
    "B10": 1375,
    "B11": 1610,
    "B12": 2190,
}
"""Central wavelengths in nm (Drusch et al. 2012, doi 10.1016/j.rse.2011.11.026, table 1)."""

_FORMAT = 1
_DIGEST_BYTES = 6
_COLOURS_BY_WAVELENGTH = ("blue", "green", "red")
_REFLECTANCE_SCALE = 1e-4


class Spectra(BaseModel):
    """Pixel values of the classes, band by band; values lie on [0, 1], as a network gets them.

    Attributes:
        bands: names, by wavelength where it is known.
        unit: what a value of 1 is, in words.
        classes: names of the K classes that have images.
        labels: places of these classes in the data set's list.
        images: number of images read of each.
        mean: (K, C), mean over the pixels of all images read.
        spread: (K, C), standard deviation over the same pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    bands: tuple[str, ...]
    unit: str
    classes: tuple[str, ...]
    labels: tuple[int, ...]
    images: tuple[int, ...]
    mean: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]

    @property
    def wavelengths_nm(self) -> tuple[int | None, ...]:
        """Central wavelength of each band, where its name is one of Sentinel-2's."""
        return tuple(SENTINEL2_NM.get(band.upper()) for band in self.bands)


def load_spectra(dataset: Dataset) -> Spectra | None:
    """The stored spectra of the present files, radiometry and exclusions; None where there are none.

    Raises:
        DataError: the list of excluded files is damaged.
    """
    try:
        spectra = Spectra.model_validate_json(spectra_path(dataset).read_bytes())
    except (OSError, ValidationError):  # none yet, or a damaged one, which is measured again
        return None
    return spectra if spectra.format == _FORMAT else None


def measure_spectra(
    dataset: Dataset, on_progress: Progress | None = None, *, per_class: int = IMAGES_PER_CLASS
) -> Spectra:
    """Measure the spectra on some images of each class, always the same ones, and store them.

    Args:
        dataset: its excluded files take no part.
        on_progress: called with (images done, images in all); it may raise to stop.
        per_class: images to read of each class at most; other than the usual number, nothing is stored.

    Raises:
        DataChangedError: a file is no longer the one that was scanned.
        DataError: a file is gone, or nothing is left to read.
        StorageError: the disk is full or the place cannot be written.
    """
    path, radiometry = spectra_path(dataset), dataset.info.radiometry
    rows = sample_rows(dataset, per_class)
    sums = [_Sums.none(radiometry.channels) for _ in dataset.manifest.classes]
    read = map_in_order(lambda row: _read(dataset, row, radiometry), rows.tolist(), on_progress)
    for label, found in zip(dataset.manifest.labels[rows].tolist(), read, strict=True):
        sums[label] = sums[label].plus(found)
    spectra = _spectra(sums, dataset.manifest.classes, radiometry)
    if per_class == IMAGES_PER_CLASS:
        if not path.parent.is_dir():
            raise DataNotFoundError(f"The data set {dataset.name!r} was removed while it was measured.")
        write_text(path, spectra.model_dump_json())
    return spectra


def spectra_path(dataset: Dataset) -> Path:
    """Where the spectra of the present files, radiometry and exclusions are stored."""
    state = f"{dataset.info.radiometry.digest} {load_exclusions(dataset.folder).digest}"
    digest = hashlib.blake2b(state.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return manifest_path(dataset.folder, dataset.manifest.fingerprint).parent / f"spectra-{digest}.json"


def sample_rows(dataset: Dataset, per_class: int) -> np.ndarray:
    """Rows of at most so many images of each class, drawn always alike; excluded files take no part."""
    manifest = dataset.manifest
    usable = np.ones(len(manifest), dtype=bool)
    usable[load_exclusions(dataset.folder).rows(manifest.names)] = False
    parts = []
    for label in range(len(manifest.classes)):
        own = np.flatnonzero(usable & (manifest.labels == label))
        parts.append(np.random.default_rng((0, label)).permutation(own)[:per_class])
    return np.sort(np.concatenate(parts))


def value_unit(radiometry: Radiometry) -> str:
    """What pixel values are: reflectance where Sentinel-2's are scaled to it, else a share of full scale."""
    names = {name.upper() for name in radiometry.channel_names}
    if names <= SENTINEL2_NM.keys() and radiometry.scale == _REFLECTANCE_SCALE:
        return "reflectance"
    return f"share of full scale (1 is DN {1 / radiometry.scale - radiometry.offset:,.0f})"


def band_order(names: Sequence[str]) -> list[int]:
    """Places of bands by wavelength where all names tell it, else as they are."""
    upper = [name.upper() for name in names]
    lower = [name.lower() for name in names]
    if all(name in SENTINEL2_NM for name in upper):
        return sorted(range(len(names)), key=lambda place: SENTINEL2_NM[upper[place]])
    if all(name in _COLOURS_BY_WAVELENGTH for name in lower):
        return sorted(range(len(names)), key=lambda place: _COLOURS_BY_WAVELENGTH.index(lower[place]))
    return list(range(len(names)))


class _Sums(NamedTuple):
    """Of the levels of some pixels; whole numbers, so that nothing is lost."""

    images: int
    pixels: int
    levels: np.ndarray  # uint64 (C,)
    squares: np.ndarray  # uint64 (C,)

    @classmethod
    def none(cls, channels: int) -> _Sums:
        return cls(0, 0, np.zeros(channels, np.uint64), np.zeros(channels, np.uint64))

    def plus(self, other: _Sums) -> _Sums:
        return _Sums(
            self.images + other.images,
            self.pixels + other.pixels,
            self.levels + other.levels,
            self.squares + other.squares,
        )


def _read(dataset: Dataset, row: int, radiometry: Radiometry) -> _Sums:
    """Sums over one image; pixels of bands that are 0 in all of them are nodata, and left out."""
    data, name = dataset.read_image(row), dataset.manifest.names[row]
    if content_hash(data) != dataset.manifest.hashes[row]:
        raise DataChangedError(
            f"{name} is no longer the file that was scanned. Add the data set again to take in the changes."
        )
    pixels = decode(data, name, radiometry).reshape(-1, radiometry.channels)
    if not radiometry.is_rgb8:
        pixels = pixels[pixels.any(axis=1)]
    levels = pixels.astype(np.uint64)
    return _Sums(1, len(levels), levels.sum(axis=0), (levels * levels).sum(axis=0))


def _spectra(sums: Sequence[_Sums], classes: Sequence[str], radiometry: Radiometry) -> Spectra:
    kept = [label for label, found in enumerate(sums) if found.pixels]
    if not kept:
        raise DataError("No image is left to measure: all are excluded, or hold nothing but nodata.")
    top = 255 if radiometry.is_rgb8 else TOP
    order = band_order(radiometry.channel_names)
    mean = np.array([sums[label].levels / sums[label].pixels for label in kept])  # (K, C)
    squares = np.array([sums[label].squares / sums[label].pixels for label in kept])
    spread = np.sqrt(np.maximum(squares - mean**2, 0))
    return Spectra(
        bands=tuple(radiometry.channel_names[place] for place in order),
        unit=value_unit(radiometry),
        classes=tuple(classes[label] for label in kept),
        labels=tuple(kept),
        images=tuple(sums[label].images for label in kept),
        mean=tuple(map(tuple, (mean[:, order] / top).tolist())),
        spread=tuple(map(tuple, (spread[:, order] / top).tolist())),
    )
