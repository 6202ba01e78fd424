"""Linear algebra: products of matrices and vectors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..recording.arguments import constant
from ..recording.op import op
from ..recording.source import where
from ..recording.tensor import Tensor, make, numpy_functions, refuse_complex
from .shapes import mT, sum_to

__all__ = [
    "linear",
    "matmul",
]

_frame = sys._getframe


def _dot(a: Any, b: Any) -> Any:
    return a.dot(b)  # for vectors and matrices the same product as matmul, at a third of its overhead


def _outer(a: Any, b: Any) -> Any:
    return a[:, None] * b


outer_product = op(
    _outer,
    vjp=(lambda g, y, a, b: g @ b, lambda g, y, a, b: a @ g),
    name="outer",
    samples=(((3,), (4,)),),
    doc="Outer product of two vectors.",
)

# matmul is five ops of one name: a rule that asked for the number of axes would not read as the chain rule does
_matrix_matrix = op(
    _dot,
    vjp=(lambda g, y, a, b: g.dot(b.T), lambda g, y, a, b: a.T.dot(g)),
    name="matmul",
    form=(2, 2),
    samples=(((2, 3), (3, 4)),),
)
_matrix_vector = op(
    _dot,
    vjp=(lambda g, y, a, b: outer(g, b), lambda g, y, a, b: a.T.dot(g)),
    name="matmul",
    form=(2, 1),
    samples=(((2, 3), (3,)),),
)
_vector_matrix = op(
    _dot,
    vjp=(lambda g, y, a, b: b.dot(g), lambda g, y, a, b: outer(a, g)),
    name="matmul",
    form=(1, 2),
    samples=(((3,), (3, 4)),),
)
_vector_vector = op(
    _dot,
    vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    name="matmul",
    form=(1, 1),
    samples=(((3,), (3,)),),
)


def _matmul(a: Any, b: Any) -> Any:
    return np.matmul(a, b)


_stacked = op(
    _matmul,
    vjp=(lambda g, y, a, b: sum_to(g @ mT(b), a.shape), lambda g, y, a, b: sum_to(mT(a) @ g, b.shape)),
    name="matmul",
    form="stacks of matrices",
    samples=(((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 2)), ((2, 1, 2, 3), (3, 3, 2))),
)
_forms = {(2, 2): _matrix_matrix, (2, 1): _matrix_vector, (1, 2): _vector_matrix, (1, 1): _vector_vector}


def outer(a: Any, b: Any) -> Any:
    """Outer product of two vectors, on plain arrays without ceremony."""
    if type(a) is Tensor or type(b) is Tensor:
        return outer_product(a, b)
    return a[:, None] * b


def product(self: Tensor, other: Any) -> Any:
    """``self @ other``."""
    return _record_product(self, other, self._data, _operand(other, _frame(1)), _frame(1))


def product_reflected(self: Tensor, other: Any) -> Any:
    """``other @ self``."""
    return _record_product(other, self, _operand(other, _frame(1)), self._data, _frame(1))


def matmul(a: Any, b: Any) -> Any:
    """Matrix product, with all the shapes of ``np.matmul``: vectors, matrices, stacks of matrices.

    Examples
    --------
    >>> import tinygraph as tg
    >>> W, x = tg.parameter([[1.0, 2.0]]), tg.tensor([3.0, 4.0])
    >>> tg.matmul(W, x).data
    array([11.])
    """
    frame = _frame(1)
    return _record_product(a, b, _operand(a, frame), _operand(b, frame), frame)


def _operand(x: Any, frame: Any) -> Any:
    return x._data if type(x) is Tensor else constant(_stacked, x, frame)


def _record_product(a: Any, b: Any, left: Any, right: Any, frame: Any) -> Any:
    form = _forms.get((left.ndim, right.ndim), _stacked)
    if left.ndim == 0 or right.ndim == 0:
        shapes = f"{left.shape} and {right.shape}"
        raise ValueError(f"matmul: inputs of shape {shapes}: a number is not a matrix{where(frame)}")
    if form is _stacked and (left.ndim == 1 or right.ndim == 1):
        return _with_vector(a, b, left.ndim == 1)
    try:
        y = form.forward(left, right)
    except ValueError as error:
        raise ValueError(
            f"matmul: inputs of shape {left.shape} and {right.shape} do not fit:"
            f" {left.shape[-1]} columns against {right.shape[-2 if right.ndim > 1 else 0]} rows{where(frame)}"
        ) from error
    source, other = (a if type(a) is Tensor else None), (b if type(b) is Tensor else None)
    if source is None and other is None:
        return y
    requires = (source is not None and source.requires_grad) or (other is not None and other.requires_grad)
    if (source is None or other is None) and y.dtype.kind == "c":
        refuse_complex("matmul", (source, other), y, frame)
    return make(form, y, (source, other), (left, right), None, requires, frame)


def _with_vector(a: Any, b: Any, left: bool) -> Any:
    """A stack of matrices times a vector: the vector as a matrix of one row or column."""
    if left:
        return np.squeeze(matmul(np.expand_dims(a, 0), b), -2)
    return np.squeeze(matmul(a, np.expand_dims(b, -1)), -1)


def _apply_matmul(args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
    if kwargs or len(args) != 2:
        raise TypeError(f"matmul: {', '.join(kwargs) or 'three arguments'}: not supported on a Tensor{where(frame)}")
    a, b = args
    return _record_product(a, b, _operand(a, frame), _operand(b, frame), frame)


matmul.apply = _apply_matmul  # type: ignore[attr-defined] # through NumPy's protocol, in the user's own frame
numpy_functions[np.matmul] = matmul

# -- linear: x Wᵀ + b, PyTorch's F.linear ------------------------------------------------------------------------------


def _affine_vector(x: Any, W: Any, b: Any) -> Any:
    return W.dot(x) + b


def _affine_rows(x: Any, W: Any, b: Any) -> Any:
    y = x.dot(W.T)
    if y.dtype != b.dtype:
        return y + b
    y += b  # large batches are bound by fresh memory
    return y


def rows(x: Any) -> Any:
    """Return `x` as a matrix, its leading axes made one."""
    return x if len(x.shape) == 2 else np.reshape(x, (-1, x.shape[-1]))


_vector = op(
    lambda x, W: W.dot(x),
    vjp=(lambda g, y, x, W: g.dot(W), lambda g, y, x, W: outer(g, x)),
    name="linear",
    form="vector",
    samples=(((3,), (2, 3)),),
)
_rows = op(
    lambda x, W: x.dot(W.T),
    vjp=(lambda g, y, x, W: g.dot(W), lambda g, y, x, W: rows(g).T.dot(rows(x))),
    name="linear",
    form="rows",
    samples=(((4, 3), (2, 3)), ((2, 4, 3), (2, 3))),
)
_vector_bias = op(
    _affine_vector,
    vjp=(lambda g, y, x, W, b: g.dot(W), lambda g, y, x, W, b: outer(g, x), lambda g, y, x, W, b: g),
    name="linear",
    form="vector with bias",
    samples=(((3,), (2, 3), (2,)),),
)
_rows_bias = op(
    _affine_rows,
    vjp=(
        lambda g, y, x, W, b: g.dot(W),
        lambda g, y, x, W, b: rows(g).T.dot(rows(x)),
        lambda g, y, x, W, b: column_sums(g),
    ),
    name="linear",
    form="rows with bias",
    samples=(((4, 3), (2, 3), (2,)), ((2, 4, 3), (2, 3), (2,))),
)


def column_sums(g: Any) -> Any:
    """Sum over all axes but the last."""
    if type(g) is Tensor or g.ndim != 2:
        return np.sum(g, axis=tuple(range(len(g.shape) - 1)))
    return g[0] if len(g) == 1 else np.add.reduce(g, 0)


def linear(x: Any, W: Any, b: Any = None) -> Any:
    """Return ``x Wᵀ + b``, PyTorch's ``F.linear``: each row of x through the weights.

    Parameters
    ----------
    x : (..., I)
    W : (H, I)
    b : (H,), optional

    Returns
    -------
    (..., H)

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, b = tg.parameter([[1.0, 2.0], [0.0, 1.0]]), tg.parameter([0.5, 0.5])
    >>> tg.linear(np.array([1.0, 1.0]), W, b).data
    array([3.5, 1.5])
    """
    frame = _frame(1)
    weights = W._data if type(W) is Tensor else constant(_rows, W, frame)
    given = x._data if type(x) is Tensor else constant(_rows, x, frame)
    requires = (type(x) is Tensor and x.requires_grad) or (type(W) is Tensor and W.requires_grad)
    vector = given.ndim == 1
    if weights.ndim != 2 or given.ndim == 0 or given.shape[-1] != weights.shape[1]:
        raise ValueError(
            f"linear: x of shape {given.shape} and W of shape {weights.shape} do not fit:"
            f" x must be (..., I) and W (H, I){where(frame)}"
        )
    if b is None:
        inputs: tuple = (x if type(x) is Tensor else None, W if type(W) is Tensor else None)
        values: tuple = (given, weights)
        form = _vector if vector else _rows
        y = form.forward(given, weights)
    else:
        bias = b._data if type(b) is Tensor else constant(_rows, b, frame)
        if bias.shape != weights.shape[:1]:
            raise ValueError(f"linear: b of shape {bias.shape}, expected {weights.shape[:1]}{where(frame)}")
        inputs = (
            x if type(x) is Tensor else None,
            W if type(W) is Tensor else None,
            b if type(b) is Tensor else None,
        )
        values = (given, weights, bias)
        form = _vector_bias if vector else _rows_bias
        y = form.forward(given, weights, bias)
        requires = requires or (type(b) is Tensor and b.requires_grad)
    if not requires and all(source is None for source in inputs):
        return y
    if y.dtype.kind == "c":
        refuse_complex("linear", inputs, y, frame)
    return make(form, y, inputs, values, None, requires, frame)
