"""Counting with weights, which receive gradients; and the distinct elements of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.tensor import Tensor
from .elementwise import plain
from .indexing import scatter
from .shapes import as_array, astype

__all__ = [
    "bincount",
    "histogram",
    "histogram_bin_edges",
    "unique",
]


@implements("bincount")
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """As ``np.bincount``: a plain array, but of weights that are a Tensor a Tensor.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter([1.0, 2.0, 4.0])
    >>> np.bincount([0, 2, 0], weights=w).data
    array([5., 0., 2.])
    """
    if not isinstance(weights, Tensor):
        return np.bincount(plain(x), weights, minlength)
    counts = np.bincount(plain(x), None, minlength)
    if weights.shape != np.shape(x):
        raise ValueError(f"x has shape {np.shape(x)}, weights {weights.shape}")
    weights = weights if weights.dtype == np.float64 else astype(weights, np.float64)
    return scatter(weights, index=np.asarray(plain(x)), shape=counts.shape)


@implements("histogram_bin_edges")
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """As ``np.histogram_bin_edges``: where the least and the greatest of `a` set the edges, they receive gradients.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.jacobian(lambda a: np.histogram_bin_edges(a, 2))(np.array([1.0, 5.0, 2.0]))
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 1. , 0. ]])
    """
    if range is not None and any(isinstance(end, Tensor) and end.requires_grad for end in range):
        raise TypeError("range= is static: a Tensor there would receive no gradient; bins= takes edges that have one")
    edges = np.histogram_bin_edges(plain(a), plain(bins), range, plain(weights))
    if isinstance(bins, Tensor) and bins.ndim:
        return bins
    if range is not None or np.ndim(plain(bins)) or not (isinstance(a, Tensor) and a.requires_grad and a.size):
        return edges
    margin = 0.5 if np.ptp(plain(a)) == 0 else 0.0
    return np.linspace(np.min(a) - margin, np.max(a) + margin, len(edges))


@implements("histogram")
def histogram(a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None) -> Any:
    """As ``np.histogram``: numbers are plain, sums of weights and densities have gradients, as edges do."""
    if isinstance(weights, Tensor) and weights.shape != np.shape(a):
        raise ValueError(f"a has shape {np.shape(a)}, weights {weights.shape}")
    edges = histogram_bin_edges(a, bins, range, weights)
    data, known = np.ravel(plain(a)), plain(edges)
    if not isinstance(weights, Tensor):
        total = np.histogram(plain(a), plain(bins), range, None, weights)[0]
    else:
        inside = (data >= known[0]) & (data <= known[-1])
        places = np.searchsorted(known[:-1], data[inside], side="right") - 1  # the last bin has both its edges
        total = scatter(np.ravel(weights)[inside], index=places, shape=(len(known) - 1,))
    return (total / np.diff(edges) / np.sum(total) if density else total), edges


@implements("unique")
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """As ``np.unique``, always sorted: of equal elements the first receives the gradient. All but values are plain."""
    ar = as_array(ar)
    _, index, inverse, counts = np.unique(plain(ar), True, True, True, axis, equal_nan=equal_nan)
    values = np.ravel(ar)[index] if axis is None else np.take(ar, index, axis)
    wanted = (return_index, index), (return_inverse, inverse), (return_counts, counts)
    parts = (values, *[part for asked, part in wanted if asked])
    return parts if len(parts) > 1 else values
