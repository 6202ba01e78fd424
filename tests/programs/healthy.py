"""Every healthy program of these tests, the examples and rnn, each with a loss: nothing is wrong there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import examples.programs
import tinygraph as tg
from tests.programs import ALL
from tests.programs.labelled import with_last_state, with_losses
from tests.programs.sick import CASES, WELL
from tests.rnn.test_fold_models import MODELS

OUTSIDERS = sorted(path.stem for path in (Path(__file__).parent / "outsiders").glob("p*.py"))
LENGTH = 7


def loss_of(outputs: Any) -> tg.Tensor:
    """Return a smooth loss of what a program returns: itself if it is a scalar."""
    tensors = list(_tensors(outputs))
    if len(tensors) == 1 and tensors[0].shape == ():
        return tensors[0]
    rng = np.random.default_rng(0)
    targets = [rng.normal(size=y.shape) for y in tensors]
    return sum(np.mean((y - target) ** 2) for y, target in zip(tensors, targets, strict=True))


def _tensors(outputs: Any):
    if isinstance(outputs, tg.Tensor):
        yield outputs
    elif isinstance(outputs, dict):
        yield from _tensors(list(outputs.values()))
    elif isinstance(outputs, list | tuple):
        for part in outputs:
            yield from _tensors(part)


def _programs() -> dict[str, Callable[[], Any]]:
    programs: dict[str, Callable[[], Any]] = {}
    for name, program in ALL.items():
        programs[f"programs {name}"] = lambda program=program: program(LENGTH)
    for name in OUTSIDERS:
        programs[f"outsiders {name}"] = lambda name=name: import_module(f"tests.programs.outsiders.{name}").main()
    for name, program in inspect.getmembers(examples.programs, inspect.isfunction):
        if program.__module__ == "examples.programs" and not inspect.signature(program).parameters.keys() - {"T"}:
            programs[f"examples {name}"] = program
    for name, model in MODELS.items():
        programs[f"rnn {name}"] = lambda model=model: model(np.random.default_rng(0).normal(size=(LENGTH, 3)))
    for name, case in CASES.items():
        programs[f"the healthy twin of {name}"] = lambda case=case: case.healthy().main()
    for name, well in WELL.items():
        programs[f"well {name}"] = lambda well=well: well.module().main()
    programs["labelled losses"] = lambda: with_losses(LENGTH)
    programs["labelled states"] = lambda: with_last_state(LENGTH)
    return programs


HEALTHY = _programs()


def healthy_loss(name: str) -> tg.Tensor:
    """Return the loss of a healthy program."""
    return loss_of(HEALTHY[name]())
