"""`train`: queue a run and follow it; the options are drawn from the settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rsdash.cli.following import follow
from rsdash.config import PRESET_TEXTS, SETTINGS, SettingInfo, make_config
from rsdash.errors import ConfigError
from rsdash.home import runs_dir
from rsdash.jobs.submit import submit
from rsdash.runs.index import RunIndex


def _train(
    preset: str, name: str | None, changes: list[str] | None, detach: bool, **options: str | None
) -> None:
    given = {key: value for key, value in options.items() if value is not None}
    config = make_config({**given, **_assignments(changes or [])}, preset=preset)
    index = RunIndex(runs_dir())
    taken = {entry.name for entry in index.refresh().entries}
    folder = submit(config, runs_dir=runs_dir(), name=name, taken_names=taken)
    print(f"Queued {folder.about().name} ({folder.id})")
    if detach:
        print("It starts as soon as a dashboard or another `train` on this folder has a free device.")
        return
    raise typer.Exit(follow(folder, index))


def _assignments(changes: list[str]) -> dict[str, str]:
    """Take `field=value` texts apart.

    Raises:
        ConfigError: one has no equals sign.
    """
    values = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise ConfigError(f"--set takes field=value; got {change!r}.")
        values[name.strip()] = value.strip()
    return values


def _option(info: SettingInfo) -> inspect.Parameter:
    """One option for one setting, with its help, choices, bounds and unit."""
    flag = "--" + info.name.replace("_", "-")
    heading = f"{info.group.capitalize()} settings"
    option = typer.Option(flag, help=info.describe(), rich_help_panel=heading, metavar=info.kind.upper())
    kind = Annotated[str | None, option]
    return inspect.Parameter(info.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _with_setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for each setting, and a help text that names the presets."""
    presets = "; ".join(f"{name}: {text}" for name, text in PRESET_TEXTS.items())
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = {
        "preset": (Annotated[str, typer.Option(help=f"Recipe to start from. {presets}")], "paper"),
        "name": (Annotated[str | None, typer.Option(help="What to call the run.")], None),
        "changes": (
            Annotated[
                list[str] | None,
                typer.Option("--set", help="field=value, for any setting below; may be repeated."),
            ],
            None,
        ),
        "detach": (Annotated[bool, typer.Option("--detach", help="Queue the run and return.")], False),
    }
    parameters = [
        inspect.Parameter(name, keyword, default=default, annotation=kind)
        for name, (kind, default) in own.items()
    ]
    parameters += [_option(info) for info in SETTINGS.values()]
    command.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # read by typer
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _make_train() -> Callable[..., None]:
    def train(**values: Any) -> None:
        """Train one run and wait for it: Ctrl-C detaches and the run goes on."""
        _train(**values)

    return _with_setting_options(train)


train = _make_train()
