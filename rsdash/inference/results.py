"""What a prediction and a profile look like on the wire; no torch."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:  # it brings scipy, which the first page can do without
    from rsdash.runs.further import FurtherEvaluation


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Prediction(_Result):
    """What a model says of one image.

    Attributes:
        file: name of the image.
        classes: class names, those with the highest confidence first.
        confidences: probabilities after temperature scaling, in that order: how sure the model is,
            corrected by the images that the run was measured on.
        probabilities: softmax of the logits as they come, in that order.
        distance: how far the answer lies from those to ordinary images; None where that is not known.
        unfamiliar: whether that is further than 95 % of ordinary images do.
        error: why there is no prediction, or empty.
    """

    file: str
    classes: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()
    distance: float | None = None
    unfamiliar: bool | None = None
    error: str = ""


class Profile(_Result):
    """What a network costs before it is trained.

    Attributes:
        parameters: numbers in the network.
        trainable_parameters: those that are learnt.
        flops: floating-point operations of one forward pass of one image.
        memory_bytes: estimate of the training memory at the batch size asked for; but on a GPU of its own
            memory, with that of the process.
        seconds_per_step: measured time of one optimizer step at that batch size.
        seconds_per_image_forward: measured time of one forward pass of one image.
        device: what it was measured on.
    """

    parameters: int
    trainable_parameters: int
    flops: int
    memory_bytes: int
    seconds_per_step: float
    seconds_per_image_forward: float
    device: str


class DeviceFacts(_Result):
    """One device as torch sees it.

    Attributes:
        name: device and number format in words.
        precision: fp32, bf16 or fp16: the format that `precision=auto` takes there.
        memory_bytes: its memory.
    """

    name: str
    precision: str
    memory_bytes: int


class Step(_Result):
    """How far a long action is: steps done, of so many at most."""

    done: int
    total: int


class PredictedPart(Step):
    """Some of the images of a folder or zip, in the order of their names.

    Attributes:
        found: one prediction an image.
    """

    found: tuple[Prediction, ...]


class PredictedPlace(_Result):
    """The end of a folder or zip.

    Attributes:
        images: number of files that were looked at.
        refused: how many of them are no images that the model can take.
    """

    images: int
    refused: int


GRAD_CAM, OCCLUSION = "grad-cam", "occlusion"
METHODS = (GRAD_CAM, OCCLUSION)


class Explanation(_Result):
    """Which parts of an image speak for a class.

    Attributes:
        method: one of METHODS.
        label: name of the class.
        values: a map over the whole image, row by row. grad-cam: from 0 to 1, 1 being where most speaks for
            the class. occlusion: how much surer the model is with a part of the image than without, from
            -1 to 1.
        layer: name of the layer whose maps were weighed; empty for occlusion.
        covered: share of the side that is covered at a time; 0 for grad-cam.
    """

    method: str
    label: str
    values: tuple[tuple[float, ...], ...]
    layer: str = ""
    covered: float = 0.0


class RateSweep(_Result):
    """A sweep over learning rates.

    Attributes:
        rates: of the steps, ascending.
        losses: training loss of each step, in nats.
        smoothed: the same without the noise of single batches.
        suggestion: the rate where it falls most steeply; None where it does not fall.
        ended_early: whether the loss had risen far before the highest rate.
        device: what it ran on.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    ended_early: bool
    device: str


class EvaluationResult(_Result):
    """A further evaluation of a run, stored in its folder.

    Attributes:
        file: name of its file.
        data: name of the data set.
        split: name of its split, or empty for all images.
        fingerprint: of the data set's manifest.
        images: number of images behind the figures.
        role: what the figures are worth.
        roles: role → number of images, of all that were measured.
        accuracy: share of those images that are right.
        accuracy_low: lower end of its 95 % interval; None where there is none.
        accuracy_high: upper end.
        loss: mean cross-entropy, in nats.
        notes: sentences on what was left out, and what was not checked.
    """

    file: str
    data: str
    split: str
    fingerprint: str
    images: int
    role: str
    roles: dict[str, int]
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    loss: float
    notes: tuple[str, ...]

    @classmethod
    def of(cls, found: FurtherEvaluation) -> EvaluationResult:
        """The same, as it is sent."""
        figures = found.figures
        interval = figures.intervals.get("accuracy")
        return cls(
            **vars(found.subject),
            file=found.path.name,
            images=figures.images,
            role=figures.role,
            roles=found.roles,
            accuracy=figures.accuracy,
            accuracy_low=interval.low if interval else None,
            accuracy_high=interval.high if interval else None,
            loss=figures.loss,
        )


class BatchImage(_Result):
    """One image of a training batch, drawn back.

    Attributes:
        name: as in the manifest of the data set.
        label: name of its class.
        png: the picture, base64.
        shares: what it counts as in training, as MixUp and CutMix have it: (class, share of 1), the largest
            share first.
    """

    name: str
    label: str
    png: str
    shares: tuple[tuple[str, float], ...]

    @property
    def content(self) -> bytes:
        """The bytes of the PNG."""
        return base64.b64decode(self.png)


class TrainingBatch(_Result):
    """The batch of one training step.

    Attributes:
        split: name of the split whose training images it takes.
        epoch: counted from 0.
        step: within the epoch, counted from 0.
        steps_per_epoch: optimizer steps in an epoch.
        batch_size: images in the batch.
        side_px: side of the images as the network gets them.
        channels: names of the bands.
        display_channels: places of the bands drawn as red, green and blue.
        mean: per band, subtracted from values on [0, 1].
        std: per band, divided by after that.
        lowest: smallest number that the network gets.
        highest: largest number that the network gets.
        images: the first of them.
    """

    split: str
    epoch: int
    step: int
    steps_per_epoch: int
    batch_size: int
    side_px: int
    channels: tuple[str, ...]
    display_channels: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lowest: float
    highest: float
    images: tuple[BatchImage, ...]
