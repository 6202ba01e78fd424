"""A program of ops as data: a function that runs, with source that a reader can run too."""

from __future__ import annotations

import itertools
import linecache
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recording.op import Op

_serial = itertools.count(1)


@dataclass(frozen=True)
class Instruction:
    """One line of a program.

    Attributes
    ----------
    op : Op
    arguments : tuple
        Numbers of earlier values (inputs first, then results) as `int`; constants as arrays.
    attributes : dict
    """

    op: Op
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]


class Program:
    """A straight-line program: a function of arrays or Tensors that returns the values no later line uses.

    Attributes
    ----------
    inputs : list of ndarray
        A point where it is smooth.
    instructions : list of Instruction
    outputs : list of int
        The numbers of the values that it returns.

    Examples
    --------
    >>> import tinygraph as tg
    >>> square = Program([np.array([1.0, 2.0])], [Instruction(tg.multiply, (0, 0), {})])
    >>> print(square.source)
    def program(x0):
        v1 = multiply(x0, x0)
        return (v1,)
    >>> square(np.array([3.0, 4.0]))
    (array([ 9., 16.]),)
    """

    def __init__(self, inputs: Sequence[np.ndarray], instructions: Sequence[Instruction]):
        self.inputs = list(inputs)
        self.instructions = list(instructions)
        used = {a for line in self.instructions for a in line.arguments if isinstance(a, int)}
        last = len(self.inputs) + len(self.instructions)
        self.outputs = [i for i in range(len(self.inputs), last) if i not in used]
        self._function: Callable | None = None

    @property
    def source(self) -> str:
        """The program as Python."""
        lines = [f"def program({', '.join(map(self._name, range(len(self.inputs))))}):"]
        for number, line in enumerate(self.instructions, start=len(self.inputs)):
            lines.append(f"    {self._name(number)} = {self._call(line)}")
        return "\n".join([*lines, f"    return ({''.join(f'{self._name(i)},' for i in self.outputs)})"])

    def _name(self, number: int) -> str:
        return f"x{number}" if number < len(self.inputs) else f"v{number}"

    def _call(self, line: Instruction) -> str:
        arguments = [self._name(a) if isinstance(a, int) else _literal(a) for a in line.arguments]
        if line.op.sequence:
            arguments = [f"[{', '.join(arguments)}]"]
        attributes = [f"{name}={_literal(value)}" for name, value in line.attributes.items()]
        return f"{_word(line.op)}({', '.join([*arguments, *attributes])})"

    def __call__(self, *arguments: Any) -> Any:
        """Run it; its nodes are named after its lines."""
        if self._function is None:
            self._function = self._compiled()
        return self._function(*arguments)

    def _compiled(self) -> Callable:
        # ops of one name differ by form: each line gets its own
        filename = f"<random program {next(_serial)}>"
        text = self.source + "\n"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        space: dict[str, Any] = {"np": np, "slice": slice}
        for line in self.instructions:
            same_name = {n: other.op for n, other in enumerate(self.instructions, 2) if other.op.name == line.op.name}
            space[_word(line.op)] = _chosen(same_name)
        exec(compile(text, filename, "exec"), space)
        return space["program"]

    def __repr__(self) -> str:
        values = [f"{self._name(i)} = {_literal(x)}" for i, x in enumerate(self.inputs)]
        return "\n".join(["", self.source, *values, ""])


def _word(op: Op) -> str:
    return re.sub(r"\W", "_", op.name)


def _chosen(forms: dict[int, Op]) -> Callable:
    """Return a function that calls the form of an op that belongs to the program's line from which it is called."""
    if len(set(map(id, forms.values()))) == 1:
        return next(iter(forms.values()))
    return lambda *args, **attributes: forms[sys._getframe(1).f_lineno](*args, **attributes)


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        kind = "" if value.dtype in (np.float64, np.int64, np.bool_) else f", np.{value.dtype}"
        return f"np.array({value.tolist()}{kind})"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(part)}, ' for part in value).strip()})"
    return repr(value)
