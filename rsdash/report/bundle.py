"""A comparison in one zip that another rsdash derives again: no weights, no images, no GPU needed.

report.html         the report
facts.json          every number of the comparison, unrounded
versions.txt        packages of the machine that wrote it
runs/<id>/          config, state, name and notes, split, answers, events and environment of each run
"""

from __future__ import annotations

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Any

from rsdash.data.source import safe_members
from rsdash.errors import RunError
from rsdash.evaluation.roles import role_named
from rsdash.report.facts import Compared, comparison_facts, gather
from rsdash.report.page import report_page
from rsdash.runs.folder import FURTHER_PREFIX, OWN_IMAGES, RUN_ID
from rsdash.runs.index import RunIndex
from rsdash.runs.sharing import records_to_share

RUN_FILES = (
    "config.json",
    "state.json",
    "about.json",
    "split.json",
    "evaluation.npz",
    "metrics.jsonl",
    "environment.json",
)
FACTS, REPORT, VERSIONS = "facts.json", "report.html", "versions.txt"
MOST_FILES, MOST_FILE_BYTES = 2_000, 1_000_000_000
RELATIVE_TOLERANCE = 1e-9
"""Numbers that agree to this are the same; sums may run in another order on another machine."""


@dataclass(frozen=True)
class Difference:
    """A value that came out differently.

    Attributes:
        place: where it stands in facts.json, such as `runs / 0 / accuracy`.
        stored: as the bundle has it.
        derived: as it was derived here.
    """

    place: str
    stored: Any
    derived: Any


@dataclass(frozen=True)
class Rederived:
    """What deriving a bundle again showed.

    Attributes:
        values: number of values compared.
        differences: those that came out differently.
        runs: names of the runs.
    """

    values: int
    differences: tuple[Difference, ...]
    runs: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether everything came out as stored."""
        return not self.differences


def bundle(compared: Compared) -> bytes:
    """The zip of a comparison.

    Raises:
        RunError: a run's files vanished meanwhile.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(REPORT, report_page(compared))
        archive.writestr(FACTS, json.dumps(comparison_facts(compared), indent=1))
        archive.writestr(VERSIONS, "\n".join(_versions()) + "\n")
        for entry in compared.entries:
            texts = records_to_share(entry.folder)
            for name in RUN_FILES:
                path = entry.folder.path / name
                if name in texts:
                    archive.writestr(f"runs/{entry.id}/{name}", texts[name])
                elif path.is_file():
                    archive.write(path, f"runs/{entry.id}/{name}")
                elif name == "config.json":
                    raise RunError(f"{entry.name} is gone: {entry.folder.path} holds no config.json.")
            further = entry.folder.evaluation_paths().get(compared.measured_on)
            if compared.measured_on != OWN_IMAGES and further:
                archive.write(further, f"runs/{entry.id}/{further.name}")
    return buffer.getvalue()


def derive_again(path: Path) -> Rederived:
    """Compute a bundle's numbers anew from the answers in it and compare them with those stored.

    Raises:
        DataError: the zip is not a safe one.
        RunError: the file is no bundle, or it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="rsdash-bundle-") as folder:
        stored = _unpack(path, Path(folder))
        listing = RunIndex(Path(folder)).refresh()
        if listing.problems:
            raise RunError(f"{path} is damaged: {listing.problems[0][1]}")
        by_id = {entry.id: entry for entry in listing.entries}
        wanted = [run.get("id") for run in stored["runs"]]
        missing = [run_id for run_id in wanted if run_id not in by_id]
        if missing:
            raise RunError(f"{path} is damaged: the run {missing[0]} is not in it.")
        entries = [by_id[run_id] for run_id in wanted]
        derived = comparison_facts(gather(entries, str(stored.get("measured_on", OWN_IMAGES))))
    pairs = list(_paired(stored, json.loads(json.dumps(derived))))
    different = tuple(Difference(place, old, new) for place, old, new in pairs if not _same(old, new))
    return Rederived(len(pairs), different, tuple(entry.name for entry in entries))


def _unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Write the runs' files below a folder; returns the stored facts."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, member in safe_members(archive, path, most=MOST_FILES).items():
                if member.file_size > MOST_FILE_BYTES:
                    raise RunError(f"{path} is no bundle of rsdash: its {name} is too large for one.")
                place = PurePosixPath(name).parts
                known = len(place) == 3 and place[0] == "runs" and _belongs_to_a_run(place[2])
                if known and RUN_ID.fullmatch(place[1]):
                    (folder / place[1]).mkdir(exist_ok=True)
                    (folder / place[1] / place[2]).write_bytes(archive.read(member))
            facts = json.loads(archive.read(FACTS))
    except FileNotFoundError as error:
        raise RunError(f"There is no file {path}.") from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError) as error:
        raise RunError(f"{path} is no bundle of rsdash, or it is damaged ({error}).") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("runs"), list) or not facts["runs"]:
        raise RunError(f"{path} is no bundle of rsdash: its {FACTS} names no runs.")
    return facts


def _belongs_to_a_run(name: str) -> bool:
    return name in RUN_FILES or (name.startswith(FURTHER_PREFIX) and name.endswith(".npz"))


def _paired(stored: Any, derived: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every value of either side with its counterpart."""
    if isinstance(stored, dict) and isinstance(derived, dict):
        for key in dict.fromkeys((*stored, *derived)):
            yield from _paired(stored.get(key), derived.get(key), f"{place} / {key}" if place else key)
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for number, values in enumerate(zip(stored, derived, strict=True)):
            yield from _paired(*values, f"{place} / {number}")
    else:
        yield place, stored, derived


def _same(stored: Any, derived: Any) -> bool:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (stored, derived)]
    if all(numbers):
        return math.isclose(stored, derived, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return (role_named(stored) if isinstance(stored, str) else stored) == derived


def _versions() -> list[str]:
    found = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"]}
    return [f"{name}=={version}" for name, version in sorted(found.items(), key=lambda pair: pair[0].lower())]
