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
from types import FrameType
from typing import Any

import numpy as np

from .applying import record_any, record_one, record_two
from .arguments import Signature
from .numpy_protocol import numpy_functions
from .primitive import Primitive, Rule, is_ours
from .pullback import checked, puller, pusher
from .tensor import Tensor

_frame = sys._getframe

registry: dict[str, list[Op]] = {}


class each:
    """A VJP rule for ops with any number of inputs: ``each(lambda i, g, y, xs: …)`` gives the i-th contribution.

    Where all of them need something that takes a look at every input, `once` computes it from ``(xs, **attributes)``,
    and the rule gets it in the place of xs.
    """

    def __init__(self, rule: Rule, once: Callable[..., Any] | None = None):
        self.rule = rule
        self.once = once


class Op(Primitive):
    """A primitive that runs: its forward function beside its rules. It is called as the function it stands for.

    Attributes
    ----------
    forward : callable
        On plain arrays.
    numpy : tuple of callable
        The NumPy functions that it stands for.
    facts : dict
        ``domain``, ``samples``, ``kinks``: see this module's text.
    partial : bool
        Whether an argument is without gradient.
    extended : callable or None
        A function of ops that takes a call with arguments that the op itself has not: ``dtype=``, ``where=``.
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
        variadic = isinstance(vjp, each)
        rules = (vjp.rule,) if isinstance(vjp, each) else vjp if isinstance(vjp, tuple) else (vjp,)
        arguments, defaults = _read_signature(name, rules, variadic, saves is not None)
        super().__init__(
            name,
            rules,
            arguments,
            defaults=defaults,
            variadic=variadic,
            sequence=sequence,
            elementwise=elementwise,
            saves=saves,
        )
        self.__name__ = name
        self.forward = forward
        self.numpy = numpy
        self.facts = facts
        self.arity = -1 if variadic else len(arguments)
        self.unary = self.arity == 1 and saves is None
        self.partial = None in rules
        self._most = max(self.arity, 1) + min(len(defaults), 1)  # of the others, NumPy's order may not be the op's
        pull = puller(self, vjp.once if isinstance(vjp, each) else None)
        self.pull = pull if is_ours(self) else checked(self, pull)
        self.push = pusher(self) if is_ours(self) and not variadic else None
        self.extended: Callable[..., Any] | None = None
        self._signature: Signature | None = None
        self.__doc__ = _documentation(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, and record as done in the caller."""
        if self.unary and not kwargs and len(args) == 1 and type(args[0]) is Tensor:  # as `apply` does
            return record_one(self, args[0], _frame(1))
        return self.apply(args, kwargs, _frame(1))

    def apply(self, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Compute, and record as done in `frame` if any argument is a Tensor."""
        attributes = None
        if kwargs or len(args) != self.arity:
            if self.extended is not None and (len(args) > self._most or not kwargs.keys() <= self.defaults.keys()):
                return self.extended(*args, **kwargs)
            if self._signature is None:
                self._signature = Signature(self, self.numpy[0] if self.numpy else None)
            args, named = self._signature.bind(args, kwargs, frame)
            attributes = named or None
        elif self.arity == 2:
            return record_two(self, args[0], args[1], frame)
        elif self.unary and type(args[0]) is Tensor:
            return record_one(self, args[0], frame)
        return record_any(self, args, attributes, frame)

    def __reduce__(self) -> tuple[Callable[[str, int], Op], tuple[str, int]]:
        return _registered, (self.name, registry[self.name].index(self))  # a copy of an op is that op


def _read_signature(
    name: str, rules: tuple[Rule | None, ...], variadic: bool, saves: bool
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Read argument names and attributes off the first rule: what has a default is static."""
    rule = next((rule for rule in rules if rule is not None), None)
    if rule is None:
        return tuple(f"x{i}" for i in range(len(rules))), {}
    parameters = list(inspect.signature(rule).parameters.values())[4 if variadic else 2 :]
    arrays = [p.name for p in parameters if p.default is p.empty]
    if saves:
        arrays = arrays[:-1]
    if not variadic and len(arrays) != len(rules):
        raise TypeError(f"op {name}: {len(rules)} rules, but the rule takes the arrays {arrays}")
    return tuple(arrays), {p.name: p.default for p in parameters if p.default is not p.empty}


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
    name = name or getattr(forward, "__name__", None)
    if name is None:
        raise TypeError(f"tg.op: {forward!r} has no name; say name=")
    if not isinstance(facts.get("kinks", ""), str):
        raise TypeError(
            f"tg.op({name}): kinks={facts['kinks']!r}; expected a sentence that says where the op has no derivative and"
            " what the rule gives there; domain= keeps tests away from it"
        )
    stands_for = numpy if isinstance(numpy, tuple) else (numpy,)
    if isinstance(forward, np.ufunc) or (getattr(forward, "__module__", None) or "").startswith("numpy"):
        stands_for = (forward, *stands_for)
    primitive = Op(forward, vjp, name, elementwise, saves, sequence, stands_for, facts)
    registry.setdefault(primitive.name, []).append(primitive)
    for function in stands_for:
        numpy_functions.setdefault(function, primitive)
    return primitive


def _documentation(op: Op) -> str:
    owner = next((n for n, module in (("np", np), ("np.linalg", np.linalg)) if hasattr(module, op.name)), None)
    said = op.facts.get("doc") or inspect.getdoc(op.forward) if owner is None or "doc" in op.facts else None
    said = said or (f"As ``{owner}.{op.name}``." if owner else f"The op {op.name}.")
    kinks = op.facts.get("kinks", "")
    return said if not kinks or kinks in said else f"{said}\n\n{kinks}"
