"""Linear algebra: products of matrices and vectors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..recording.applying import Forms, record_biased, record_formed
from ..recording.broadcasting import sum_of_rows
from ..recording.numpy_protocol import numpy_functions
from ..recording.op import op
from ..recording.tensor import Tensor
from .shapes import mT, sum_to

__all__ = [
    "linear",
    "matmul",
]

_frame = sys._getframe


def _dot(a: Any, b: Any) -> Any:
    try:
        return a.dot(b)  # for vectors and matrices the same product as matmul, at a third of its overhead
    except ValueError:
        raise _misfit(a, b) from None


def _misfit(a: Any, b: Any) -> Exception:
    return ValueError(f"they do not fit: {a.shape[-1]} columns against {b.shape[-2:][0]} rows")


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
    if a.shape[-1] != b.shape[-2:][0]:
        raise _misfit(a, b) from None
    return np.matmul(a, b)  # not np.matmul itself, which all forms together stand for


_stack_stack = op(
    _matmul,
    vjp=(lambda g, y, a, b: sum_to(g @ mT(b), a.shape), lambda g, y, a, b: sum_to(mT(a) @ g, b.shape)),
    name="matmul",
    form="stacks of matrices",
    samples=(((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 2)), ((2, 1, 2, 3), (3, 3, 2))),
)
_stack_vector = op(
    _matmul,
    vjp=(
        lambda g, y, a, b: g[..., None] * b,
        lambda g, y, a, b: sum_to((mT(a) @ g[..., None])[..., 0], b.shape),
    ),
    name="matmul",
    form="stack of matrices and vector",
    samples=(((2, 3, 4), (4,)),),
)
_vector_stack = op(
    _matmul,
    vjp=(
        lambda g, y, a, b: sum_to((b @ g[..., None])[..., 0], a.shape),
        lambda g, y, a, b: a[:, None] * g[..., None, :],
    ),
    name="matmul",
    form="vector and stack of matrices",
    samples=(((3,), (2, 3, 4)),),
)
_forms = {(2, 2): _matrix_matrix, (2, 1): _matrix_vector, (1, 2): _vector_matrix, (1, 1): _vector_vector}


def _choose_product(a: Any, b: Any) -> Any:
    form = _forms.get((a.ndim, b.ndim))
    if form is not None:
        return form
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("a number is not a matrix") from None
    return _vector_stack if a.ndim == 1 else _stack_vector if b.ndim == 1 else _stack_stack


matrix_product = Forms("matmul", _choose_product, _matrix_matrix)
numpy_functions[np.matmul] = matrix_product


def outer(a: Any, b: Any) -> Any:
    """Outer product of two vectors, on plain arrays without ceremony."""
    if type(a) is Tensor or type(b) is Tensor:
        return outer_product(a, b)
    return a[:, None] * b


def product(self: Tensor, other: Any) -> Any:
    """``self @ other``."""
    return record_formed(matrix_product, self, other, _frame(1))


def product_reflected(self: Tensor, other: Any) -> Any:
    """``other @ self``."""
    return record_formed(matrix_product, other, self, _frame(1))


def matmul(a: Any, b: Any) -> Any:
    """Matrix product, with all the shapes of ``np.matmul``: vectors, matrices, stacks of matrices.

    Examples
    --------
    >>> import tinygraph as tg
    >>> W, x = tg.parameter([[1.0, 2.0]]), tg.tensor([3.0, 4.0])
    >>> tg.matmul(W, x).data
    array([11.])
    """
    return record_formed(matrix_product, a, b, _frame(1))


# -- linear: x Wᵀ + b, PyTorch's F.linear ------------------------------------------------------------------------------


_MISFIT = "they do not fit: x must be (..., I) and W (H, I)"


def _bias_misfit(W: Any) -> Exception:
    return ValueError(f"b must be ({len(W)},), a number for each row of W")


def _through_vector(x: Any, W: Any) -> Any:
    try:
        return W.dot(x)
    except ValueError:
        raise ValueError(_MISFIT) from None


def _through_rows(x: Any, W: Any) -> Any:
    try:
        return x.dot(W.T)
    except ValueError:
        raise ValueError(_MISFIT) from None


def _affine_vector(x: Any, W: Any, b: Any) -> Any:
    if b.ndim != 1 or len(b) != len(W):
        raise _bias_misfit(W) from None
    return _through_vector(x, W) + b


def _affine_rows(x: Any, W: Any, b: Any) -> Any:
    if b.ndim != 1 or len(b) != len(W):
        raise _bias_misfit(W) from None
    try:
        y = x.dot(W.T)
    except ValueError:
        raise ValueError(_MISFIT) from None
    if y.dtype != b.dtype:
        return y + b
    added_to = y[0] if len(y) == 1 else y  # NumPy broadcasts at thrice the overhead of adding what is equally long
    added_to += b  # in place: large batches are bound by fresh memory
    return y


def rows(x: Any) -> Any:
    """Return `x` as a matrix, its leading axes made one."""
    return np.reshape(x, (-1, x.shape[-1]))


_vector = op(
    _through_vector,
    vjp=(lambda g, y, x, W: g.dot(W), lambda g, y, x, W: outer(g, x)),
    name="linear",
    form="vector",
    samples=(((3,), (2, 3)),),
)
_rows = op(
    _through_rows,
    vjp=(lambda g, y, x, W: g.dot(W), lambda g, y, x, W: g.T.dot(x)),
    name="linear",
    form="rows",
    samples=(((4, 3), (2, 3)),),
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
    vjp=(lambda g, y, x, W, b: g.dot(W), lambda g, y, x, W, b: g.T.dot(x), lambda g, y, x, W, b: column_sums(g)),
    name="linear",
    form="rows with bias",
    samples=(((4, 3), (2, 3), (2,)),),
)
_stack = op(
    _through_rows,
    vjp=(lambda g, y, x, W: g.dot(W), lambda g, y, x, W: rows(g).T.dot(rows(x))),
    name="linear",
    form="stack",
    samples=(((2, 4, 3), (2, 3)),),
)
_stack_bias = op(
    _affine_rows,
    vjp=(
        lambda g, y, x, W, b: g.dot(W),
        lambda g, y, x, W, b: rows(g).T.dot(rows(x)),
        lambda g, y, x, W, b: column_sums(g),
    ),
    name="linear",
    form="stack with bias",
    samples=(((2, 4, 3), (2, 3), (2,)),),
)


def column_sums(g: Any) -> Any:
    """Sum over all axes but the last."""
    if type(g) is Tensor or g.ndim != 2:
        return np.sum(g, axis=tuple(range(len(g.shape) - 1)))
    return sum_of_rows(g)


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
    if b is None:
        return record_formed(_linear, x, W, _frame(1))
    return record_biased(_affine, x, W, b, _frame(1))


def _chosen(vector: Any, matrix: Any, stack: Any) -> Callable[[Any, Any], Any]:
    """Return what chooses the op by the axes of x."""

    def choose(x: Any, W: Any) -> Any:
        if W.ndim != 2 or x.ndim == 0:
            raise ValueError(_MISFIT) from None
        return vector if x.ndim == 1 else matrix if x.ndim == 2 else stack

    return choose


_linear = Forms("linear", _chosen(_vector, _rows, _stack), _rows)
_affine = Forms("linear", _chosen(_vector_bias, _rows_bias, _stack_bias), _rows_bias)
