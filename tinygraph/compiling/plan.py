"""A plan: the program that a recording became, with all that it holds for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backward.derivatives import Differentiated
from ..backward.pytree import rebuild
from ..recording.tensor import Tensor
from .calls.arguments import Arguments
from .calls.capture import Captured
from .calls.reach import Reach
from .calls.state import same_numbers
from .emitting import Emitter
from .forms.derivative import differentiate
from .forms.form import CAPTURED, SEED, Form, Read, Value, needed
from .forms.improving import hoist, improve, sum_up
from .forms.lowering import unrolled
from .forms.recurring import folded_form
from .forms.rules import expand
from .naming import described, program_names, readable


class Plan:
    """A program in NumPy that gives the value of a function, and the gradients of its one output.

    Attributes
    ----------
    unfolded : str
        Why its ops run one after the other, and not in loops; empty where they do.
    failure : str
        Why its loops are NumPy's although numba's were wanted; empty where they are not.
    looked : str
        How and where the function takes plain numbers out of an argument, if it does: it holds for these only.
    nbytes : int
        Of the buffers that it holds.
    source : str
        Its source, with the names that the program gives its values.
    leaves : list of int or Tensor
        What the gradients are with respect to: numbers of arguments, and Tensors that the function reads.
    template
        What the function returned, a pytree.
    results : list of (bool, object)
        Of each leaf of that, whether the plan computes it, and then which kind it is of, else what it is.
    differentiated : int
        Which of the outputs has the gradients.
    """

    def __init__(
        self,
        captured: Captured,
        output: Tensor | None,
        only_arguments: bool,
        *,
        folded: bool,
        peel: bool = False,
        lengthen: bool = False,
    ):
        self.leaves: list[Any] = []
        self.unfolded = ""
        self.failure = ""
        self.looked = captured.looked
        self.runs = 0
        self.template: Any = None
        self.results: list[tuple[bool, Any]] = []
        if output is not None:
            arguments = enumerate(captured.arguments)
            wrt: list[tuple[Any, Tensor]] = [(k, tensor) for k, tensor in arguments if tensor.requires_grad]
            if not only_arguments:
                there = (node.tensor for node in captured.graph.parameters)
                wrt += [(t, t) for t in there if t is not None and captured.leaf_kind(t) is False]
            self.leaves = [leaf for leaf, _ in wrt]
        wanted = [captured.arguments[leaf] if isinstance(leaf, int) else leaf for leaf in self.leaves]
        form, reads = folded_form(captured, peel, lengthen) if folded else unrolled(captured)
        outputs = [reads[tensor] for tensor in captured.outputs]
        self.differentiated = next((k for k, tensor in enumerate(captured.outputs) if tensor is output), 0)
        if folded:
            sum_up(form, outputs)
        self._differentiate(form, outputs, [reads.get(tensor) for tensor in wanted] if output is not None else None)
        if folded:
            expand(form)
            hoist(form)
            if form.gradients:
                improve(form, [value for value in form.values if value.kind == SEED])
        used = needed(form)
        self.captured = [value.data for value in form.values if value.kind == CAPTURED and value in used]
        self._form: Form | None = form

    def _differentiate(self, form: Form, outputs: list[Read], wrt: list[Read | None] | None) -> None:
        form.outputs = outputs
        if wrt is None:
            return
        y = outputs[self.differentiated]
        seed = form.add(Value(SEED, y.source.shape, y.source.dtype, data=y.source.dtype.type(1)))
        adjoints = iter(differentiate(form, [y], [seed], [read.source for read in wrt if read is not None]))
        form.gradients = [None if read is None else next(adjoints) for read in wrt]

    def write(self, backend: str) -> None:
        """Write the program, and make the buffers that it runs in."""
        assert self._form is not None
        form, self._form = self._form, None
        self._incomplete = None in form.gradients
        emitter = Emitter(form, backend)
        text, space = emitter.source(), emitter.space
        self.captured = [value.data for value in emitter.captured]
        names = program_names(form)
        self.source = readable("\n".join([*emitter.kernels, text]), names, space)
        self._described = described(names, emitter.loops)
        if backend == "numba":
            self._described += (
                f"\ncompiled by numba: {len(emitter.loops) - len(emitter.refused)} of {len(emitter.loops)} loops"
            )
            self._described += "".join(f"\nin NumPy: a loop with {reason}" for reason in emitter.refused)
        self.lock = threading.Lock()
        owners = {id(x): x for x in space.values() if isinstance(x, np.ndarray) and x.base is None}
        self.nbytes = sum(array.nbytes for array in owners.values())
        exec(compile(text, "<plan>", "exec"), space)
        self._run: Callable[..., tuple[list[Any], list[Any]]] = space.pop("plan")  # which holds the space

    # -- what it holds for --------------------------------------------------------------------------------------------

    def remember(self, reach: Reach, arguments: Arguments, held: set[int], values: list[np.ndarray]) -> None:
        """Remember what the function read when it was recorded."""
        self._reach = reach  # holds the objects whose ids are in keys
        self._starts = arguments.starts
        self._known_places: list[tuple[int, int, int]] = []
        self._held = {number: values[number] for number in held}
        self._arrays = reach.arrays()
        self._shared = self._among_arrays(arguments)
        self.change = reach.state.change

    def holds(self, arguments: Arguments) -> bool:
        """Tell whether it stands for a call with these arguments, whose key it has, at this moment."""
        if self._held:
            values = arguments.values()
            if not all(same_numbers(np.asarray(values[number]), value) for number, value in self._held.items()):
                return False
        if self._arrays and self._among_arrays(arguments) != self._shared:  # ``x is TABLE`` is a question, too
            return False
        return self.change() is None

    def _among_arrays(self, arguments: Arguments) -> list[tuple[int, int]]:
        """Return which arguments are arrays that the function reads besides, by their numbers and ids."""
        return [(number, id(leaf)) for number, leaf in enumerate(arguments.leaves) if id(leaf) in self._arrays]

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self, values: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
        """Return outputs and gradients for the numbers of the arguments: arrays of the caller's own."""
        read = [tensor._value for tensor in self.captured]
        with self.lock:
            return self._run(values, read)

    def trees(self, mark: Differentiated, arguments: Arguments, gradients: Sequence[np.ndarray | None]) -> Any:
        """Return gradients in the structure of the arguments that are differentiated."""
        single = not isinstance(mark.argnums, tuple | list | range)
        leaves = self.filled(gradients, arguments)
        trees: list[Any] = []
        for position, first, count in self._places(mark):
            tree = arguments.args[position]
            if count == 1 and type(tree) is np.ndarray:
                trees.append(leaves[first])
            else:
                trees.append(rebuild(tree, leaves[first : first + count]))
        return trees[0] if single else tuple(trees)

    def _places(self, mark: Differentiated) -> list[tuple[int, int, int]]:
        """Return for each argument that is differentiated its position, its first gradient and how many there are."""
        if not self._known_places:
            numbers = mark.argnums if isinstance(mark.argnums, tuple | list | range) else (mark.argnums,)
            for number in numbers:
                position = number % (len(self._starts) - 1)
                start, end = self._starts[position : position + 2]
                first = self.leaves.index(start) if start in self.leaves else 0
                self._known_places.append((position, first, end - start))
        return self._known_places

    def filled(self, gradients: Sequence[np.ndarray | None], arguments: Arguments) -> list[np.ndarray]:
        """Return gradients with zeros where there are none."""
        if not self._incomplete:
            return gradients  # type: ignore[return-value]
        pairs = zip(gradients, self.wrt(arguments), strict=True)
        return [np.zeros(x.shape, x.dtype) if g is None else g for g, x in pairs]

    def wrt(self, arguments: Arguments) -> list[Any]:
        """Return what the gradients of a call are with respect to: arrays and Tensors."""
        return [arguments.leaves[leaf] if isinstance(leaf, int) else leaf for leaf in self.leaves]

    def report(self) -> str:
        """Say what runs as a loop, and what for all time steps at once."""
        return self._described + self.failure + (f"\nop by op, not in loops: {self.unfolded}" if self.unfolded else "")
