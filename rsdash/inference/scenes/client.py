"""Asks the inference service for a map; no torch here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsdash.inference.scenes.record import MapRecord, MapRule
from rsdash.inference.wire import followed


def map_scene(
    run_path: Path, scene: Path, rule: MapRule, report: Callable[[int, int, str], None]
) -> MapRecord:
    """Have a scene mapped by a run's model; it ends where `report` raises.

    Args:
        run_path: folder of the run.
        scene: a GeoTIFF on this machine.
        rule: how.
        report: takes windows done, how many there are, and in words what else is done; several times a
            second.

    Raises:
        ServiceError: the service cannot be started, or refuses.
    """

    def take(line: dict[str, Any]) -> None:
        report(line["done"], line["total"], line["words"])

    content = {"run": str(run_path), "scene": str(scene.absolute()), "rule": rule.model_dump(mode="json")}
    return MapRecord.model_validate_json(json.dumps(followed("/map", content, take)))
