"""What a prediction and a profile look like on the wire; no torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Prediction(_Result):
    """What a model says of one image.

    Attributes:
        file: name of the image.
        classes: class names, the most probable first.
        probabilities: softmax of the logits in the same order.
        error: why there is no prediction, or empty.
    """

    file: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str = ""


class Profile(_Result):
    """What a network costs before it is trained.

    Attributes:
        parameters: numbers in the network.
        trainable_parameters: those that are learnt.
        flops: floating-point operations of one forward pass of one image.
        memory_bytes: estimate of the training memory at the batch size asked for.
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
