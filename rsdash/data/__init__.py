"""Data sets: where they are, what is in them, how they are split, and their pixels. No torch here.

The augmentation of batches, which needs torch, is imported from `rsdash.data.augmentation`.
"""

from rsdash.data.dataset import Dataset, DatasetInfo
from rsdash.data.decoding import decode, picture
from rsdash.data.images import decode_rgb, open_image
from rsdash.data.manifest import Manifest, Refusal, changed_since
from rsdash.data.parallel import Progress
from rsdash.data.pixels import cached_side_px, missing_bytes, open_pixels
from rsdash.data.public import PUBLIC_SETS, PublicSet
from rsdash.data.scan import scan
from rsdash.data.source import FolderSource, Source, ZipSource, open_source
from rsdash.data.splits import Split, given_split, load_split, make_split, save_split
from rsdash.data.store import add_dataset, add_upload, download, list_datasets, open_dataset, remove_dataset

__all__ = [
    "PUBLIC_SETS",
    "Dataset",
    "DatasetInfo",
    "FolderSource",
    "Manifest",
    "Progress",
    "PublicSet",
    "Refusal",
    "Source",
    "Split",
    "ZipSource",
    "add_dataset",
    "add_upload",
    "cached_side_px",
    "changed_since",
    "decode",
    "decode_rgb",
    "download",
    "given_split",
    "list_datasets",
    "load_split",
    "make_split",
    "missing_bytes",
    "open_dataset",
    "open_image",
    "open_pixels",
    "open_source",
    "picture",
    "remove_dataset",
    "save_split",
    "scan",
]
