"""The layers of any network in order of depth, gathered into a few groups that a person can look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

MOST_GROUPS = 24

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_Part = tuple[str, nn.Module]


@dataclass(frozen=True)
class LayerGroup:
    """Neighbouring layers.

    Attributes:
        name: of their module; its last word where that is enough to tell it apart.
        parameters: theirs, at least one.
    """

    name: str
    parameters: tuple[nn.Parameter, ...]

    @property
    def size(self) -> int:
        """Numbers in all parameters."""
        return sum(parameter.numel() for parameter in self.parameters)


def layer_groups(model: nn.Module) -> tuple[LayerGroup, ...]:
    """Groups from input to output, MOST_GROUPS at the most.

    Containers are opened level by level as long as that leaves few enough groups, blocks are not: so the
    study's AlexNet gives its convolutions and hidden layers, a ResNet its stem, blocks (stages from
    resnet101 on) and head. Normalization belongs to the layer before it; parameters that stand outside
    any layer, such as a position embedding, to the layer after them.

    Args:
        model: its modules are taken in the order in which they were registered, as all of torchvision's
            and timm's classifiers register theirs from input to output.
    """
    parts = list(_children("", model))
    while (opened := _opened(parts)) != parts and len(_gathered(model, opened)) <= MOST_GROUPS:
        parts = opened
    gathered = _merged(_gathered(model, parts))
    names = _short_names([name for name, _ in gathered])
    return tuple(
        LayerGroup(name, tuple(parameters)) for name, (_, parameters) in zip(names, gathered, strict=True)
    )


def _children(path: str, module: nn.Module) -> Iterator[_Part]:
    for name, child in module.named_children():
        if _has_parameters(child):
            yield f"{path}.{name}".lstrip("."), child


def _opened(parts: list[_Part]) -> list[_Part]:
    """The same with the children of all modules that are mere sequences of layers or blocks."""
    opened: list[_Part] = []
    for path, module in parts:
        opened += _children(path, module) if _is_sequence(module) else [(path, module)]
    return opened


def _is_sequence(module: nn.Module) -> bool:
    """Whether it is a container, or a stage around one that holds several blocks of one kind."""
    if isinstance(module, _CONTAINERS):
        return True
    for child in module.children():
        blocks = [type(block) for block in child.children() if list(block.children())]
        alike = len(blocks) > 1 and len(set(blocks)) == 1 and not issubclass(blocks[0], nn.Sequential)
        if isinstance(child, _CONTAINERS) and alike:
            return True
    return False


def _gathered(model: nn.Module, parts: list[_Part]) -> list[tuple[str, list[nn.Parameter]]]:
    """Parameters of each part, in the order of the model; parts without weights join the one before."""
    paths = [path for path, _ in parts]
    groups: dict[str, list[nn.Parameter]] = {}
    waiting: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        path = next((path for path in paths if name.startswith(f"{path}.")), None)
        if path is None:
            waiting.append(parameter)
        else:
            groups.setdefault(path, []).extend([*waiting, parameter])
            waiting = []
    gathered: list[tuple[str, list[nn.Parameter]]] = []
    for path, parameters in groups.items():
        if gathered and all(parameter.ndim < 2 for parameter in parameters):
            gathered[-1][1].extend(parameters)
        else:
            gathered.append((path, parameters))
    if waiting and gathered:
        gathered[-1][1].extend(waiting)
    return gathered or [("all", waiting)]


def _merged(groups: list[tuple[str, list[nn.Parameter]]]) -> list[tuple[str, list[nn.Parameter]]]:
    """Neighbours together where there are too many."""
    width = -(-len(groups) // MOST_GROUPS)
    if width == 1:
        return groups
    merged = []
    for start in range(0, len(groups), width):
        part = groups[start : start + width]
        name = part[0][0] if len(part) == 1 else f"{part[0][0]} … {part[-1][0]}"
        merged.append((name, [parameter for _, parameters in part for parameter in parameters]))
    return merged


def _short_names(paths: list[str]) -> list[str]:
    last = [path.rsplit(".", 1)[-1] for path in paths]
    return [
        path if short.isdecimal() or last.count(short) > 1 else short
        for path, short in zip(paths, last, strict=True)
    ]


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None
