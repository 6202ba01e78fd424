"""check_laws, check_op and check_at_kinks: apply the laws to a function, and to an op's example calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..backward.pytree import flatten
from ..recording.op import Op
from .blame import rule_to_blame
from .comparison import Flat, compare
from .domains import check_facts, example_calls
from .gradients import check_gradients
from .laws import LAWS, Arrays, broadcasting, plain_outputs, random_adjoints, some_seed
from .problem import Problem, argument_names, plain
from .rules import show_rule
from .tolerances import relative_tolerance
from .verdicts import LawError, Verdict, drawing_of, setting_of

Call = tuple[Sequence[Any], dict[str, Any]]


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
    ValueError
        If there is no law of that name.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> check_laws(lambda a, b: np.tanh(a) * b, np.array([0.5, 1.0]), np.array([2.0]), broadcasts=True)
    """
    __tracebackhide__ = True
    names = list(laws) if laws is not None else [*LAWS, *(["broadcasting"] if broadcasts else [])]
    try:
        _check_laws(f, tuple(np.array(plain(x)) for x in args), names, seed)
    except LawError as verdict:
        raise verdict.alone() from None


def _check_laws(f: Callable[..., Any], arrays: Arrays, names: Iterable[str], seed: int) -> None:
    known = {**LAWS, "broadcasting": broadcasting}
    problem = Problem(f, arrays, np.random.default_rng(seed))
    for name in names:
        if name not in known:
            raise ValueError(f"check_laws: there is no law {name!r}; expected one of {', '.join(known)}")
        try:
            known[name](f, arrays, np.random.default_rng(seed))
        except Verdict as verdict:
            raise _broken(name, verdict, problem, seed) from None
        except Exception:
            finding = rule_to_blame(problem) or rule_to_blame(problem, problem.directional(problem.scalar))
            if finding is None:  # it is not a rule that raises
                raise
            raise _broken(name, Verdict(finding.headline, finding.cause), problem, seed) from None


def _broken(name: str, verdict: Verdict, problem: Problem, seed: int) -> LawError:
    """Return the error that names the law, and shows values and graph."""
    return LawError(
        verdict.headline,
        verdict.cause,
        verdict.evidence,
        setting=f"  law: {name}, {setting_of(seed, problem.names, problem.inputs)}",
        drawing=drawing_of(problem.recorded()),
    )


def check_op(op: Op, *, laws: Iterable[str] | None = None, seed: int = 0, calls: Iterable[Call] | None = None) -> None:
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
    TypeError, ValueError
        If what `tg.op` was told about domain, samples and kinks is misspelt, or leaves nothing to differentiate.

    Examples
    --------
    >>> import tinygraph as tg
    >>> check_op(tg.tanh)
    >>> double = tg.op(lambda x: 2 * x, vjp=lambda g, y, x: g * 3, name="double")
    >>> check_op(double)
    Traceback (most recent call last):
        ...
    tinygraph.testing.LawError: double: the rule for x gives 3.41089 at (0, 0), expected 2.27392 (complex step)
      rule: g * 3
    ...
    """
    __tracebackhide__ = True
    if not isinstance(op, Op):
        raise TypeError(f"check_op: expected an op that tg.op made, got {type(op).__name__}; check_laws takes others")
    check_facts(op)
    names = list(laws) if laws is not None else _laws_of(op)
    own_calls = calls is None
    calls = list(example_calls(op, np.random.default_rng(seed)) if calls is None else calls)
    if own_calls and not any(bound(op, *call, ruled=ruled)[1] for call in calls for ruled in (True, False)):
        raise ValueError(f"check_op: no call of {op} has a floating-point array, so there is nothing to differentiate")
    try:
        for call in calls:
            _check_call(op, call, names, seed)
    except LawError as verdict:
        raise verdict.alone() from None
    if "kinks" in op.facts and own_calls and "adjoint" in names:
        check_at_kinks(op, seed=seed)


def _laws_of(op: Op) -> list[str]:
    names = [name for name in LAWS if not (name == "dtypes_and_shapes" and "dtype" in op.attributes)]
    return [*names, "broadcasting"] if op.elementwise else names


def _check_call(op: Op, call: Call, names: Iterable[str], seed: int) -> None:
    f, args = bound(op, *call)
    try:
        if args:
            _check_laws(f, args, names, seed)
        _check_no_influence(op, call, seed)
    except Verdict as verdict:
        raise _of_call(op, call, verdict, seed) from None


def _of_call(op: Op, call: Call, verdict: Verdict, seed: int) -> LawError:
    """Return the error that names op and call too, and shows the rules unless one of them is known to be wrong."""
    arrays, attributes = call
    arguments = [f"{name} {np.shape(x)}" for name, x in zip(argument_names(op, len(arrays)), arrays, strict=True)]
    arguments += [f"{name}={value!r}" for name, value in attributes.items()]
    known = verdict.headline.startswith(f"{op}: ")
    return LawError(
        verdict.headline if known else f"{op}: {verdict.headline}",
        verdict.cause if known else "\n".join(filter(None, _shown_rules(op))),
        verdict.evidence,
        setting=f"{verdict.setting}\n  in check_op({op}, seed={seed}), for the call {op}({', '.join(arguments)})",
        drawing=verdict.drawing,
    )


def _shown_rules(op: Op) -> list[str]:
    if len(op.rules) == 1:
        return [show_rule(op, 0)]
    return [show_rule(op, i, f"rule for {name}") for i, name in enumerate(op.arguments)]


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
    __tracebackhide__ = True
    if not (op.elementwise or "keepdims" in op.attributes):
        return
    rng = np.random.default_rng(seed)
    attributes = next(example_calls(op, rng))[1]
    halves = [rng.integers(-2, 4, (3, 4)) / 2 + 3 * (i == 2) for i, _ in enumerate(op.arguments)]  # clip's bounds apart
    same = [halves[0], halves[0].copy(), *halves[2:]][: len(halves)]
    try:
        _check_kinks(op, (halves, attributes), False, rng, seed)
        _check_kinks(op, (same, attributes), True, rng, seed)
    except LawError as verdict:
        raise verdict.alone() from None


def _check_kinks(op: Op, call: Call, same: bool, rng: np.random.Generator, seed: int) -> None:
    f, args = bound(op, *call)
    with np.errstate(all="ignore"):
        if not args or not np.isfinite(op(*call[0], **call[1])).all():
            return
        try:
            check_gradients(f, *args, order=1, subgradients=True, seed=some_seed(rng))
            if len(args) == 1:  # along the line on which ties stay ties, it is smooth
                check_gradients(lambda t: f(args[0] + t), np.zeros(()), order=1, seed=some_seed(rng))
            elif same:
                check_gradients(lambda x, *xs: f(x, x, *xs), args[0], *args[2:], order=1, seed=some_seed(rng))
        except Verdict as verdict:
            raise _of_call(op, call, verdict, seed) from None


def _check_no_influence(op: Op, call: Call, seed: int) -> None:
    """Check that the output does not change, to first order, with arguments that have no rule."""
    f, args = bound(op, *call, ruled=False)
    flat = Flat(args)
    outputs = [y for y in plain_outputs(f, args) if y.dtype.kind == "f"] if args else []
    if not outputs:
        return
    rng = np.random.default_rng(seed)
    adjoints = random_adjoints(outputs, rng)

    def phi(vector: np.ndarray) -> Any:
        return sum(np.sum(u * y) for u, y in zip(adjoints, flatten(f(*flat.unpack(vector))), strict=True))

    faults = compare(phi, flat.pack(args), np.zeros(flat.size), rng, relative_tolerance(np.float64)).faults
    if faults:
        argument, index = flat.place(faults[0].element)
        name = argument_names(f, len(args))[argument]
        raise LawError(
            f"no rule for {name}, which has a derivative: {faults[0].values(index)}",
            setting=f"  {setting_of(seed, argument_names(f, len(args)), args)}",
        )


def bound(
    op: Op, arrays: Sequence[Any], attributes: dict[str, Any], ruled: bool = True
) -> tuple[Callable[..., Any], Arrays]:
    """Return a call of `op` as a function of its differentiable arguments, and those; or of those that have no rule."""
    varied = [i for i, x in enumerate(arrays) if (op.rule(i) is not None) is ruled and _is_float_array(x)]

    def f(*xs: Any) -> Any:
        kind = xs[0].dtype if xs and xs[0].dtype.kind == "f" else np.dtype(float)
        values = [x.astype(kind) if _is_float_array(x) else x for x in arrays]
        for i, x in zip(varied, xs, strict=True):
            values[i] = x
        return op(values, **attributes) if op.sequence else op(*values, **attributes)

    names = argument_names(op, len(arrays))
    parameters = [inspect.Parameter(names[i], inspect.Parameter.POSITIONAL_ONLY) for i in varied if not op.variadic]
    if parameters:
        f.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what messages call them
    return f, tuple(np.array(arrays[i]) for i in varied)


def _is_float_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"
