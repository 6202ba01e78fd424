"""One call of a function that is differentiated: its arguments as fresh leaves, and gradients with respect to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from operator import index
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from ..ops.elementwise import alias
from ..recording.calls import next_index
from ..recording.context import context, recording_again
from ..recording.history import between
from ..recording.source import where
from ..recording.tensor import Tensor, as_constant, make_leaf
from .backprop import gradients
from .higher_order import pull_back
from .pytree import flatten, rebuild

Argnums = int | Sequence[int]
_SEQUENCES = (tuple, list, range, Sequence)  # the abstract class last: to ask it is slow


class Asked(NamedTuple):
    """Which derivative was asked for, and where in the user's program: for error messages."""

    what: str
    frame: FrameType

    def error(self, kind: type[Exception], text: str) -> Exception:
        """Return an exception that says so."""
        return kind(f"{self.what}: {text}{where(self.frame)}")


class TracedCall:
    """One call of a function on fresh leaves, so that derivatives with respect to them are those of this call alone.

    Attributes
    ----------
    trees : list
        The arguments to differentiate with respect to, each a pytree.
    wrt : list of Tensor
        Their leaves.
    value
        What the function returned, a pytree; ``outputs`` are its leaves as Tensors.
    recorded : bool
        Whether the function computed anything with Tensors.
    outer : bool
        Whether an outer derivative may want what comes of it.
    """

    def __init__(self, f: Callable, args: tuple, kwargs: dict, argnums: Argnums, asked: Asked):
        what = asked.what
        if not callable(f):
            raise asked.error(
                TypeError,
                f"expected a function, got {type(f).__name__}; {what}(f)(x) differentiates f, and of a Tensor"
                " loss.backward() leaves the gradients in .grad of the parameters",
            )
        self.asked = asked
        self.single = not isinstance(argnums, _SEQUENCES)
        positions = _positions(argnums, len(args), asked)
        self.trees = [args[position] for position in positions]
        leaves = flatten(self.trees)
        recording, began = context().recording, next_index()
        self.wrt = [_fresh(leaf, recording, asked) for leaf in leaves]
        arguments = list(args)
        for position, tree in zip(positions, rebuild(self.trees, self.wrt), strict=True):
            arguments[position] = tree
        before = next_index()
        with nullcontext() if recording else recording_again():
            self.value = f(*arguments, **kwargs)
        self.recorded = next_index() > before + 1
        self.outputs = [_as_output(leaf, asked) for leaf in flatten(self.value)]
        self._between, older = between(self.wrt, self.outputs, began)
        in_graph = any(isinstance(leaf, Tensor) and leaf.requires_grad for leaf in leaves)
        self.outer = recording and (in_graph or older)

    def keeps(self, seeds: list[Any]) -> bool:
        """Tell whether an outer derivative may want what comes of these adjoints or tangents."""
        outer = self.outer or any(isinstance(seed, Tensor) and seed.requires_grad for seed in seeds)
        return outer and context().recording

    def pull(self, adjoints: list[Any], keep: bool) -> list[Any]:
        """Return one gradient for each leaf of the arguments; recorded Tensors if asked to `keep` them."""
        return pulled(self.asked.what, self._between, self.outputs, adjoints, self.wrt, keep)

    def gradient(self, adjoints: list[Any]) -> Any:
        """Return the gradients in the structure of the arguments."""
        return self.as_arguments(self.pull(adjoints, self.keeps(adjoints)))

    def as_arguments(self, leaves: list[Any]) -> Any:
        """Return one tree for each argument that was asked for, or the only one."""
        trees = rebuild(self.trees, leaves)
        return trees[0] if self.single else tuple(trees)

    def result(self) -> Any:
        """Return the function's value: plain arrays unless an outer derivative may want them."""
        leaves = flatten(self.value)
        plain = [copied(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        return rebuild(self.value, leaves if self.outer else plain)

    def end(self) -> None:
        """Let go of the frames that it ran in: what was recorded outlives it only where somebody holds it."""
        context().frames.leave(self.asked.frame)

    def scalar(self) -> Tensor:
        """Return the only output, which must be a scalar."""
        if len(self.outputs) != 1 or self.outputs[0].shape != ():
            shapes = ", ".join(str(output.shape) for output in self.outputs)
            raise self.asked.error(
                ValueError,
                f"the function must return one scalar, it returned shape {shapes}; sum it, or take its one element",
            )
        if type(self.value) is not Tensor and (type(self.value) is not float or self.recorded):
            raise self.asked.error(
                TypeError,
                f"the function returned a plain {type(self.value).__name__}, {self.value!r}, which depends"
                " on no argument as far as is recorded; compute it with NumPy's functions from the arguments",
            )
        return self.outputs[0]


def _positions(argnums: Argnums, count: int, asked: Asked) -> tuple[int, ...]:
    """Return the places of the arguments to differentiate with respect to."""
    try:
        numbers = argnums if isinstance(argnums, _SEQUENCES) else (argnums,)
        positions = tuple([range(count)[index(number)] for number in numbers])
    except TypeError:
        raise asked.error(TypeError, f"argnums= takes the numbers of positional arguments, got {argnums!r}") from None
    except IndexError:
        raise asked.error(
            TypeError, f"argnums={argnums}, but the function was called with {count} positional arguments"
        ) from None
    if len(set(positions)) < len(positions):
        raise asked.error(ValueError, f"argnums={argnums} names an argument twice")
    return positions


def _fresh(leaf: Any, recording: bool, asked: Asked) -> Tensor:
    """Return a leaf of an argument as a Tensor of its own, connected with the outer graph if it is in one."""
    if recording and isinstance(leaf, Tensor) and leaf.requires_grad:
        return _traced(alias(leaf))
    array = copied(leaf)
    if array.dtype.kind in "biu":
        raise asked.error(
            TypeError, f"only floating-point arguments have gradients, got {array.dtype}; write 2.0 for 2"
        )
    if array.dtype.kind != "f":
        got = repr(leaf) if isinstance(leaf, str) else f"{array.dtype} from {type(leaf).__name__}"
        raise asked.error(
            TypeError, f"an argument is a floating-point array, or a dict, list or tuple of them; it holds {got}"
        )
    return _traced(make_leaf(array, True, frame=asked.frame))


def _traced(tensor: Tensor) -> Tensor:
    tensor._traced = True
    return tensor


def _as_output(leaf: Any, asked: Asked) -> Tensor:
    """Return what the function gave as a Tensor, if it is a real number or array."""
    if isinstance(leaf, Tensor):
        return leaf
    if leaf is None:
        raise asked.error(TypeError, "the function returned None; is a return missing?")
    output = as_constant(leaf)
    if output.dtype.kind not in "fbiu":
        raise asked.error(
            TypeError, f"the function returned {output.dtype} from {type(leaf).__name__}, not real numbers"
        )
    return output


def pulled(
    what: str, nodes: list[Tensor], outputs: list[Tensor], adjoints: list[Any], wrt: list[Tensor], keep: bool
) -> list[Any]:
    """Return the gradients of ``Σ ⟨adjoint, output⟩`` with respect to `wrt`, zeros where there is none.

    They are recorded Tensors if they are to be kept for an outer derivative, else plain arrays of the caller's own.
    `nodes` lie between.
    """
    pairs = [pair for pair in zip(outputs, adjoints, strict=True) if pair[0].requires_grad]
    seeds = [(output, _as_seed(what, output, adjoint, keep)) for output, adjoint in pairs]
    if keep:
        with recording_again():
            totals = pull_back([output for output, _ in seeds], [seed for _, seed in seeds], wrt)
    else:
        totals = gradients(nodes, seeds, wrt)
    return [
        np.zeros(leaf.shape, leaf.dtype) if total is None else total for total, leaf in zip(totals, wrt, strict=True)
    ]


def _as_seed(what: str, output: Tensor, adjoint: Any, keep: bool) -> Any:
    """Return an adjoint in the dtype of its output: a Tensor if it is to be recorded what comes of it."""
    if not isinstance(adjoint, Tensor) or not keep:
        adjoint = np.array(adjoint._value if isinstance(adjoint, Tensor) else adjoint, dtype=output.dtype)
    if adjoint.shape != output.shape:
        raise ValueError(f"{what}: the output has shape {output.shape}, its adjoint {adjoint.shape}")
    if not keep:
        return adjoint
    if isinstance(adjoint, Tensor):
        return adjoint if adjoint.dtype == output.dtype else adjoint.astype(output.dtype)
    return make_leaf(adjoint)


def copied(x: Any) -> np.ndarray:
    """Return an array that the caller may write into: it is no other's, nor a recorded value."""
    return np.array(x._value if isinstance(x, Tensor) else x)
