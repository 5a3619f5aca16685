"""The README's tables of presets and settings, drawn from the settings' one definition.

`python -m scripts.settings_table` rewrites them; a test holds the README to them.
"""

from __future__ import annotations

from typing import Any

from rsdash.config import PRESETS, SETTINGS, RunConfig
from rsdash.home import PROJECT_DIR

README = PROJECT_DIR / "README.md"
BEGIN = "<!-- settings: written by scripts/settings_table.py -->\n"
END = "<!-- end of settings -->"


def tables() -> str:
    """Both tables as Markdown."""
    return f"{_presets()}\n\n<details><summary>All settings</summary>\n\n{_settings()}\n\n</details>\n"


def with_tables(text: str) -> str:
    """The README's text with its tables made anew."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}{tables()}{END}{rest.split(END)[1]}"


def _presets() -> str:
    changed = [name for name in SETTINGS if any(name in preset for preset in PRESETS.values())]
    lines = [f"| setting | {' | '.join(PRESETS)} |", f"|:--|{':--|' * len(PRESETS)}"]
    for name in changed:
        default = RunConfig.model_fields[name].default
        cells = [_text(preset.get(name, default)) for preset in PRESETS.values()]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _settings() -> str:
    lines = ["| setting | default | what it is |", "|:--|:--|:--|"]
    for info in SETTINGS.values():
        models = f" For {', '.join(info.models)}." if info.models else ""
        choices = f" One of {', '.join(info.choices)}." if info.choices else ""
        unit = f" {info.unit}" if info.unit and info.default is not None else ""
        lines.append(f"| `{info.name}` | {info.default_text}{unit} | {info.text}{choices}{models} |")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return "all" if value is None else str(value)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text()))
