"""Finds the Chromium that browser tests and benchmarks drive, and installs one where that is possible.

    python -m scripts.find_chromium              prints its path, or nothing
    python -m scripts.find_chromium --install    the same, after installing one where none is

Looked at in turn: the variable RSDASH_CHROMIUM, the PATH, Playwright's own. With CI=true it is an
error that there is none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "RSDASH_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
INSTALL_WAIT_S = 600
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
"""What Chromium is started with; root, as whom CI runs, has no sandbox."""


def find_chromium() -> str | None:
    """Path of a Chromium that can be started, or None.

    Raises:
        FileNotFoundError: RSDASH_CHROMIUM names something that cannot be run.
    """
    named = os.environ.get(VARIABLE)
    if named and shutil.which(named) is None:
        raise FileNotFoundError(f"{VARIABLE}={named} is no program; correct it or leave it out.")
    candidates = (named,) if named else (*NAMES, MACOS_CHROME)
    found = (shutil.which(candidate) for candidate in candidates)
    return next((path for path in found if path), None) or _playwrights_own()


def install_chromium() -> None:
    """Try the package manager where that is allowed, then Playwright's download."""
    if os.geteuid() == 0 and shutil.which("apt-get") and _is_debian():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-q"], environment)
        if _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], environment):
            return
    _run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def main() -> int:
    """Print the path; 1 if there must be one and there is none."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--install", action="store_true", help="install one where none is found")
    install = parser.parse_args().install
    try:
        path = find_chromium()
        if path is None and install:
            print("No Chromium is found; installing one.", file=sys.stderr)
            install_chromium()
            path = find_chromium()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    if path is not None:
        print(path)
        return 0
    needed = os.environ.get("CI") == "true"
    consequence = "which CI=true demands" if needed else "so the browser tests are skipped"
    print(f"There is no Chromium, {consequence}; {VARIABLE} can name one.", file=sys.stderr)
    return 1 if needed else 0


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # 0.2 s, which only this place needs

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _is_debian() -> bool:
    """Debian itself: Ubuntu's package of that name is a snap, which does not start in containers."""
    try:
        return "ID=debian" in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def _run(command: list[str], environment: dict[str, str]) -> bool:
    try:
        return (
            subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                timeout=INSTALL_WAIT_S,
                check=False,
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return False


if __name__ == "__main__":
    sys.exit(main())
