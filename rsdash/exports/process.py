"""Exports and imports in a process of their own, for pages: torch never gets into the server's."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from rsdash.errors import RunError
from rsdash.exports.stages import ExportResult, ImportResult
from rsdash.home import PROJECT_DIR, data_dir
from rsdash.runs.folder import RunFolder

POLL_S = 0.3
EXPORTS_KEPT = 3
"""Zips that stay for a download; older ones are deleted."""

Report = Callable[[int, int], None]


def exports_dir() -> Path:
    """Folder of the zips that pages offer."""
    return data_dir() / "exports"


def offered(folder: RunFolder) -> Path | None:
    """The zip of a run, where it was made of its present weights."""
    path = exports_dir() / f"{folder.id}.zip"
    with suppress(FileNotFoundError):
        if path.stat().st_mtime_ns > folder.weights_path.stat().st_mtime_ns:
            return path
    return None


def export_for_download(folder: RunFolder, report: Report) -> ExportResult:
    """Make the zip of a run; it ends where `report` raises.

    Args:
        folder: a run that is evaluated.
        report: takes stages done and their number.

    Raises:
        RunError: what the command says.
    """
    target = exports_dir() / f"{folder.id}.zip"
    command = ("export", folder.id, "--format", "bundle", "--out", str(target), "--lines")
    found = ExportResult(**_followed(folder.path.parent, command, report))
    _clear_old()
    return found


def import_into(runs_dir: Path, bundle: Path, report: Report) -> ImportResult:
    """Make a run of a zip; it ends where `report` raises.

    Args:
        runs_dir: folder of run folders.
        bundle: the zip.
        report: takes stages done and their number.

    Raises:
        RunError: what the command says.
    """
    return ImportResult(**_followed(runs_dir, ("import", str(bundle), "--lines"), report))


def _followed(runs_dir: Path, command: Sequence[str], report: Report) -> dict[str, Any]:
    """Run a command that tells in lines of JSON how far it is, and return its result."""
    exports_dir().mkdir(parents=True, exist_ok=True)
    done, total, lines = 0, 0, queue.Queue[bytes | None]()
    report(done, total)
    with tempfile.TemporaryFile() as errors, _start(runs_dir, command, errors) as process:
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            while True:
                with suppress(queue.Empty):
                    line = lines.get(timeout=POLL_S)
                    if line is None:
                        break
                    told = json.loads(line)
                    if "result" in told:
                        return told["result"]
                    done, total = told["done"], told["total"]
                report(done, total)
        except BaseException:
            process.send_signal(signal.SIGINT)  # it cleans up, where SIGTERM would leave half a zip
            process.wait()
            reader.join()  # before its pipe is closed
            raise
        process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()
    raise RunError(said[-1] if said else f"`{command[0]}` ended with code {process.returncode}. Try again.")


def _start(runs_dir: Path, command: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "rsdash", "--runs-dir", str(runs_dir), *command],
        cwd=PROJECT_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )


def _read(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    assert process.stdout  # it is a pipe
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _clear_old() -> None:
    by_age = sorted(exports_dir().glob("*.zip"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in by_age[EXPORTS_KEPT:]:
        path.unlink(missing_ok=True)
