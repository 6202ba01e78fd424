"""Op: a primitive's forward function and its VJP rules, side by side; and the registry of them all.

An op's facts say how to test it:

``domain``
    Where it is smooth: a name in `tinygraph.testing.domains.DOMAINS` or a function ``(rng, shape) -> array``; a tuple
    of them says it for each argument. "real" if not given.
``samples``
    Example calls, a tuple of tuples ``(argument, …, {attributes})``. A tuple of integers stands for an array of that
    shape drawn from the argument's domain, anything else for itself (a constant); the attributes may be left out.
``kinks``
    A sentence: where it has no derivative, what the rule gives there, and whose convention that is.

`tinygraph.testing.domains.example_calls` makes actual calls of them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, TypeVar, cast

import numpy as np

from .arguments import again, constant, explained_error, static
from .pullback import Rule, puller
from .rule_text import body
from .source import where
from .tensor import Tensor, make, numpy_functions, refuse_complex

_frame = sys._getframe

Function = TypeVar("Function", bound=Callable[..., Any])
registry: dict[str, list[Op]] = {}


class each:
    """A VJP rule for ops with any number of inputs: ``each(lambda i, g, y, xs: …)`` gives the i-th contribution.

    Where all of them need something that takes a look at every input, `once` computes it from ``(xs, **attributes)``,
    and the rule gets it in the place of xs.
    """

    def __init__(self, rule: Rule, once: Callable[..., Any] | None = None):
        self.rule = rule
        self.once = once


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
        A function of the inputs that the rules get the value of as last argument; `forward` returns it beside its
        output, so that it is computed once.
    variadic : bool
        Whether it takes any number of arrays.
    sequence : bool
        Whether those come as one sequence.
    numpy : tuple of callable
        The NumPy functions that it stands for.
    facts : dict
        ``domain``, ``samples``, ``kinks``: see this module's text.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        vjp: Rule | tuple[Rule | None, ...] | each,
        name: str,
        elementwise: bool,
        saves: Callable[..., Any] | None,
        sequence: bool,
        numpy: tuple[Callable[..., Any], ...],
        facts: dict[str, Any],
    ):
        self.name = self.__name__ = name
        self.forward = forward
        self.elementwise = elementwise
        self.saves = saves
        self.numpy = numpy
        self.facts = facts
        self.variadic = isinstance(vjp, each)
        self.sequence = sequence
        self.once = vjp.once if isinstance(vjp, each) else None
        self.rules = (vjp.rule,) if isinstance(vjp, each) else vjp if isinstance(vjp, tuple) else (vjp,)
        self.arguments, self.defaults = self._read_signature()
        self.attributes = tuple(self.defaults)
        self.arity = -1 if self.variadic else len(self.arguments)
        self.pull = puller(self)
        self.__doc__ = _documentation(self)

    def _read_signature(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Read argument names and attributes off the first rule: what has a default is static."""
        rule = next((rule for rule in self.rules if rule is not None), None)
        if rule is None:
            return tuple(f"x{i}" for i in range(len(self.rules))), {}
        parameters = list(inspect.signature(rule).parameters.values())[4 if self.variadic else 2 :]
        arrays = [p.name for p in parameters if p.default is p.empty]
        if self.saves is not None:
            arrays = arrays[:-1]
        if not self.variadic and len(arrays) != len(self.rules):
            raise TypeError(f"op {self.name}: {len(self.rules)} rules, but the rule takes the arrays {arrays}")
        return tuple(arrays), {p.name: p.default for p in parameters if p.default is not p.empty}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, and record as done in the caller."""
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
            raise explained_error(self, error, values, frame) from error
        if self.saves is not None:
            y, saved = y
            values = (*values, saved)
        recorded = requires = False
        if y.dtype.kind == "c":
            refuse_complex(self.name, inputs, y, frame)
        for position, x in enumerate(inputs):
            if x is not None:
                recorded = True
                if x.requires_grad and (self.variadic or self.rules[position] is not None):
                    requires = y.dtype.kind == "f"
        return make(self, y, inputs, values, attributes or None, requires, frame) if recorded else y

    def _record_one(self, x: Tensor, args: tuple[Any, ...], frame: FrameType) -> Tensor:
        value = x._data
        try:
            y = self.forward(value)
        except Exception as error:
            raise explained_error(self, error, (value,), frame) from error
        requires = x.requires_grad and self.rules[0] is not None and y.dtype.kind == "f"
        return make(self, y, args, (value,), None, requires, frame)

    def _bind(self, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> tuple[tuple, dict[str, Any]]:
        """Return the arrays and the static attributes of a call, its arguments named as NumPy names them."""
        if self.variadic:
            arrays, rest = (tuple(args[0]), args[1:]) if self.sequence else (args, ())
        else:
            arrays, rest = args[: len(self.arguments)], args[len(self.arguments) :]
            if len(arrays) < len(self.arguments):
                arrays += self._named_arrays(len(arrays), kwargs, frame)
        attributes = {}
        if rest:
            names = [name for name, _ in self._signature()[1]]
            if len(rest) > len(names):
                raise TypeError(f"{self.name}: too many arguments ({len(args)}){where(frame)}")
            kwargs = {**dict(zip(names, rest, strict=False)), **kwargs}
        for name, value in kwargs.items():
            if name in self.defaults:
                attributes[name] = static(self, name, value, frame)
            elif not self._is_default(name, value):
                known = f"; it takes {', '.join(self.attributes)}" if self.attributes else ""
                raise TypeError(f"{self.name}: the argument {name}= is not supported on a Tensor{known}{where(frame)}")
        return arrays, attributes

    def _named_arrays(self, given: int, kwargs: dict[str, Any], frame: FrameType) -> tuple:
        found = []
        for own, (theirs, _) in zip(self.arguments[given:], self._signature()[0][given:], strict=False):
            if own in kwargs or theirs in kwargs:
                found.append(kwargs.pop(own if own in kwargs else theirs))
        if given + len(found) != len(self.arguments):
            names = ", ".join(self.arguments)
            raise TypeError(f"{self.name}: expected the arrays {names}, got {given + len(found)}{where(frame)}")
        return tuple(found)

    def _signature(self) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
        """Return names and defaults of the array arguments and of the others, as NumPy has them where it is known."""
        own = [(name, inspect.Parameter.empty) for name in self.arguments]
        try:
            given = [(p.name, p.default) for p in inspect.signature(self.numpy[0]).parameters.values()]
        except (IndexError, ValueError, TypeError):
            return own, list(self.defaults.items())
        arrays = 1 if self.variadic else len(self.arguments)
        return given[:arrays] or own, given[arrays:]

    def _is_default(self, name: str, value: Any) -> bool:
        """Tell whether an argument that is not supported only says what happens anyway."""
        if value is None or value is np._NoValue or (name == "where" and value is True):
            return True
        default = dict(self._signature()[1]).get(name, inspect.Parameter.empty)
        return isinstance(value, str | bool | int) and type(value) is type(default) and value == default

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and self.name == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Callable[[str, int], Op], tuple[str, int]]:
        return _registered, (self.name, registry[self.name].index(self))  # a copy of an op is that op

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
        return "" if rule is None else body(rule)

    def parameters(self, argument: int) -> tuple[str, ...]:
        """Return the names that the rule for `argument` gives to the adjoint, the output and the inputs."""
        rule = self.rules[0] if self.variadic else self.rules[argument]
        return () if rule is None else tuple(inspect.signature(rule).parameters)


def _registered(name: str, place: int) -> Op:
    if len(registry.get(name, ())) <= place:
        raise LookupError(f"op {name!r} is not registered here: run the tg.op(…) that makes it first")
    return registry[name][place]


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
    stands_for = numpy if isinstance(numpy, tuple) else (numpy,)
    if isinstance(forward, np.ufunc) or (getattr(forward, "__module__", None) or "").startswith("numpy"):
        stands_for = (forward, *stands_for)
    made = Op(forward, vjp, name or forward.__name__, elementwise, saves, sequence, stands_for, facts)
    registry.setdefault(made.name, []).append(made)
    for function in stands_for:
        numpy_functions.setdefault(function, made)
    return made


def _documentation(op: Op) -> str:
    owner = next((n for n, module in (("np", np), ("np.linalg", np.linalg)) if hasattr(module, op.name)), None)
    said = op.facts.get("doc") or inspect.getdoc(op.forward) if owner is None or "doc" in op.facts else None
    said = said or (f"As ``{owner}.{op.name}``." if owner else f"The op {op.name}.")
    kinks = op.facts.get("kinks", "")
    return said if not kinks or kinks in said else f"{said}\n\n{kinks}"


def implements(*names: str) -> Callable[[Function], Function]:
    """Let a function made of ops stand for the NumPy functions of these names, where this NumPy has them.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> np.vstack([tg.tensor([1.0]), tg.tensor([2.0])]).shape
    (2, 1)
    """

    def register(function: Function) -> Function:
        explained = located(function)
        for name in names:
            found: Any = np
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is not None:
                numpy_functions[found] = explained
        return explained

    return register


def located(function: Function) -> Function:
    """Return `function` with errors that name it and the user's source line."""

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ValueError, TypeError, IndexError, NotImplementedError) as error:
            text = str(error)
            if 'File "' in text:
                raise
            name = "" if text.startswith(function.__name__) else f"{function.__name__}: "
            raise again(error, f"{name}{text}{where(_frame(1))}") from error

    return cast(Function, explained)
