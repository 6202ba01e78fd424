"""The same networks with each peer: a function that prepares a run, which returns the loss and the gradients."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import tinygraph as tg
from tests.benchmarks import by_hand, programs, textbook

Run = Callable[[], tuple[Any, list[Any]]]
PARAMETERS = (2, 3, 4, 5, 6)


# -- ours, and NumPy ---------------------------------------------------------------------------------------------------


def hand(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return optimised NumPy."""
    return lambda: by_hand.CELLS[cell](*arrays)


def book(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return textbook NumPy."""
    return lambda: textbook.loss_and_gradients(cell, *arrays)


def eager(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return tinygraph's tape."""
    return tape(programs.CELLS[cell], arrays)


def tape(network: Callable, arrays: list[np.ndarray]) -> Run:
    """Return a network that is recorded, and its backward pass."""
    X, Y, *values = arrays
    parameters = [tg.parameter(value) for value in values]

    def run() -> tuple[Any, list[Any]]:
        for parameter in parameters:
            parameter.grad = None
        loss = network(X, Y, *parameters)
        loss.backward()
        return loss.data, [parameter.grad for parameter in parameters]

    return run


def _compiled(backend: str) -> Callable[[str, list[np.ndarray]], Run]:
    def prepare(cell: str, arrays: list[np.ndarray]) -> Run:
        run = tg.compile(tg.value_and_grad(programs.CELLS[cell], PARAMETERS), backend=backend)
        return lambda: run(*arrays)

    return prepare


# -- libraries in NumPy's style ----------------------------------------------------------------------------------------


def network(of: Any, cell: str, X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of a network with the functions of a library."""
    state = start(of.np, cell, X, V)
    loss = 0.0
    for t in range(len(X)):
        state = step(of, cell, state, X[t], U, W, b)
        loss = loss + of.cross_entropy(state[0] @ V.T + c, Y[t])
    return loss


def start(np: Any, cell: str, X: Any, V: Any) -> tuple[Any, ...]:
    """Return the states before the first time step."""
    zeros = np.zeros((X.shape[1], V.shape[1]), X.dtype)
    return (zeros, zeros) if cell == "LSTM" else (zeros,)


def step(of: Any, cell: str, state: tuple[Any, ...], x: Any, U: Any, W: Any, b: Any) -> tuple[Any, ...]:
    """Return the states after one time step."""
    h, *rest = state
    H = h.shape[1]
    a = x @ U.T + b
    if cell == "Elman":
        return (of.tanh(a + h @ W.T),)
    if cell == "LSTM":
        a = a + h @ W.T
        gates = of.sigmoid(a[:, : 3 * H])
        s = gates[:, H : 2 * H] * rest[0] + gates[:, :H] * of.tanh(a[:, 3 * H :])
        return gates[:, 2 * H :] * of.tanh(s), s
    gates = of.sigmoid(a[:, : 2 * H] + h @ W[: 2 * H].T)
    z, r = gates[:, :H], gates[:, H:]
    new = of.tanh(a[:, 2 * H :] + (r * h) @ W[2 * H :].T)
    return ((1 - z) * h + z * new,)


def autograd(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + anp.exp(-x))

    def cross_entropy(o: Any, y: Any) -> Any:
        return anp.sum(logsumexp(o, axis=1) - o[np.arange(len(y)), y])

    of = SimpleNamespace(np=anp, tanh=anp.tanh, sigmoid=sigmoid, cross_entropy=cross_entropy)
    X, Y, *parameters = arrays
    run = value_and_grad(lambda parameters: network(of, cell, X, Y, *parameters))
    return lambda: run(parameters)


def mygrad(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return MyGrad."""
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid
    from mygrad.nnet.losses import softmax_crossentropy

    def cross_entropy(o: Any, y: Any) -> Any:
        return softmax_crossentropy(o, y) * np.float32(len(y))

    of = SimpleNamespace(np=np, tanh=mg.tanh, sigmoid=sigmoid, cross_entropy=cross_entropy)
    X, Y, *parameters = arrays

    def run() -> tuple[Any, list[Any]]:
        leaves = [mg.tensor(parameter) for parameter in parameters]
        loss = network(of, cell, X, Y, *leaves)
        loss.backward()
        return loss.data, [leaf.grad for leaf in leaves]

    return run


def jax(cell: str, arrays: list[np.ndarray]) -> Run:
    """Return jax.jit of a scan."""
    import jax
    import jax.numpy as jnp

    of = SimpleNamespace(tanh=jnp.tanh, sigmoid=jax.nn.sigmoid)

    def loss(parameters: list[Any], X: Any, Y: Any) -> Any:
        U, W, b, V, c = parameters

        def body(state: Any, x: Any) -> Any:
            state = step(of, cell, state, x, U, W, b)
            return state, state[0]

        _, hs = jax.lax.scan(body, start(jnp, cell, X, V), X)
        o = hs @ V.T + c
        return (jax.nn.logsumexp(o, axis=-1) - jnp.take_along_axis(o, Y[..., None], axis=-1)[..., 0]).sum()

    X, Y, *parameters = arrays
    run = jax.jit(jax.value_and_grad(loss))
    return lambda: jax.block_until_ready(run(parameters, X, Y))


# -- torch -------------------------------------------------------------------------------------------------------------

_ORDER = {"Elman": [0], "LSTM": [0, 1, 3, 2], "GRU": [1, 0, 2]}  # of our gates in torch's


def _torch(whole: bool) -> Callable[[str, list[np.ndarray]], Run]:
    def prepare(cell: str, arrays: list[np.ndarray]) -> Run:
        import torch

        torch.set_num_threads(1)
        X, Y, U, W, b, V, c = arrays
        T, N, I = X.shape
        H = V.shape[1]
        name = {"Elman": "RNN", "LSTM": "LSTM", "GRU": "GRU"}[cell]
        layer = getattr(torch.nn, name if whole else f"{name}Cell")(I, H)
        out = torch.nn.Linear(H, len(c))
        order = np.concatenate([np.arange(k * H, (k + 1) * H) for k in _ORDER[cell]])
        weights = [U[order], W[order], b[order], np.zeros_like(b), V, c]
        leaves = [*layer.parameters(), *out.parameters()]
        with torch.no_grad():
            for leaf, value in zip(leaves, weights, strict=True):
                leaf.copy_(torch.from_numpy(value))
        xs, ys = torch.from_numpy(X), torch.from_numpy(Y)

        def loss() -> Any:
            if whole:
                o = out(layer(xs)[0])
                return torch.nn.functional.cross_entropy(o.reshape(T * N, -1), ys.reshape(-1), reduction="sum")
            h = torch.zeros(N, H)
            state = (h, h) if cell == "LSTM" else h
            total = torch.zeros(())
            for t in range(T):
                state = layer(xs[t], state)
                o = out(state[0] if cell == "LSTM" else state)
                total = total + torch.nn.functional.cross_entropy(o, ys[t], reduction="sum")
            return total

        def run() -> tuple[Any, list[Any]]:
            for leaf in leaves:
                leaf.grad = None
            value = loss()
            value.backward()
            return value.detach(), [leaf.grad for k, leaf in enumerate(leaves) if k != 3]  # it has a bias twice

        return run

    return prepare


PEERS: dict[str, tuple[str, tuple[str, ...], Callable[[str, list[np.ndarray]], Run]]] = {
    "hand": ("NumPy by hand, optimised", (), hand),
    "textbook": ("NumPy by hand, textbook", (), book),
    "autograd": ("HIPS autograd", ("autograd", "autograd.numpy", "autograd.scipy.special"), autograd),
    "mygrad": ("MyGrad", ("mygrad", "mygrad.nnet"), mygrad),
    "torch": ("torch, loop over cells", ("torch",), _torch(False)),
    "torch.nn": ("torch.nn", ("torch",), _torch(True)),
    "jax": ("jax.jit(scan)", ("jax", "jax.numpy"), jax),
    "eager": ("tinygraph, eager", (), eager),
    "numpy": ("tinygraph, compiled: numpy", (), _compiled("numpy")),
    "numba": ("tinygraph, compiled: numba", ("numba", "tinygraph.compiling.llvm.numeric"), _compiled("numba")),
}
"""Of each peer its name in the table, the modules that it needs, and what prepares a run."""
