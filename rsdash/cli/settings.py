"""Options for all settings of a run, drawn from their one definition, for commands that take them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from rsdash.config import PRESET_TEXTS, SETTINGS, SettingInfo
from rsdash.errors import ConfigError

PresetOption = Annotated[
    str,
    typer.Option(
        help="Recipe to start from. " + "; ".join(f"{name}: {text}" for name, text in PRESET_TEXTS.items())
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="field=value, for any setting below; may be repeated.")
]


def with_setting_options(
    command: Callable[..., None], own: Mapping[str, tuple[Any, Any]]
) -> Callable[..., None]:
    """Give a command one option for each setting, behind options of its own.

    Args:
        command: takes all of them as keywords, those of settings as text or None.
        own: name → (annotated type, default).
    """
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, default=default, annotation=kind)
        for name, (kind, default) in own.items()
    ]
    parameters += [_option(info) for info in SETTINGS.values()]
    command.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # read by typer
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def asked_values(changes: Sequence[str] | None, options: Mapping[str, str | None]) -> dict[str, str]:
    """The settings that `--set` and the options of their own name; `--set` has the last word.

    Raises:
        ConfigError: one has no equals sign.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return {**given, **assignments(changes, option="--set", form="field=value")}


def assignments(texts: Sequence[str] | None, *, option: str, form: str) -> dict[str, str]:
    """Take texts such as `field=value` apart.

    Args:
        texts: as typed.
        option: behind which they stood, for the message.
        form: what they should look like.

    Raises:
        ConfigError: one has no equals sign.
    """
    values = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{option} takes {form}; got {text!r}.")
        values[name.strip()] = value.strip()
    return values


def _option(info: SettingInfo) -> inspect.Parameter:
    """One option for one setting, with its help, choices, bounds and unit."""
    flag = "--" + info.name.replace("_", "-")
    heading = f"{info.group.capitalize()} settings"
    option = typer.Option(flag, help=info.describe(), rich_help_panel=heading, metavar=info.kind.upper())
    kind = Annotated[str | None, option]
    return inspect.Parameter(info.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
