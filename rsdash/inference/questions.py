"""What the inference service is asked: the fields of each request, checked where they arrive; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rsdash.config import RGB8, Radiometry, RunConfig, make_config
from rsdash.inference.results import METHODS
from rsdash.inference.scenes.record import MapRule, make_rule


def _settings(given: Any) -> Any:
    """Settings by name become a RunConfig; what does not fit is a ConfigError of its own words.

    They may be those of a run from before a rule against settings without effect, which is asked about as
    it is: what is new is held to such rules where it is queued.
    """
    if not isinstance(given, Mapping):
        return given
    return make_config(given, preset=given.get("preset", "paper"), new=False)


def _rule(given: Any) -> Any:
    return make_rule(given or {})


Settings = Annotated[RunConfig, BeforeValidator(_settings)]


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RateQuestion(_Question):
    """`/rate`: settings of a run, the name of its data set among them."""

    config: Settings


class BatchQuestion(RateQuestion):
    """`/batch`: settings, and the step, counted from 0 over all epochs."""

    step: Annotated[int, Field(ge=0)] = 0


class ProfileQuestion(RateQuestion):
    """`/profile`: settings, number of classes, and bands of the images."""

    classes: Annotated[int, Field(ge=1)]
    radiometry: Radiometry = RGB8


class RunQuestion(_Question):
    """What is asked of the run in this folder."""

    run: Path


class EvaluateQuestion(RunQuestion):
    """`/evaluate`: the data set, and one of its splits, or empty for all images."""

    data: str
    split: str = ""


class PredictQuestion(RunQuestion):
    """`/predict`: how many classes to name, and whether to average over the 8 symmetries."""

    top: Annotated[int, Field(ge=1)] = 5
    symmetries: bool = False


class PlaceQuestion(PredictQuestion):
    """`/predict/place`: the same for an image, folder or zip on this machine."""

    place: Path


class ExplainQuestion(RunQuestion):
    """`/explain`: one of METHODS, and the class to explain, or empty for the most probable one."""

    method: str = METHODS[0]
    label: Annotated[str, Field(alias="class")] = ""


class MapQuestion(RunQuestion):
    """`/map`: the scene, a GeoTIFF on this machine, and how it is mapped."""

    scene: Path
    rule: Annotated[MapRule, BeforeValidator(_rule)] = MapRule()


class NearestQuestion(RunQuestion):
    """`/nearest`: the name of an image of a place, which is an image, folder or zip on this machine."""

    place: Path
    name: str
