"""Named public data sets: where they are, how they are checked, what may be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rsdash.errors import DataNotFoundError


@dataclass(frozen=True)
class ListFile:
    """A published list of file names.

    Attributes:
        url: its address.
        sha256: hex digest.
    """

    url: str
    sha256: str


@dataclass(frozen=True)
class PublicSet:
    """One public data set.

    Attributes:
        name: what it is called in rsdash.
        title: what its authors call it.
        url: address of a zip with one folder per class.
        md5: hex digest of the zip.
        size_bytes: about the size of the zip; for asking before the download and for free space.
        classes: number of classes.
        images: number of images.
        licence: terms of use.
        citation: what to cite.
        must_accept: the terms are unclear or narrow, so that a person accepts them before the download.
        resolution: ground sample distance, in words.
        pixel_m: ground sample distance in metres; None where it differs from image to image.
        region: where its images are from, in words.
        lists: official split → its list of files for each part.
    """

    name: str
    title: str
    url: str
    md5: str
    size_bytes: int
    classes: int
    images: int
    licence: str
    citation: str
    must_accept: bool = False
    resolution: str = ""
    pixel_m: float | None = None
    region: str = ""
    lists: Mapping[str, Mapping[str, ListFile]] = field(default_factory=dict)


_EUROSAT_LISTS = (
    "https://huggingface.co/datasets/torchgeo/eurosat/resolve/1ce6f1bfb56db63fd91b6ecc466ea67f2509774c"
)

PUBLIC_SETS = {
    "eurosat": PublicSet(
        name="eurosat",
        title="EuroSAT (RGB)",
        # the address and checksum of torchvision.datasets.EuroSAT
        url="https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
        md5="c8fa014336c82ac7804f0398fcb19387",
        size_bytes=94_280_567,
        classes=10,
        images=27_000,
        licence="MIT; contains modified Copernicus Sentinel data",
        citation="Helber, Bischke, Dengel, Borth (2019): EuroSAT: A Novel Dataset and Deep Learning "
        "Benchmark for Land Use and Land Cover Classification. IEEE JSTARS 12(7), 2217-2226. "
        "doi 10.1109/JSTARS.2019.2918242",
        resolution="10 m",
        pixel_m=10.0,
        region="34 European countries",
        # by longitude, 60/20/20: published with TorchGeo
        lists={
            "longitude": {
                "train": ListFile(
                    f"{_EUROSAT_LISTS}/eurosat-spatial-train.txt",
                    "2db7d455afb8dcbca898ea19a00f1f90c091734efdbba89e22aaf24056da243f",
                ),
                "validation": ListFile(
                    f"{_EUROSAT_LISTS}/eurosat-spatial-val.txt",
                    "6c758477604b7057a0fd990d7f6327b63b99a6725aac11a6a9d0174a7fdd8f0b",
                ),
                "test": ListFile(
                    f"{_EUROSAT_LISTS}/eurosat-spatial-test.txt",
                    "de22dec83d350cac3b3e4ca8e285cb6733c81ab94bf5bcf9213a567993402452",
                ),
            }
        },
    ),
    "ucmerced": PublicSet(
        name="ucmerced",
        title="UC Merced Land Use",
        url="https://huggingface.co/datasets/torchgeo/ucmerced/resolve/"
        "7c5ef3454d9b1cccfa7ccde0c01fc8f00a45909a/UCMerced_LandUse.zip",
        md5="5b7ec56793786b6dc8a908e8854ac0e4",
        size_bytes=332_468_434,
        classes=21,
        images=2_100,
        licence="USGS imagery, public domain",
        citation="Yang, Newsam (2010): Bag-of-Visual-Words and Spatial Extensions for Land-Use "
        "Classification. ACM SIGSPATIAL GIS, 270-279. doi 10.1145/1869790.1869829",
        resolution="0.3 m",
        pixel_m=0.3,
        region="cities of the United States",
    ),
    "resisc45": PublicSet(
        name="resisc45",
        title="NWPU-RESISC45",
        url="https://huggingface.co/datasets/isaaccorley/resisc45/resolve/"
        "883edc0eee77b2c84225472f10f126e3ed83fa6e/NWPU-RESISC45.zip",
        md5="75206b2e16446591afa88e2628744886",
        size_bytes=425_000_000,
        classes=45,
        images=31_500,
        licence="unclear between hosts: for research, not to be passed on",
        citation="Cheng, Han, Lu (2017): Remote Sensing Image Scene Classification: Benchmark and State of "
        "the Art. Proceedings of the IEEE 105(10), 1865-1883. doi 10.1109/JPROC.2017.2675998",
        must_accept=True,
        resolution="0.2 to 30 m",
        region="more than 100 countries and regions",
    ),
}


def public_set(name: str) -> PublicSet:
    """The entry of that name.

    Raises:
        DataNotFoundError: there is none.
    """
    if name not in PUBLIC_SETS:
        raise DataNotFoundError(
            f"There is no public data set {name!r}; choose one of {', '.join(PUBLIC_SETS)}."
        )
    return PUBLIC_SETS[name]
