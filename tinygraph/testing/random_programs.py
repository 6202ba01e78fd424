"""Random programs over the registry: a Hypothesis strategy that respects each op's domain, and shrinks to few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ..recording.op import Op
from .attributes import attributes_for
from .domains import REAL, Domain, Shape, domain_of, example_calls, takes_any_shapes
from .program import Instruction, Program
from .strategies import ops as all_ops

_LARGEST = 1e3  # values beyond it lose the digits that are to be compared
_MOST_ELEMENTS = 120
_NEAR = 1e-5  # no kink is to be nearer
_SHAPES: tuple[Shape, ...] = (  # small first
    *((), (1,), (2,), (3,), (2, 2), (1, 3), (3, 1)),
    *((2, 3), (2, 1, 3), (4,), (3, 3), (3, 4), (2, 3, 4)),
)


class _Builder:
    """A program in the making: values, numbered in the order of their making, and the lines that made them."""

    def __init__(self, draw: DrawFn):
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.values: list[np.ndarray] = []
        self.lines: dict[int, Instruction] = {}  # by the number of the value; what no line made is an input

    def input(self, value: np.ndarray) -> int:
        """Add an input; return its number."""
        self.values.append(np.asarray(value, np.float64))
        return len(self.values) - 1

    def call(self, op: Op, arguments: Sequence[Any], attributes: dict[str, Any]) -> int | None:
        """Append a line if it gives usable values; return the number of its value."""
        operands = [self.values[a] if isinstance(a, int) else a for a in arguments]
        try:
            value = np.asarray(_run(op, operands, attributes))
            if value.dtype.kind != "f" or not 0 < value.size <= _MOST_ELEMENTS or value.ndim > 4:
                return None
            if not np.isfinite(value).all() or np.abs(value).max() > _LARGEST:
                return None
            if not self._is_smooth(op, operands, attributes, value):
                return None
        except (TypeError, ValueError, IndexError, RuntimeError):
            return None  # it does not fit these shapes
        self.values.append(value)
        number = len(self.values) - 1
        self.lines[number] = Instruction(op, tuple(arguments), attributes)
        return number

    def _is_smooth(self, op: Op, operands: list[Any], attributes: dict[str, Any], value: np.ndarray) -> bool:
        """Tell whether the op bends little here: not at a kink or jump, nor next to one, nor ill-conditioned."""
        if op == "clip" and not np.less(operands[1], operands[2]).all():
            return False  # where the bounds meet, a move may miss the kink, and peers differ
        moves = [self.rng.uniform(-_NEAR, _NEAR, np.shape(x)) if _is_float(x) else 0 for x in operands]

        def moved(sign: int) -> np.ndarray:
            beside = [x + sign * move if _is_float(x) else x for x, move in zip(operands, moves, strict=True)]
            return np.asarray(_run(op, beside, attributes))

        bent = np.abs(moved(1) - 2 * value + moved(-1))
        return bool((bent <= 1e3 * _NEAR**2 * (1 + np.abs(value))).all())

    def step(self, op: Op) -> None:
        """Append a call of the op, if there is one that fits."""
        if takes_any_shapes(op):
            self._pointwise(op)
        elif not (len(op.arguments) == 1 and op.attributes and self._with_attributes(op)):
            self._sample(op)

    def _with_attributes(self, op: Op) -> bool:
        """Call an op of one array with drawn attributes, and tell whether that was possible."""
        argument = self._in_domain(op, 0, self._recent())
        attributes = None if argument is None else self.draw(attributes_for(op, self.values[argument].shape))
        return attributes is not None and self.call(op, [argument], attributes) is not None

    def _pointwise(self, op: Op) -> None:
        """Call an op that broadcasts, on values whose shapes fit."""
        first = self._recent()
        arguments = [self._in_domain(op, 0, first)]
        for i in range(1, len(op.arguments)):
            fitting = [j for j, value in enumerate(self.values) if _fits(value.shape, self.values[first].shape)]
            arguments.append(self._in_domain(op, i, self.draw(st.sampled_from(fitting))))
        if None not in arguments:
            self.call(op, arguments, {})

    def _sample(self, op: Op) -> None:
        """Call the op as one of its samples does, with values of the program where their shapes fit."""
        samples = list(example_calls(op, self.rng))
        arrays, attributes = samples[self.draw(st.integers(0, len(samples) - 1))]
        self.call(op, [self._like(array, domain_of(op, i)) for i, array in enumerate(arrays)], attributes)

    def _like(self, array: Any, domain: Domain) -> Any:
        """Return the number of a value of the array's shape, which may become an input; a constant as it is."""
        if not _is_float(array):
            return array
        fitting = [j for j, value in enumerate(self.values) if value.shape == array.shape and domain is REAL]
        return self.draw(st.sampled_from(fitting)) if fitting else self.input(array)

    def _recent(self) -> int:
        """Draw a value, later ones first: programs are to be deep."""
        return len(self.values) - 1 - min(self.draw(st.integers(0, 3)), len(self.values) - 1)

    def _in_domain(self, op: Op, argument: int, number: int) -> int | None:
        """Return a value that lies where `op` is smooth, made from value `number` if that does not."""
        domain, value = domain_of(op, argument), self.values[number]
        if domain.contains is None:
            return None  # matrices, whose shapes the op's samples know
        if domain.contains(value):
            return number
        if not domain.guard:
            return self.input(domain(self.rng, value.shape))
        guarded: int | None = number
        for name, constant in domain.guard:
            if guarded is not None:
                operands = [guarded] if constant is None else [guarded, np.array(constant)]
                guarded = self.call(all_ops([name])[0], operands, {})
        return guarded

    def program(self) -> Program:
        """Return the program, its inputs numbered first, without inputs that nothing uses."""
        used = {a for line in self.lines.values() for a in line.arguments if isinstance(a, int)}
        inputs = [i for i in range(len(self.values)) if i not in self.lines and i in used]
        number = {old: new for new, old in enumerate([*inputs, *self.lines])}
        lines = [
            Instruction(line.op, tuple(number[a] if isinstance(a, int) else a for a in line.arguments), line.attributes)
            for line in self.lines.values()
        ]
        return Program([self.values[i] for i in inputs], lines)


def _run(op: Op, operands: Sequence[Any], attributes: dict[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return op(operands, **attributes) if op.sequence else op(*operands, **attributes)


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _fits(shape: Shape, other: Shape) -> bool:
    try:
        return bool(np.prod(np.broadcast_shapes(shape, other)) <= _MOST_ELEMENTS)
    except ValueError:
        return False


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
    for op in draw(st.lists(choice, min_size=1, max_size=max_lines)):
        builder.step(op)
    if not builder.lines:
        builder.call(all_ops(["tanh"])[0], [0], {})
    return builder.program()
