"""What to write instead, where a function of NumPy's or SciPy's turns a Tensor into a plain array on its own."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

import numpy as np

from .numpy_protocol import numpy_functions

_LIBRARIES = ("numpy", "scipy")
_NUMPYS = (  # of scipy.linalg
    *("cholesky", "det", "inv", "lstsq", "norm", "pinv", "qr", "solve", "svd"),
    *("eig", "eigh", "eigvals", "eigvalsh"),
)
_REDUCTIONS = "sum", "prod", "mean", "average", "median", "var", "std", "max", "min", "amax", "amin", "argmax", "argmin"
_INSTEAD = {
    **{f"np.{name}": f"np.{name}(np.stack([…]))" for name in _REDUCTIONS},
    "np.full": "np.broadcast_to(t, shape)",
    "np.AxisConcatenator.__getitem__": "np.concatenate([…]) for np.r_, np.column_stack([…]) for np.c_",
    "np.vectorize": "np.stack([f(x) for x in t])",
    "np.fill_diagonal": "np.where(np.eye(n, dtype=bool), t, a)",
    **{f"scipy.linalg.{name}": f"np.linalg.{name}" for name in _NUMPYS},
    "scipy.linalg.svdvals": "np.linalg.svd(x, compute_uv=False)",
    "scipy.linalg.solve_triangular": "np.linalg.solve(np.triu(a), b), with np.tril for lower=True",
    "scipy.linalg.cho_solve": "np.linalg.solve",
    "scipy.linalg.block_diag": "np.block",
    "scipy.linalg.expm": "tg.expm",
    "scipy.special.logsumexp": "tg.logsumexp(x, axis)",
    "scipy.special.softmax": "tg.softmax(x, axis), with axis=None for all elements",
    "scipy.special.log_softmax": "tg.log_softmax(x, axis), with axis=None for all elements",
    "scipy.special.multigammaln": "tinygraph.ops.special.multigammaln(a, d)",
    "scipy.special.polygamma": "tinygraph.ops.special.polygamma(n, x)",
    "scipy.integrate.trapezoid": "np.trapezoid",
}


def instead(frame: FrameType) -> str:
    """Return which function the user called, if one of NumPy's or SciPy's runs in `frame`, and what to write; or "".

    Examples
    --------
    >>> import sys
    >>> instead(sys._getframe())
    ''
    """
    calls = []
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        calls.append(_called(frame))
        frame = frame.f_back
    if not calls:
        return ""
    known = next((name for name in reversed(calls) if name in _INSTEAD), None)  # the outermost is the user's
    if known is None:
        return _of(calls[-1])
    taken = "list of Tensors" if "stack([…" in _INSTEAD[known] else "Tensor"
    return f"{known} takes no {taken}: write {_INSTEAD[known]}"


def _of(name: str) -> str:
    function = name.removeprefix("np.")
    if name != function and getattr(np, function, None) in numpy_functions:
        return f"{name} takes no list of Tensors: write {name}(np.stack([…]))"
    if name.startswith("numpy.ma."):
        return "a Tensor has no mask: write np.where(mask, value, t)"
    return "" if name.startswith("np._") else f"{name} takes no Tensor: write it with NumPy's functions"


def _called(frame: FrameType) -> str:
    """Return the name by which users know the function of a library that runs in `frame`."""
    module, name = frame.f_globals["__name__"], frame.f_code.co_qualname
    wrapped = frame.f_locals.get("f", frame.f_locals.get("func"))
    if frame.f_code.co_name in ("wrapper", "inner") and callable(wrapped):  # decorators of SciPy's, and np.errstate
        module, name = wrapped.__module__, wrapped.__qualname__
    public = list(_public(module.split(".")))
    return ".".join(["np" if public == ["numpy"] else ".".join(public), name.removesuffix(".__call__")])


def _public(parts: list[str]) -> Iterator[str]:
    for part in parts[:2]:
        if not part.startswith("_") and part != "lib":
            yield part
