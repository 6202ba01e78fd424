"""Recording: the ``with`` block in which a torch program is recorded, and what there is to see of it afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.autograd import gradcheck

from ..recording.context import context
from ..recording.history import leading_to
from ..tracing.told import told_trace
from ..tracing.trace import Trace
from .calls import Call, Function
from .listening import Listener
from .mode import Mode, tensors_in, users_frame
from .names import function_name
from .naming import name_parameters
from .peers import give_peers
from .recorder import Recorder
from .uncompiled import uncompiled
from .unseen import NotRecordable
from .written_out import Kernel

_set_grad_enabled = torch._C._set_grad_enabled
_BEFORE_RETAIN = {"backward": 2, "grad": 3}  # arguments that stand before retain_graph
_GRADCHECK = gradcheck.__code__.co_filename


class Recording(Recorder):
    """A torch program while it is recorded, and what was recorded. Made by `record`.

    Attributes
    ----------
    model : Module, or mapping of str to Module, or None
        Whose parameters are named.
    """

    def __init__(self, model: nn.Module | Mapping[str, nn.Module] | None, on_pass: Callable[..., Any] | None):
        super().__init__()
        self.model = model
        self._on_pass = on_pass
        self._mode = Mode(self)
        self._heard: Listener | None = None

    def trace(self, loss: torch.Tensor) -> Trace:
        """Return the backward pass of `loss`.

        Where the program ran it inside the recording, the adjoints are those that torch computed then. Else torch
        computes them now, and no ``.grad`` changes.

        Raises
        ------
        TypeError, ValueError
            If `loss` is no tensor that was recorded, requires no gradient or is no scalar.
        """
        with torch._C.DisableTorchFunction():
            if not isinstance(loss, torch.Tensor):
                raise TypeError(f"recording.trace: expected a torch tensor, got {type(loss).__name__}")
            if not loss.requires_grad:
                raise ValueError(
                    "recording.trace: this tensor requires no gradient: nothing that does leads to it, or it was"
                    " computed under torch.no_grad() or detached"
                )
            twin = self.twin_of(loss)
            if twin is None or twin.op is None:
                raise ValueError(f"recording.trace: this tensor was not recorded; {self._why_not()}")
            if self._heard is None or self._heard.output is not twin:
                if loss.numel() != 1:
                    raise ValueError(
                        f"recording.trace: only a scalar has an adjoint of its own, this tensor has shape"
                        f" {tuple(loss.shape)}; sum it, or call loss.backward(gradient) inside the recording"
                    )
                self._heard = self._asked(loss, Listener(twin, self.operands))
            return self._trace_of(self._heard)

    def _why_not(self) -> str:
        refused = [error for error in self.failures if isinstance(error, NotRecordable)]
        if refused:
            return str(refused[0])
        if self.failures:
            return f"{type(self.failures[0]).__name__}: {self.failures[0]}"
        return "compute it inside the block: with tinygraph.pytorch.record(model) as recording: loss = …"

    def _asked(self, loss: torch.Tensor, listener: Listener) -> Listener:
        """Let torch run the pass once, for us alone."""
        leaves = [(tensor, twin) for tensor, twin in self.operands.leaves() if twin in listener.adjoints]
        try:
            with listener:
                wanted = [tensor for tensor, _ in leaves]
                gradients = torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True)
                listener.adjoints |= zip([twin for _, twin in leaves], gradients, strict=True)
        except RuntimeError as error:
            if "modified by an inplace operation" in str(error):
                raise ValueError(
                    "recording.trace: a value that the backward pass needs was written to in place after it was used,"
                    f" so torch refuses the pass: {str(error).partition('; expected')[0]}"
                ) from error
            if "second time" not in str(error):
                raise ValueError(f"recording.trace: torch cannot run this backward pass: {error}") from error
            listener.adjoints.clear()  # its graph is gone: the recorded calls are pulled back one by one
        return listener

    def _trace_of(self, listener: Listener) -> Trace:
        name_parameters(self.operands, self.model)
        for twin in leading_to((listener.output,), differentiable=True):
            call = twin._values[-1] if twin.op is not None else None
            if isinstance(call, Call) and call.kernel is not None:
                call.kernel.write_out(self)
        return told_trace(listener.output, listener.arrays(), give_peers)

    # -- what the mode hands on ---------------------------------------------------------------------------------------

    def record(
        self,
        function: Function,
        args: tuple,
        kwargs: dict[str, Any],
        result: Any,
        frame: FrameType,
        *,
        generator: torch.Tensor | None = None,
    ) -> None:
        """Record what a call gave."""
        _set_grad_enabled(False)  # a copy is then one call, without a history
        try:
            self.results(self.capture(function, args, kwargs, frame, generator=generator), result, frame)
        except Exception as error:
            self.failures.append(error)
        finally:
            _set_grad_enabled(True)

    def written_out(self, function: Function, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Call a recurrent layer of torch's, and record it so that it can be written out cell by cell."""
        generator = torch.get_rng_state()
        result = function(*args, **kwargs)
        if torch.is_grad_enabled():
            try:
                captured = self.capture(function, args, kwargs, frame, generator=generator)
                call, kernel = captured.part(()), Kernel(captured)
                call.kernel = kernel  # of the copy: no cycle of references keeps the values
                self.results(call, result, frame)
                for _, tensor in tensors_in(result):
                    kernel.add_output(self.operands.get(tensor) if tensor.requires_grad else None)
            except Exception as error:
                self.failures.append(error)
        return result

    def gradient(self, function: Function, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Compute gradients: a backward pass, or, where a graph of them is made, a part of the program."""
        if not kwargs.get("create_graph"):
            return self.backward(function, args, kwargs)
        result = function(*args, **kwargs)
        self.adopt(result, frame)
        return result

    def adopt(self, result: Any, frame: FrameType) -> None:
        """Record what came of a computation that the mode cannot see."""
        with torch._C.DisableTorchFunction():
            for _, tensor in tensors_in(result):
                if tensor.grad_fn is not None:
                    try:
                        self.operand(tensor, frame)
                    except Exception as error:
                        self.failures.append(error)

    def backward(self, function: Function, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run a backward pass of the program's and listen to it."""
        if _is_numerical_check(sys._getframe(1)):
            return function(*args, **kwargs)
        listener = None
        try:
            loss = _root(args, kwargs)
            twin = None if loss is None else self.twin_of(loss)
            if twin is not None and twin.op is not None:
                listener = Listener(twin, self.operands)
        except Exception as error:
            self.failures.append(error)
        if listener is None:
            result = function(*args, **kwargs)
            if self._on_pass is not None:
                several = isinstance(args[0] if args else None, tuple | list)
                self._on_pass(
                    None,
                    f"a backward pass began at {'several tensors' if several else 'a tensor'} that"
                    f" {'are looked at one by one only' if several else f'was not recorded; {self._why_not()}'}",
                )
            return result
        if listener.keeps and len(args) <= _BEFORE_RETAIN[function_name(function)]:
            kwargs = kwargs | {"retain_graph": True}
        listener.is_last = not (kwargs.get("retain_graph") or kwargs.get("create_graph")) and len(args) < 3
        with listener:
            result = function(*args, **kwargs)
        asked = _asked_for(function, args, kwargs)
        if asked:
            is_returned = isinstance(result, tuple | dict)
            gradients = tuple(result.values() if isinstance(result, dict) else result) if is_returned else ()
            listener.was_for(dict(zip(asked, gradients, strict=False)))
        self.failures += listener.failures
        self.operands.forget_leaves()
        self._heard = listener
        self._tell(listener)
        return result

    def _tell(self, listener: Listener) -> None:
        if self._on_pass is None:
            return
        trace, reason = None, ""
        try:
            trace = self._trace_of(listener)
        except Exception as error:
            self.failures.append(error)
            reason = f"a backward pass could not be looked at: {error}"
        if trace is None:
            self._on_pass(None, reason)
        else:
            self._on_pass(trace)


def _root(args: tuple, kwargs: dict[str, Any]) -> torch.Tensor | None:
    """Return the one tensor that a pass begins at; None where it begins at several."""
    root = args[0] if args else kwargs.get("tensors", kwargs.get("outputs"))
    if isinstance(root, tuple | list) and len(root) == 1:
        root = root[0]
    return root if isinstance(root, torch.Tensor) else None


def _asked_for(function: Function, args: tuple, kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors that a pass is for; none where it is for all leaves."""
    inputs = kwargs.get("inputs", args[1] if function is torch.autograd.grad and len(args) > 1 else None)
    return [tensor for _, tensor in tensors_in(list(inputs.values()) if isinstance(inputs, dict) else inputs)]


def _is_numerical_check(frame: FrameType | None) -> bool:
    """Tell whether ``torch.autograd.gradcheck`` or its like runs a pass: it is none of the program's training."""
    while frame is not None:
        if frame.f_code.co_filename == _GRADCHECK:
            return True
        frame = frame.f_back
    return False


@contextmanager
def record(
    model: nn.Module | Mapping[str, nn.Module] | None = None, *, on_pass: Callable[..., Any] | None = None
) -> Iterator[Recording]:
    """Record what the program computes with torch inside the ``with`` block.

    Parameters
    ----------
    model : Module, or mapping of str to Module, optional
        Its parameters are called as ``named_parameters`` calls them, those of several models by their keys too.
        Without it the modules that are alive are asked.
    on_pass : callable, optional
        Is given the trace of each backward pass that the program has run; or None and a reason.

    Examples
    --------
    >>> import torch, tinygraph.pytorch
    >>> W, h = torch.tensor([[0.5]], requires_grad=True), torch.ones(1)
    >>> with tinygraph.pytorch.record() as recording:
    ...     for x in (1.0, 2.0):
    ...         h = torch.tanh(W @ h + x)
    ...     loss = (h**2).sum()
    >>> trace = recording.trace(loss)
    >>> [(term.timestep, round(float(term.norm), 3)) for term in trace.contributions("W")]
    [(2, 0.052), (1, 0.005)]
    """
    recording = Recording(model, on_pass)
    context()
    own = torch.autograd.Function.__dict__["apply"]
    torch.autograd.Function.apply = classmethod(_applied(own, recording))  # type: ignore[method-assign,assignment]
    try:
        with uncompiled(), recording._mode:
            yield recording
    finally:
        torch.autograd.Function.apply = own  # type: ignore[method-assign]


def _applied(own: Any, recording: Recording) -> Callable[..., Any]:
    """Return what custom functions are applied by, which says where that was."""

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        result = own.__get__(None, cls)(*args, **kwargs)
        if torch.is_grad_enabled():
            recording.adopt(result, users_frame(sys._getframe(1)))
        return result

    return apply
