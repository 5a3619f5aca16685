"""What has changed between two JSON trees, so that only that has to travel to a browser that has the first.

A change is one of

- `["is", value]`: this takes its place,
- `["keys", {key: change}, [key]]`: of an object, some keys have changed, and some are gone,
- `["items", {index: change}, count, [item]]`: of an array, the first `count` items stay but for some that
  have changed, and others follow.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np

Change = list[Any]

APPLY_SCRIPT = """
function changed(tree, change) {
  if (change === null) return tree
  const [kind, changes] = change
  if (kind === "is") return changes
  const result = kind === "keys" ? { ...tree } : tree.slice(0, change[2])
  for (const [place, inner] of Object.entries(changes)) result[place] = changed(result[place], inner)
  if (kind === "items") return result.concat(change[3])
  for (const key of change[2]) delete result[key]
  return result
}
"""
"""JavaScript: `changed(tree, change)` is the tree after a change, or without one where that is null."""


def as_tree(value: Any) -> Any:
    """Values with arrays in them as a JSON tree: arrays become lists, what is no number null.

    Numbers in 32 bits are written with the seven digits that they have.
    """
    if isinstance(value, dict):
        return {str(key): as_tree(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        if value.dtype == np.float32:
            value = np.char.mod("%.7g", value).astype(np.float64)
        if value.dtype.kind == "f" and np.isfinite(value).all():
            return value.tolist()  # without a look at each number
        return as_tree(value.tolist())
    if isinstance(value, list | tuple):
        return [as_tree(item) for item in value]
    if isinstance(value, np.generic):
        return as_tree(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def change_between(old: Any, new: Any) -> Change | None:
    """What makes one tree of another; None where they are equal."""
    if old == new:
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        inner: dict[str, Change | None] = {
            key: change_between(old[key], value) if key in old else ["is", value]
            for key, value in new.items()
        }
        return ["keys", _only_changes(inner), [key for key in old if key not in new]]
    if isinstance(old, list) and isinstance(new, list):
        return _change_of_items(old, new)
    return ["is", new]


def _change_of_items(old: list[Any], new: list[Any]) -> Change:
    pairs = list(zip(old, new, strict=False))
    if not any(isinstance(item, dict | list) for item in new):
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return ["items", {}, same, new[same:]]
    inner: dict[str, Change | None] = {str(index): change_between(*pair) for index, pair in enumerate(pairs)}
    return ["items", _only_changes(inner), len(pairs), new[len(pairs) :]]


def _only_changes(inner: dict[str, Change | None]) -> dict[str, Change]:
    return {place: change for place, change in inner.items() if change is not None}
