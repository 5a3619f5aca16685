"""Exports the weights of a run for other programs and other machines, with a model card."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import safetensors.torch

from rsdash.data.disk import building_site
from rsdash.errors import StorageError, storage_errors
from rsdash.exports.card import Card, CardInput, CardOnnx
from rsdash.exports.describing import CARD_FILE, build_card
from rsdash.exports.example import example_requirements, example_text
from rsdash.exports.markdown import model_card
from rsdash.exports.package import (
    EXAMPLE_FILE,
    ONNX_FILE,
    PACKAGES_FILE,
    RUN_FILES,
    RUN_PREFIX,
    TEXT_FILE,
    WEIGHTS_FILE,
    describe_files,
    pack,
    require_exportable,
)
from rsdash.exports.stages import ExportedFile, ExportResult, Stage
from rsdash.exports.terms import shareable
from rsdash.files import write_text
from rsdash.inference.loading import Reported, load_reported
from rsdash.inference.onnx_model import BATCH_SIZES, differences, on_pixels, write_onnx
from rsdash.runs.index import RunEntry
from rsdash.runs.sharing import records_to_share
from rsdash.training.result import ModelCard

Format = Literal["safetensors", "onnx", "bundle"]


def export_run(entry: RunEntry, format: Format, out: Path) -> Iterator[Stage | ExportResult]:
    """Write a run's weights in a format.

    Args:
        entry: a run that is finished or was stopped.
        format: safetensors or onnx, both in a folder with the model card; or bundle, the zip of both that
            another rsdash imports.
        out: the folder, made where it is missing; of a bundle, the zip.

    Yields:
        What comes next, and at the end what was written.

    Raises:
        RsdashError: the run has no weights, its files are damaged, the network cannot be translated or
            the disk is full. Nothing is left behind then.
    """
    require_exportable(entry)
    total = 3 if format == "safetensors" else 4 + len(BATCH_SIZES)
    yield Stage(done=0, total=total, words="Loading the weights")
    reported = load_reported(entry.folder.weights_path)
    with building_site(out.parent) as site:
        card = build_card(entry, input=input_of(reported.card), parameters=reported.card.parameters)
        if format != "onnx":
            write_weights(reported, card, site / WEIGHTS_FILE)
        worst = None
        if format != "safetensors":
            for item in _onnx(reported, card, site / ONNX_FILE, total):
                if isinstance(item, CardOnnx):
                    card, worst = card.model_copy(update={"onnx": item}), item.largest_difference
                else:
                    yield item
        yield Stage(done=total - 1, total=total, words="Writing")
        _companions(entry, card, site, format)
        written = _deliver(site, out, zipped=format == "bundle")
    yield ExportResult(format=format, path=str(out), files=written, largest_difference=worst)


def input_of(card: ModelCard) -> CardInput:
    """What a network takes, for its model card."""
    return CardInput(
        radiometry=card.data.radiometry,
        bands=card.data.radiometry.channel_names,
        stored_px=card.stored_px,
        side_px=card.config.im_size,
        **asdict(card.scale),
    )


def write_weights(reported: Reported, card: Card, path: Path) -> None:
    """Write the weights, the whole model card in their metadata beside what rsdash needs.

    Raises:
        StorageError: the disk is full.
    """
    inside = ModelCard(**{**vars(reported.card), "config": shareable(reported.card.config)})
    metadata = {**inside.to_metadata(), "format": "pt", "card": card.model_dump_json()}
    weights = {name: value.cpu().contiguous() for name, value in reported.model.state_dict().items()}
    with storage_errors(path.parent):
        path.write_bytes(safetensors.torch.save(weights, metadata=metadata))


def _onnx(reported: Reported, card: Card, path: Path, total: int) -> Iterator[Stage | CardOnnx]:
    """Translate and prove; the last item says how well it went."""
    yield Stage(done=1, total=total, words="Translating the network to ONNX, which takes up to a minute")
    network, side_px = on_pixels(reported), card.input.side_px
    texts = {"card": card.model_dump_json(exclude={"figures"})}
    opset = write_onnx(network, path, side_px=side_px, texts=texts)
    worst = 0.0
    yield Stage(done=2, total=total, words="Comparing its answers with the network's")
    for number, difference in enumerate(differences(network, path, side_px=side_px), start=1):
        worst = max(worst, difference)
        yield Stage(done=2 + number, total=total, words="Comparing its answers with the network's")
    software = f"torch {version('torch')}, onnxruntime {version('onnxruntime')}"
    yield CardOnnx(opset=opset, largest_difference=worst, batch_sizes=BATCH_SIZES, software=software)


def _companions(entry: RunEntry, card: Card, site: Path, format: Format) -> None:
    """The card and what else goes along."""
    if format != "safetensors":
        write_text(site / EXAMPLE_FILE, example_text(card.input.radiometry))
        write_text(site / PACKAGES_FILE, example_requirements(card.input.radiometry))
    if format == "bundle":
        _copy_records(entry, site / RUN_PREFIX)
    write_text(site / TEXT_FILE, model_card(card, _names(site)))
    card = card.model_copy(update={"files": describe_files(site, _names(site))})
    write_text(site / CARD_FILE, card.model_dump_json(indent=1))


def _names(site: Path) -> list[str]:
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file())


def _copy_records(entry: RunEntry, folder: Path) -> None:
    """The run's own files, without what only concerns this machine."""
    folder.mkdir()
    request = entry.request.model_copy(update={"config": shareable(entry.request.config)})
    texts = {"config.json": request.model_dump_json(indent=1), **records_to_share(entry.folder)}
    for name in RUN_FILES:
        source = entry.folder.path / name
        if name in texts:
            write_text(folder / name, texts[name])
        elif source.is_file():
            with storage_errors(folder):
                shutil.copyfile(source, folder / name)


def _deliver(site: Path, out: Path, *, zipped: bool) -> tuple[ExportedFile, ...]:
    """Bring what was built to its place, and say what is there."""
    if zipped:
        pack(site, out)
        return (ExportedFile(name=out.name, bytes=out.stat().st_size),)
    try:
        out.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise StorageError(f"{out} is a file; name a folder for the export.") from error
    written = []
    for file in sorted(site.iterdir()):
        with storage_errors(out):
            file.replace(out / file.name)
        written.append(ExportedFile(name=file.name, bytes=(out / file.name).stat().st_size))
    return tuple(written)
