"""Ops: the primitives, a family a file; each a row, its forward function and its VJP rules side by side.

>>> import tinygraph as tg
>>> from tinygraph.recording.numpy_protocol import numpy_functions
>>> len(numpy_functions) > 240  # NumPy functions that take Tensors
True
"""

from . import (
    activations,
    array_attributes,
    by_pieces,
    calculus,
    counting,
    decompositions,
    eigen,
    elementwise,
    extended,
    indexing,
    joining,
    least_squares,
    linalg,
    losses,
    matrices,
    matrix_functions,
    on_demand,
    operators,
    products,
    quantiles,
    reductions,
    shapes,
    spacing,
    statistics,
    tables,
    transcendental,
    ufunc_methods,
    without_gradient,
)

families = (
    activations,
    by_pieces,
    calculus,
    counting,
    decompositions,
    eigen,
    elementwise,
    indexing,
    joining,
    least_squares,
    linalg,
    losses,
    matrices,
    matrix_functions,
    products,
    quantiles,
    reductions,
    shapes,
    spacing,
    statistics,
    tables,
    transcendental,
    without_gradient,
)

operators.attach()
extended.attach()
ufunc_methods.attach()
on_demand.attach()
array_attributes.attach(families)
