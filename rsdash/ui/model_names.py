"""Names of models for a choice, found without holding up the page."""

from __future__ import annotations

from rsdash.config import STUDY_MODELS
from rsdash.models.catalogue import catalogue_path, load_catalogue
from rsdash.ui.server import server

TASK = "model catalogue"
FAVOURITES = (*STUDY_MODELS, "tf_efficientnet_lite0")


def model_names() -> list[str]:
    """The study's models first, then all others; only the first ones while the libraries are surveyed."""
    if not catalogue_path().exists():
        server().tasks.start(TASK, "Listing models", lambda _: load_catalogue(gives_way=True))
        return list(FAVOURITES)
    others = [name for name in load_catalogue() if name not in FAVOURITES]
    return [*FAVOURITES, *others]
