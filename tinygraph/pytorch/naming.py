"""What the parameters and buffers are called: as ``named_parameters`` and ``named_buffers`` call them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from ..recording.tensor import Tensor
from .operands import Operands

Models = nn.Module | Mapping[str, nn.Module] | None


def name_parameters(operands: Operands, model: Models) -> None:
    """Give the leaves that have no name yet that of the parameter or buffer of a module that they are."""
    unnamed = {id(tensor): twin for tensor, twin in operands.leaves() if twin._name is None}
    if unnamed:
        _give(unnamed, _told(model))
    if unnamed and model is None:
        _give(unnamed, _alive(unnamed))


def _give(unnamed: dict[int, Tensor], named: Iterator[tuple[str, torch.Tensor]]) -> None:
    for name, parameter in named:
        twin = unnamed.pop(id(parameter), None)
        if twin is not None:
            twin._name = name


def _told(model: Models) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(model, Mapping):
        for key, part in model.items():
            yield from _named(part, str(key))
    elif model is not None:
        yield from _named(model)


def _named(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    yield from module.named_parameters(prefix)
    yield from module.named_buffers(prefix)


def _alive(unnamed: dict[int, Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the parameters of the outermost modules that are alive; of several, with what the program calls each."""
    modules = [x for x in gc.get_objects() if issubclass(type(x), nn.Module)]
    inner = {id(child) for module in modules for child in module.children()}
    roots = [m for m in modules if id(m) not in inner and any(id(p) in unnamed for p in m.parameters())]
    names = _variables(roots) if len(roots) > 1 else {}
    for root in roots:
        yield from _named(root, names.get(id(root), ""))


def _variables(modules: list[nn.Module]) -> dict[int, str]:
    """Return what the running functions call modules; else their class."""
    names = {id(module): type(module).__name__.lower() for module in modules}
    frame = sys._getframe(1)
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if id(value) in names and isinstance(value, nn.Module) and not name.startswith("_"):
                names[id(value)] = name
        frame = frame.f_back  # type: ignore[assignment]
    return names
