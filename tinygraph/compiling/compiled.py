"""`compile`: a function that is recorded once, and from then on runs as the NumPy program that it became."""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial, update_wrapper
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..backward.backprop import is_observed
from ..backward.derivatives import Differentiated
from ..backward.pytree import flatten, rebuild
from ..recording.context import context
from ..recording.tensor import Tensor, is_traced
from .calls.arguments import Arguments
from .forms.own import OWN  # noqa: F401 - now: a program may make ops of the same names
from .results import agree, like_eager, tensor_of_call

if TYPE_CHECKING:
    from .calls.reach import Reach
    from .plan import Plan

_BACKENDS = ("numpy", "numba")
_WORTH = 8  # runs, of which a plan needs about so many to be worth making
_MISSES = 4  # recordings a plan that may be in vain, before a function is left as it is
_MOST_BYTES = 1 << 32  # of the buffers of a function's plans, if it has several


def compile(
    f: Callable[..., Any] | None = None, *, backend: str = "numpy", plans: int = 8, check: int | None = None
) -> Any:
    """Return a function that does what `f` does, as NumPy code written for it alone.

    The first call with arguments of some shapes and dtypes runs `f` as ever, and records it once more; from what was
    recorded comes a plan, the NumPy program that the next such calls run. Numbers in arrays and Tensors, of arguments
    and of parameters that `f` reads, are read anew in each call; all else is compared in each call with what it was,
    and where it has changed, `f` is recorded again. What no plan can know, a branch on values, a number taken out of a
    Tensor, random numbers, a change made to what is outside `f`, is refused: then `f` runs as ever, after one warning
    that says where, as long as what it reads is as it was; what `f` changes, it changes once. Of objects those
    attributes matter that the code names which ran: counters and logs beside a model do not. What `f` prints, logs or
    warns of, it does only while it is recorded, and not noticed are filters that make errors of warnings, and code that
    says that it lies in a library.
    ``compile(grad(f))`` is fast, ``grad(compile(f))`` runs `f` itself.

    Parameters
    ----------
    f : callable
        A function of arrays and Tensors, in dicts, lists and tuples: made by `value_and_grad` or `grad`, or one that
        returns a scalar Tensor, of which ``backward()`` then leaves the gradients of the parameters that it read.
        Without it, a decorator.
    backend : {"numpy", "numba"}
        What runs the loops: NumPy call by call, or code that numba compiles, in the first call, for programs of one
        structure once, whatever their sizes; it needs ``pip install tinygraph-rnn[numba]``. A loop that numba does not
        take is left to NumPy; `Compiled.report` says which, and why. What was compiled is loaded by later processes,
        from ``tinygraph`` in ``NUMBA_CACHE_DIR`` or in the user's directory of caches, unless others can write there;
        with ``TINYGRAPH_CACHE=0`` in the environment nothing is written or read.
    plans : int
        How many plans are kept, those used last; fewer where they hold more than 4 GB. Where arguments of more kinds
        come in turn, and plans are thrown away before they were worth making, the rest runs eagerly, with a warning.
    check : int, optional
        Run every so many calls eagerly too, and compare.

    Returns
    -------
    Compiled

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> @tg.compile
    ... @tg.value_and_grad
    ... def loss(w):
    ...     h = 0.0
    ...     for t in range(3):
    ...         h = np.tanh(w * h + 1.0)
    ...     return h
    >>> [round(float(loss(w)[1]), 4) for w in (0.1, 0.2)]
    [0.3046, 0.2814]
    """
    if f is None:
        return partial(compile, backend=backend, plans=plans, check=check)
    if not callable(f):
        raise TypeError(
            f"compile: expected a function, got {type(f).__name__}; of a Tensor there is nothing to run again"
        )
    if backend not in _BACKENDS:
        raise ValueError(f"compile: backend={backend!r}; there is {', '.join(map(repr, _BACKENDS))}")
    if backend == "numba":
        _import_numba()
    return Compiled(f, backend, plans, check)


def _import_numba() -> None:
    try:
        import_module(".llvm.numeric", __package__)
    except ImportError as error:
        raise ImportError(
            'compile: backend="numba" needs numba and SciPy: pip install tinygraph-rnn[numba]; backend="numpy" needs'
            f" nothing more ({error})"
        ) from error


class PlanError(ArithmeticError):
    """A plan gave something else than the function itself, in a call that was checked."""


class Compiled:
    """A function, and the plans that stand for it. Made by `compile`.

    Attributes
    ----------
    function : callable
        The function itself.
    plans_made : int
        How many plans were made, in calls that ran the function itself.
    """

    reached_through = "function"  # of all that it holds, this alone says what it gives

    def __init__(self, function: Callable[..., Any], backend: str, plans: int, check: int | None):
        update_wrapper(self, function, updated=())
        self.__name__ = getattr(function, "__name__", type(function).__name__)  # an object that is called has none
        self.function = function
        mark = getattr(function, "__derivative__", None)
        self._mark: Differentiated | None = mark if mark is not None and mark.itself is function else None
        self._backend = backend
        self._most = plans
        self._check = check
        self._plans: OrderedDict[tuple, list[Plan]] = OrderedDict()
        self._refused: dict[tuple, list[tuple[str, Reach | None]]] = {}  # why, and what was read then
        self._wrt: dict[int, frozenset[int]] = {}  # by how many arguments there are
        self._calls = self._misses = self._wasted = self.plans_made = 0
        self._warned = False

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the plan for these arguments, or the function itself."""
        now = context()
        if now.watch is not None or now.backward is not None or is_observed():
            return self.function(*args, **kwargs)
        try:
            wrt = self._wrt.get(len(args))
            arguments = Arguments(args, kwargs, self._positions(len(args)) if wrt is None else wrt)
            key = (now.recording, *arguments.key)
            known = self._plans.get(key, ())
        except (TypeError, ZeroDivisionError):  # what cannot be a key, or no position
            return self.function(*args, **kwargs)
        if arguments.tensors and any(map(is_traced, arguments.tensors)):
            return self.function(*args, **kwargs)  # somebody differentiates it, perhaps twice
        for plan in known:
            if plan.holds(arguments):
                if len(self._plans) > 1:
                    with suppress(KeyError):  # another thread has just thrown it away
                        self._plans.move_to_end(key)
                return self._replay(plan, arguments, sys._getframe(1))
        if self._refused and self._is_refused(key):
            return self.function(*args, **kwargs)
        return self._first(arguments, key, sys._getframe(1))

    def _positions(self, count: int) -> frozenset[int]:
        """Return which of so many arguments are differentiated."""
        numbers = () if self._mark is None else self._mark.argnums
        numbers = numbers if isinstance(numbers, tuple | list | range) else (numbers,)
        self._wrt[count] = frozenset(n % count for n in numbers)
        return self._wrt[count]

    # -- the first call -----------------------------------------------------------------------------------------------

    def _first(self, arguments: Arguments, key: tuple, frame: FrameType) -> Any:
        from .making import FirstCall  # most programs compile nothing, and need not load how

        if self._calls and self._wasted >= self._most:
            kinds = f"arguments of more kinds than plans={self._most}, or {_MOST_BYTES >> 30} GB, come in turn"
            self._tell(f" where it has no plan, as {kinds}: give them fewer shapes, or raise plans=")
            return self.function(*arguments.args, **arguments.kwargs)
        self._misses += 1
        if self._misses > _MISSES * self._most:
            self._refuse((), self._in_vain())
            return self.function(*arguments.args, **arguments.kwargs)
        first = FirstCall(self.function, self._mark, arguments, frame, self._backend)
        if first.plan is None:
            self._refuse(key, first.reason, first.reach)
        else:
            self._keep(key, first.plan)
            self.plans_made += 1
        return first.result

    def _in_vain(self) -> str:
        """Say why nearly every call needs a plan of its own, and what to write instead."""
        plan = self._latest()
        if plan is None or not plan.looked:
            return (
                "its arguments that are no arrays, or what it reads, were others in nearly every call: let numbers that"
                " change be arrays"
            )
        return (
            f"numbers that it takes out of an array were others in nearly every call, by {plan.looked}\n"
            "let them stay in arrays: E[tokens], E[tokens[t]] and tg.take(E, tokens, axis=0) of a Tensor or an argument"
            " E, not E[int(tokens[t])], read other rows in each call"
        )

    def _keep(self, key: tuple, plan: Plan) -> None:
        others = self._plans.setdefault(key, [])
        others.insert(0, plan)
        self._plans.move_to_end(key)
        while self._are_too_many():
            oldest = next(iter(self._plans))
            self._wasted += self._plans[oldest].pop().runs < _WORTH
            if not self._plans[oldest]:
                del self._plans[oldest]

    def _are_too_many(self) -> bool:
        plans = [plan for plans in self._plans.values() for plan in plans]
        return len(plans) > self._most or (len(plans) > 1 and sum(plan.nbytes for plan in plans) > _MOST_BYTES)

    def _is_refused(self, key: tuple) -> bool:
        """Tell whether such a call was refused, and nothing that the function reads is another since."""
        refusals = self._refused.get(key, ())
        return (
            () in self._refused
            or len(refusals) >= _MISSES
            or any(reach is None or reach.state.change() is None for _, reach in refusals)
        )

    def _refuse(self, key: tuple, reason: str, reach: Reach | None = None) -> None:
        if len(self._refused) >= _MISSES * self._most:
            self._refused = {(): [(why, None) for refusals in self._refused.values() for why, _ in refusals]}
            key = ()
        self._refused.setdefault(key, []).append((reason, reach))
        self._tell(f": {reason}", stacklevel=5)

    def _tell(self, why: str, stacklevel: int = 4) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"tg.compile: {self.__name__} runs eagerly{why}", RuntimeWarning, stacklevel=stacklevel)

    # -- the calls after it -------------------------------------------------------------------------------------------

    def _replay(self, plan: Plan, arguments: Arguments, frame: FrameType) -> Any:
        self._misses = 0
        self._calls += 1
        plan.runs += 1
        try:
            outputs, gradients = plan.run(arguments.values())
        except (IndexError, FloatingPointError):  # the function itself says at which line, or knows what to do
            return self.function(*arguments.args, **arguments.kwargs)
        if self._check and self._calls % self._check == 0:
            self._compare(plan, arguments, outputs, gradients)
        if self._mark is not None:
            return self._derivative(self._mark, plan, arguments, outputs, gradients)
        leaves = iter(enumerate(outputs))
        result = []
        for of_plan, eager in plan.results:
            if not of_plan:
                result.append(eager)
                continue
            number, value = next(leaves)
            if plan.leaves and number == plan.differentiated:
                result.append(tensor_of_call(self.__name__, value, gradients, plan.wrt(arguments), frame))
            else:
                result.append(like_eager(value, eager, frame))
        return rebuild(plan.template, result)

    def _derivative(
        self, mark: Differentiated, plan: Plan, arguments: Arguments, outputs: list[Any], gradients: list[Any]
    ) -> Any:
        gradient = plan.trees(mark, arguments, gradients)
        return gradient if mark.what == "grad" else (outputs[0], gradient)

    def _compare(self, plan: Plan, arguments: Arguments, outputs: list[Any], gradients: list[Any]) -> None:
        from .making import gradients_of  # loaded already

        eager = self.function(*arguments.args, **arguments.kwargs)
        if self._mark is not None:
            ours = flatten(self._derivative(self._mark, plan, arguments, outputs, gradients))
            theirs = flatten(eager)
        else:
            theirs = [x for x, (of_plan, _) in zip(flatten(eager), plan.results, strict=True) if of_plan]
            theirs += gradients_of([x for x in theirs if isinstance(x, Tensor)], plan.wrt(arguments))
            ours = [*outputs, *plan.filled(gradients, arguments)]
        if not agree(ours, theirs):
            raise PlanError(f"compile: the plan's results of call {self._calls} are not those of the function itself")

    # -- to look at ---------------------------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The NumPy program that the function became: that of the plan used last; empty where there is none."""
        plan = self._latest()
        return "" if plan is None else plan.source

    def report(self) -> str:
        """Say what runs as a loop, what for all time steps at once, and what was refused and why."""
        parts = [plan.report() for plans in self._plans.values() for plan in plans]
        reasons = (reason for refusals in self._refused.values() for reason, _ in refusals)
        parts += [f"runs eagerly: {reason}" for reason in dict.fromkeys(reasons)]
        return "\n\n".join(parts) or "not called yet"

    def _latest(self) -> Plan | None:
        return next(iter(next(reversed(self._plans.values()))), None) if self._plans else None

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}: {sum(map(len, self._plans.values()))} plans>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.function, self._backend, self._most, self._check)  # a copy makes plans of its own
