"""A minimal reverse-mode autodiff engine over NumPy that records what a program computes.

Write NumPy; what a `Tensor` takes part in is recorded.

>>> import numpy as np, tinygraph as tg
>>> W, h = tg.parameter([[0.5]]), tg.tensor([1.0])
>>> for x in (1.0, 2.0):
...     h = np.tanh(W @ h + x)
>>> loss = np.sum(h**2)
>>> loss.backward()
>>> W.grad.shape
(1, 1)

==============  ====================================================================================================
make values     `tensor` `parameter` `Tensor`
differentiate   ``loss.backward()`` · of functions `grad` `value_and_grad` `vjp` `jvp` `jacobian` `hessian` `hvp`
                · one step at a time `backprop`
say more        `no_grad` `scope` `timestep` `iteration` `detect_anomaly`
look            `graph` → `Graph` of `Node` · `trace` → `Trace`, a recorded backward pass; `load_trace`
                · `what_if` → `WhatIf`, the pass replayed with values set, edges cut, ops swapped
                · `fold` → `FoldedGraph`, the loop back from its unrolled graph
run fast        `compile`, a function recorded once that then runs as NumPy code written for it alone
diagnose        `verify` · ``trace.cuts`` · `tg.diagnosing`: doctor, mix, forward, flow, lag, network,
                nonfinite_origin, diff
test            `tg.testing`: check_gradients, check_op, tensors, programs
bridge          ``tinygraph.pytorch.record(model)``: programs of PyTorch, where that is installed
define          `op` `each` `Op` `registry`
compute         300 NumPy functions take Tensors as they are (``np.tanh``, ``np.einsum``, ``np.linalg.solve`` …) and
                stand here too (`tg.tanh`), beside `linear` `relu` `sigmoid` `softplus` `gelu` `softmax`
                `log_softmax` `logsumexp` `softmax_cross_entropy` and others of deep learning, and `tg.fft`;
                so do SciPy's special functions (``special.gammaln``), and the methods of ufuncs
==============  ====================================================================================================

Rooms, each importing only those before it: `recording` `ops` `loops` `graphs` `backward` `folding` `compiling`
`testing` `tracing` `diagnosing` `pytorch`, of which the last is imported when it is named.
``help(tinygraph.recording)`` and its like are the map of each.
"""

import importlib
from typing import TYPE_CHECKING

from . import diagnosing, ops, testing
from .backward.anomaly import detect_anomaly
from .backward.backprop import Step, backprop
from .backward.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .compiling.compiled import compile
from .folding.fold import fold
from .folding.folded import FoldedGraph
from .graphs.graph import Graph, graph
from .ops import fourier as fft  # tg.fft.rfft stands where np.fft.rfft does
from .ops.activations import *
from .ops.by_pieces import *
from .ops.calculus import *
from .ops.counting import *
from .ops.decompositions import *
from .ops.eigen import *
from .ops.elementwise import *
from .ops.indexing import *
from .ops.joining import *
from .ops.least_squares import *
from .ops.linalg import *
from .ops.losses import *
from .ops.matrices import *
from .ops.matrix_functions import *
from .ops.products import *
from .ops.quantiles import *
from .ops.reductions import *
from .ops.shapes import *
from .ops.spacing import *
from .ops.statistics import *
from .ops.tables import *
from .ops.transcendental import *
from .ops.without_gradient import *
from .recording.context import iteration, no_grad, scope, timestep
from .recording.creation import parameter, tensor
from .recording.node import Node
from .recording.op import Op, each, op, registry
from .recording.tensor import Tensor
from .testing.verification import verify
from .tracing.trace import Trace, load_trace, trace
from .tracing.trace_file import TraceFileError
from .tracing.what_if import what_if

__version__ = "0.1.0"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import `pytorch` when it is named: torch is heavy, and optional."""
        if name == "pytorch":
            return importlib.import_module(".pytorch", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "FoldedGraph",
    "Graph",
    "Node",
    "Op",
    "Step",
    "Tensor",
    "Trace",
    "TraceFileError",
    "backprop",
    "compile",
    "detect_anomaly",
    "diagnosing",
    "each",
    "fft",
    "fold",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "iteration",
    "jacobian",
    "jvp",
    "load_trace",
    "no_grad",
    "op",
    "parameter",
    "registry",
    "scope",
    "tensor",
    "testing",
    "timestep",
    "trace",
    "value_and_grad",
    "verify",
    "vjp",
    "what_if",
]
__all__ += [name for family in ops.families for name in family.__all__]
