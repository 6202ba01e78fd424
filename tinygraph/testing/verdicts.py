"""What is raised when something is wrong: the verdict in the first line, the evidence below, the drawing last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..graphs.graph import graph
from ..recording.tensor import Tensor
from .drawing import sketch, values_text

_SHOWN = 12  # elements of an argument
_LINE = 80
_DRAWN = (3, 40)  # fewest and most nodes of a drawing: one op needs none, and a large one hides what stands above it


class Verdict(AssertionError):
    """What is wrong.

    Attributes
    ----------
    headline : str
        What is wrong, and which rule is to blame, on one line.
    cause : str
        The rule to blame, and where the program uses it.
    evidence : str
        What was given, and what expected.
    setting : str
        The arguments, and how to see it again.
    drawing : str
        The graph; empty where it would tell nothing.
    """

    def __init__(self, headline: str, cause: str = "", evidence: str = "", setting: str = "", drawing: str = ""):
        self.headline = headline
        self.cause = cause
        self.evidence = evidence
        self.setting = setting
        self.drawing = drawing
        super().__init__("\n".join(part for part in (headline, cause, evidence, setting, drawing) if part))

    def alone(self) -> Verdict:
        """Return the error without the calls and errors that led to it: what there is to know, the message says."""
        self.__context__ = None
        return self.with_traceback(None)


class GradientError(Verdict):
    """A gradient is wrong; the first line of the message says which, or which rule is to blame."""

    __module__ = "tinygraph.testing"  # as it is shown, and imported


class LawError(Verdict):
    """A law is broken; the message names the law, the op and its rules, and shows values and graph."""

    __module__ = "tinygraph.testing"


def setting_of(seed: int, names: Sequence[str], arrays: Sequence[np.ndarray]) -> str:
    """Return seed and arguments for a message: values of small arrays, and the shapes of others.

    Examples
    --------
    >>> setting_of(0, ["x", "W"], [np.array([0.5], np.float32), np.zeros((5, 6))])
    'at seed=0, x = [0.5] float32, W of shape (5, 6)'
    """
    lines = [
        f"{name} = {values_text(x)}{'' if x.dtype == np.float64 else f' {x.dtype}'}"
        if x.size <= _SHOWN
        else f"{name} of shape {x.shape}"
        for name, x in zip(names, arrays, strict=True)
    ]
    separator = ", " if sum(map(len, lines)) < _LINE else ",\n    "
    return separator.join([f"at seed={seed}", *lines])


def drawing_of(outputs: Iterable[Any]) -> str:
    """Draw the graph of some outputs, where it is of a size to be looked at."""
    tensors = [y for y in outputs if isinstance(y, Tensor)]
    recorded = graph(*tensors) if tensors else None
    if recorded is None or not _DRAWN[0] <= len(recorded) <= _DRAWN[1]:
        return ""
    ops = sum(node.kind == "op" for node in recorded.nodes)
    return textwrap.indent(sketch(recorded), "  ") if ops > 1 else ""
