"""Random programs over the registry: a Hypothesis strategy that respects each op's domain, and shrinks to few lines."""

from __future__ import annotations

import itertools
import linecache
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ..recording.op import Op
from .attributes import attributes_for
from .domains import domain_of, example_calls
from .strategies import ops as all_ops

_LARGEST = 1e3  # values beyond it lose the digits that are to be compared
_MOST_ELEMENTS = 120
_NEAR = 1e-5  # no kink is to be nearer
_SHAPES = (
    (),
    (1,),
    (2,),
    (3,),
    (2, 2),
    (1, 3),
    (3, 1),
    (2, 3),
    (2, 1, 3),
    (4,),
    (3, 3),
    (3, 4),
    (2, 3, 4),
)  # small first
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
            space[_word(line.op)] = _chosen([other.op for other in self.instructions if other.op.name == line.op.name])
        exec(compile(text, filename, "exec"), space)
        return space["program"]

    def __repr__(self) -> str:
        values = [f"{self._name(i)} = {_literal(x)}" for i, x in enumerate(self.inputs)]
        return "\n".join(["", self.source, *values, ""])


def _word(op: Op) -> str:
    return re.sub(r"\W", "_", op.name)


def _chosen(forms: list[Op]) -> Callable:
    """Return a function that calls the forms of one op in the order in which the program's lines use them."""
    if len(set(map(id, forms))) == 1:
        return forms[0]
    turn = itertools.cycle(forms)
    return lambda *args, **attributes: next(turn)(*args, **attributes)


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


class _Builder:
    """A program in the making, with the values that it has so far."""

    def __init__(self, draw: DrawFn):
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.inputs: list[np.ndarray] = []
        self.lines: list[tuple[Op, tuple[Any, ...], dict[str, Any], int]] = []
        self.values: list[np.ndarray] = []  # inputs and results, in the order of their making
        self.kinds: list[tuple[str, int]] = []

    def input(self, value: np.ndarray) -> int:
        self.values.append(np.asarray(value, np.float64))
        self.kinds.append(("input", len(self.inputs)))
        self.inputs.append(self.values[-1])
        return len(self.values) - 1

    def call(self, op: Op, arguments: Sequence[Any], attributes: dict[str, Any]) -> int | None:
        """Append a line if it gives usable values; return the number of its value."""
        given = [self.values[a] if isinstance(a, int) else a for a in arguments]
        try:
            value = np.asarray(_run(op, given, attributes))
            if value.dtype.kind != "f" or not 0 < value.size <= _MOST_ELEMENTS or value.ndim > 4:
                return None
            if not np.isfinite(value).all() or np.abs(value).max() > _LARGEST:
                return None
            if not self._is_smooth(op, given, attributes, value):
                return None
        except (TypeError, ValueError, IndexError, RuntimeError):
            return None  # it does not fit these shapes
        self.values.append(value)
        self.kinds.append(("line", len(self.lines)))
        self.lines.append((op, tuple(arguments), attributes, len(self.values) - 1))
        return len(self.values) - 1

    def _is_smooth(self, op: Op, given: list[Any], attributes: dict[str, Any], value: np.ndarray) -> bool:
        """Tell whether the op bends little here: not at a kink or jump, nor next to one, nor ill-conditioned."""
        moves = [self.rng.uniform(-_NEAR, _NEAR, np.shape(x)) if _is_float(x) else 0 for x in given]
        above, below = (
            np.asarray(
                _run(
                    op,
                    [x + sign * move if _is_float(x) else x for x, move in zip(given, moves, strict=True)],
                    attributes,
                )
            )
            for sign in (1, -1)
        )
        return bool((np.abs(above - 2 * value + below) <= 1e3 * _NEAR**2 * (1 + np.abs(value))).all())

    def step(self, op: Op) -> int | None:
        """Append a call of the op, if one is found."""
        if "samples" not in op.facts and (op.elementwise or (len(op.arguments) == 1 and not op.attributes)):
            return self._pointwise(op)
        if len(op.arguments) == 1 and op.attributes:
            argument = self._in_domain(op, 0, self._recent())
            if argument is not None:
                attributes = self.draw(attributes_for(op, self.values[argument].shape))
                if attributes is not None and (found := self.call(op, [argument], attributes)) is not None:
                    return found
        return self._sample(op)

    def _pointwise(self, op: Op) -> int | None:
        first = self._recent()
        arguments: list[int | None] = [self._in_domain(op, 0, first)]
        for i in range(1, len(op.arguments)):
            fitting = [j for j, value in enumerate(self.values) if _fits(value.shape, self.values[first].shape)]
            arguments.append(self._in_domain(op, i, self.draw(st.sampled_from(fitting))))
        return None if None in arguments else self.call(op, arguments, {})

    def _sample(self, op: Op) -> int | None:
        """Call the op as one of its samples does, with values of the program where their shapes fit."""
        samples = list(example_calls(op, self.rng))
        arrays, attributes = samples[self.draw(st.integers(0, len(samples) - 1))]
        arguments: list[Any] = []
        for i, array in enumerate(arrays):
            if not _is_float(array):
                arguments.append(array)
                continue
            fitting = [j for j, value in enumerate(self.values) if value.shape == array.shape and _is_real(op, i)]
            arguments.append(self.draw(st.sampled_from(fitting)) if fitting else self.input(array))
        return self.call(op, arguments, attributes)

    def _recent(self) -> int:
        """A value, later ones first: programs are to be deep."""
        return len(self.values) - 1 - min(self.draw(st.integers(0, 3)), len(self.values) - 1)

    def _in_domain(self, op: Op, argument: int, number: int) -> int | None:
        """Return a value that lies where `op` is smooth, made from value `number` if that does not."""
        stated = op.facts.get("domain", "real")
        domain = stated[min(argument, len(stated) - 1)] if isinstance(stated, tuple) else stated
        value = self.values[number]
        if domain == "real" or (domain in _INSIDE and _INSIDE[domain](value)):
            return number
        if domain in _GUARDS:
            guarded: int | None = number
            for name, constant in _GUARDS[domain]:
                guard = all_ops([name])[0]
                guarded = self.call(guard, [guarded] if constant is None else [guarded, np.array(constant)], {})
                if guarded is None:
                    return None
            return guarded
        if domain in _INSIDE:
            return self.input(domain_of(op, argument)(self.rng, value.shape))
        return None  # matrices, whose shapes the op's samples know

    def program(self) -> Program:
        """Return the program, its inputs numbered first, without inputs that nothing uses."""
        used = {a for _, arguments, _, _ in self.lines for a in arguments if isinstance(a, int)}
        kept = [i for i, (kind, _) in enumerate(self.kinds) if kind == "line" or i in used]
        ordered = sorted(kept, key=lambda i: (self.kinds[i][0] == "line", i))
        number = {old: new for new, old in enumerate(ordered)}
        lines = [
            Instruction(op, tuple(number[a] if isinstance(a, int) else a for a in arguments), attributes)
            for op, arguments, attributes, _ in self.lines
        ]
        return Program([self.values[i] for i in ordered if self.kinds[i][0] == "input"], lines)


def _run(op: Op, given: list[Any], attributes: dict[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return op(given, **attributes) if op.sequence else op(*given, **attributes)


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _is_real(op: Op, argument: int) -> bool:
    stated = op.facts.get("domain", "real")
    return (stated[min(argument, len(stated) - 1)] if isinstance(stated, tuple) else stated) == "real"


def _fits(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    try:
        return bool(np.prod(np.broadcast_shapes(shape, other)) <= _MOST_ELEMENTS)
    except ValueError:
        return False


def _apart(x: np.ndarray) -> bool:
    gaps = np.diff(np.sort(x.ravel()))
    return bool((gaps > 1e-2).all() and (np.abs(x) > 1e-2).all())


_INSIDE: dict[str, Callable[[np.ndarray], bool]] = {
    "positive": lambda x: bool((x > 0.1).all()),
    "nonzero": lambda x: bool((np.abs(x) > 1e-2).all()),
    "unit": lambda x: bool((np.abs(x) < 0.95).all()),
    "above one": lambda x: bool((x > 1.05).all()),
    "distinct": _apart,
    "fraction": lambda x: bool((np.abs(x % 0.5 - 0.25) < 0.2).all()),
}

_GUARDS: dict[str, tuple[tuple[str, float | None], ...]] = {  # lines that bring any value into a domain
    "positive": (("square", None), ("add", 0.5)),
    "nonzero": (("square", None), ("add", 0.5)),
    "unit": (("tanh", None), ("multiply", 0.9)),
    "above one": (("square", None), ("add", 1.5)),
}


@st.composite
def programs(draw: DrawFn, ops: Sequence[Op] | None = None, max_lines: int = 8) -> Program:
    """Programs of random ops on random arrays, at a point where they are smooth.

    Parameters
    ----------
    ops : sequence of Op, optional
        What to draw from; the whole registry by default.
    max_lines : int
        The most lines, not counting those that bring a value into an op's domain.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(program=programs(max_lines=3))
    ... def test_runs(program):
    ...     assert all(np.isfinite(y).all() for y in program(*program.inputs))
    >>> test_runs()
    """
    choice = st.sampled_from(list(ops) if ops is not None else all_ops())
    builder = _Builder(draw)
    for _ in range(draw(st.integers(1, 3))):
        builder.input(builder.rng.normal(size=draw(st.sampled_from(_SHAPES))).round(6))
    wanted = draw(st.lists(choice, min_size=1, max_size=max_lines))
    for op in wanted:
        builder.step(op)
    if not builder.lines:
        builder.call(all_ops(["tanh"])[0], [0], {})
    return builder.program()
