"""Products of arrays: dot, inner, outer, tensordot, einsum and their kin."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..recording.broadcasting import sum_to
from ..recording.numpy_protocol import implements
from ..recording.op import each, op
from .linalg import outer_product

__all__ = [
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "matvec",
    "multi_dot",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
    "vecmat",
]


@implements("dot")
def dot(a: Any, b: Any) -> Any:
    """As ``np.dot``: a matrix product; of stacks, over the last axis of `a` and the last but one of `b`."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=(-1, -2 if np.ndim(b) > 1 else 0))


@implements("inner")
def inner(a: Any, b: Any) -> Any:
    """As ``np.inner``: over the last axes."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=(-1, -1))


@implements("vdot")
def vdot(a: Any, b: Any) -> Any:
    """As ``np.vdot``: the sum of the products of all elements."""
    return np.matmul(np.ravel(a), np.ravel(b))


@implements("outer", "linalg.outer")
def outer(a: Any, b: Any) -> Any:
    """As ``np.outer``."""
    return outer_product(np.ravel(a), np.ravel(b))


@implements("vecdot", "linalg.vecdot")
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """As ``np.vecdot``: dot products along an axis."""
    return np.sum(np.multiply(x1, x2), axis=axis)


@implements("matvec")
def matvec(x1: Any, x2: Any, /) -> Any:
    """As ``np.matvec``: a stack of matrices times a stack of vectors."""
    return np.squeeze(np.matmul(x1, np.expand_dims(x2, -1)), -1)


@implements("vecmat")
def vecmat(x1: Any, x2: Any, /) -> Any:
    """As ``np.vecmat``: a stack of vectors times a stack of matrices."""
    return np.squeeze(np.matmul(np.expand_dims(x1, -2), x2), -2)


@implements("linalg.multi_dot")
def multi_dot(arrays: Sequence[Any]) -> Any:
    """As ``np.linalg.multi_dot``, multiplied from the left."""
    return reduce(np.matmul, arrays)


@implements("kron")
def kron(a: Any, b: Any) -> Any:
    """As ``np.kron``."""
    ndim = max(np.ndim(a), np.ndim(b))
    left = np.reshape(a, (1,) * (ndim - np.ndim(a)) + np.shape(a))
    right = np.reshape(b, (1,) * (ndim - np.ndim(b)) + np.shape(b))
    products = np.expand_dims(left, tuple(range(1, 2 * ndim, 2))) * np.expand_dims(right, tuple(range(0, 2 * ndim, 2)))
    return np.reshape(products, [m * n for m, n in zip(left.shape, right.shape, strict=True)])


@implements("cross", "linalg.cross")
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """As ``np.cross`` for vectors of three elements, along `axis` of all or along an axis of each."""
    if axis is not None:
        axisa = axisb = axisc = axis
    if np.shape(a)[axisa] != 3 or np.shape(b)[axisb] != 3:
        raise ValueError(
            f"cross: expected 3 elements along the axes {axisa} and {axisb}, got shapes {np.shape(a)} and {np.shape(b)}"
        )
    after, before = np.array([1, 2, 0]), np.array([2, 0, 1])
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    return np.moveaxis(a[..., after] * b[..., before] - a[..., before] * b[..., after], -1, axisc)


# -- tensordot: what is not summed over stays, that of a first ---------------------------------------------------------

Axes = int | tuple[Any, Any]


def summed(axes: Axes, a: Any, b: Any) -> tuple[list[int], list[int]]:
    """Return the axes of both arrays that are summed over, counted from the first."""
    if isinstance(axes, int):
        return list(range(len(a.shape) - axes, len(a.shape))), list(range(axes))
    pairs = [(one,) if isinstance(one, int) else tuple(one) for one in axes]
    return [i % len(a.shape) for i in pairs[0]], [i % len(b.shape) for i in pairs[1]]


def _rest(ndim: int, used: Sequence[int]) -> list[int]:
    return [i for i in range(ndim) if i not in used]


def back_to_first(g: Any, a: Any, b: Any, axes: Axes) -> Any:
    """Return the adjoint of the first argument of ``tensordot``: `g` with what stayed of b summed over."""
    mine, theirs = summed(axes, a, b)
    their_rest, rest = _rest(len(b.shape), theirs), _rest(len(a.shape), mine)
    order = rest + [mine[k] for k in np.argsort(theirs)]
    product = np.tensordot(g, b, axes=(tuple(range(len(rest), len(g.shape))), tuple(their_rest)))
    return np.transpose(product, [int(i) for i in np.argsort(order)])


def back_to_second(g: Any, a: Any, b: Any, axes: Axes) -> Any:
    """Return the adjoint of the second argument of ``tensordot``: `g` with what stayed of a summed over."""
    theirs, mine = summed(axes, a, b)
    their_rest, rest = _rest(len(a.shape), theirs), _rest(len(b.shape), mine)
    order = [mine[k] for k in np.argsort(theirs)] + rest
    product = np.tensordot(a, g, axes=(tuple(their_rest), tuple(range(len(their_rest)))))
    return np.transpose(product, [int(i) for i in np.argsort(order)])


tensordot = op(
    np.tensordot,
    vjp=(
        lambda g, y, a, b, axes=2: back_to_first(g, a, b, axes),
        lambda g, y, a, b, axes=2: back_to_second(g, a, b, axes),
    ),
    samples=(
        ((2, 3, 4), (3, 4, 5)),
        ((2, 3, 4), (4, 5, 2), {"axes": ((2, 0), (0, 2))}),
        ((2, 3), (4, 3), {"axes": (-1, -1)}),
        ((2,), (3,), {"axes": 0}),
    ),
)

# -- einsum ------------------------------------------------------------------------------------------------------------


def _einsum(*xs: Any, subscripts: str = "") -> Any:
    return np.einsum(subscripts, *xs, optimize=True)


def einsum_adjoint(i: int, g: Any, xs: tuple[Any, ...], subscripts: str) -> Any:
    """Return the adjoint of the i-th operand: an einsum too, of `g` and the other operands.

    What the operand alone sums over is repeated (by ones); what it repeats is a diagonal (by an identity).
    """
    *terms, output = subscripts.replace("->", ",").split(",")
    own = terms.pop(i)
    sizes = dict(zip(own, xs[i].shape, strict=True))
    operands = [g, *xs[:i], *xs[i + 1 :]]
    inputs, result = [output, *terms], ""
    fresh = iter(sorted(set(string.ascii_letters) - set(subscripts)))
    for letter in own:
        if letter in result:
            letter, twin = next(fresh), letter
            inputs.append(twin + letter)
            operands.append(np.eye(sizes[twin], dtype=xs[i].dtype))
        elif not any(letter in term for term in inputs):
            inputs.append(letter)
            operands.append(np.ones(sizes[letter], xs[i].dtype))
        result += letter
    return sum_to(einsum(f"{','.join(inputs)}->{result}", *operands), xs[i].shape)


_contract = op(
    _einsum,
    vjp=each(lambda i, g, y, xs, subscripts="": einsum_adjoint(i, g, xs, subscripts)),
    name="einsum",
    samples=(
        ((2, 3), (3, 4), {"subscripts": "ij,jk->ik"}),
        ((3, 3), {"subscripts": "ii->i"}),
        ((3, 3), (3,), {"subscripts": "ii,j->"}),
        ((2, 3), (3, 4), (4, 2), {"subscripts": "ij,jk,ki->j"}),
    ),
)


@implements("einsum")
def einsum(subscripts: Any, *operands: Any, optimize: Any = True) -> Any:
    """As ``np.einsum``: implicit or explicit, with ellipses, repeated letters and repeated operands.

    Raises
    ------
    ValueError
        If they do not fit the operands.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> a = tg.parameter([[1.0, 2.0], [3.0, 4.0]])
    >>> np.einsum("ij,ij->i", a, a).data
    array([ 5., 25.])
    """
    if not isinstance(subscripts, str):
        subscripts, operands = from_sublists((subscripts, *operands))
    return _contract(*operands, subscripts=explicit(subscripts, operands))


def from_sublists(arguments: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return subscripts in letters, and the operands, of a call with a list of numbers after each operand.

    Examples
    --------
    >>> from_sublists(["a", [0, 1], "b", [1, ...], [0, ...]])
    ('AB,B...->A...', ('a', 'b'))
    """
    letters = string.ascii_uppercase + string.ascii_lowercase
    pairs = len(arguments) // 2
    terms = ["".join("..." if i is ... else letters[i] for i in sublist) for sublist in arguments[1 : 2 * pairs : 2]]
    output = "".join("..." if i is ... else letters[i] for i in arguments[-1]) if len(arguments) % 2 else None
    return ",".join(terms) + ("" if output is None else f"->{output}"), tuple(arguments[: 2 * pairs : 2])


def explicit(subscripts: str, operands: Sequence[Any]) -> str:
    """Return subscripts with an output and with letters for an ellipsis.

    Examples
    --------
    >>> explicit("...ij,j", [np.zeros((5, 2, 3)), np.zeros(3)])
    'Aij,j->Ai'
    """
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"einsum: {len(terms)} terms in {subscripts!r}, but {len(operands)} operands")
    spare = [letter for letter in string.ascii_uppercase + string.ascii_lowercase if letter not in subscripts]
    hidden = [np.ndim(x) - len(term) + 3 if "..." in term else 0 for term, x in zip(terms, operands, strict=True)]
    letters = "".join(spare[: max(hidden)])
    terms = [t.replace("...", letters[len(letters) - n :]) for t, n in zip(terms, hidden, strict=True)]
    for term, x in zip(terms, operands, strict=True):
        if len(term) != np.ndim(x):
            raise ValueError(f"einsum: {subscripts!r} gives {len(term)} axes to an operand of shape {np.shape(x)}")
    if arrow:
        return f"{','.join(terms)}->{output.replace('...', letters)}"
    once = sorted(letter for letter in set("".join(terms)) - set(letters) if "".join(terms).count(letter) == 1)
    return f"{','.join(terms)}->{letters}{''.join(once)}"
