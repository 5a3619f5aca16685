"""`train`: queue one run or a grid of them and follow; the options are drawn from the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from rsdash.cli.following import follow
from rsdash.cli.settings import PresetOption, SetOption, asked_values, assignments, with_setting_options
from rsdash.config import make_config, make_grid, parse_seeds, parse_values
from rsdash.errors import ConfigError
from rsdash.home import runs_dir
from rsdash.jobs.submit import submit, submit_grid
from rsdash.runs.index import RunIndex

OPTIONS: dict[str, tuple[Any, Any]] = {
    "preset": (PresetOption, "paper"),
    "name": (
        Annotated[str | None, typer.Option(help="What to call the run; of several, how names begin.")],
        None,
    ),
    "changes": (SetOption, None),
    "vary": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--vary",
                metavar="FIELD=VALUE,VALUE,...",
                help="Several values of a setting, a run each; may be repeated, and every combination runs. "
                "Values that hold commas themselves (kernel_sizes) are parted by semicolons.",
            ),
        ],
        None,
    ),
    "seeds": (
        Annotated[str | None, typer.Option(help="Several seeds, a run each: 0-4 or 0,3,7.", metavar="SEEDS")],
        None,
    ),
    "detach": (Annotated[bool, typer.Option("--detach", help="Queue and return.")], False),
}


def _train(
    preset: str,
    name: str | None,
    changes: list[str] | None,
    *,
    vary: list[str] | None,
    seeds: str | None,
    detach: bool,
    **options: str | None,
) -> None:
    values, varied = asked_values(changes, options), _varied(vary, seeds)
    index = RunIndex(runs_dir())
    taken = {entry.name for entry in index.refresh().entries}
    if varied:
        cells = make_grid(values, varied, preset=preset)
        folders = submit_grid(cells, runs_dir=runs_dir(), name=name, taken_names=taken)
    else:
        config = make_config(values, preset=preset)
        folders = [submit(config, runs_dir=runs_dir(), name=name, taken_names=taken)]
    for folder in folders:
        print(f"Queued {folder.about().name} ({folder.id})")
    if detach:
        starts = "It starts" if len(folders) == 1 else "They start"
        print(f"{starts} as soon as a dashboard or another `train` on this folder has a free device.")
        return
    raise typer.Exit(follow(folders, index))


def _varied(vary: list[str] | None, seeds: str | None) -> dict[str, tuple[str, ...]]:
    """Setting → its values.

    Raises:
        ConfigError: they cannot be read, or seeds are given twice.
    """
    texts = assignments(vary, option="--vary", form="field=value,value,...")
    varied = {setting: parse_values(setting, text) for setting, text in texts.items()}
    if seeds is None:
        return varied
    if "seed" in varied:
        raise ConfigError(f"Seeds are given twice: --vary seed={texts['seed']} and --seeds {seeds}.")
    return {**varied, "seed": parse_seeds(seeds)}


def _make_train() -> Callable[..., None]:
    def train(**values: Any) -> None:
        """Train one run, or several, and wait: Ctrl-C detaches and what was started goes on."""
        _train(**values)

    return with_setting_options(train, OPTIONS)


train = _make_train()
