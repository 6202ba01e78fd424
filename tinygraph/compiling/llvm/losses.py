"""Cross-entropy of rows in compiled functions, and its adjoint."""

from __future__ import annotations

from typing import Any

from numba.core import cgutils

from .instructions import INTEGER, Array, Variable, each, of_arrays
from .mathematics import exp


@of_arrays
def cross_entropy(builder: Any, o: Array, target: Array, losses: Array, p: Array) -> Any:
    """Write a loss for each row, and the probabilities; tell whether all targets are classes."""
    rows, columns = o.shape
    fine = cgutils.alloca_once_value(builder, cgutils.true_bit)
    with each(builder, rows) as i:
        is_class = builder.icmp_unsigned("<", target[i], columns)  # nor is it negative
        builder.store(builder.and_(builder.load(fine), is_class), fine)
    with builder.if_then(builder.load(fine)), each(builder, rows) as i:
        top = Variable(o[i, INTEGER(0)])
        with each(builder, columns) as k:
            top.set(o[i, k].where(o[i, k] > top.get(), top.get()))  # NaN shows in the total
        with each(builder, columns) as k:
            p[i, k] = exp(o[i, k] - top.get())
        total = Variable(top.get().like(0))
        with each(builder, columns) as k:
            total.set(total.get() + p[i, k])
        scale = 1 / total.get()
        with each(builder, columns) as k:
            p[i, k] = p[i, k] * scale
        losses[i] = total.get().call("llvm.log") - (o[i, target[i]] - top.get())
    return builder.load(fine)


@of_arrays
def cross_entropy_adjoint(builder: Any, g: Array, p: Array, target: Array, do: Array) -> None:
    """Write ``g (p − one_hot(target))``, a row for each loss; g may be the same for all."""
    rows, columns = p.shape
    several = builder.icmp_unsigned(">", g.shape[0], INTEGER(1))
    with each(builder, rows) as i:
        adjoint = g[builder.select(several, i, INTEGER(0))]
        with each(builder, columns) as k:
            do[i, k] = adjoint * p[i, k]
        do[i, target[i]] = do[i, target[i]] - adjoint
