"""Asks the inference service what needs torch; no torch here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rsdash.config import RGB8, Radiometry, RunConfig
from rsdash.inference.nearest import Nearest
from rsdash.inference.results import (
    DeviceFacts,
    EvaluationResult,
    Explanation,
    PredictedPart,
    PredictedPlace,
    Prediction,
    Profile,
    RateSweep,
    TrainingBatch,
)
from rsdash.inference.wire import call, followed, steps


def predict(
    run_path: Path, images: Sequence[tuple[str, bytes]], *, top: int = 5, symmetries: bool = False
) -> list[Prediction]:
    """Ask a run's model about images.

    Args:
        run_path: folder of the run.
        images: file name and content of each.
        top: classes to name.
        symmetries: average over the 8 symmetries of the square.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    files = [("images", (name, content)) for name, content in images]
    asked = {"run": str(run_path), "top": str(top), "symmetries": "true" if symmetries else "false"}
    return [Prediction(**item) for item in call("POST", "/predict", data=asked, files=files)]


def predict_place(
    run_path: Path,
    place: Path,
    take: Callable[[PredictedPart], None],
    *,
    top: int = 5,
    symmetries: bool = False,
) -> PredictedPlace:
    """Ask a run's model about all images of a folder or zip; it ends where `take` raises.

    Args:
        run_path: folder of the run.
        place: an image, a folder or a zip on this machine.
        take: takes some predictions at a time, in the order of the names.
        top: classes to name.
        symmetries: average over the 8 symmetries of the square.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    asked = {"run": str(run_path), "place": str(place.absolute()), "top": top, "symmetries": symmetries}
    end = followed("/predict/place", asked, lambda line: take(PredictedPart(**line)))
    return PredictedPlace(**end)


def explain(run_path: Path, image: tuple[str, bytes], *, method: str, label: str = "") -> Explanation:
    """Ask which parts of an image speak for a class.

    Args:
        run_path: folder of the run.
        image: file name and content.
        method: one of METHODS in `rsdash.inference.results`.
        label: name of the class; empty for the most probable one.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    asked = {"run": str(run_path), "method": method, "class": label}
    return Explanation(**call("POST", "/explain", data=asked, files=[("images", image)]))


def nearest(run_path: Path, place: Path, name: str, report: Callable[[int, int], None]) -> Nearest:
    """Ask which training tiles a model sees most like an image; it ends where `report` raises.

    Args:
        run_path: folder of the run.
        place: the image itself, or the folder or zip that holds it.
        name: of the image there.
        report: takes training tiles decoded and looked at, and their number; the first time alone.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    asked = {"run": str(run_path), "place": str(place.absolute()), "name": name}
    return Nearest(**followed("/nearest", asked, steps(report)))


def profile(config: RunConfig, classes: int, radiometry: Radiometry = RGB8) -> Profile:
    """Measure what a network costs on this machine.

    Args:
        config: settings of the run.
        classes: number of classes.
        radiometry: bands of the images.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {
        "config": config.model_dump(mode="json"),
        "classes": classes,
        "radiometry": radiometry.model_dump(mode="json"),
    }
    return Profile(**call("POST", "/profile", json=content))


def training_batch(config: RunConfig, *, step: int = 0) -> TrainingBatch:
    """Ask what the network sees in a training step: its batch, augmented, normalized and drawn back.

    Args:
        config: settings of the run, the name of the data set among them.
        step: counted from 0 over all epochs.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {"config": config.model_dump(mode="json"), "step": step}
    return TrainingBatch(**call("POST", "/batch", json=content))


def find_rate(config: RunConfig, report: Callable[[int, int], None]) -> RateSweep:
    """Have learning rates swept; it ends where `report` raises.

    Args:
        config: settings of the run, the name of the data set among them.
        report: takes steps done and their largest number.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    return RateSweep(**followed("/rate", {"config": config.model_dump(mode="json")}, steps(report)))


def evaluate(run_path: Path, data: str, split: str, report: Callable[[int, int], None]) -> EvaluationResult:
    """Have a run's weights measured on a data set and stored in its folder; it ends where `report` raises.

    Args:
        run_path: folder of the run.
        data: name of the data set.
        split: name of one of its splits; empty for all images.
        report: takes images done and how many there are to decode and measure.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    content = {"run": str(run_path), "data": data, "split": split}
    return EvaluationResult(**followed("/evaluate", content, steps(report)))


def devices() -> list[DeviceFacts]:
    """The devices as torch sees them.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """
    return [DeviceFacts(**item) for item in call("GET", "/devices")]
