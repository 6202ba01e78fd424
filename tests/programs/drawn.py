"""Programs in styles that the others do not have, for tests of what a drawing says of them."""

from functools import partial, reduce

import numpy as np

import tinygraph as tg

RNG = np.random.default_rng(5)


def random(*shape):
    return tg.parameter(RNG.normal(0, 0.4, shape))


def coroutine_decoder(T=4):
    """A decoder that is a coroutine: it is sent a token's vector and yields the logits."""
    E, W, U, V, b = random(5, 3), random(4, 3), random(4, 4), random(5, 4), tg.parameter(np.zeros(4))

    def decoder(h):
        logits = None
        while True:
            x = yield logits
            h = np.tanh(W @ x + U @ h + b)
            logits = V @ h

    words = [1, 3, 2, 4, 0, 2][: T + 1]
    steps = decoder(np.ones(4))
    next(steps)
    loss = 0.0
    for word, target in zip(words, words[1:], strict=False):
        logits = steps.send(E[word])
        loss = loss + tg.softmax_cross_entropy(logits, np.array(target))
    return loss


def einsum_layers(T=4):
    """Two layers, their weights stacked in one array, a minibatch, everything by einsum."""
    W, U, b = random(2, 3, 3), random(2, 3, 3), random(2, 3)
    readout = random(3)
    xs = RNG.normal(size=(T, 2, 3))
    state = [np.zeros((2, 3)), np.zeros((2, 3))]
    outputs = []
    for x in xs:
        signal = x
        for layer in range(2):
            drive = np.einsum("ni,ij->nj", signal, W[layer]) + np.einsum("ni,ij->nj", state[layer], U[layer])
            signal = state[layer] = np.tanh(drive + b[layer])
        outputs.append(np.einsum("ni,i->n", signal, readout))
    return np.square(np.stack(outputs)).mean()


class Stack:
    """Layers as a list of dicts, called like a function; each keeps its state itself."""

    def __init__(self, sizes):
        pairs = zip(sizes, sizes[1:], strict=False)
        self.layers = [{"W": random(n, m), "R": random(n, n), "b": tg.parameter(np.zeros(n))} for m, n in pairs]
        self.h = [np.zeros(n) for n in sizes[1:]]

    def __call__(self, x):
        for k, layer in enumerate(self.layers):
            x = self.h[k] = np.tanh(layer["W"] @ x + layer["R"] @ self.h[k] + layer["b"])
        return x


def list_of_dicts(T=4):
    """A network of two layers whose states live in the object."""
    net, V = Stack([2, 3, 3]), random(1, 3)
    loss = 0.0
    for x, y in zip(RNG.normal(size=(T, 2)), RNG.normal(size=(T, 1)), strict=True):
        error = V @ net(x) - y
        loss = loss + (error**2).sum()
    return loss / T


def reduced_with_partial(T=5):
    """A leaky integrator with a cumulative cost, as one fold over the data; the state is a tuple."""
    A, B, h0 = random(3, 3), random(3, 2), random(3)

    def step(leak, carry, x):
        h, cost = carry
        h = leak * h + (1 - leak) * np.tanh(A @ h + B @ x)
        return h, cost + (h * h).sum()

    _, cost = reduce(partial(step, 0.3), RNG.normal(size=(T, 2)), (h0, 0.0))
    return cost


def until_it_settles(T=3):
    """In each time step the state is iterated until it moves little, as in an equilibrium network."""
    W, U, v = tg.parameter(0.3 * np.eye(3)), random(3, 2), random(3)
    z, loss = np.zeros(3), 0.0
    for x, y in zip(RNG.normal(size=(T, 2)), RNG.normal(size=T), strict=True):
        drive = U @ x
        count = 0
        while True:
            previous = z.numpy() if isinstance(z, tg.Tensor) else z
            z = np.tanh(W @ z + drive)
            count += 1
            if count == 6 or np.abs(z.numpy() - previous).max() < 0.05:
                break
        loss = loss + (v @ z - y) ** 2
    return loss
