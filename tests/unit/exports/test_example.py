"""The program that goes along: short, valid, and the one that the README shows."""

from __future__ import annotations

import ast

import pytest

from rsdash.config import RGB8, Radiometry, make_radiometry
from rsdash.exports.example import example_requirements, example_text
from rsdash.home import PROJECT_DIR


@pytest.mark.parametrize("radiometry", [RGB8, make_radiometry("sentinel2", "all")])
def test_it_imports_only_what_its_requirements_name(radiometry: Radiometry) -> None:
    tree = ast.parse(example_text(radiometry))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    packages = {line.split(">=")[0] for line in example_requirements(radiometry).split()}
    assert modules - {"json", "sys", "pathlib"} == (packages - {"pillow"}) | {"PIL"}


def test_the_readme_shows_it() -> None:
    readme = (PROJECT_DIR / "README.md").read_text()
    assert f"```python\n{example_text(RGB8)}```" in readme
