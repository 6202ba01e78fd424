"""Op: a primitive's forward function and its VJP rules, side by side; and the registry of them all."""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from .source import where
from .tensor import Tensor, make, numpy_functions, refuse_masked

_frame = sys._getframe
_NUMBERS = (float, int, bool, complex)

Rule = Callable[..., Any]
registry: dict[str, list[Op]] = {}


class each:
    """A VJP rule for ops with any number of inputs: ``each(lambda i, g, y, *xs: …)`` gives the i-th contribution."""

    def __init__(self, rule: Rule):
        self.rule = rule


class Op:
    """A primitive: how it is computed, and how an adjoint is pulled back through it.

    An Op is called as the function it stands for. It compares equal to its name.

    Attributes
    ----------
    name : str
    forward : callable
        On plain arrays.
    rules : tuple of callable or None
        One VJP rule an argument: ``rule(g, y, *inputs, **attributes)`` is the contribution to that argument, where g
        is the adjoint of the output y. They are written in recorded ops, so they can be differentiated again.
    arguments, attributes : tuple of str
        The array arguments, and the static ones, in the order of the rule's signature.
    elementwise : bool
        Whether inputs are broadcast: contributions are then summed back to the input's shape.
    saves : callable or None
        A function of the inputs that the rules get the value of as last argument; `forward` returns it beside its output,
        so that it is computed once.
    variadic : bool
        Whether it takes any number of arrays, as one sequence.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        vjp: Rule | tuple[Rule | None, ...] | each,
        name: str,
        elementwise: bool,
        saves: Callable[..., Any] | None,
        sequence: bool,
        facts: dict[str, Any],
    ):
        self.name = self.__name__ = name
        self.forward = forward
        self.elementwise = elementwise
        self.saves = saves
        self.facts = facts
        self.variadic = isinstance(vjp, each)
        self.sequence = sequence
        self.rules = (vjp.rule,) if isinstance(vjp, each) else vjp if isinstance(vjp, tuple) else (vjp,)
        self.arguments, self.defaults = self._read_signature()
        self.attributes = tuple(self.defaults)
        self.arity = -1 if self.variadic else len(self.arguments)
        self.pull = _puller(self)
        self.__doc__ = facts.get("doc") or inspect.getdoc(forward)

    def _read_signature(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Read argument names and attributes off the first rule: what has a default is static."""
        rule = next((rule for rule in self.rules if rule is not None), None)
        if rule is None:
            return tuple(f"x{i}" for i in range(len(self.rules))), {}
        parameters = list(inspect.signature(rule).parameters.values())[3 if self.variadic else 2 :]
        arrays = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
        if self.saves is not None:
            arrays = arrays[:-1]
        if not self.variadic and len(arrays) != len(self.rules):
            raise TypeError(f"op {self.name}: {len(self.rules)} rules, but the rule takes {len(arrays)} arrays: {arrays}")
        return tuple(arrays), {p.name: p.default for p in parameters if p.default is not p.empty}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.apply(args, kwargs, _frame(1))

    def apply(self, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Compute, and record as done in `frame` if any argument is a Tensor."""
        if kwargs or len(args) != self.arity:
            args, attributes = self._bind(args, kwargs, frame)
        elif self.arity == 1 and type(x := args[0]) is Tensor and self.saves is None:
            return self._record_one(x, args, frame)
        else:
            attributes = {}
        inputs = tuple([x if type(x) is Tensor else None for x in args])
        values = tuple([x._data if type(x) is Tensor else constant(self, x, frame) for x in args])
        try:
            y = self.forward(*values, **attributes)
        except Exception as error:
            raise _explained(self, error, values, frame) from error
        if self.saves is not None:
            y, saved = y
            values = (*values, saved)
        recorded = requires = False
        for position, x in enumerate(inputs):
            if x is not None:
                recorded = True
                if x.requires_grad and (self.variadic or self.rules[position] is not None):
                    requires = y.dtype.kind in "fc"
        return make(self, y, inputs, values, attributes or None, requires, frame) if recorded else y

    def _record_one(self, x: Tensor, args: tuple[Any, ...], frame: FrameType) -> Tensor:
        value = x._data
        try:
            y = self.forward(value)
        except Exception as error:
            raise _explained(self, error, (value,), frame) from error
        requires = x.requires_grad and self.rules[0] is not None and y.dtype.kind in "fc"
        return make(self, y, args, (value,), None, requires, frame)

    def _bind(self, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> tuple[tuple, dict[str, Any]]:
        if self.variadic:
            arrays, rest = (tuple(args[0]), args[1:]) if self.sequence else (args, ())
        else:
            arrays, rest = args[: len(self.arguments)], args[len(self.arguments) :]
            named = [kwargs.pop(name) for name in self.arguments[len(arrays) :] if name in kwargs]
            arrays = (*arrays, *named)
            if len(arrays) != len(self.arguments):
                raise TypeError(
                    f"{self.name}: expected the arrays {', '.join(self.arguments)}, got {len(arrays)}{where(frame)}"
                )
        if len(rest) > len(self.attributes):
            raise TypeError(f"{self.name}: too many arguments ({len(args)}){where(frame)}")
        attributes = dict(zip(self.attributes, rest, strict=False))
        for name, value in kwargs.items():
            if name not in self.defaults:
                if value is None or value is np._NoValue or (name == "where" and value is True):
                    continue
                known = f"; it takes {', '.join(self.attributes)}" if self.attributes else ""
                raise TypeError(f"{self.name}: the argument {name}= is not supported on a Tensor{known}{where(frame)}")
            attributes[name] = value
        return arrays, {name: _static(value) for name, value in attributes.items()}

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and self.name == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __str__(self) -> str:
        return self.name

    def formula(self, argument: int) -> str:
        """Return the source of the rule for `argument`, the very expression that runs.

        Examples
        --------
        >>> import tinygraph as tg
        >>> tg.tanh.formula(0)
        'g * (1 - y * y)'
        """
        rule = self.rules[0] if self.variadic else self.rules[argument]
        return "" if rule is None else _body(rule)

    def parameters(self, argument: int) -> tuple[str, ...]:
        """Return the names that the rule for `argument` gives to the adjoint, the output and the inputs."""
        rule = self.rules[0] if self.variadic else self.rules[argument]
        return () if rule is None else tuple(inspect.signature(rule).parameters)


def op(
    forward: Callable[..., Any],
    vjp: Rule | tuple[Rule | None, ...] | each,
    *,
    name: str | None = None,
    elementwise: bool = False,
    saves: Callable[..., Any] | None = None,
    sequence: bool = False,
    numpy: Callable | tuple[Callable, ...] = (),
    **facts: Any,
) -> Op:
    """Register a primitive: its forward function and its VJP rules.

    Parameters
    ----------
    forward : callable
        Computes the output from plain arrays; where it is a NumPy function, that function then takes Tensors too.
    vjp : callable, tuple of callables or None, or `each`
        ``rule(g, y, *inputs, **attributes)``: the contribution to an input, from the adjoint g of the output y. One
        rule an input; None for an input without gradient. Arguments of a rule that have defaults are static
        attributes. Written in tinygraph's ops, a rule can be differentiated again.
    name : str, optional
        Shown in drawings; by default the function's.
    elementwise : bool
        Whether inputs broadcast.
    saves : callable, optional
        A function of the inputs whose value the rules want as last argument. `forward` then returns the pair of its
        output and that value; the function itself is called where a backward pass is recorded.
    sequence : bool
        Whether the arrays come as one sequence, as for ``np.concatenate``.
    numpy : callable or tuple of callables
        Further NumPy functions that this op stands for.
    **facts
        What tests of the op need to know: ``domain``, ``kinks``, ``samples``, ``doc``.

    Returns
    -------
    Op

    Examples
    --------
    >>> import tinygraph as tg
    >>> cube = tg.op(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x * x, name="cube")
    >>> float(tg.grad(cube)(2.0))
    12.0
    """
    made = Op(forward, vjp, name or forward.__name__, elementwise, saves, sequence, facts)
    registry.setdefault(made.name, []).append(made)
    stands_for = numpy if isinstance(numpy, tuple) else (numpy,)
    if isinstance(forward, np.ufunc) or (getattr(forward, "__module__", None) or "").startswith("numpy"):
        stands_for = (forward, *stands_for)
    for function in stands_for:
        numpy_functions.setdefault(function, made)
    return made


def constant(op: Op, value: Any, frame: FrameType) -> Any:
    """Return `value` as an op may hold it: a number, or an array of the op's own."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biufc":
        return value.copy()
    if isinstance(value, np.generic) or (kind in _NUMBERS and op.elementwise):
        return value
    refuse_masked(value, op.name, frame)
    array = np.array(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{op.name}: expected numbers or a Tensor, got {type(value).__name__}{where(frame)}")
    return array


def _static(value: Any) -> Any:
    if isinstance(value, Tensor):
        raise TypeError("a static argument (an axis, a shape, …) cannot be a Tensor")
    return value


def _explained(op: Op, error: Exception, values: tuple[Any, ...], frame: FrameType) -> Exception:
    """Return the error again, naming the op, the shapes and the user's source line."""
    shapes = " and ".join(str(np.shape(value)) for value in values)
    message = f"{op.name}: inputs of shape {shapes}: {error}{where(frame)}"
    kind = type(error) if type(error) in (ValueError, TypeError, IndexError) else None
    if kind is None:
        kind = ValueError if isinstance(error, ValueError) else TypeError if isinstance(error, TypeError) else RuntimeError
    return kind(message)


# -- pulling back: by arity, since this is the innermost loop of training -------------------------------------------------


def _puller(op: Op) -> Callable[..., tuple]:
    if op.variadic:
        return _pull_each(op.rules[0])
    if len(op.rules) == 1:
        return _pull_one(op.rules[0])
    if len(op.rules) == 2 and None not in op.rules:
        return _pull_two_broadcast(*op.rules) if op.elementwise else _pull_two(*op.rules)
    return _pull_all(op.rules, op.elementwise)


def _pull_one(rule: Rule | None) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        if attributes is None:
            return (rule(g, y, *values),)
        return (rule(g, y, *values, **attributes),)

    return pull if rule is not None else lambda g, y, values, inputs, attributes: (None,)


def _pull_two_broadcast(left: Any, right: Any) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        a, b = values
        source, other = inputs
        first = second = None
        if source is not None and source.requires_grad:
            first = left(g, y, a, b)
            if first.shape != a.shape or first.dtype is not a.dtype:
                first = conform(first, a)
        if other is not None and other.requires_grad:
            second = right(g, y, a, b)
            if second.shape != b.shape or second.dtype is not b.dtype:
                second = conform(second, b)
        return first, second

    return pull


def _pull_two(left: Any, right: Any) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        source, other = inputs[0], inputs[1]
        named = attributes or _NOTHING
        first = second = None
        if source is not None and source.requires_grad:
            first = left(g, y, *values, **named)
            if first.dtype is not values[0].dtype:
                first = like(first, values[0])
        if other is not None and other.requires_grad:
            second = right(g, y, *values, **named)
            if second.dtype is not values[1].dtype:
                second = like(second, values[1])
        return first, second

    return pull


_NOTHING: dict[str, Any] = {}


def _pull_all(rules: tuple[Rule | None, ...], elementwise: bool) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        named = attributes or {}
        contributions = []
        for rule, source, value in zip(rules, inputs, values, strict=False):
            if rule is None or source is None or not source.requires_grad:
                contributions.append(None)
                continue
            contribution = rule(g, y, *values, **named)
            if elementwise and contribution.shape != value.shape:
                contribution = conform(contribution, value)
            elif contribution.dtype is not value.dtype:
                contribution = contribution.astype(value.dtype)
            contributions.append(contribution)
        return tuple(contributions)

    return pull


def _pull_each(rule: Rule) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        named = attributes or {}
        return tuple(
            [
                None if source is None or not source.requires_grad else like(rule(i, g, y, *values, **named), values[i])
                for i, source in enumerate(inputs)
            ]
        )

    return pull


def like(contribution: Any, value: Any) -> Any:
    """Return the contribution in the dtype of the value it belongs to."""
    return contribution if contribution.dtype is value.dtype else contribution.astype(value.dtype)


def conform(contribution: Any, value: Any) -> Any:
    """Undo broadcasting and promotion: sum a contribution to the shape of its input, in its dtype.

    An input that was stretched along an axis was used once for each element there, and shared inputs sum.
    """
    return like(sum_to(contribution, value.shape), value)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum `x` over the axes along which `shape` was broadcast to it."""
    if x.shape == shape:
        return x
    lead = len(x.shape) - len(shape)
    if lead == 1 and x.shape[1:] == shape and type(x) is not Tensor:
        return np.add.reduce(x, 0)  # a bias: at a third of the overhead
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and x.shape[lead + i] != 1)
    return x.sum(axis=tuple(range(lead)) + stretched).reshape(shape)


# -- the text of a rule ---------------------------------------------------------------------------------------------------


def _body(rule: Rule) -> str:
    """Return the source of a lambda's body, or of what a function returns, found through its code positions."""
    code = rule.__code__
    lines, columns = [], []
    for line, end_line, column, end_column in _body_positions(code):
        lines += [line, end_line]
        columns += [(line, column), (end_line, end_column)]
    if not columns:
        return ""
    first, last = min(columns), max(columns)
    text = [linecache.getline(code.co_filename, number) for number in range(first[0], last[0] + 1)]
    if not any(text):
        return ""
    text[-1] = text[-1].encode()[: last[1]].decode(errors="ignore")
    text[0] = text[0].encode()[first[1] :].decode(errors="ignore")
    return _balanced(" ".join(part.strip() for part in text))


def _body_positions(code: Any) -> Iterator[tuple[int, int, int, int]]:
    for line, end_line, column, end_column in code.co_positions():
        if None not in (line, end_line, column, end_column) and (end_line, end_column) != (line, column):
            if code.co_name == "<lambda>" or line > code.co_firstlineno:
                yield line, end_line, column, end_column


def _balanced(text: str) -> str:
    """Drop what the positions of a body may leave open at its ends."""
    text = text.removeprefix("return ")
    while text.count("(") > text.count(")") and text.endswith("("):
        text = text[:-1]
    return text + ")" * max(0, text.count("(") - text.count(")"))
