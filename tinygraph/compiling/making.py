"""The first call: the function runs as ever, is recorded with other numbers, and the plan is compared with both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from operator import is_
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..backward.backprop import gradients, tell_observers
from ..backward.derivatives import Differentiated
from ..backward.pytree import flatten, rebuild
from ..backward.traced_call import Asked, TracedCall
from ..memory import cycles_collected
from ..recording.context import context
from ..recording.history import between
from ..recording.source import is_of_a_library
from ..recording.tensor import Tensor
from .calls import bytecode
from .calls.arguments import Arguments
from .calls.capture import Captured, alike, difference, refuse_older
from .calls.libraries import is_seen_through
from .calls.moving import are_telling, other_numbers
from .calls.noting import Noted
from .calls.reach import Reach
from .errors import Irregular, NotCompiled, Uneven
from .plan import Plan
from .results import agree

_LARGE = 2**20  # bytes, of a recording that costs more to keep than to make again, where the first plan is none


class FirstCall:
    """One call of a function, and a plan for those to come.

    Attributes
    ----------
    result
        What the function gave.
    plan : Plan or None
    reason : str
        Why there is no plan.
    reach : Reach or None
        What the function read then; with something else there may be one. None where nobody can tell.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        mark: Differentiated | None,
        arguments: Arguments,
        frame: FrameType,
        backend: str,
    ):
        self.function = function if mark is None else mark.function
        self.mark = mark
        self.arguments = arguments
        self.backend = backend
        self.recording = context().recording
        self.values = [np.array(value) for value in arguments.values()]
        self.parts = flatten((arguments.args, arguments.kwargs))
        self.plan: Plan | None = None
        self.reason = ""
        self.reach: Reach | None = None
        self.noted = Noted()
        self._captured: tuple[list[np.ndarray], Captured] | None = None
        self._is_first = True  # the plan that is tried
        try:
            self._check_arguments()
        except NotCompiled as refusal:
            self.reason = str(refusal)
            self.result = function(*arguments.args, **arguments.kwargs)
            return
        with cycles_collected():  # and not looked for meanwhile, more than once, in both recordings
            before = self._reached()
            closed = before.is_closed and all(map(is_seen_through, self.parts))
            self.noting = not closed  # which code runs
            self._run(function, frame)
            self._make_plan(before, frame)

    def _make_plan(self, before: Reach, frame: FrameType) -> None:
        """Make the plan, or say why there is none; let go of what was recorded for it."""
        try:
            _refuse_changes(before, where_it_was=False)  # and do not record it: that would change things once more
            self.plan = self._planned(self._reached_by(self.noted))
        except NotCompiled as refusal:
            self.reason = str(refusal)
            self.reach = self._reached_where_refused(before)
        except Exception as error:  # the function itself gave its result: it is not to fail for want of a plan
            self.reason = f"no plan could be made: {type(error).__name__}: {error}"
        finally:
            self._let_go()
            context().frames.leave(frame)
            context().frames.clear()

    def _check_arguments(self) -> None:
        differentiated = [self.arguments.args[position] for position in self.arguments.wrt]
        if sum(self.arguments.wanted) != len(flatten(differentiated)):
            raise NotCompiled("what is differentiated holds something else than arrays in dicts, lists and tuples")
        for leaf, wanted in zip(self.arguments.leaves, self.arguments.wanted, strict=True):
            if leaf.dtype.kind not in "biuf" or not leaf.dtype.isnative:
                raise NotCompiled(f"an argument is of {leaf.dtype}")
            if wanted and leaf.dtype.kind != "f":
                raise NotCompiled("only floating-point arguments have gradients")
            if self.mark is not None and self.recording and isinstance(leaf, Tensor) and leaf.requires_grad:
                raise NotCompiled("an argument requires a gradient: an outer derivative may want what comes of it")

    def _reached(self) -> Reach:
        """Note all that the function could read; where that cannot be told before it runs, as much as can."""
        try:
            return Reach(self.function, *self.arguments.objects)
        except Exception:  # also what an object of the program's raises where it is looked at
            return Reach(self.function, *self.arguments.objects, strict=False)

    def _reached_by(self, *noted: Noted) -> Reach:
        """Note all that the code which ran reads."""
        ran = set().union(*(calls.all_codes for calls in noted))
        wholes = {key: whole for calls in noted for key, whole in calls.wholes.items()}
        return Reach(self.function, *self.arguments.objects, ran=ran or None, wholes=wholes)

    def _reached_where_refused(self, before: Reach) -> Reach | None:
        if before.state.change() is not None:  # the function itself changed it: the first time only, perhaps
            return before
        try:
            return self._reached_by(self.noted)
        except Exception:  # as where nobody can look
            return None

    # -- the function itself ------------------------------------------------------------------------------------------

    def _run(self, function: Callable[..., Any], frame: FrameType) -> None:
        """Run the function; note its results and gradients, of which those of the plan must be the same."""
        args, kwargs = self.arguments.args, self.arguments.kwargs
        if self.mark is None:
            with self._noting():
                self.result = function(*args, **kwargs)
            self.expected = flatten(self.result)
            return
        with self._noting():
            traced = TracedCall(self.function, args, kwargs, self.mark.argnums, Asked(self.mark.what, frame))
        tell_observers(traced.scalar())
        gradient = traced.gradient([np.ones((), traced.scalar().dtype)])
        value = traced.result()
        self.result = gradient if self.mark.what == "grad" else (value, gradient)
        self.expected = [*flatten(value), *flatten(gradient)]

    def _noting(self) -> AbstractContextManager[None]:
        return self.noted.noting() if self.noting else nullcontext()

    # -- the plan -----------------------------------------------------------------------------------------------------

    def _planned(self, reach: Reach) -> Plan:
        now = flatten((self.arguments.args, self.arguments.kwargs))
        if len(now) != len(self.parts) or not all(map(is_, now, self.parts)):
            raise NotCompiled("the function changes a dict or list that it is given")
        if not all(map(alike, self.values, map(np.array, self.arguments.values()))):
            raise NotCompiled("the function changes an array that it is given")
        reach = self._without_refusal(reach)
        reason = ""
        for peel, lengthen in ((False, False), (False, True), (True, False), (True, True)):
            try:
                return self._in_loops(reach, peel=peel, lengthen=lengthen)
            except Uneven as refusal:
                reason = str(refusal)
                continue
            except Irregular as refusal:
                reason = reason or str(refusal)
                if lengthen:
                    continue
            except NotCompiled as refusal:
                reason = f"in loops {refusal}"
            except Exception as error:  # a loop that this room has not met: op by op it is right all the same
                reason = f"{type(error).__name__}: {error}"
            break
        plan = self._verified(self._plan(folded=False), reach)
        plan.unfolded = reason
        return plan

    def _without_refusal(self, reach: Reach) -> Reach:
        """Refuse what no plan can know; return what the function reads, more perhaps when it is recorded."""
        captured = self.captured
        _refuse_changes(reach)
        if captured.noted.all_codes - self.noted.all_codes - reach.codes:  # of Tensors other code may run
            reach = self._reached_by(self.noted, captured.noted)
            captured = self._recorded_anew()
            _refuse_changes(reach)
        captured.noted.refuse(self.noted)
        unseen = [code for code in captured.noted.codes - reach.codes if code.co_name != "<module>"]
        if unseen:
            raise NotCompiled(f"the function runs {unseen[0].co_qualname}, to which no name in its code leads")
        self._refuse_questions_of_kind(captured.noted.asking if self.noting else reach.codes)
        if not captured.outputs:
            raise NotCompiled("the function returns nothing that was computed from its arguments")
        refuse_older(captured)
        return reach

    def _plan(self, **options: Any) -> Plan:
        captured = self.captured
        plan = Plan(captured, self._output(captured), self.mark is not None, **options)
        self._note_results(plan, captured)
        return plan

    def _in_loops(self, reach: Reach, **how: bool) -> Plan:
        """Return a plan with loops, of NumPy's where numba's are not right."""
        failure = ""
        if self.backend == "numba":
            try:
                return self._verified(self._plan(folded=True, **how), reach, "numba")
            except Irregular:
                raise
            except Exception as error:
                failure = f"\nin NumPy, since with numba: {type(error).__name__}: {error}"
        plan = self._verified(self._plan(folded=True, **how), reach)
        plan.failure = failure
        return plan

    def _refuse_questions_of_kind(self, codes: set[CodeType]) -> None:
        """Refuse code that could do something else with the Tensors that stand for plain arrays."""
        pairs = zip(self.arguments.leaves, self.arguments.wanted, strict=True)
        if all(wanted or isinstance(leaf, Tensor) for leaf, wanted in pairs):
            return
        for code in codes:
            word = bytecode.word(code)
            if word and not is_of_a_library(code.co_filename):
                raise NotCompiled(f"{code.co_qualname} uses {word}, and its arrays are Tensors where it is recorded")

    def _verified(self, plan: Plan, reach: Reach, backend: str = "numpy") -> Plan:
        """Return a plan that gave what the function gave; and what was recorded, where the former says too little."""
        plan.remember(reach, self.arguments, self.captured.held, self.values)
        telling = are_telling([*self.values, *(tensor._value for tensor in plan.captured)])
        if telling and self._is_first and self.captured.nbytes > _LARGE:
            self._let_go()  # now: the buffers of the plan can have the memory
        self._is_first = False
        plan.write(backend)
        if telling:
            self._let_go()
        agrees, is_telling = self._compare(plan)
        if not (telling and agrees and is_telling):
            self._compare_recorded(plan)
        if not agrees:
            self._explain()
        return plan

    @property
    def captured(self) -> Captured:
        """What the function recorded; recorded once more if that was let go."""
        return self._captured[1] if self._captured is not None else self._recorded_anew()

    def _let_go(self) -> None:
        if self._captured is not None:
            self._captured[1].let_go()
            self._captured = None

    def _recorded_anew(self) -> Captured:
        self._captured = self._captured_elsewhere()
        return self._captured[1]

    def _captured_elsewhere(self) -> tuple[list[np.ndarray], Captured]:
        """Record the function with other numbers, if it takes them; return these too."""
        finite = all(np.isfinite(x._value if isinstance(x, Tensor) else x).all() for x in self.expected if _is_array(x))
        held: set[int] = set()
        for floats, integers in ((True, True), (True, False)):
            moved = other_numbers(self.values, held, floats, integers)
            try:
                captured = self._record(moved)
                if captured.held - held:  # what the function looks into must be what was given
                    held = captured.held
                    moved = other_numbers(self.values, held, floats, integers)
                    captured = self._record(moved)
            except NotCompiled:
                continue
            if captured.held <= held and (not finite or all(np.isfinite(y._value).all() for y in captured.outputs)):
                return moved, captured
        return self.values, self._record(self.values)

    def _record(self, values: list[np.ndarray]) -> Captured:
        try:
            grad = self.recording or self.mark is not None
            return Captured(self.function, self.arguments, values, grad, self.noting)
        except NotCompiled:
            raise
        except Exception as error:
            raise NotCompiled(f"with Tensors for its arrays it raises {type(error).__name__}: {error}") from error

    def _output(self, captured: Captured) -> Tensor | None:
        """Return the output that is differentiated, if one is."""
        if self.mark is not None:
            if len(captured.outputs) != 1 or captured.value is not captured.outputs[0] or captured.outputs[0].shape:
                raise NotCompiled("what is differentiated must return one scalar Tensor")
            return captured.outputs[0]
        differentiable = [output for output in captured.outputs if output.requires_grad]
        if not self.recording or not differentiable:
            return None
        if not any(x.requires_grad for x in captured.arguments) and not captured.reads_parameters():
            raise NotCompiled("the function makes the parameters itself that its result depends on")
        if len(differentiable) != 1 or differentiable[0].shape != ():
            raise NotCompiled(
                "a function whose result is differentiated must return one scalar Tensor, and no other that has a"
                " gradient: detach() the others"
            )
        return differentiable[0]

    def _note_results(self, plan: Plan, captured: Captured) -> None:
        """Note what the function returns beside what the plan computes."""
        mine = flatten(captured.value)
        plan.template = rebuild(captured.value, [None] * len(mine))  # which holds no graph
        if self.mark is not None:
            if any(isinstance(x, Tensor) for x in self.expected):
                raise NotCompiled(
                    "it reads parameters beside its arguments, whose gradient an outer derivative may want"
                )
            return
        if len(mine) != len(self.expected):
            raise NotCompiled("the function returns something of another structure where it is recorded")
        for recorded, eager in zip(mine, self.expected, strict=True):
            if isinstance(recorded, Tensor):
                if not isinstance(eager, Tensor | np.ndarray | np.generic):
                    raise NotCompiled(f"the function returns a plain {type(eager).__name__}")
            elif not (_is_array(recorded) or isinstance(recorded, bool | int | float | str | None)) or not alike(
                recorded, eager
            ):
                raise NotCompiled("the function returns something that is neither an array nor always the same")
            plan.results.append((isinstance(recorded, Tensor), _kind(eager) if isinstance(recorded, Tensor) else eager))

    # -- is the plan right? -------------------------------------------------------------------------------------------

    def _compare_recorded(self, plan: Plan) -> None:
        """Compare what the plan gives for the numbers that were recorded with the recording itself."""
        captured = self.captured
        assert self._captured is not None
        outputs, gradients = plan.run(self._captured[0])
        expected: list[Any] = list(captured.outputs)
        if plan.leaves:
            tensors = [captured.arguments[leaf] if isinstance(leaf, int) else leaf for leaf in plan.leaves]
            expected += gradients_of(captured.outputs, tensors)
        if not agree([*outputs, *plan.filled(gradients, self.arguments)], expected):
            raise NotCompiled("the plan does not give what the recording has")

    def _compare(self, plan: Plan) -> tuple[bool, bool]:
        """Tell whether the plan gives for the numbers that were given what the function gave, and if that says much."""
        outputs, gradients = plan.run(self.values)
        ours = [*outputs, *plan.filled(gradients, self.arguments)]
        expected = self.expected
        if self.mark is not None:
            ours = [*outputs, *flatten(plan.trees(self.mark, self.arguments, ours[len(outputs) :]))]
        else:
            expected = [x for x, (computed, _) in zip(self.expected, plan.results, strict=True) if computed]
            expected += gradients_of([x for x in expected if isinstance(x, Tensor)], plan.wrt(self.arguments))
        return agree(ours, expected), all(np.any(x) and np.isfinite(x).all() for x in ours)

    def _explain(self) -> None:
        """Record once more, and say what was not the same."""
        captured, again = self.captured, self._record(self.values)
        raise NotCompiled(
            difference(captured, again)
            or "recorded with Tensors for its arrays, the function gives something else than without"
        )


def gradients_of(outputs: list[Tensor], wrt: list[Tensor]) -> list[Any]:
    """Return the gradients of the one output, a scalar: zeros where there is none."""
    zeros = [np.zeros(tensor.shape, tensor.dtype) for tensor in wrt]
    differentiable = [output for output in outputs if output.requires_grad]
    if len(differentiable) != 1 or differentiable[0].shape != ():
        return zeros
    output = differentiable[0]
    nodes, _ = between(wrt, [output], min((tensor._index for tensor in wrt), default=0))
    pulled = gradients(nodes, [(output, output.dtype.type(1))], wrt)
    return [zero if gradient is None else gradient for gradient, zero in zip(pulled, zeros, strict=True)]


def _kind(x: Any) -> type:
    return Tensor if isinstance(x, Tensor) else np.generic if isinstance(x, np.generic) else np.ndarray


def _is_array(x: Any) -> bool:
    return isinstance(x, Tensor | np.ndarray | np.generic)


def _refuse_changes(reach: Reach, where_it_was: bool = True) -> None:
    """Refuse what changes things; random numbers that only a recording drew are put back to be drawn again."""
    changed = reach.state.change()
    if changed is not None:
        raise NotCompiled(f"the function changes what is outside it: {changed}")
    drawn = reach.state.drawn()
    if drawn is not None and where_it_was:
        reach.state.rewind()
    if drawn is not None:
        raise NotCompiled(f"the function draws random numbers, from {drawn}")
