"""Why a recurrent network does not learn: gradients by time step, Jacobians, saturation, gates (row C7).

The functions read a recorded loss and the states that `unroll` returned; they leave ``.grad`` as it is.
`tg.diagnosing` has `flow` and `lag`, which answer by a variable's name in one trace, with a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg
from tinygraph.tracing.contributions import norm

from .cells import State
from .checks import Step

SLOPES = {"tanh": 1.0, "relu": 1.0, "linear": 1.0, "logistic": 0.25}  # γ, the steepest slope


def adjoints(loss: tg.Tensor, tensors: Sequence[tg.Tensor]) -> list[np.ndarray]:
    """Return ∂L/∂tensor for tensors anywhere in the recorded graph of the loss; zeros where L does not depend on one.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> w = tg.parameter(3.0)
    >>> y = w * w
    >>> [float(g) for g in adjoints(2 * y, [y])], w.grad
    ([2.0], None)
    """
    trace = tg.trace(loss)
    recorded = {node.tensor for node in trace.graph.nodes}
    gradients = [trace.gradient(tensor) if tensor in recorded else None for tensor in tensors]
    return [np.zeros(t.shape, t.dtype) if g is None else g for t, g in zip(tensors, gradients, strict=True)]


def gradient_norms(loss: tg.Tensor, states: Sequence[tg.Tensor]) -> np.ndarray:
    """Return ‖∂L/∂h⁽ᵗ⁾‖ for each time step, (T,).

    Examples
    --------
    >>> import numpy as np, rnn, tinygraph as tg
    >>> cell = rnn.ElmanCell(1, 3, "linear", rng=0)
    >>> cell.W.data = 0.5 * np.eye(3)
    >>> states, last = rnn.unroll(cell, np.ones((4, 1)))
    >>> gradient_norms(tg.sum(last), states) / np.sqrt(3)
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    return np.array([norm(adjoint) for adjoint in adjoints(loss, states)])


def lag_matrix(losses: Sequence[tg.Tensor], states: Sequence[tg.Tensor]) -> np.ndarray:
    """Return ‖∂L⁽ᵗ⁾/∂h⁽ˢ⁾‖ in row t and column s, (T, T): which loss taught which time step.

    Examples
    --------
    >>> import numpy as np, rnn, tinygraph as tg
    >>> cell = rnn.ElmanCell(1, 1, "linear", rng=0)
    >>> cell.W.data = [[0.5]]
    >>> states, _ = rnn.unroll(cell, np.ones((3, 1)))
    >>> lag_matrix([tg.sum(h) for h in states], states)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 1.  , 0.  ],
           [0.25, 0.5 , 1.  ]])
    """
    return np.stack([gradient_norms(loss, states) for loss in losses])


def state_jacobians(cell: Step, states: Sequence[State], xs: ArrayLike) -> np.ndarray:
    """Return ∂h⁽ᵗ⁾/∂h⁽ᵗ⁻¹⁾ of a single sequence for each time step, (T, H, H).

    Parameters
    ----------
    cell : Cell or function
        From a state and an input to the next state.
    states : h⁽⁰⁾ … h⁽ᵀ⁾ (or h⁽ᵀ⁻¹⁾)
        A state that is a tuple is taken as one vector, its parts in order.
    xs : (T, I)
        The inputs x⁽¹⁾ … x⁽ᵀ⁾.
    """
    return np.stack([_jacobian(cell, state, x) for state, x in zip(states, np.asarray(xs), strict=False)])


def _jacobian(cell: Step, state: State, x: np.ndarray) -> np.ndarray:
    parts = [_array(part) for part in state] if isinstance(state, tuple) else [_array(state)]
    ends = np.cumsum([part.size for part in parts])
    before = np.concatenate([part.ravel() for part in parts])

    def step(vector: tg.Tensor) -> tg.Tensor:
        if not isinstance(state, tuple):
            return cell(vector, x)
        pieces = (vector[end - part.size : end] for part, end in zip(parts, ends, strict=True))
        return tg.concatenate(list(cell(tuple(pieces), x)))

    return _array(tg.jacobian(step)(before))


def jacobian_products(jacobians: ArrayLike) -> np.ndarray:
    """Return ∂h⁽ᵀ⁾/∂h⁽ᵀ⁻ᵏ⁾ for k = 1 … T, (T, H, H): the products J⁽ᵀ⁾, J⁽ᵀ⁾J⁽ᵀ⁻¹⁾, …

    Examples
    --------
    >>> jacobian_products([[[2.0]], [[3.0]], [[5.0]]]).ravel()
    array([ 5., 15., 30.])
    """
    return np.stack(list(accumulate(np.asarray(jacobians)[::-1], np.matmul)))


def singular_values(matrices: ArrayLike) -> np.ndarray:
    """Return the singular values of each matrix, largest first: (T, H) of (T, H, H).

    Examples
    --------
    >>> singular_values([[0.0, 4.0], [1.0, 0.0]])
    array([4., 1.])
    """
    return np.linalg.svd(_array(matrices), compute_uv=False)


def largest_singular_value(W: ArrayLike) -> float:
    """Return σ₁ of W, the most by which it stretches a vector.

    Examples
    --------
    >>> largest_singular_value([[0.0, 4.0], [1.0, 0.0]])
    4.0
    """
    return float(singular_values(W)[0])


def norm_bounds(W: ArrayLike, steps: int, nonlinearity: str = "tanh") -> np.ndarray:
    """Return (γσ₁)ᵏ for k = 1 … steps: no product of k Jacobians of an Elman cell has a larger norm.

    γ is the steepest slope of the nonlinearity: 1 for tanh, ¼ for the logistic function.

    Examples
    --------
    >>> norm_bounds([[2.0, 0.0], [0.0, 1.0]], 3, "logistic")
    array([0.5  , 0.25 , 0.125])
    """
    if nonlinearity not in SLOPES:
        raise ValueError(f"nonlinearity should be one of {sorted(SLOPES)}, not {nonlinearity!r}")
    return (SLOPES[nonlinearity] * largest_singular_value(W)) ** np.arange(1, steps + 1)


def spectral_radius(W: ArrayLike) -> float:
    """Return the largest |eigenvalue| of W: above 1 a linear network explodes, below it forgets.

    Examples
    --------
    >>> round(spectral_radius([[0.0, 4.0], [1.0, 0.0]]), 12)
    2.0
    """
    return float(np.abs(np.linalg.eigvals(_array(W))).max())


def saturation(states: Sequence[ArrayLike], nonlinearity: str = "tanh", slope: float = 0.1) -> np.ndarray:
    """Return which share of the units is saturated in each time step, (T,): their φ′ is below slope·γ.

    Examples
    --------
    >>> import numpy as np
    >>> saturation([np.array([0.0, 0.99]), np.array([-0.999, 0.99])])
    array([0.5, 1. ])
    """
    slopes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "tanh": lambda h: 1 - h * h,
        "logistic": lambda h: h * (1 - h),
        "relu": lambda h: (h > 0).astype(float),
    }
    if nonlinearity not in slopes:
        raise ValueError(f"units that saturate are {sorted(slopes)}, not {nonlinearity!r}")
    limit = slope * SLOPES[nonlinearity]
    return np.array([np.mean(slopes[nonlinearity](_array(h)) < limit) for h in states])


class Gates(NamedTuple):
    """How a gate stands over time: its values (T, …), and the share of shut and of open units, (T,)."""

    values: np.ndarray
    shut: np.ndarray
    open: np.ndarray


def gates(recorded: tg.Tensor, name: str, shut: float = 0.1, open: float = 0.9, *, scope: str | None = None) -> Gates:
    """Return a gate's values, found in a recorded graph by its name in the equations: b_φ of an LSTM, z of a GRU.

    Parameters
    ----------
    recorded : Tensor
        A loss, or any result of the network.
    name : str
        The gate's variable in the cell.
    shut, open : float
        A unit is shut below the first and open above the second.
    scope : str, optional
        Which cell, where there are several: "layer 2" of a `Stacked`, "backward" of a `Bidirectional`.

    Raises
    ------
    ValueError
        When there is no such gate, or there are several in one time step.

    Examples
    --------
    >>> import numpy as np, rnn, tinygraph as tg
    >>> _, (b_c, s) = rnn.unroll(rnn.LSTMCell(2, 3, forget_bias=10.0, rng=0), np.zeros((4, 2)))
    >>> gates(tg.sum(b_c + s), "b_φ").open
    array([1., 1., 1., 1.])
    """
    nodes = [n for n in tg.graph(recorded).nodes if n.name == name and n.op is not None and n.timestep is not None]
    nodes = [node for node in nodes if scope is None or node.scope == scope]
    if not nodes:
        raise ValueError(f"nothing named {name!r} was recorded in a time step")
    if len({node.timestep for node in nodes}) < len(nodes):
        scopes = sorted({node.scope for node in nodes})
        raise ValueError(f"several cells have a {name!r}: choose one by its scope, of {scopes}")
    values = np.stack([node.data for node in sorted(nodes, key=lambda node: node.timestep or 0)])
    units = values.reshape(len(values), -1)
    return Gates(values, (units < shut).mean(axis=1), (units > open).mean(axis=1))


def dependence(outputs: Sequence[tg.Tensor], inputs: Sequence[tg.Tensor]) -> np.ndarray:
    """Return which output was computed from which input, as read off the recorded graph, (outputs, inputs) of bool.

    Examples
    --------
    >>> import numpy as np, rnn, tinygraph as tg
    >>> xs = [tg.tensor(np.ones(1)) for t in range(3)]
    >>> outputs, _ = rnn.unroll(rnn.ElmanCell(1, 2, rng=0), xs)
    >>> dependence(outputs, xs).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    graph = tg.graph(*outputs)
    rows = {node.tensor: node.index for node in graph.nodes}
    reads = np.zeros((len(graph), len(inputs)), bool)
    for column, x in enumerate(inputs):
        if x in rows:
            reads[rows[x], column] = True
    for node in graph.nodes:  # each stands after its inputs
        reads[node.index] |= reads[[source.index for source in node.inputs]].any(axis=0)
    return reads[[rows[output] for output in outputs]]


def task_shape(outputs: tg.Tensor | Sequence[tg.Tensor], inputs: Sequence[tg.Tensor]) -> str:
    """Return the shape of a task, as read off the recorded graph (row B14).

    Returns
    -------
    str
        "one-to-one", "one-to-many", "many-to-one", "synchronous many-to-many" (no output from a later input),
        or "sequence-to-sequence" (each output from all inputs, the first too).
    """
    several = [outputs] if isinstance(outputs, tg.Tensor) else list(outputs)
    if len(inputs) == 1 or len(several) == 1:
        return f"{_number(inputs)}-to-{_number(several)}"
    if len(several) == len(inputs) and not np.triu(dependence(several, inputs), 1).any():
        return "synchronous many-to-many"
    return "sequence-to-sequence"


def _number(values: Sequence[tg.Tensor]) -> str:
    return "one" if len(values) == 1 else "many"


def _array(value: ArrayLike) -> np.ndarray:
    return np.asarray(value.data if isinstance(value, tg.Tensor) else value)
