"""Tensor: a value, and how it was made."""

from __future__ import annotations

import reprlib
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .bytecode import augmented_attributes
from .calls import Call, next_index
from .context import Context, context, known_context
from .cuts import is_asked_for, is_question, refusal
from .departures import Departure, note_departure
from .errors import refuse_write
from .numpy_protocol import dispatch
from .primitive import Primitive
from .questions import as_recorded, tell_asked, tell_set
from .rarely import Rarely
from .source import locate, name_at, where

_frame = sys._getframe
_new = object.__new__
_OFFSETS = tuple(range(2**14))  # one integer for all ops at an instruction; longer functions are few


class Tensor:
    """An array that remembers the op and the inputs that made it.

    Made by `tensor`, `parameter` and by every op on a Tensor, never directly. Its operators and methods are those of
    ``numpy.ndarray``, and NumPy's functions take it as they take an array.

    Its value never changes. ``a += 1`` gives the name a to a new Tensor, so after ``b = a`` the other name keeps the
    old one, where NumPy would have changed both; in place of ``a[i] = t`` write ``a = a.at[i].set(t)``. A parameter is
    changed by ``p.data = …`` or ``p.data *= …``, or by ``p -= …`` inside `tinygraph.no_grad`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([0.0, 1.0], name="x")
    >>> y = np.tanh(x).sum()
    >>> y.backward()
    >>> x.grad.round(3)
    array([1.  , 0.42])
    """

    __slots__ = (
        "__weakref__",
        "_attributes",
        "_call",
        "_context",
        "_index",
        "_inputs",
        "_lasti",
        "_rare",
        "_value",
        "_values",
        "op",
        "requires_grad",
    )

    _value: Any
    _inputs: tuple[Tensor | None, ...]
    _values: tuple[Any, ...]
    _attributes: dict[str, Any] | None
    _index: int
    _call: Call | None
    _lasti: int
    _context: Context
    _rare: dict[str, Any] | None
    _name = Rarely[str]()
    _grad = Rarely[np.ndarray]()  # of leaves only
    _version = Rarely[Any]()  # of what tinygraph.ops.tables still has to make
    _cut = Rarely[Departure | Primitive]()  # of a constant made of what left the graph: how, or by which op
    _differentiated = Rarely[bool]()  # of a loss whose gradient has been taken
    _traced = Rarely[bool]()  # of what a derivative is taken with respect to
    state_of = Rarely[Callable[[], Any]]()  # a weak reference to the cell that returned it, for the cell's next call
    op: Primitive | None
    requires_grad: bool
    backward: Callable[..., None]  # attached by tinygraph.backward

    __hash__ = object.__hash__

    def __init__(self, *data: Any, **options: Any) -> None:
        given = reprlib.repr(data[0]) if data else "data"
        raise TypeError(
            "Tensor: made by tg.tensor(data) or tg.parameter(data), not by calling Tensor;"
            f" write tg.tensor({given}), or tg.parameter({given}) where it is trained{where(_frame(1))}"
        )

    # -- the value ----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> np.ndarray:
        """The value, as a read-only view; on a leaf it can be replaced, which leaves recorded graphs as they were.

        ``p.data *= 0.5`` replaces it too: what the statement reads is a copy.
        """
        note_departure(self, ".data", frame := _frame(1))
        if frame.f_lasti in augmented_attributes(frame.f_code):
            if self.op is not None:
                refuse_write(self)
            return np.array(self._value)
        view = np.asarray(self._value).view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if self.op is not None:
            refuse_write(self)
        array = np.array(value, dtype=self.dtype)
        if array.shape != self.shape:
            raise ValueError(f"data: expected shape {self.shape}, got {array.shape}")
        tell_set(self, ".data")
        self._value = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._value.shape

    @shape.setter
    def shape(self, shape: Any) -> NoReturn:
        raise TypeError(f"shape: a Tensor is not written in place; write t = t.reshape({shape}){where(_frame(1))}")

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return self._value.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._value.size

    def item(self, *index: Any) -> Any:
        """Return the only element, or one of several, as a Python number."""
        note_departure(self, ".item()", _frame(1))
        return self._value.item(*index)

    def numpy(self) -> np.ndarray:
        """Return the value as an array of the caller's own."""
        note_departure(self, ".numpy()", _frame(1))
        return np.array(self._value)

    def tolist(self) -> Any:
        """Return the value as nested lists of Python numbers."""
        note_departure(self, ".tolist()", _frame(1))
        return self._value.tolist()

    def __float__(self) -> float:
        tell_asked(self, "float()")
        if self.requires_grad:
            frame = _frame(1)
            if context().recording and not is_asked_for(frame):
                raise TypeError(refusal(frame))
            if not is_question(frame):
                note_departure(self, "float()", frame)
        return float(self._value)

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return the value as a fraction, as ``float.as_integer_ratio``; `statistics` and `fractions` ask for it."""
        tell_asked(self, "as_integer_ratio()")
        if self.requires_grad and context().recording:
            raise TypeError(refusal(_frame(1)))
        return float(self._value).as_integer_ratio()

    def __int__(self) -> int:
        note_departure(self, "int()", _frame(1))
        return int(self._value)

    def __bool__(self) -> bool:
        tell_asked(self, "bool()")
        return bool(self._value)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a Tensor without axes")
        return len(self._value)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[row] for row in range(len(self)))

    def __contains__(self, value: object) -> bool:
        tell_asked(self, "in")
        return bool((self._value == value).any())

    def __repr__(self) -> str:
        tell_asked(self, "repr()")
        body = np.array2string(np.asarray(self._value), separator=", ", prefix="Tensor(", threshold=100)
        name = f", name={self._name!r}" if self._name else ""
        made = f", op={self.op.name}" if self.op else ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({body}{name}{made})"

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if self.ndim:
            raise TypeError(
                f"only a Tensor without axes takes a format ({spec!r}), this one has shape {self.shape};"
                f" write np.array2string(t, precision=3){where(_frame(1))}"
            )
        tell_asked(self, "format()")
        return format(self._value.item(), spec)

    # -- how it was made ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """The name it was given: explicitly, or by assignment in the program's source."""
        return name_at(self._call, self._lasti) if self._name is None else self._name

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = value

    @property
    def label(self) -> str | None:
        """The name it was given explicitly; None where `name` is read off the program's source."""
        return self._name

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The op's arguments in order; a plain number or array stands as a constant Tensor."""
        pairs = zip(self._inputs, self._values, strict=False)
        return tuple(as_constant(value) if source is None else source for source, value in pairs)

    def detach(self) -> Tensor:
        """Return a constant of the same value: no gradient flows through it, and it holds no graph."""
        recorded = as_recorded(np.copy, (self,), {})
        if recorded is not NotImplemented:
            return recorded
        leaf = make_leaf(self._value, name=self._name, frame=_frame(1))
        leaf._cut = note_departure(self, "detach()", _frame(1))
        return leaf

    @property
    def grad(self) -> np.ndarray | None:
        """The gradient that a leaf has accumulated so far; None before any."""
        tell_asked(self, ".grad")
        if (gradient := self._grad) is None and self.op is not None:
            source = locate(self._call, self._lasti)
            warnings.warn(
                f"only parameters get a .grad, this Tensor is the value of {self.op}, which has none; to update a"
                " parameter write p.data = p.data - …, and to see the gradient of a computed value tg.trace(loss)"
                + (f"\n  made here: {source}" if source else ""),
                stacklevel=2,
            )
        return gradient

    @grad.setter
    def grad(self, gradient: np.ndarray | None) -> None:
        tell_set(self, ".grad")
        self._grad = gradient

    def zero_grad(self) -> None:
        """Forget the gradient accumulated so far."""
        self.grad = None

    # -- NumPy's protocols --------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return dispatch(function, inputs, kwargs, _frame(1))

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function, args, kwargs, _frame(1))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        whole = dtype is not None and np.dtype(dtype).kind in "biu"  # np.int64(t), whose derivative is 0 anyway
        if self.requires_grad and not whole and context().recording:
            raise TypeError(refusal(_frame(1), "array"))
        note_departure(self, "np.asarray", _frame(1))
        return np.array(self._value, dtype=dtype)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        refuse_write(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable, tuple]:
        if is_traced(self):
            raise TypeError(
                f"this Tensor is an argument of a function that is differentiated: pickled, it would cut the graph in"
                f" silence; say t.detach() or t.numpy() if a constant is meant{where(_frame(1))}"
            )
        if self.op is not None:
            raise TypeError(
                f"only leaves are copied and pickled, this Tensor is the value of {self.op.name}, with its graph;"
                f" say t.detach() or t.numpy(), or keep the graph by tg.trace(t).save(path){where(_frame(1))}"
            )
        tell_asked(self, "copy")
        return _restored, (self._value, self.requires_grad, self.name, self.grad)

    if TYPE_CHECKING:  # attached by tinygraph.ops, one row of the registry each

        def __getattr__(self, name: str) -> Any: ...  # ndarray's methods
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...


def make(
    op: Primitive,
    data: Any,
    inputs: tuple[Tensor | None, ...],
    values: tuple[Any, ...],
    attributes: dict[str, Any] | None,
    requires_grad: bool,
    frame: FrameType,
) -> Tensor:
    """Record that `op` on `inputs` gave `data`: the one place where a node is made."""
    try:
        now = known_context()
    except LookupError:
        now = context()
    if not now.plain:
        now = now.in_force()
        if now.watch is not None:
            now.watch.made(op, data, inputs, values, frame)
        if not now.recording:
            leaf = make_leaf(data, frame=frame)
            if requires_grad or any(source is not None and source._cut is not None for source in inputs):
                leaf._cut = op
            return leaf
    top = now.frames.top
    tensor = _new(Tensor)
    tensor._call = top[1] if top[0] is frame else now.frames.enter(frame)
    try:
        tensor._lasti = _OFFSETS[frame.f_lasti]
    except IndexError:
        tensor._lasti = frame.f_lasti
    tensor._index = next_index()
    tensor._context = now
    tensor._value = data
    tensor._inputs = inputs
    tensor._values = values
    tensor._attributes = attributes
    tensor._rare = None
    tensor.op = op
    tensor.requires_grad = requires_grad
    return tensor


def make_leaf(
    data: Any, requires_grad: bool = False, name: str | None = None, frame: FrameType | None = None
) -> Tensor:
    """Make a Tensor that no op made; without a frame, of no place in the program."""
    now = context()
    tensor = _new(Tensor)
    tensor._call = None if frame is None else now.frames.enter(frame)
    tensor._lasti = -1 if frame is None else frame.f_lasti
    tensor._index = next_index()
    tensor._context = now
    tensor._value = data
    tensor._inputs = ()
    tensor._values = ()
    tensor._attributes = None
    tensor._rare = None if name is None else {"_name": name}
    tensor.op = None
    tensor.requires_grad = requires_grad
    return tensor


def as_constant(value: Any) -> Tensor:
    """Return a plain number or array as a Tensor without gradient."""
    return make_leaf(np.asarray(value))


def is_traced(tensor: Tensor) -> bool:
    """Tell whether a Tensor is an argument of a function that is differentiated."""
    return tensor._traced is True


def _restored(data: Any, requires_grad: bool, name: str | None, grad: np.ndarray | None) -> Tensor:
    """Make a leaf again from its copied or pickled parts."""
    tensor = make_leaf(data, requires_grad, name)
    tensor.grad = None if grad is None else np.array(grad)
    return tensor
