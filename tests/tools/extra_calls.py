"""Calls beside an op's samples that reach branches of its rules: singular matrices, zeros, broadcast operands."""

import numpy as np

rng = np.random.default_rng(7)
SINGULAR = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 2.0]])
INVERTIBLE = rng.uniform(-1, 1, (3, 3)) + 3 * np.eye(3)


def normal(*shape):
    return rng.normal(size=shape)


EXTRA_CALLS = {
    "det": [
        ((SINGULAR,), {}),
        ((np.array([[1.0, 2.0], [2.0, 4.0]]),), {}),
        ((np.array([[1.0, -2.0], [2.0, -4.0]]),), {}),
        ((np.stack([SINGULAR, INVERTIBLE]),), {}),
    ],
    "solve": [((INVERTIBLE, normal(2, 3, 2)), {})],
    "tril": [((normal(3),), {})],
    "triu": [((normal(3),), {})],
    "convolve": [((normal(3), normal(5)), {}), ((normal(4), normal(4)), {})],
    "left_singular_vectors": [((normal(2, 4),), {}), ((normal(4, 2),), {})],
    "right_singular_vectors": [((normal(2, 4),), {}), ((normal(4, 2),), {})],
    "sinc": [((np.array([0.0, 1e-3, 0.3, -0.49, 0.51, 1.0]),), {})],
    "power": [
        ((np.array([0.0, 0.0, 0.0, 2.0]), np.array([1.0, 2.0, 3.0, 0.0])), {}),
        ((normal(3), 3), {}),
        *(((np.array([0.0, 0.5, -2.0]), n), {}) for n in (0, 1)),
        ((np.zeros(1), np.zeros(1)), {}),
    ],
    "cumprod": [((np.array([1.5, 0.0, 2.0, -1.0]),), {}), ((np.array([[1.5, 0.0], [2.0, -1.0]]),), {"axis": 1})],
    "overlap_add": [((normal(3, 3, 2),), {"axis": (1,), "shape": (3, 4)})],
    "softmax_cross_entropy": [
        ((normal(2, 3, 4), rng.integers(0, 4, (2, 3))), {}),
        ((normal(4), np.array(2)), {}),
        ((normal(1, 4), np.array([2])), {}),
        ((normal(2, 300), np.array([299, 0])), {}),
    ],
    "einsum": [
        ((normal(1, 2, 3), normal(4, 3, 2)), {"subscripts": "Aij,Ajk->Aik"}),
        ((normal(3), normal(2, 3)), {"subscripts": "i,Ai->A"}),
        ((normal(3, 3), normal(3)), {"subscripts": "ii,i->"}),
    ],
    "linear": [
        ((normal(2, 3, 4), normal(5, 4), normal(5)), {}),
        *(((normal(n, 4), normal(5, 4), normal(5)), {}) for n in (1, 2)),
    ],
    "var": [((normal(4),), {"ddof": 3})],
    **{
        name: [((np.array([0.0, 0.0, 1.5]), np.array([0.5, 2.0, 0.7]) - edge), {})]
        for name, edge in (("xlogy", 0), ("xlog1py", 1))
    },
    "multiply": [
        ((normal(2, 1, 3), normal(4, 1)), {}),
        ((normal(1, 3), normal(3)), {}),
        ((normal(2, 3, 4), normal(4)), {}),
        *(((normal(2, 3, 1), normal(2, 1, 1)), {}), ((normal(2, 3), normal(3)), {})),
    ],
    "fill": [((normal(3, 4), *map(np.array, (0.3, 0.5, 0.7))), {"index": ((0, 1), (2, 2), (1, 0))})],
}


FIRST_ORDER = ("adjoint", "linearity", "recording", "purity", "dtypes_and_shapes")
ONLY_FIRST_ORDER = {"power"}  # 0**b bends without bound


def extra_laws(op):
    """Return the laws that hold where an op's rules branch; None for all."""
    return FIRST_ORDER if op.name in ONLY_FIRST_ORDER else None


def extra_calls(op):
    """Return the calls that suit the form of `op`."""
    fitting = []
    for arrays, attributes in EXTRA_CALLS.get(op.name, ()):
        if not op.variadic and len(arrays) != len(op.arguments):
            continue
        if op == "linear" and op.facts.get("form") != ("rows with bias" if arrays[0].ndim == 2 else "stack with bias"):
            continue
        fitting.append((arrays, attributes))
    return fitting
