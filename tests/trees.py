"""Random JSON trees like those of figures, and what may become of one."""

from __future__ import annotations

from random import Random
from typing import Any

SCALARS = (None, True, 0, 1, 2.5, "", "a", "b")


def random_tree(draws: Random, depth: int = 3) -> Any:
    """An object or array of scalars, objects and arrays; a scalar at depth 0."""
    kind = draws.choice(("object", "row", "array")) if depth else "scalar"
    if kind == "object":
        return {key: random_tree(draws, draws.randrange(depth)) for key in draws.sample("abcdef", 3)}
    if kind == "row":
        return [draws.choice(SCALARS) for _ in range(draws.randrange(6))]
    if kind == "array":
        return [random_tree(draws, draws.randrange(depth)) for _ in range(draws.randrange(4))]
    return draws.choice(SCALARS)


def regrown(tree: Any, draws: Random) -> Any:
    """A tree of which parts have grown, shrunk or changed."""
    if draws.random() < 0.1:
        return random_tree(draws, 1)
    if isinstance(tree, dict):
        kept = {key: regrown(value, draws) for key, value in tree.items() if draws.random() < 0.9}
        return kept | ({"new": random_tree(draws, 1)} if draws.random() < 0.3 else {})
    if isinstance(tree, list):
        kept = [regrown(item, draws) for item in tree[: draws.randrange(len(tree) + 1)]]
        return kept + [random_tree(draws, 1) for _ in range(draws.randrange(3))]
    return tree
