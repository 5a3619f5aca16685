"""Which images train, validate and test: named, immutable, stratified, and kept apart where they must be."""

from rsdash.data.splits.blocks import block_grouping
from rsdash.data.splits.given import given_split, list_split
from rsdash.data.splits.grouping import Grouping, column_grouping, combine, pattern_grouping, twin_grouping
from rsdash.data.splits.making import limit_train, make_folds, make_split
from rsdash.data.splits.request import SplitRequest, make_splits
from rsdash.data.splits.split import PARTS, Split, load_split, load_splits, save_split, split_names

__all__ = [
    "PARTS",
    "Grouping",
    "Split",
    "SplitRequest",
    "block_grouping",
    "column_grouping",
    "combine",
    "given_split",
    "limit_train",
    "list_split",
    "load_split",
    "load_splits",
    "make_folds",
    "make_split",
    "make_splits",
    "pattern_grouping",
    "save_split",
    "split_names",
    "twin_grouping",
]
