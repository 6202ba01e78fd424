"""Laws that every differentiable function keeps, each a check of one function at one point.

A law takes a function of arrays, a tuple of floating-point arrays, and a random generator, and raises `LawError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backward.derivatives import vjp
from ..backward.pytree import flatten
from ..graphs.graph import graph
from ..recording.context import no_grad
from ..recording.creation import tensor
from ..recording.op import Op
from ..recording.tensor import Tensor
from .check import check_gradients
from .domains import example_calls
from .drawing import sketch, values_text
from .oracle import Flat, compare
from .tolerances import relative_tolerance

Arrays = tuple[np.ndarray, ...]
Law = Callable[[Callable[..., Any], Arrays, np.random.Generator], None]


class LawError(AssertionError):
    """A law is broken; the message names the law, and shows function, values and graph."""


def adjoint(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that ⟨v, Jᵀu⟩ = ⟨Jv, u⟩, with Jv from an oracle and from `tg.jvp`."""
    check_gradients(f, *args, order=1, seed=_seed(rng))


def second_order(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check the derivative of a directional derivative, which differentiates the rules themselves."""
    check_gradients(f, *args, order=2, modes=("reverse",), seed=_seed(rng))


def linearity(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that pulling back is linear in the adjoint: Jᵀ(2u - 3w) = 2 Jᵀu - 3 Jᵀw."""
    y, pull = vjp(f, *args)
    outputs = flatten(y)
    u, w = (_adjoints(outputs, rng) for _ in range(2))
    both = [2 * a - 3 * b for a, b in zip(u, w, strict=True)]
    one, other, mixed = (pull(adjoints if len(outputs) > 1 else adjoints[0]) for adjoints in (u, w, both))
    for i, (a, b, c) in enumerate(zip(one, other, mixed, strict=True)):
        _close(c, 2 * a - 3 * b, f"argument {i}: Jᵀ(2u - 3w) and 2 Jᵀu - 3 Jᵀw", np.abs(2 * a) + np.abs(3 * b))


def shared_inputs(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that an input that is used twice receives the sum: in two calls, and as two arguments of one."""
    once = _gradients(f, args, rng_state := _seed(rng))
    twice = _gradients(lambda *xs: [f(*xs), f(*xs)], args, rng_state, repeat=2)
    for i, (a, b) in enumerate(zip(once, twice, strict=True)):
        _close(b, 2 * a, f"argument {i}, used in two calls")
    for i in range(1, len(args)):
        if args[i].shape == args[0].shape:
            _check_same_argument(f, args, i, rng_state)


def _check_same_argument(f: Callable, args: Arrays, i: int, seed: int) -> None:
    equal = (*args[:i], args[0].copy(), *args[i + 1 :])
    with np.errstate(all="ignore"):
        if not all(np.isfinite(y).all() for y in _outputs(f, equal)):
            return  # what suits the first argument is outside the domain of the other
        apart = _gradients(f, equal, seed)
        rest = args[1:i] + args[i + 1 :]
        shared = _gradients(lambda x, *xs: f(x, *xs[: i - 1], x, *xs[i - 1 :]), (args[0], *rest), seed)
    if np.isfinite(apart[0]).all() and np.isfinite(apart[i]).all():
        _close(shared[0], apart[0] + apart[i], f"arguments 0 and {i} the same", np.abs(apart[0]) + np.abs(apart[i]))


def purity(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that nothing given is changed, and that no gradient shares memory with a value or another gradient."""
    leaves = [tensor(x, requires_grad=True) for x in args]
    outputs = [y for y in flatten(f(*leaves)) if type(y) is Tensor and y.requires_grad]
    recorded = list({id(t): t for y in outputs for t in _all_tensors(y)}.values())
    before = [np.array(t._data) for t in recorded]
    adjoints = _adjoints(outputs, rng)
    kept = [u.copy() for u in adjoints]
    for y, u in zip(outputs, adjoints, strict=True):
        y.backward(u)
    for t, value in zip(recorded, before, strict=True):
        if not np.array_equal(t._data, value, equal_nan=True):
            raise LawError(f"a value of {t.op or 'an argument'} was changed by the backward pass")
    if not all(np.array_equal(u, old) for u, old in zip(adjoints, kept, strict=True)):
        raise LawError("the adjoint was changed by the backward pass")
    for t in recorded:
        if t.op is not None and t.requires_grad:
            u = rng.uniform(0.5, 1.5, t.shape).astype(t.dtype)
            given = u.copy()
            t.op.pull(u, t._data, t._values, t._inputs, t._attributes)
            if not np.array_equal(u, given):
                raise LawError(f"the rule of {t.op} changes the adjoint it is given")
    held = [np.asarray(t._data) for t in recorded] + adjoints
    grads = [leaf.grad for leaf in leaves if leaf.grad is not None]
    for i, g in enumerate(grads):
        if any(np.may_share_memory(g, other) for other in held + grads[:i]):
            raise LawError(f"the gradient of argument {i} shares memory with a value or another gradient")


def dtypes_and_shapes(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that float16, float32 and float64 stay what they are, forward and backward, and gradients have shapes."""
    seed = _seed(rng)
    exact = _gradients(f, args, seed)
    for dtype in (np.float64, np.float32, np.float16):
        narrow = tuple(x.astype(dtype) for x in args)
        try:
            outputs = _outputs(f, narrow)
        except TypeError:  # np.linalg has no float16
            continue
        for y in outputs:
            if y.dtype.kind == "f" and y.dtype != dtype:
                raise LawError(f"inputs of {np.dtype(dtype)} gave an output of {y.dtype}")
        with np.errstate(over="ignore"):
            gradients = _gradients(f, narrow, seed)
        for i, (g, x, reference) in enumerate(zip(gradients, narrow, exact, strict=True)):
            if g.dtype != dtype or g.shape != x.shape:
                raise LawError(f"argument {i} is {x.dtype} {x.shape}, its gradient {g.dtype} {g.shape}")
            if dtype is not np.float16 and np.isfinite(reference).all():
                scale = 30 * (1 + np.max(np.abs(reference), initial=0.0))
                _close(g, reference, f"argument {i}: gradient in {np.dtype(dtype)}", scale, relative_tolerance(dtype))


def recording(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that Tensors give the value that arrays give, and `backward` the gradient of the recorded pull-back."""
    seed = _seed(rng)
    with no_grad():
        on_tensors = [np.asarray(_plain(y)) for y in flatten(f(*map(tensor, args)))]
    for wrapped, plain in zip(on_tensors, _outputs(f, args), strict=True):
        if not np.array_equal(wrapped, plain, equal_nan=True):
            raise LawError(f"Tensors give {values_text(wrapped)}, arrays {values_text(plain)}")
    leaves = [tensor(x, requires_grad=True) for x in args]
    outputs = [y for y in flatten(f(*leaves)) if type(y) is Tensor and y.requires_grad]
    for y, u in zip(outputs, _adjoints(outputs, np.random.default_rng(seed)), strict=True):
        y.backward(u)
    for i, (leaf, g) in enumerate(zip(leaves, _gradients(f, args, seed, record=True), strict=True)):
        _close(np.zeros(leaf.shape) if leaf.grad is None else leaf.grad, g, f"argument {i}: backward() and tg.vjp")


def constants(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that an argument's gradient is the same when all others are plain arrays, in a recorded pull-back too."""
    if len(args) < 2:
        return
    seed = _seed(rng)
    together = _gradients(f, args, seed)
    for i, x in enumerate(args):
        for record in (False, True):
            alone = _gradients(lambda one, i=i: f(*args[:i], one, *args[i + 1 :]), (x,), seed, record=record)
            _close(alone[0], together[i], f"argument {i} alone")


def broadcasting(f: Callable, args: Arrays, rng: np.random.Generator) -> None:
    """Check that a stretched argument receives the sum over its copies. For functions that broadcast only."""
    if len(args) < 2:
        return
    seed = _seed(rng)
    shape = np.broadcast_shapes(*(x.shape for x in args))
    full = _gradients(f, tuple(np.broadcast_to(x, shape).copy() for x in args), seed)
    for i, (x, g, copies) in enumerate(zip(args, _gradients(f, args, seed), full, strict=True)):
        lead = len(shape) - x.ndim
        stretched = tuple(range(lead)) + tuple(lead + k for k, n in enumerate(x.shape) if n == 1)
        expected = copies.sum(axis=stretched, keepdims=True).reshape(x.shape)
        _close(g, expected, f"argument {i} of shape {x.shape}, stretched to {shape}", np.abs(copies).sum())


LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (adjoint, dtypes_and_shapes, second_order, recording, linearity, shared_inputs, constants, purity)
}
"""The laws of any differentiable function, by name; `broadcasting` is one more for those that broadcast."""


def check_laws(
    f: Callable[..., Any], *args: Any, laws: Iterable[str] | None = None, broadcasts: bool = False, seed: int = 0
) -> None:
    """Check that `f` keeps the laws at a point.

    Parameters
    ----------
    f : callable
        Of arrays.
    *args
        Floating-point arrays, or Tensors.
    laws : iterable of str, optional
        Names in `LAWS`; all by default.
    broadcasts : bool
        Whether `f` is elementwise, and the law of broadcasting holds too.
    seed : int

    Raises
    ------
    LawError
        If one is broken.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> check_laws(lambda a, b: np.tanh(a) * b, np.array([0.5, 1.0]), np.array([2.0]), broadcasts=True)
    """
    arrays = tuple(np.array(x._data if type(x) is Tensor else x) for x in args)
    known = {**LAWS, "broadcasting": broadcasting}
    for name in laws if laws is not None else known if broadcasts else LAWS:
        try:
            known[name](f, arrays, np.random.default_rng(seed))
        except AssertionError as error:
            raise LawError(f"{name}: {error}{_evidence(f, arrays, str(error))}") from error


def check_op(
    op: Op, *, laws: Iterable[str] | None = None, seed: int = 0, calls: Iterable[tuple[Sequence, dict]] | None = None
) -> None:
    """Check that an op keeps the laws on its sample calls.

    Parameters
    ----------
    op : Op
    laws : iterable of str, optional
        All by default.
    seed : int
        Chooses values, adjoints and directions.
    calls : iterable of (arrays, attributes), optional
        By default `tinygraph.testing.domains.example_calls`.

    Raises
    ------
    LawError
        If one is broken.

    Examples
    --------
    >>> import tinygraph as tg
    >>> check_op(tg.tanh)
    >>> double = tg.op(lambda x: 2 * x, vjp=lambda g, y, x: g * 3, name="double")
    >>> check_op(double)
    Traceback (most recent call last):
        ...
    tinygraph.testing.laws.LawError: double({}), arguments of shape (3, 4): adjoint: order 1: ...
    """
    if laws is None:
        laws = [name for name in LAWS if not (name == "dtypes_and_shapes" and "dtype" in op.attributes)]
        laws += ["broadcasting"] if op.elementwise else []
    for arrays, attributes in calls if calls is not None else example_calls(op, np.random.default_rng(seed)):
        f, args = bound(op, arrays, attributes)
        with _naming(op, arrays, attributes):
            if args:
                check_laws(f, *args, laws=laws, seed=seed)
            _check_no_influence(op, arrays, attributes, seed)
    if "kinks" in op.facts and calls is None and "adjoint" in laws:
        check_at_kinks(op, seed=seed)


@contextmanager
def _naming(op: Op, arrays: Sequence[Any], attributes: dict[str, Any]) -> Iterator[None]:
    """Put the call before the message of a broken law."""
    try:
        yield
    except AssertionError as error:
        shapes = ", ".join(str(np.shape(x)) for x in arrays)
        raise LawError(f"{op.name}({attributes}), arguments of shape {shapes}: {error}") from error


def check_at_kinks(op: Op, *, seed: int = 0) -> None:
    """Check that where an op has a kink, its gradient lies between the slopes on both sides.

    It is tried on whole and half numbers, where ties and zeros abound, also with the first two arguments the same.
    Only elementwise ops and reductions are: for others, the slopes along single elements do not bound a gradient.

    Parameters
    ----------
    op : Op
    seed : int

    Raises
    ------
    LawError
        If it does not.

    Examples
    --------
    >>> import tinygraph as tg
    >>> check_at_kinks(tg.maximum)
    """
    if not (op.elementwise or "keepdims" in op.attributes):
        return
    rng = np.random.default_rng(seed)
    attributes = next(example_calls(op, rng))[1]
    halves = [rng.integers(-2, 4, (3, 4)) / 2 + 3 * (i == 2) for i, _ in enumerate(op.arguments)]  # clip's bounds apart
    same = [halves[0], halves[0].copy(), *halves[2:]][: len(halves)]
    f, args = bound(op, halves, attributes)
    with np.errstate(all="ignore"):
        for given in (halves, same):
            if np.isfinite(op(*given, **attributes)).all() and args:
                f, args = bound(op, given, attributes)
                with _naming(op, given, attributes):
                    check_gradients(f, *args, order=1, subgradients=True, seed=_seed(rng))
                    if len(args) == 1:  # along the line on which ties stay ties, it is smooth
                        check_gradients(lambda t, f=f, x=args[0]: f(x + t), np.zeros(()), order=1, seed=_seed(rng))
                    if given is same and len(args) > 1:
                        check_gradients(lambda x, *xs, f=f: f(x, x, *xs), args[0], *args[2:], order=1, seed=_seed(rng))


def _check_no_influence(op: Op, arrays: Sequence[Any], attributes: dict[str, Any], seed: int) -> None:
    """Check that the output does not change, to first order, with arguments that have no rule."""
    f, args = bound(op, arrays, attributes, ruled=False)
    flat = Flat(args)
    outputs = [y for y in _outputs(f, args) if y.dtype.kind == "f"] if args else []
    if not outputs:
        return
    rng = np.random.default_rng(seed)
    adjoints = _adjoints(outputs, rng)

    def phi(vector: np.ndarray) -> Any:
        return sum(np.sum(u * y) for u, y in zip(adjoints, flatten(f(*flat.unpack(vector))), strict=True))

    faults = compare(phi, flat.pack(args), np.zeros(flat.size), rng, relative_tolerance(np.float64)).faults
    if faults:
        raise LawError(f"no rule for an argument that has a derivative: {faults[0].expected:.6g} by {faults[0].method}")


def bound(
    op: Op, arrays: Sequence[Any], attributes: dict[str, Any], ruled: bool = True
) -> tuple[Callable[..., Any], Arrays]:
    """Return a call of `op` as a function of its differentiable arguments, and those; or of those that have no rule."""
    rules = op.rules * len(arrays) if op.variadic else op.rules
    varied = [i for i, x in enumerate(arrays) if (rules[i] is not None) is ruled and _is_float_array(x)]

    def f(*xs: Any) -> Any:
        kind = xs[0].dtype if xs and xs[0].dtype.kind == "f" else np.dtype(float)
        given = [x.astype(kind) if _is_float_array(x) else x for x in arrays]
        for i, x in zip(varied, xs, strict=True):
            given[i] = x
        return op(given, **attributes) if op.sequence else op(*given, **attributes)

    return f, tuple(np.array(arrays[i]) for i in varied)


def _is_float_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


# -- what the laws share ---------------------------------------------------------------------------------------------


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


def _plain(y: Any) -> Any:
    return y._data if type(y) is Tensor else y


def _outputs(f: Callable, args: Arrays) -> list[np.ndarray]:
    return [np.asarray(_plain(y)) for y in flatten(f(*args))]


def _adjoints(outputs: Sequence[Any], rng: np.random.Generator) -> list[np.ndarray]:
    """Adjoints of the outputs: eighths, which every dtype holds exactly."""
    return [(rng.integers(-12, 13, y.shape) / 8).astype(y.dtype) for y in outputs]


def _gradients(f: Callable, args: Arrays, seed: int, repeat: int = 1, record: bool = False) -> list[np.ndarray]:
    """Pull random adjoints back to the arguments; `repeat` gives each half of the outputs the same ones."""
    y, pull = vjp(f, *args)
    outputs = flatten(y)
    u = _adjoints(outputs[: len(outputs) // repeat], np.random.default_rng(seed)) * repeat
    seeds: list[Any] = [tensor(one, requires_grad=True) for one in u] if record else u
    pulled = pull(seeds if isinstance(y, list | tuple | dict) else seeds[0])
    return [np.asarray(_plain(one)) for one in pulled]


def _all_tensors(y: Tensor) -> list[Tensor]:
    return [node.tensor for node in graph(y).nodes if node.tensor is not None]


def _close(got: Any, expected: Any, what: str, terms: Any = 0.0, rtol: float = 1e-10) -> None:
    scale = np.maximum(np.max(np.abs(expected), initial=0.0), terms) + 1e-30
    off = np.abs(np.asarray(got, np.float64) - expected)
    if np.shape(got) != np.shape(expected) or not (off <= rtol * scale).all():
        raise LawError(f"{what} differ: {values_text(got)} and {values_text(expected)}")


def _evidence(f: Callable, arrays: Arrays, said: str) -> str:
    """Return values and graph, unless the message already has them."""
    if "●" in said:
        return ""
    values = [f"\nargument {i}: {values_text(x)} {x.dtype}" for i, x in enumerate(arrays) if x.size <= 64]
    outputs = [y for y in flatten(f(*(tensor(x, requires_grad=True) for x in arrays))) if type(y) is Tensor]
    return "".join(values) + (f"\n{sketch(graph(*outputs))}" if outputs else "")
