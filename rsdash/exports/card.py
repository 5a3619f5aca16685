"""The model card: what goes along with a model's weights, as card.json holds it.

Card(...).model_dump_json()      # what `build_card` in rsdash.exports.describing makes of a run
read_card_file(path)             # of an export, which may come from anybody
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rsdash.config import Radiometry, RunConfig
from rsdash.errors import RunError

INPUT_NAME, OUTPUT_NAME = "pixels", "logits"
"""What the input and the output of the ONNX graph are called."""
MOST_CARD_BYTES = 2_000_000
MOST_CLASSES = 100_000

Text = Annotated[str, Field(max_length=2_000)]
Side = Annotated[int, Field(ge=1, le=1024)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class CardInput(_Part):
    """What the network takes.

    Attributes:
        radiometry: how numbers of a file become values on [0, 1].
        bands: names of the channels, in their order.
        stored_px: side of the square to which an image is brought first, antialiased.
        side_px: side of the network's images, to which they are enlarged from there.
        mean: per band, on [0, 1]; subtracted first. The ONNX graph does that itself.
        std: per band; divided by then. The same.
    """

    radiometry: Radiometry
    bands: tuple[Text, ...]
    stored_px: Side
    side_px: Side
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]


class CardFigures(_Part):
    """How well the model does on images of one role.

    Attributes:
        role: what the figures are worth.
        images: number of images.
        groups: of dependent images; 0 where all are independent.
        values: name of a figure → its value; shares on [0, 1], `loss` in nats.
        intervals: name → both ends of its 95 % interval, where there is one.
        per_class: class → images, producer's and user's accuracy, and F1; None where nothing can be said.
    """

    role: Text
    images: Annotated[int, Field(ge=0)]
    groups: Annotated[int, Field(ge=0)]
    values: dict[Text, float | None]
    intervals: dict[Text, tuple[float, float]]
    per_class: dict[Text, tuple[int, float | None, float | None, float | None]]


class CardData(_Part):
    """What it was trained on.

    Attributes:
        name: name of the data set.
        title: what its authors call it, or empty.
        fingerprint: digest of names, contents and labels.
        counts: images per part of the split: train, validation, test.
        split: name of the split.
        checked: what the split was checked for.
        synthetic: drawn rather than seen by a sensor.
        licence: terms of the images; empty where they are not known.
        citation: what to cite, or empty.
        origin: what its tiles were cut from, or empty.
        region: where its images are from, or empty.
        resolution: ground sample distance in words, or empty.
    """

    name: Text
    title: Text = ""
    fingerprint: Text
    counts: dict[Text, int]
    split: Text
    checked: dict[Text, Text] = {}
    synthetic: bool = False
    licence: Text = ""
    citation: Text = ""
    origin: Text = ""
    region: Text = ""
    resolution: Text = ""


class CardWeights(_Part):
    """What training began with: random numbers or published weights, with their terms of use."""

    origin: Text
    licence: Text


class CardOnnx(_Part):
    """The ONNX file of the same network: its operators, and how far its logits are from the original's."""

    opset: int
    largest_difference: float
    batch_sizes: tuple[int, ...]
    software: Text


class CardFile(_Part):
    """One file of the export."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Card(_Part):
    """All that a stranger needs to use the model and to judge it.

    Attributes:
        format: tells the file from others.
        version: of this format.
        run_id: the run that trained it.
        name: what its maker calls it.
        trained_at: ISO 8601, UTC.
        exported_at: ISO 8601, UTC.
        settings: all settings of the run, in force at its end.
        parameters: trainable numbers.
        epochs: passes over the training images that were made.
        classes: in the order of the logits.
        input: what it takes.
        figures: for each role, the most trustworthy first.
        data: what it was trained on.
        initial_weights: what training began with.
        software: versions of the machine that trained it.
        device: what it was trained on.
        attribution: sentences that whoever passes the model on should pass on too.
        cautions: what it was not made or tested for.
        onnx: where the export holds such a file.
        files: the other files of the export.
    """

    format: Literal["rsdash-model"] = "rsdash-model"
    version: Literal[1] = 1
    run_id: Text
    name: Text
    trained_at: Text
    exported_at: Text
    settings: RunConfig
    parameters: int
    epochs: int
    classes: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST_CLASSES)]
    input: CardInput
    figures: tuple[CardFigures, ...]
    data: CardData
    initial_weights: CardWeights
    software: dict[Text, Text]
    device: Text
    attribution: tuple[Text, ...]
    cautions: tuple[Text, ...]
    onnx: CardOnnx | None = None
    files: dict[Text, CardFile] = {}


def read_card_file(path: Path) -> Card:
    """Read card.json.

    Raises:
        RunError: it is missing, damaged, or the card of something else.
    """
    try:
        if path.stat().st_size > MOST_CARD_BYTES:
            raise RunError(f"{path.name} is larger than a model card of rsdash is.")
        return Card.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise RunError(f"{path.name} is missing; the export is incomplete.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RunError(f"{path.name} is no model card of rsdash ({place}: {first['msg']}).") from error
