"""A stand-in for HIPS autograd: its operators on functions, its containers and its vector spaces, on this engine."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

import tinygraph as tg
from tests.foreign import autograd_checks, autograd_numpy, autograd_scipy
from tests.foreign.standin import NoCounterpart, install
from tinygraph.backward.pytree import flatten, rebuild

Unary = Callable[..., Any]
ABOUT_AUTOGRAD = {
    "test_custom_where_dtypes": "autograd's np.where of Python numbers and lists gives numbers and lists",
    "test_custom_where": "autograd's np.where takes its arrays as keywords, NumPy's does not",
    "test_wrapped_name_and_docs": "names and docstrings of autograd's operators",
    "test_rfftn_odd_not_implemented": "a limit of autograd, which this engine does not have",
}


def unary_to_nary(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Let an operator on functions of one argument take the number, or numbers, of the argument that is meant."""

    @wraps(operator)
    def of_nary(function: Callable, argnum: int | Sequence[int] = 0, *options: Any, **more: Any) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            places = [argnum] if isinstance(argnum, int) else list(argnum)

            def unary(x: Any) -> Any:
                values = list(args)
                for place, value in zip(places, [x] if isinstance(argnum, int) else x, strict=True):
                    values[place] = value
                return function(*values, **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[place] for place in places)
            return operator(unary, x, *options, **more)

        return called

    return of_nary


def _pull_back(function: Unary, x: Any) -> tuple[Callable[[Any], Any], Any]:
    value, pull = tg.vjp(function, x)
    return (lambda adjoint: pull(adjoint)[0]), value


def _push_forward(function: Unary, x: Any) -> Callable[[Any], Any]:
    return lambda tangent: tg.jvp(function, (x,), (tangent,))


def _ones(tree: Any) -> Any:
    return rebuild(tree, [np.ones(np.shape(leaf)) for leaf in flatten(tree)])


def _value_and_gradient(function: Unary, x: Any) -> tuple[Any, Any]:
    pull, value = _pull_back(function, x)
    if isinstance(value, bool | np.bool_) or np.iscomplexobj(value) or np.size(value) != 1:
        raise TypeError("the function must return one real number")
    return value, pull(np.ones(np.shape(value)))


def grad(function: Unary, x: Any) -> Any:
    """Return the gradient of a function with one real number as its value."""
    return _value_and_gradient(function, x)[1]


def _elementwise_grad(function: Unary, x: Any) -> Any:
    pull, value = _pull_back(function, x)
    return pull(np.ones(np.shape(value)))


def _jacobian(function: Unary, x: Any) -> Any:
    return tg.jacobian(function)(x)


def _hessian(function: Unary, x: Any) -> Any:
    return tg.jacobian(tg.jacobian(function))(x)


def _deriv(function: Unary, x: Any) -> Any:
    return _push_forward(function, x)(_ones(x))[1]


def _holomorphic_grad(function: Unary, x: Any) -> Any:
    return grad(lambda x: np.real(function(x)), x)


def _make_hvp(function: Unary, x: Any) -> Any:
    return _pull_back(lambda x: grad(function, x), x)


def _grad_and_aux(function: Unary, x: Any) -> Any:
    (value, aux), pull = tg.vjp(lambda x: tuple(function(x)), x)
    return pull((np.ones(np.shape(value)), np.zeros(np.shape(aux))))[0], aux


def _hessian_tensor_product(function: Callable, argnum: int = 0) -> Callable:
    gradient = OPERATORS["grad"](function, argnum)

    def along(*args: Any) -> Any:
        return np.tensordot(gradient(*args[:-1]), args[-1], np.ndim(args[-1]))

    return OPERATORS["grad"](along, argnum)


def _tensor_jacobian_product(function: Callable, argnum: int = 0) -> Callable:
    def contracted(*args: Any) -> Any:
        return np.tensordot(args[-1], function(*args[:-1]), axes=np.ndim(args[-1]))

    return OPERATORS["jacobian"](contracted, argnum)


def _half_square(x: Any) -> Any:
    return np.sum(x * x, axis=-1) / 2


def _make_ggnvp(f: Callable, g: Callable = _half_square, f_argnum: int = 0) -> Callable:
    def of_x(f: Unary, x: Any) -> Callable[[Any], Any]:
        pull, y = _pull_back(f, x)
        curvature, _ = _make_hvp(g, y)
        return lambda v: pull(curvature(_push_forward(f, x)(v)[1]))

    return unary_to_nary(of_x)(f, f_argnum)


_rng = np.random.default_rng(0)


class Space:
    """The vector space that a value of nested containers and real arrays lies in."""

    def __init__(self, value: Any):
        self.value = value
        leaves = flatten(value)
        if any(np.iscomplexobj(leaf) for leaf in leaves):
            raise autograd_checks.ComplexValue("a space of complex arrays")
        self.shapes = [np.shape(leaf) for leaf in leaves]
        self.size = sum(int(np.prod(shape)) for shape in self.shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.shapes == other.shapes

    def _filled(self, filling: Callable[[tuple[int, ...]], Any]) -> Any:
        return rebuild(self.value, [filling(shape) for shape in self.shapes])

    def zeros(self) -> Any:
        """Return the zero of the space."""
        return self._filled(np.zeros)

    def ones(self) -> Any:
        """Return the sum of the standard basis."""
        return self._filled(np.ones)

    def randn(self) -> Any:
        """Return a random element."""
        return self._filled(_rng.standard_normal)

    def standard_basis(self) -> Iterator[Any]:
        """Yield the elements that are 1 at one place."""
        for number, shape in enumerate(self.shapes):
            for index in np.ndindex(shape):
                arrays = [np.zeros(other) for other in self.shapes]
                arrays[number][index] = 1.0
                yield rebuild(self.value, arrays)

    def add(self, a: Any, b: Any) -> Any:
        """Return the sum."""
        return rebuild(self.value, [x + y for x, y in zip(flatten(a), flatten(b), strict=True)])

    def scalar_mul(self, a: Any, factor: Any) -> Any:
        """Return the multiple."""
        return rebuild(self.value, [x * factor for x in flatten(a)])

    def inner_prod(self, a: Any, b: Any) -> Any:
        """Return the inner product."""
        return sum(np.sum(x * y) for x, y in zip(flatten(a), flatten(b), strict=True))


def _check_equivalent(a: Any, b: Any) -> None:
    assert Space(a) == Space(b), f"{a} and {b} have different structures or shapes"
    for x, y in zip(flatten(a), flatten(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)


class Primitive:
    """A function of arrays whose rules are given after it was made; on Tensors, an op of this engine."""

    def __init__(self, function: Callable):
        self.function = function
        self.rules: dict[int, Callable] = {}
        self.__name__ = getattr(function, "__name__", "primitive")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(x, tg.Tensor) for x in args):
            return self.function(*args, **kwargs)
        arity = {f"a{i}": i for i in range(len(args))}
        rules = tuple(self._rule(i, arity) for i in arity.values())
        own = tg.op(lambda *arrays: np.asarray(self.function(*arrays, **kwargs)), vjp=rules, name=self.__name__)
        try:
            return own(*args)
        finally:
            tg.registry[own.name].remove(own)

    def _rule(self, argument: int, arity: dict[str, int]) -> Callable:
        def pulled(g: Any, y: Any, *xs: Any) -> Any:
            if argument not in self.rules:
                raise NotImplementedError(f"no rule for argument {argument} of {self.__name__}")
            return self.rules[argument](y, *xs)(g)

        names = ", ".join(arity)
        return eval(f"lambda g, y, {names}: pulled(g, y, {names})", {"pulled": pulled})

    def defgrad(self, rule: Callable, argnum: int = 0) -> None:
        """Give the rule of one argument."""
        self.rules[argnum] = rule

    def defvjp(self, rule: Callable, argnum: int = 0) -> None:
        """Give the rule of one argument in an older form."""
        self.rules[argnum] = lambda y, *xs: lambda g: rule(g, y, None, None, *xs)

    def defvjp_is_zero(self, argnums: Sequence[int] = (0,)) -> None:
        """Say that these arguments do not matter."""
        for argnum in argnums:
            self.rules[argnum] = lambda y, *xs, argnum=argnum: lambda g: np.zeros_like(xs[argnum])


def _defvjp(function: Primitive, *rules: Callable | None, argnums: Sequence[int] | None = None) -> None:
    for argnum, rule in zip(argnums or range(len(rules)), rules, strict=True):
        if rule is not None:
            function.rules[argnum] = rule


def _isinstance(x: Any, kinds: Any) -> bool:
    if isinstance(x, tg.Tensor):
        return builtins.isinstance(np.zeros(()), kinds) or builtins.isinstance(0.0, kinds)
    return builtins.isinstance(x, kinds)


def _flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    leaves = flatten(value)
    sizes = [int(np.size(leaf)) for leaf in leaves]

    def unflatten(vector: Any) -> Any:
        ends = np.cumsum(sizes)
        parts = [vector[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        return rebuild(value, [np.reshape(part, np.shape(leaf)) for part, leaf in zip(parts, leaves, strict=True)])

    return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.zeros(0), unflatten


def _quick_grad_check(function: Callable, x: Any, extra: tuple = (), kwargs: dict | None = None, **_: Any) -> None:
    autograd_checks.check_grads(function, modes=["rev"], order=1)(x, *extra, **(kwargs or {}))


def _const_graph(*args: Any, **kwargs: Any) -> Any:
    raise NoCounterpart("autograd.misc.const_graph: a function's graph recorded once, and run again")


OPERATORS: dict[str, Callable[..., Any]] = {
    "grad": unary_to_nary(grad),
    "value_and_grad": unary_to_nary(_value_and_gradient),
    "elementwise_grad": unary_to_nary(_elementwise_grad),
    "jacobian": unary_to_nary(_jacobian),
    "hessian": unary_to_nary(_hessian),
    "deriv": unary_to_nary(_deriv),
    "holomorphic_grad": unary_to_nary(_holomorphic_grad),
    "grad_and_aux": unary_to_nary(_grad_and_aux),
    "make_vjp": unary_to_nary(_pull_back),
    "make_jvp": unary_to_nary(_push_forward),
    "make_hvp": unary_to_nary(_make_hvp),
    "make_ggnvp": _make_ggnvp,
    "hessian_tensor_product": _hessian_tensor_product,
    "hessian_vector_product": _hessian_tensor_product,
    "tensor_jacobian_product": _tensor_jacobian_product,
    "vector_jacobian_product": _tensor_jacobian_product,
    "checkpoint": lambda function: function,
}


def install_autograd() -> None:
    """Put the stand-in into `sys.modules`."""
    containers = {"dict": dict, "list": list, "tuple": tuple, "isinstance": _isinstance, "type": type}
    install("autograd", {**OPERATORS, **containers, "primitive": Primitive})
    install("autograd.builtins", containers)
    install("autograd.wrap_util", {"unary_to_nary": unary_to_nary})
    extending = {"primitive": Primitive, "defvjp": _defvjp, "vspace": Space}
    install("autograd.extend", extending)
    install("autograd.core", {**extending, "make_vjp": _pull_back, "primitive_vjps": {}})
    install("autograd.tracer", {"primitive": Primitive, "isbox": lambda x: isinstance(x, tg.Tensor)})
    install("autograd.util", {"quick_grad_check": _quick_grad_check})
    install("autograd.misc", {"flatten": _flatten, "const_graph": _const_graph})
    install(
        "autograd.test_util",
        {
            "check_grads": autograd_checks.check_grads,
            "combo_check": autograd_checks.combo_check,
            "check_equivalent": _check_equivalent,
            "scalar_close": autograd_checks.close,
        },
    )
    autograd_numpy.install_numpy()
    autograd_scipy.install_scipy()
