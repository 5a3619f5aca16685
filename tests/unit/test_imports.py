"""The shape of the program: who may import whom, and what the server's process must never load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rsdash"
TIERS = (
    {"errors"},
    {"home", "config", "files", "palette", "processors"},
    {"data", "models", "evaluation", "runs"},
    {"training"},
    {"jobs", "inference", "charts", "exports"},
    {"report"},
    {"cli", "ui", "pages", "app", "__main__"},
)
SIDEWAYS = {
    ("runs", "evaluation"),
    ("inference", "exports"),
    ("pages", "ui"),
    ("app", "ui"),
    ("__main__", "cli"),
}
HEAVY = {"torch", "torchvision", "timm", "safetensors"}
MAX_LINES = 300


def sources() -> list[Path]:
    return sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *PACKAGE.rglob("*.py")])


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in sources()}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes, those inside functions too, but for blocks that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from walk(child)


@cache
def imports_of(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path} imports relatively"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module, *(below & modules().keys())}
    return frozenset(found)


def part_of(module: str) -> str:
    """Name of the tier's member: `rsdash.data.scan` → data, `pages.train` → pages."""
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "rsdash" and len(pieces) > 1 else pieces[0]


def tier_of(part: str) -> int:
    return next(number for number, tier in enumerate(TIERS) if part in tier)


def own_imports(path: Path) -> list[str]:
    return [name for name in imports_of(path) if name.startswith("rsdash.")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_from_below_only(path: Path) -> None:
    name = module_name(path)
    if name == "rsdash":
        assert not own_imports(path)
        return
    part = part_of(name)
    for imported in own_imports(path):
        target = part_of(imported)
        allowed = target == part or (part, target) in SIDEWAYS or tier_of(target) < tier_of(part)
        assert allowed, f"{name} imports {imported}"


def test_the_walk_sees_imports_inside_functions_and_submodules() -> None:
    assert "rsdash.training.worker" in imports_of(PACKAGE / "cli" / "__init__.py")
    assert "rsdash.home" in imports_of(PACKAGE / "data" / "pixels.py")
    assert "torch" in imports_of(PACKAGE / "training" / "trainer.py")


def test_jobs_never_import_training() -> None:
    for path in (PACKAGE / "jobs").rglob("*.py"):
        assert not [name for name in imports_of(path) if name.startswith("rsdash.training")], path


def test_only_app_pages_and_ui_import_streamlit() -> None:
    users = {
        part_of(name)
        for name, path in modules().items()
        if any(imported.split(".")[0] == "streamlit" for imported in imports_of(path))
    }
    assert users == {"app", "pages", "ui"}


def server_modules() -> set[str]:
    """What the server's process may import: all that app, pages and ui reach, in functions too."""
    waiting = [name for name in modules() if part_of(name) in ("app", "pages", "ui")]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules():
            continue
        reached.add(name)
        packages = [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]
        waiting += [*imports_of(modules()[name]), *packages]
    return reached


def test_nothing_that_the_server_reaches_imports_torch() -> None:
    reached = server_modules()
    assert {"rsdash.jobs.runner", "rsdash.data", "rsdash.runs.index"} <= reached
    for name in sorted(reached):
        heavy = {imported.split(".")[0] for imported in imports_of(modules()[name])} & HEAVY
        assert not heavy, f"{name} is reached by the server and imports {heavy}"


def test_a_process_that_imports_the_server_side_has_no_torch() -> None:
    code = (
        "import sys\n"
        "import rsdash.ui.server, rsdash.jobs.submit, rsdash.jobs.requests, rsdash.inference.client\n"
        "import rsdash.cli\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_first_page_waits_for_neither_scipy_nor_pandas() -> None:
    code = (
        "import importlib, sys\n"
        "from rsdash.ui.startup import FIRST_PAGE\n"
        "for name in ('rsdash.ui.server', *FIRST_PAGE): importlib.import_module(name)\n"
        "print(sorted({'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_no_module_is_called_utils_or_helpers() -> None:
    banned = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert not [path for path in sources() if path.stem in banned or path.parent.name in banned]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_fewer_than_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < MAX_LINES
