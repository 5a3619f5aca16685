"""requirements.txt against what the program imports, and constraints.txt against both lists."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from rsdash.home import PROJECT_DIR

LISTS = ("requirements.txt", "requirements-dev.txt")


def requirement_lines(name: str) -> list[str]:
    lines = (PROJECT_DIR / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def requirements(name: str) -> dict[str, Requirement]:
    parsed = (Requirement(line.split("  #")[0]) for line in requirement_lines(name))
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def imported_modules(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def imported_distributions() -> set[str]:
    sources = [PROJECT_DIR / "app.py", *(PROJECT_DIR / "pages").glob("*.py")]
    sources += (PROJECT_DIR / "rsdash").rglob("*.py")
    modules = set().union(*map(imported_modules, sources)) - sys.stdlib_module_names - {"rsdash"}
    known = packages_distributions()
    return {canonicalize_name(known[module][0]) for module in modules}


def test_every_imported_package_is_required_and_no_other() -> None:
    assert set(requirements("requirements.txt")) == imported_distributions()


@pytest.mark.parametrize("name", LISTS)
def test_each_requirement_says_its_purpose_and_has_both_bounds(name: str) -> None:
    for line in requirement_lines(name):
        specification, _, purpose = line.partition("  # ")
        operators = {specifier.operator for specifier in Requirement(specification).specifier}
        assert purpose, line
        assert operators == {">=", "<"}, line


@pytest.mark.parametrize("name", LISTS)
def test_constraints_pin_each_requirement_to_a_version_in_its_range(name: str) -> None:
    pins = requirements("constraints.txt")
    for package, requirement in requirements(name).items():
        (pin,) = pins[package].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{package}=={pin.version}"


def test_constraints_admit_builds_of_pytorch_for_the_cpu() -> None:
    for package in ("torch", "torchvision"):
        specifier = requirements("constraints.txt")[package].specifier
        (pin,) = specifier
        assert specifier.contains(Version(f"{pin.version}+cpu"))
