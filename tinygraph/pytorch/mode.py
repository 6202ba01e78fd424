"""The mode: what sees each function of torch's that a program calls, and what it makes of it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from ..recording.calls import is_glue
from ..recording.skipped import skip_frames_of
from .names import function_name, op_name

if TYPE_CHECKING:
    from .recording import Recording

TORCH = os.path.join(os.path.dirname(torch.__file__), "")
_HERE = os.path.join(os.path.dirname(__file__), "")
_frame = sys._getframe
_enabled = torch.is_grad_enabled
_transformed = torch._C._functorch.peek_interpreter_stack  # vmap, grad and jvp of torch.func run now


_MODULES = os.path.join(TORCH, "nn", "modules", "")
_LAYERS = tuple(_MODULES + name for name in os.listdir(_MODULES) if name.endswith(".py") and name != "module.py")
_COMPOSED = tuple(os.path.join(TORCH, *path, "") for path in (("nn", "utils"), ("distributions",)))
skip_frames_of(TORCH, _LAYERS + _COMPOSED)
skip_frames_of(_HERE, (os.path.join(_HERE, "cells.py"), os.path.join(_HERE, "written_out.py")))


class Kind(Enum):
    """What is done with a call."""

    LEFT_ALONE, RECORDED, WRITES, LEAVES, BACKWARD, GRADIENT, WRITTEN_OUT = range(7)


_QUESTIONS = (
    *("size", "dim", "stride", "numel", "is_contiguous", "storage_offset", "is_floating_point", "element_size"),
    *("data_ptr", "untyped_storage", "storage", "_set_grad_enabled", "register_hook", "retain_grad", "get_device"),
    *("empty", "zeros", "ones", "full", "tensor", "as_tensor", "arange", "randn", "rand", "from_numpy", "manual_seed"),
    *("empty_like", "zeros_like", "ones_like", "randn_like", "rand_like", "eq", "ne", "lt", "le", "gt", "ge", "isnan"),
    *("argmax", "argmin", "argsort", "equal", "allclose", "__repr__", "__format__", "__len__", "__bool__", "__hash__"),
    *("randint", "randperm", "multinomial", "_has_compatible_shallow_copy_type", "__deepcopy__", "is_same_size"),
)
_DIFFERENTIABLE_GETTERS = ("T", "mT", "H", "mH", "real", "imag")
_LEAVING = {
    "detach": "detach()",
    "data": ".data",
    "item": ".item()",
    "numpy": ".numpy()",
    "tolist": ".tolist()",
    "__float__": "float()",
    "__array__": "np.asarray",
}
_WRITTEN_OUT = ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
_RANDOM = (
    *("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout"),
    *("rrelu", "gumbel_softmax", "scaled_dot_product_attention", "multi_head_attention_forward", "native_dropout"),
    *("fractional_max_pool2d", "fractional_max_pool3d", "rrelu_with_noise", *_WRITTEN_OUT[:4]),
)
_UPDATING = ("batch_norm", "instance_norm", "embedding", "embedding_bag")  # write to what they are given


class Mode(TorchFunctionMode):
    """Hands each call to a recording; what the program gets is what torch gave, always."""

    def __init__(self, recording: Recording):
        super().__init__()
        self.recording = recording
        self._kinds: dict[Any, Kind] = {}

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        kind = self._kinds.get(func)
        if kind is None:
            kind = self._kinds[func] = kind_of(func)
        if kind is Kind.LEFT_ALONE:
            return func(*args, **kwargs)
        if kind is Kind.RECORDED:
            generator = torch.get_rng_state() if is_random(func) else None
            result = func(*args, **kwargs)
            if isinstance(result, torch.Tensor):
                if not result.requires_grad:
                    return result
            elif type(result) not in (tuple, list) and not isinstance(result, tuple):
                return result
            if _enabled() and _transformed() is None:
                self.recording.record(func, args, kwargs, result, users_frame(_frame(1)), generator=generator)
            return result
        return self._special(kind, func, args, kwargs, users_frame(_frame(1)))

    def _special(self, kind: Kind, func: Any, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> Any:
        recording = self.recording
        if kind is Kind.BACKWARD:
            return recording.backward(func, args, kwargs)
        if _transformed() is not None:
            return func(*args, **kwargs)
        if kind is Kind.LEAVES:
            if args and isinstance(args[0], torch.Tensor):
                recording.leaves(args[0], _LEAVING[function_name(func)], frame)
            return func(*args, **kwargs)
        if kind is Kind.GRADIENT:
            return recording.gradient(func, args, kwargs, frame)
        if kind is Kind.WRITES:
            return recording.written(func, args, kwargs, frame)
        return recording.written_out(func, args, kwargs, frame)


def kind_of(function: Callable[..., Any]) -> Kind:
    """Return what is done with calls of a function.

    >>> kind_of(torch.tanh).name, kind_of(torch.Tensor.add_).name, kind_of(torch.Tensor.shape.__get__).name
    ('RECORDED', 'WRITES', 'LEFT_ALONE')
    """
    called, name = getattr(function, "__name__", ""), function_name(function)
    if called == "__set__":
        return Kind.WRITES if name in ("data", "requires_grad") else Kind.LEFT_ALONE
    if name in _LEAVING:
        return Kind.LEAVES
    if called == "__get__":
        return Kind.RECORDED if name in _DIFFERENTIABLE_GETTERS else Kind.LEFT_ALONE
    if name in _QUESTIONS:
        return Kind.LEFT_ALONE
    if name == "backward":
        return Kind.BACKWARD
    if function is torch.autograd.grad:
        return Kind.GRADIENT
    if name in _WRITTEN_OUT:
        return Kind.WRITTEN_OUT
    return Kind.WRITES if _may_write(function, name) else Kind.RECORDED


def _may_write(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function may write to a tensor that it is given, and say so by its name or an argument."""
    if name == "__setitem__" or (name.endswith("_") and not name.endswith("__")):
        return True
    if name.startswith("__i") and name not in ("__int__", "__index__", "__invert__"):
        return True
    try:
        return "inplace" in inspect.signature(function).parameters or op_name(function) in _UPDATING
    except (TypeError, ValueError):
        return op_name(function) in _UPDATING


@cache
def is_updating(function: Callable[..., Any]) -> bool:
    """Tell whether a function writes to its buffers: when it is run again, it is given copies."""
    return op_name(function) in _UPDATING


@cache
def is_random(function: Callable[..., Any]) -> bool:
    """Tell whether a function draws random numbers: run again, it is to draw the same."""
    return function_name(function) in _RANDOM


def users_frame(frame: FrameType) -> FrameType:
    """Return the frame that called a function of torch's: of the program, or of a module of torch's."""
    while frame.f_back is not None:
        if not is_glue(frame.f_code):
            break
        frame = frame.f_back
    return frame


def tensors_in(x: Any) -> Iterator[tuple[tuple[int, ...], torch.Tensor]]:
    """Yield the tensors in what a function returns, each with the path to it."""
    if isinstance(x, torch.Tensor):
        yield (), x
    elif isinstance(x, tuple | list):
        for place, part in enumerate(x):
            for path, tensor in tensors_in(part):
                yield (place, *path), tensor
