"""Laws that every differentiable function keeps, each a check of one function at one point.

A law takes a function of arrays, a tuple of floating-point arrays, and a random generator, and raises a `Verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..backward.derivatives import vjp
from ..backward.pytree import flatten
from ..graphs.graph import graph
from ..recording.context import no_grad
from ..recording.creation import tensor
from ..recording.tensor import Tensor
from .drawing import values_text
from .gradients import check_gradients
from .problem import argument_names, plain
from .tolerances import relative_tolerance
from .verdicts import LawError

Arrays = tuple[np.ndarray, ...]
Law = Callable[[Callable[..., Any], Arrays, np.random.Generator], None]


def adjoint(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that ⟨v, Jᵀu⟩ = ⟨Jv, u⟩, with Jv from an oracle and from `tg.jvp`."""
    check_gradients(f, *args, order=1, seed=some_seed(rng))


def second_order(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check the derivative of a directional derivative, which differentiates the rules themselves."""
    check_gradients(f, *args, order=2, modes=("reverse",), seed=some_seed(rng))


def linearity(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that pulling back is linear in the adjoint: Jᵀ(2u - 3w) = 2 Jᵀu - 3 Jᵀw."""
    y, pull = vjp(f, *args)
    outputs = flatten(y)
    u, w = (random_adjoints(outputs, rng) for _ in range(2))
    both = [2 * a - 3 * b for a, b in zip(u, w, strict=True)]
    pulled = [pull(adjoints if len(outputs) > 1 else adjoints[0]) for adjoints in (u, w, both)]
    for name, a, b, mixed in zip(argument_names(f, len(args)), *pulled, strict=True):
        what = f"the gradient of {name} is not linear in the adjoint: Jᵀ(2u - 3w) and 2 Jᵀu - 3 Jᵀw differ"
        _close(mixed, 2 * a - 3 * b, what, np.abs(2 * a) + np.abs(3 * b))


def shared_inputs(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that an input that is used twice receives the sum: in two calls, and as two arguments of one."""
    names = argument_names(f, len(args))
    once = _gradients(f, args, seed := some_seed(rng))
    twice = _gradients(lambda *xs: [f(*xs), f(*xs)], args, seed, repeat=2)
    for name, a, b in zip(names, once, twice, strict=True):
        _close(b, 2 * a, f"used in two calls, {name} does not receive the sum of both gradients")
    for i in range(1, len(args)):
        if args[i].shape == args[0].shape:
            _check_same_argument(f, args, i, seed, names)


def _check_same_argument(f: Callable, args: Arrays, i: int, seed: int, names: list[str]) -> None:
    equal = (*args[:i], args[0].copy(), *args[i + 1 :])
    with np.errstate(all="ignore"):
        if not all(np.isfinite(y).all() for y in plain_outputs(f, equal)):
            return  # what suits the first argument is outside the domain of the other
        apart = _gradients(f, equal, seed)
        rest = args[1:i] + args[i + 1 :]
        shared = _gradients(lambda x, *xs: f(x, *xs[: i - 1], x, *xs[i - 1 :]), (args[0], *rest), seed)
    if np.isfinite(apart[0]).all() and np.isfinite(apart[i]).all():
        what = f"one array as {names[0]} and {names[i]} does not receive the sum of both gradients"
        _close(shared[0], apart[0] + apart[i], what, np.abs(apart[0]) + np.abs(apart[i]))


def hidden_state(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that a gradient is that of its own call, whatever the function was called with since."""
    seed = some_seed(rng)
    expected = _gradients(f, args, seed)
    for other in (lambda x: np.flip(x) / 2, np.negative):  # flipped, a positive definite matrix remains one
        y, pull = vjp(f, *args)
        with no_grad(), np.errstate(all="ignore"), suppress(Exception):  # it may be undefined there
            f(*(tensor(other(x)) for x in args))
        for name, g, reference in zip(argument_names(f, len(args)), _pull(y, pull, seed), expected, strict=True):
            if not np.array_equal(g, reference, equal_nan=True):
                what = f"the gradient of {name} changes when the function is called again before the backward pass"
                hint = "  what a rule needs must be an argument of the op, or what its saves= function gives"
                raise LawError(what, evidence=f"{_both(g, reference)}\n{hint}")


def purity(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that nothing given is changed, and that no gradient shares memory with a value or another gradient."""
    leaves = [tensor(x, requires_grad=True) for x in args]
    outputs = [y for y in flatten(f(*leaves)) if isinstance(y, Tensor) and y.requires_grad]
    recorded = list({id(t): t for y in outputs for t in _all_tensors(y)}.values())
    values = [np.array(t._value) for t in recorded]
    adjoints = random_adjoints(outputs, rng)
    copies = [u.copy() for u in adjoints]
    for y, u in zip(outputs, adjoints, strict=True):
        y.backward(u)
    for t, value in zip(recorded, values, strict=True):
        if not np.array_equal(t._value, value, equal_nan=True):
            raise LawError(f"the backward pass changes a value of {t.op or 'an argument'}")
    if not all(np.array_equal(u, copy) for u, copy in zip(adjoints, copies, strict=True)):
        raise LawError("the backward pass changes the adjoint it is given")
    for t in recorded:
        if t.op is not None and t.requires_grad:
            u = rng.uniform(0.5, 1.5, t.shape).astype(t.dtype)
            copy = u.copy()
            t.op.pull(u, t._value, t._values, t._inputs, t._attributes)
            if not np.array_equal(u, copy):
                raise LawError(f"a rule of {t.op} changes the adjoint it is given")
    held = [np.asarray(t._value) for t in recorded] + adjoints
    for name, leaf in zip(argument_names(f, len(args)), leaves, strict=True):
        if leaf.grad is not None:
            if any(np.may_share_memory(leaf.grad, other) for other in held):
                raise LawError(f"the gradient of {name} shares memory with a value or another gradient")
            held.append(leaf.grad)


def dtypes_and_shapes(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that float16, float32 and float64 stay what they are, forward and backward, and gradients have shapes."""
    seed = some_seed(rng)
    exact = _gradients(f, args, seed)
    for dtype in (np.float64, np.float32, np.float16):
        narrow = tuple(x.astype(dtype) for x in args)
        try:
            outputs = plain_outputs(f, narrow)
        except TypeError:  # np.linalg has no float16
            continue
        for y in outputs:
            if y.dtype.kind == "f" and y.dtype != dtype:
                raise LawError(f"arguments of {np.dtype(dtype)} give an output of {y.dtype}")
        with np.errstate(over="ignore"):
            gradients = _gradients(f, narrow, seed)
        for name, g, x, reference in zip(argument_names(f, len(args)), gradients, narrow, exact, strict=True):
            if g.dtype != dtype or g.shape != x.shape:
                raise LawError(f"{name} is {x.dtype} {x.shape}, its gradient {g.dtype} {g.shape}")
            if dtype is not np.float16 and np.isfinite(reference).all():
                scale = 30 * (1 + np.max(np.abs(reference), initial=0.0))
                what = f"the gradient of {name} in {np.dtype(dtype)} is not that in float64"
                _close(g, reference, what, scale, relative_tolerance(dtype))


def recording(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that Tensors give the value that arrays give, and `backward` the gradient of the recorded pull-back."""
    seed = some_seed(rng)
    with no_grad():
        on_tensors = [np.asarray(plain(y)) for y in flatten(f(*map(tensor, args)))]
    for wrapped, array in zip(on_tensors, plain_outputs(f, args), strict=True):
        if not np.array_equal(wrapped, array, equal_nan=True):
            raise LawError(f"Tensors give {values_text(wrapped)}, arrays {values_text(array)}")
    leaves = [tensor(x, requires_grad=True) for x in args]
    outputs = [y for y in flatten(f(*leaves)) if isinstance(y, Tensor) and y.requires_grad]
    for y, u in zip(outputs, random_adjoints(outputs, np.random.default_rng(seed)), strict=True):
        y.backward(u)
    names = argument_names(f, len(args))
    for name, leaf, g in zip(names, leaves, _gradients(f, args, seed, record=True), strict=True):
        what = f"backward() and tg.vjp give different gradients of {name}"
        _close(np.zeros(leaf.shape) if leaf.grad is None else leaf.grad, g, what)


def constants(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that an argument's gradient is the same when all others are plain arrays, in a recorded pull-back too."""
    if len(args) < 2:
        return
    seed = some_seed(rng)
    together = _gradients(f, args, seed)
    for i, (name, x) in enumerate(zip(argument_names(f, len(args)), args, strict=True)):
        for record in (False, True):
            alone = _gradients(lambda z, i=i: f(*args[:i], z, *args[i + 1 :]), (x,), seed, record=record)
            _close(alone[0], together[i], f"the gradient of {name} changes when all other arguments are constants")


def broadcasting(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that a stretched argument receives the sum over its copies. For functions that broadcast only."""
    if len(args) < 2:
        return
    seed = some_seed(rng)
    shape = np.broadcast_shapes(*(x.shape for x in args))
    whole = _gradients(f, tuple(np.broadcast_to(x, shape).copy() for x in args), seed)
    names = argument_names(f, len(args))
    for name, x, g, copies in zip(names, args, _gradients(f, args, seed), whole, strict=True):
        lead = len(shape) - x.ndim
        stretched = tuple(range(lead)) + tuple(lead + k for k, n in enumerate(x.shape) if n == 1)
        expected = copies.sum(axis=stretched, keepdims=True).reshape(x.shape)
        what = f"{name} of shape {x.shape}, stretched to {shape}, does not receive the sum over its copies"
        _close(g, expected, what, np.abs(copies).sum())


LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        adjoint,
        dtypes_and_shapes,
        second_order,
        recording,
        linearity,
        shared_inputs,
        constants,
        hidden_state,
        purity,
    )
}
"""The laws of any differentiable function, by name; `broadcasting` is one more for those that broadcast."""


# -- what the laws share ---------------------------------------------------------------------------------------------


def some_seed(rng: np.random.Generator) -> int:
    """Return a seed for a check inside of a check."""
    return int(rng.integers(2**32))


def plain_outputs(f: Callable, args: Arrays) -> list[np.ndarray]:
    """Return the outputs of `f`, as arrays."""
    return [np.asarray(plain(y)) for y in flatten(f(*args))]


def random_adjoints(outputs: Sequence[Any], rng: np.random.Generator) -> list[np.ndarray]:
    """Return adjoints of the outputs: eighths, which every dtype holds exactly."""
    return [(rng.integers(-12, 13, y.shape) / 8).astype(y.dtype) for y in outputs]


def _gradients(f: Callable, args: Arrays, seed: int, repeat: int = 1, record: bool = False) -> list[np.ndarray]:
    """Pull random adjoints back to the arguments; `repeat` gives each half of the outputs the same ones."""
    y, pull = vjp(f, *args)
    return _pull(y, pull, seed, repeat, record)


def _pull(y: Any, pull: Callable, seed: int, repeat: int = 1, record: bool = False) -> list[np.ndarray]:
    outputs = flatten(y)
    u = random_adjoints(outputs[: len(outputs) // repeat], np.random.default_rng(seed)) * repeat
    seeds: list[Any] = [tensor(x, requires_grad=True) for x in u] if record else u
    pulled = pull(seeds if isinstance(y, list | tuple | dict) else seeds[0])
    return [np.asarray(plain(g)) for g in pulled]


def _all_tensors(y: Tensor) -> list[Tensor]:
    return [node.tensor for node in graph(y).nodes if node.tensor is not None]


def _close(got: Any, expected: Any, what: str, terms: Any = 0.0, rtol: float = 1e-10) -> None:
    scale = np.maximum(np.max(np.abs(expected), initial=0.0), terms) + 1e-30
    off = np.abs(np.asarray(got, np.float64) - expected)
    if np.shape(got) != np.shape(expected) or not (off <= rtol * scale).all():
        raise LawError(what, evidence=_both(got, expected))


def _both(got: Any, expected: Any) -> str:
    return f"  got      {values_text(got)}\n  expected {values_text(expected)}"
