"""The splits of a data set: what its audit and its excluded files mean for them, and where they are kept."""

from __future__ import annotations

from rsdash.config import RunConfig
from rsdash.data.building import folder_of
from rsdash.data.dataset import INFO_FILE, Dataset, DatasetInfo, splits_path
from rsdash.data.exclusions import load_exclusions
from rsdash.data.official import official_split
from rsdash.data.splits import (
    Grouping,
    Split,
    SplitRequest,
    given_split,
    limit_train,
    load_split,
    load_splits,
    make_split,
    make_splits,
    save_split,
    split_names,
    twin_grouping,
)


def split_for(dataset: Dataset, config: RunConfig) -> Split:
    """The split that a run asks for, stored from now on.

    That is the split it names, its training images limited where the run asks for it; else the data set's
    own train/val/test folders; else one made from the run's shares, `split_seed` and `limit_per_class`, in
    which the duplicates that an audit found stay together. Excluded files take no part in what is made.

    Raises:
        DataNotFoundError: the run names a split that is not stored.
        DataError: a class is too small, or another split of the same name is stored.
    """
    split = _known_split(dataset, config)
    if split is None:
        split = make_split(
            dataset.manifest,
            validation_share=config.validation_share,
            test_share=config.test_share,
            split_seed=config.split_seed,
            limit_per_class=config.limit_per_class,
            grouping=known_twins(dataset),
            excluded=_excluded(dataset),
        )
    if split.name != config.split:
        save_split(split, dataset.splits_folder)
    return split


def count_images(dataset: Dataset, config: RunConfig) -> tuple[int, int]:
    """How many images a run would train on, and measure after each epoch; nothing is stored.

    Exact where a stored split or the data set's own folders say so, else by the shares, to a few images.

    Raises:
        DataNotFoundError: the run names a split that is not stored.
    """
    if split := _known_split(dataset, config):
        return len(split.train), len(split.validation) or len(split.test)
    limit = config.limit_per_class
    images = sum(min(count, limit) if limit else count for count in dataset.info.counts.values())
    measured = round(images * (config.validation_share or config.test_share))
    return round(images * (1 - config.validation_share - config.test_share)), measured


def _known_split(dataset: Dataset, config: RunConfig) -> Split | None:
    """The split that a run names, or that folders give, with its limit; None where shares make one."""
    if config.split:
        split = load_split(config.split, dataset.splits_folder)
        limit = config.limit_per_class
        return split if limit is None else limit_train(split, dataset.manifest, limit)
    if not dataset.manifest.has_given_split:
        return None
    return given_split(
        dataset.manifest,
        split_seed=config.split_seed,
        limit_per_class=config.limit_per_class,
        excluded=_excluded(dataset),
    )


def stored_splits(dataset: Dataset) -> list[Split]:
    """The splits of the present files, by name."""
    return load_splits(dataset.splits_folder)


def split_names_of(name: str) -> list[str]:
    """Names of the stored splits of a data set, without opening it; none where it is not known."""
    folder = folder_of(name)
    if folder is None or not (folder / INFO_FILE).exists():
        return []
    return split_names(splits_path(folder, DatasetInfo.load(folder).fingerprint))


def add_splits(dataset: Dataset, request: SplitRequest) -> list[Split]:
    """Make and store what is asked; several splits where it asks for folds.

    Raises:
        DataError: what is asked does not fit the data set, or its name is taken.
        StorageError: the disk is full.
    """
    made = make_splits(request, dataset.manifest, twins=known_twins(dataset), excluded=_excluded(dataset))
    for split in made:
        save_split(split, dataset.splits_folder)
    return made


def add_official_split(dataset: Dataset, public_name: str, split_name: str) -> Split:
    """Fetch and store the official split of a public data set.

    Raises:
        DataError: no network, or lists that do not name these images.
    """
    split = official_split(dataset.manifest, public_name, split_name, excluded=_excluded(dataset))
    save_split(split, dataset.splits_folder)
    return split


def known_twins(dataset: Dataset) -> Grouping | None:
    """The duplicates that the audit of the present files found; None where there was no audit."""
    from rsdash.data.audit import load_audit  # brings scipy, which a server's start should not wait for

    audit = load_audit(dataset)
    return twin_grouping(audit.group_ids(), f"audit of {audit.made_at[:10]}") if audit else None


def _excluded(dataset: Dataset) -> tuple[str, ...]:
    present = set(dataset.manifest.names)
    return tuple(sorted(load_exclusions(dataset.folder).names & present))
