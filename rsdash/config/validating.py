"""Values that may come from anybody, turned into a model or into one sentence."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rsdash.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def validated(kind: type[Model], values: Any, *, what: str) -> Model:
    """Build a model from values that may come from anybody.

    Args:
        kind: the model.
        values: its fields by name.
        what: what the values are as a whole, such as "rule".

    Raises:
        ConfigError: one sentence that names the value and what is allowed.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise ConfigError(f"The {what} lacks {place!r}.") from error
        raise ConfigError(f"{place or what}={first['input']!r} cannot be used: {first['msg']}.") from error
