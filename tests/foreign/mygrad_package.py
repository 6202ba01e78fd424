"""A stand-in for MyGrad: its functions are NumPy's on Tensors, without its argument ``constant=``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import Phase, settings

import tinygraph as tg
from tests.foreign import mygrad_factories, mygrad_nnet
from tests.foreign.standin import forget, install


def without_constant(function: Callable) -> Callable:
    """Return a function that also takes, and does not heed, MyGrad's own arguments."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        for name in ("constant", "nan_to_num"):
            kwargs.pop(name, None)
        return function(*args, **kwargs)

    return called


class _TensorClass(type):
    """The class of MyGrad's ``Tensor``: calling it makes a Tensor of this engine, whose methods are its own."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, tg.Tensor)

    def __getattr__(cls, name: str) -> Any:
        return without_constant(getattr(tg.Tensor, name))


class Tensor(metaclass=_TensorClass):
    """MyGrad's Tensor: made with ``constant=`` where this engine says ``requires_grad=``."""

    def __new__(cls, x: Any, *, dtype: Any = None, constant: bool | None = None, **_: Any) -> Any:
        data = np.array(x.numpy() if isinstance(x, tg.Tensor) else x, dtype=dtype)
        return tg.tensor(data, requires_grad=data.dtype.kind == "f" and not constant)


class _NoAutodiff:
    """MyGrad's ``no_autodiff``: a context, and a decorator."""

    def __enter__(self) -> None:
        self.block = tg.no_grad()
        self.block.__enter__()

    def __exit__(self, *error: object) -> None:
        self.block.__exit__(*error)

    def __call__(self, function: Callable, to_numpy: bool = False) -> Callable:
        return wraps(function)(lambda *args, **kwargs: _as_array(function(*args, **kwargs)))


def _as_array(x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
    return np.asarray(x.numpy() if isinstance(x, tg.Tensor) else x, *args, **kwargs)


OWN = {
    "Tensor": Tensor,
    "tensor": Tensor,
    "astensor": Tensor,
    "asarray": _as_array,
    "no_autodiff": _NoAutodiff(),
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "cot": lambda x: 1 / np.tan(x),
    "sech": lambda x: 1 / np.cosh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "coth": lambda x: 1 / np.tanh(x),
    "arcsec": lambda x: np.arccos(1 / x),
    "arccsc": lambda x: np.arcsin(1 / x),
    "arccot": lambda x: np.pi / 2 - np.arctan(x),
    "arccsch": lambda x: np.arcsinh(1 / x),
    "arccoth": lambda x: np.arctanh(1 / x),
    "logsumexp": tg.logsumexp,
    "multi_matmul": lambda tensors: reduce(np.matmul, tensors),
    "add_sequence": lambda *xs: reduce(np.add, xs),
    "multiply_sequence": lambda *xs: reduce(np.multiply, xs),
    **mygrad_nnet.FUNCTIONS,
}


def look_up(name: str) -> Any:
    """Return MyGrad's function of this name: one of `OWN`, or NumPy's."""
    value = OWN[name] if name in OWN else getattr(np, name)
    return value if isinstance(value, type | _NoAutodiff) or not callable(value) else without_constant(value)


class _Finder(MetaPathFinder, Loader):
    """Finds every module of MyGrad: each of them has all its names."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a module of the package."""
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == "mygrad" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make it."""
        otherwise = (lambda name: without_constant(getattr(np.linalg, name))) if "linalg" in spec.name else look_up
        own = {"_ALPHA": mygrad_nnet.ALPHA, "_SCALE": mygrad_nnet.SCALE} if "selu" in spec.name else {}
        return install(spec.name, own, otherwise)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def install_mygrad() -> None:
    """Put the stand-in into `sys.modules`, and the decorators of its tests into theirs."""
    forget("mygrad")
    sys.meta_path.insert(0, _Finder())
    kinds = {name: type(name, (), {}) for name in ("ArrayLike", "DTypeLike", "DTypeLikeReals", "Shape", "Real")}
    for name in ("mygrad", "mygrad.typing", "mygrad.operation_base", "mygrad.linalg", "mygrad.nnet"):
        __import__(name)
    sys.modules["mygrad.typing"].__dict__.update(kinds)
    sys.modules["mygrad.operation_base"].__dict__.update(_NoValue=object(), _NoValueType=object, Operation=object)
    _replace("tests.wrappers.uber", vars(mygrad_factories))
    _replace("tests.utils.wrappers", {"adds_constant_arg": without_constant, "clears_mem_state": lambda test: test})
    phases = (Phase.explicit, Phase.generate)  # a failure need not be small
    settings.register_profile("mygrad", derandomize=True, deadline=None, database=None, phases=phases)
    settings.load_profile("mygrad")


def _replace(name: str, contents: dict[str, Any]) -> None:
    """Put a module of ours in the place of one of MyGrad's tests."""
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__dict__.update(contents)


def made_by_a_factory(item: Any) -> bool:
    """Tell whether a test is one of those that compare a function of MyGrad with NumPy's."""
    return getattr(item.function, "made_by_a_factory", False)
