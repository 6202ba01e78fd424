"""What compiled functions call, written in LLVM's instructions where it is called.

numba takes 50 to 300 ms for a function in Python; writing the same instructions takes a few.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

INTEGER = ir.IntType(64)


def _operator(instruction: str, turned: bool = False) -> Callable[[Real, Any], Real]:
    def write(a: Real, b: Any) -> Real:
        x, y = a.value, a.like(b).value
        operands = (y, x) if turned else (x, y)
        return Real(a.builder, getattr(a.builder, instruction)(*operands, flags=("contract",)))

    return write


def _comparison(sign: str) -> Callable[[Real, Any], Any]:
    return lambda a, b: a.builder.fcmp_ordered(sign, a.value, a.like(b).value)


class Real:
    """A number that is computed: operators write instructions."""

    def __init__(self, builder: Any, value: Any):
        self.builder, self.value = builder, value

    def like(self, x: Any) -> Real:
        """Return a number of the same type."""
        return x if isinstance(x, Real) else Real(self.builder, ir.Constant(self.value.type, float(x)))

    __add__, __radd__ = _operator("fadd"), _operator("fadd", turned=True)
    __sub__, __rsub__ = _operator("fsub"), _operator("fsub", turned=True)
    __mul__, __rmul__ = _operator("fmul"), _operator("fmul", turned=True)
    __truediv__, __rtruediv__ = _operator("fdiv"), _operator("fdiv", turned=True)
    __lt__, __le__, __gt__, __ge__ = map(_comparison, ("<", "<=", ">", ">="))

    def __neg__(self) -> Real:
        return Real(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Real:
        return self.call("llvm.fabs")

    def is_nan(self) -> Any:
        """Tell whether it is NaN."""
        return self.builder.fcmp_unordered("uno", self.value, self.value)

    def call(self, name: str) -> Real:
        """Return a function of it that LLVM knows."""
        function = self.builder.module.declare_intrinsic(name, [self.value.type])
        return Real(self.builder, self.builder.call(function, [self.value]))

    def where(self, condition: Any, other: Any) -> Real:
        """Return it where a condition holds, elsewhere the other number."""
        return Real(self.builder, self.builder.select(condition, self.value, self.like(other).value))


class Array:
    """An array: what it holds is read and written by indices."""

    def __init__(self, context: Any, builder: Any, type: Any, value: Any):
        self.context, self.builder, self.type = context, builder, type
        self.struct = context.make_array(type)(context, builder, value)
        self.shape = cgutils.unpack_tuple(builder, self.struct.shape)

    def _place(self, index: Any) -> Any:
        indices = index if isinstance(index, tuple) else (index,)
        return cgutils.get_item_pointer(self.context, self.builder, self.type, self.struct, indices)

    def __getitem__(self, index: Any) -> Any:
        x = self.builder.load(self._place(index))
        return x if isinstance(x.type, ir.IntType) else Real(self.builder, x)

    def __setitem__(self, index: Any, x: Real) -> None:
        self.builder.store(x.value, self._place(index))


class Variable:
    """A number that changes in a loop."""

    def __init__(self, x: Real):
        self.builder, self._place = x.builder, cgutils.alloca_once_value(x.builder, x.value)

    def get(self) -> Real:
        """Return it."""
        return Real(self.builder, self.builder.load(self._place))

    def set(self, x: Real) -> None:
        """Change it."""
        self.builder.store(x.value, self._place)


@contextmanager
def each(builder: Any, count: Any) -> Iterator[Any]:
    """Write a loop; what is written in its context is done for each index."""
    with cgutils.for_range(builder, count, intp=INTEGER) as loop:
        yield loop.index


def of_numbers(write: Callable[..., Real], number: Any) -> Any:
    """Return what compiled functions call, of numbers of a type, by what writes it."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return write(*(Real(builder, x) for x in values)).value

    return _intrinsic(write, 0, lambda kinds: number(*[number] * len(kinds)), emit)


def of_arrays(write: Callable[..., Any]) -> Any:
    """Return what compiled functions call, of arrays, by what writes it; it returns True, or what that tells."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        name = context.mangler(f"tinygraph_{write.__name__}", signature.args)
        packer = context.get_arg_packer(signature.args)  # LLVM leaves out those parts of arrays that are not read
        parts = packer.as_arguments(builder, values)
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(ir.IntType(1), [x.type for x in parts]), name)
            function.linkage = "internal"
            function.attributes.add("noinline")  # inlined wherever it is called, it doubles the work of LLVM
            for pointer in (x for x in function.args if isinstance(x.type, ir.PointerType)):
                pointer.add_attribute("noalias")  # what is written is in no other array
            inner = ir.IRBuilder(function.append_basic_block())
            arrays = packer.from_arguments(inner, function.args)
            answer = write(inner, *(Array(context, inner, *pair) for pair in zip(signature.args, arrays, strict=True)))
            inner.ret(cgutils.true_bit if answer is None else answer)
        return builder.call(function, parts)

    return _intrinsic(write, 1, lambda kinds: types.boolean(*kinds), emit)


def _intrinsic(write: Callable[..., Any], skipped: int, signature: Callable[..., Any], emit: Callable[..., Any]) -> Any:
    def describe(typing: Any, *kinds: Any) -> Any:
        return signature(kinds), emit

    parameters = list(inspect.signature(write).parameters.values())[skipped:]
    first = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    describe.__signature__ = inspect.Signature([first, *parameters])  # type: ignore[attr-defined]
    describe.__name__ = write.__name__
    return intrinsic(describe)
