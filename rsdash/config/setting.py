"""How one setting is declared and described: all that a form, an option or a table needs to show it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Group = Literal["model", "data", "training", "regularization", "augmentation", "machine"]
Kind = Literal["choice", "switch", "whole", "number", "text"]
Level = Literal["first", "more", "seldom"]
"""How soon a form shows a setting: at once, folded away, or folded away as seldom needed."""
MAX_SEED = 2**31 - 1


class Section(BaseModel, frozen=True):
    """Base of the groups of settings; a subclass names its group."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    group: ClassVar[Group]

    @classmethod
    def describe(cls) -> list[SettingInfo]:
        """The settings of this group in the order of declaration."""
        return [_info(name, cls.group, field) for name, field in cls.model_fields.items()]


@dataclass(frozen=True)
class SettingInfo:
    """One setting as a person meets it.

    Attributes:
        name: name in `--set name=value` and in config.json.
        group: heading it stands under.
        kind: choice, switch (true or false), whole (number), number or text.
        text: plain-language help.
        default: value of the `paper` preset.
        unit: unit of the value, or empty.
        choices: allowed values of a choice.
        minimum: smallest allowed value; `exclusive_minimum` says that it is not itself allowed.
        maximum: largest allowed value.
        optional: may be left empty.
        level: how soon a form shows it.
        models: names of the models it applies to; empty for all.
        only_with: settings → the values of theirs with which it has an effect; empty for all.
    """

    name: str
    group: Group
    kind: Kind
    text: str
    default: Any
    unit: str
    choices: tuple[str, ...]
    minimum: float | None
    exclusive_minimum: bool
    maximum: float | None
    optional: bool
    level: Level
    models: tuple[str, ...]
    only_with: Mapping[str, tuple[str, ...]]

    def describe(self) -> str:
        """Help in one paragraph: text, unit, what is allowed, and the default."""
        parts = [self.text]
        if self.unit:
            parts.append(f"In {self.unit}.")
        if self.choices:
            parts.append(f"One of {', '.join(self.choices)}.")
        if self.models:
            parts.append(f"For {', '.join(self.models)}.")
        return " ".join([*parts, f"Default: {self.default_text}."])

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether it has an effect beside these values of the other settings."""
        needed = {"model": self.models, **self.only_with}
        return all(values[name] in allowed for name, allowed in needed.items() if allowed)

    @property
    def default_text(self) -> str:
        """The default as it is typed."""
        if self.default is None:
            return "empty"
        return ",".join(map(str, self.default)) if isinstance(self.default, tuple) else str(self.default)


def setting(
    default: Any,
    text: str,
    *,
    level: Level = "first",
    unit: str = "",
    models: tuple[str, ...] = (),
    only_with: Mapping[str, tuple[str, ...]] | None = None,
    **bounds: Any,
) -> Any:
    """Declare one setting.

    Args:
        default: value of the `paper` preset.
        text: plain-language help, one or two sentences.
        level: how soon a form shows it.
        unit: unit of the value, shown behind it.
        models: names of the models it applies to; empty for all.
        only_with: settings → the values of theirs with which it has an effect; None for all.
        bounds: `ge`, `gt`, `le`, `lt`, `min_length` as in pydantic.
    """
    extra: Any = {"level": level, "unit": unit, "models": models, "only_with": dict(only_with or {})}
    return Field(default, description=text, json_schema_extra=extra, **bounds)


def _info(name: str, group: Group, field: FieldInfo) -> SettingInfo:
    extra: Any = field.json_schema_extra  # written by setting() above
    inner, optional = _unwrap(field.annotation)
    choices = tuple(str(choice) for choice in get_args(inner)) if get_origin(inner) is Literal else ()
    above = _bound(field, "gt")
    return SettingInfo(
        name=name,
        group=group,
        kind=_kind(inner),
        text=field.description or "",
        default=field.default,
        unit=extra["unit"],
        choices=choices,
        minimum=above if above is not None else _bound(field, "ge"),
        exclusive_minimum=above is not None,
        maximum=_bound(field, "le") if _bound(field, "le") is not None else _bound(field, "lt"),
        optional=optional,
        level=extra["level"],
        models=extra["models"],
        only_with=extra["only_with"],
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """Take `X | None` apart into X and whether None was allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0], True
    return annotation, False


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return kinds.get(annotation, "text")


def _bound(field: FieldInfo, name: str) -> float | None:
    for constraint in field.metadata:
        if hasattr(constraint, name):
            return getattr(constraint, name)
    return None
