"""The README says what is true now."""

from __future__ import annotations

from rsdash.config import SETTINGS
from scripts.settings_table import README, tables, with_tables


def test_the_readmes_tables_are_those_of_the_settings() -> None:
    text = README.read_text()
    assert text == with_tables(text), "run `python -m scripts.settings_table`"


def test_every_setting_stands_in_the_tables() -> None:
    assert all(f"| `{name}` |" in tables() for name in SETTINGS)


def test_pictures_in_the_readme_exist() -> None:
    pictures = [part.split(")")[0] for part in README.read_text().split("](")[1:] if ".png)" in part]
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)
