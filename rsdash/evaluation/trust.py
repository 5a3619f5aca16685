"""How far a model's word on a new image can be trusted: honest confidence, and a flag on strange images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from rsdash.evaluation.calibration import How, calibrate
from rsdash.evaluation.roles import Role
from rsdash.evaluation.saved import Evaluation

FLAGGED_SHARE = 0.05
"""Share of ordinary images that are flagged by construction."""
NEIGHBOURS = 5
REFERENCES = 5_000
"""Images compared with at most, drawn at random from more."""
CHUNK = 500


@dataclass(frozen=True)
class Familiarity:
    """Tells whether a model answers to an image as it answers to ordinary ones.

    The score is the Euclidean distance of the image's logits to those of its fifth nearest neighbour among
    images that the run was measured on: the distance of Sun, Ming, Zhu and Li 2022 (arXiv 2204.06507), on
    logits as they come in place of normalized features. The threshold is a conformal one (Laxhammar and
    Falkman 2010): of images drawn like the measured ones, at most 5 % in expectation lie beyond it, and
    nearly as many do.

    It was chosen on AlexNet, EuroSAT, 64 px: it flags all images of noise and of text, 9 of 10 tiles of
    doubled brightness and half of the flat grey ones, where energy (arXiv 2010.03759) and the largest logit
    (arXiv 1911.11132) flag no noise, no text and hardly any of the others, as logits grow with contrast. It
    sees answers alone: of tiles with red and blue exchanged it flags a third, of negatives one in eight.

    Attributes:
        reference: logits compared with, float32 of shape (m, K).
        threshold: distances above it are flagged.
        role: of the images compared with.
    """

    reference: np.ndarray
    threshold: float
    role: str

    def distances(self, logits: np.ndarray) -> np.ndarray:
        """Distance of each image's logits (n, K) to the fifth nearest of the reference, float64 (n,)."""
        return _distances(logits, self.reference, NEIGHBOURS)


@dataclass(frozen=True)
class Trust:
    """What a run's own evaluation says of its word on new images.

    Attributes:
        temperature: logits are divided by it, which makes confidences mean what they say.
        how: which images it was fitted on; empty where there are none, and nothing is corrected.
        images: number of those images.
        familiarity: flags strange images; None where the run was measured on too few for that.
    """

    temperature: float = 1.0
    how: How | None = None
    images: int = 0
    familiarity: Familiarity | None = None

    def confidences(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 of the shape (..., K) of the logits."""
        return softmax(logits.astype(np.float64) / self.temperature, axis=-1)


UNKNOWN = Trust()
"""Of a model that was not measured: its confidence is shown as it comes, and nothing is flagged."""


def trust_from(evaluation: Evaluation) -> Trust:
    """The temperature of a run, and the threshold of its flag, from what it was measured on.

    Where the model is right on every image, nothing bounds how sure it might be made: the temperature would
    go to 0 and each answer to 100 %. Confidence is then left as it comes, unless it is to be lowered.
    """
    calibration, _, _ = calibrate(evaluation)
    watched = _watched(evaluation)
    on_others = calibration.how == "fitted on validation images"
    fitted_on = watched if on_others else evaluation.part(evaluation.headline_role)
    temperature = calibration.temperature
    if (fitted_on.logits.argmax(axis=1) == fitted_on.labels).all():
        temperature = max(1.0, temperature)
    return Trust(temperature, calibration.how, len(fitted_on.labels), _familiarity(watched))


def _watched(evaluation: Evaluation) -> Evaluation:
    """The validation images, else the most trustworthy ones."""
    watched = [role for role in (Role.VALIDATION, Role.SELECTED_ON) if role in evaluation.roles]
    return evaluation.part(watched[0] if watched else evaluation.headline_role)


def _familiarity(images: Evaluation) -> Familiarity | None:
    """None where so few images are no ground for a share of 5 %."""
    reference = np.asarray(images.logits, dtype=np.float32)
    if len(reference) > REFERENCES:
        reference = reference[np.random.default_rng(0).permutation(len(reference))[:REFERENCES]]
    place = math.ceil((len(reference) + 1) * (1 - FLAGGED_SHARE))
    if place > len(reference) or not np.isfinite(reference).all():
        return None
    own = _distances(reference, reference, NEIGHBOURS + 1)  # each image is its own nearest neighbour
    return Familiarity(reference, float(np.sort(own)[place - 1]), str(images.roles[0]))


def _distances(logits: np.ndarray, reference: np.ndarray, neighbours: int) -> np.ndarray:
    """Distance to the neighbour of that number, counted from 1."""
    known = reference.astype(np.float64)
    lengths = (known**2).sum(axis=1)
    found = []
    for start in range(0, len(logits), CHUNK):
        part = logits[start : start + CHUNK].astype(np.float64)
        squares = (part**2).sum(axis=1)[:, None] + lengths - 2 * part @ known.T  # (c, m)
        nearest = np.partition(squares, neighbours - 1, axis=1)[:, neighbours - 1]
        found.append(np.sqrt(np.maximum(nearest, 0.0)))
    return np.concatenate(found) if found else np.empty(0)
