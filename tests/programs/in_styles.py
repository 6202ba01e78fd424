"""Recurrent programs as different people write them; `SAID` tells what a reader of them calls their values."""

from __future__ import annotations

import functools
from collections import namedtuple
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

import tinygraph as tg

T, N, M = 4, 3, 2
rng = np.random.default_rng(0)
INPUTS = rng.normal(size=(T, M))
TARGETS = rng.normal(size=(T, N))


def weight(*shape):
    return tg.parameter(rng.normal(size=shape) * 0.5)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstm_of_a_dict():
    p = {}
    for gate in "ifoc":
        p["W" + gate] = weight(N, N + M)
        p["b" + gate] = weight(N)
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        v = np.concatenate([h, x])
        i = sigmoid(p["Wi"] @ v + p["bi"])
        f = sigmoid(p["Wf"] @ v + p["bf"])
        o = sigmoid(p["Wo"] @ v + p["bo"])
        c = f * c + i * np.tanh(p["Wc"] @ v + p["bc"])
        h = o * np.tanh(c)
    return np.sum(h**2)


def a_cell_that_returns_a_pair():
    params = {"Wx": weight(4 * N, M), "Wh": weight(4 * N, N), "b": weight(4 * N)}

    def cell(p, hidden, memory, inp):
        z = p["Wx"] @ inp + p["Wh"] @ hidden + p["b"]
        i, f, o, g = np.split(z, 4)
        new_memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        new_hidden = sigmoid(o) * np.tanh(new_memory)
        return new_hidden, new_memory

    h, c = np.zeros(N), np.zeros(N)
    for t in range(T):
        h, c = cell(params, h, c, INPUTS[t])
    loss = np.sum(h**2)
    return loss


class Layer:
    def __init__(self, n, m):
        self.W = weight(n, n)
        self.U = weight(n, m)
        self.b = weight(n)

    def step(self, h, x):
        a = self.W @ h + self.U @ x + self.b
        return np.tanh(a)


def layers_in_a_list():
    layers = [Layer(N, M), Layer(N, N)]
    states = [np.zeros(N) for _ in layers]
    for x in INPUTS:
        for k, layer in enumerate(layers):
            states[k] = layer.step(states[k], x if k == 0 else states[k - 1])
    return np.sum(states[-1] ** 2)


def layers_by_name():
    encoder = Layer(N, M)
    decoder = Layer(N, N)
    s = np.zeros(N)
    for x in INPUTS:
        s = encoder.step(s, x)
    y = s
    for _ in range(T - 1):
        y = decoder.step(y, y)
    return np.sum(y)


def weights_in_lists():
    W = [weight(N, M), weight(N, N)]
    b = [weight(N) for _ in range(2)]
    loss = 0.0
    for x, y in zip(INPUTS, TARGETS):
        h = x
        for l in range(2):
            h = np.tanh(W[l] @ h + b[l])
        loss = loss + np.sum((h - y) ** 2)
    return loss


@dataclass
class Weights:
    W: tg.Tensor
    U: tg.Tensor
    b: tg.Tensor = field(default_factory=lambda: weight(N))


def a_dataclass():
    p = Weights(weight(N, N), weight(N, M))
    hs = [np.zeros(N)]
    for t in range(T):
        hs.append(np.tanh(p.W @ hs[-1] + p.U @ INPUTS[t] + p.b))
    return np.mean((np.stack(hs[1:]) - TARGETS) ** 2)


Gates = namedtuple("Gates", "z r n")


def a_namedtuple_of_gates():
    W = Gates(*(weight(N, N) for _ in range(3)))
    U = Gates(z=weight(N, M), r=weight(N, M), n=weight(N, M))
    h = np.zeros(N)
    for x_t in INPUTS:
        z_t = sigmoid(W.z @ h + U.z @ x_t)
        r_t = sigmoid(W.r @ h + U.r @ x_t)
        h_tilde = np.tanh(W.n @ (r_t * h) + U.n @ x_t)
        h_t = (1 - z_t) * h + z_t * h_tilde
        h = h_t
    return np.sum(h)


def init(n, m):
    W = weight(n, n)
    U = weight(n, m)
    c = weight(n)
    return W, U, c


def unpacked_from_a_function():
    Whh, Wxh, bh = init(N, M)
    h = np.zeros(N)
    for x in INPUTS:
        h = np.tanh(np.dot(Whh, h) + np.dot(Wxh, x) + bh)
    return h @ h


def handed_to_a_step():
    params = init(N, M)

    def step(params, s, x):
        A, B, d = params
        return np.tanh(A @ s + B @ x + d)

    s = np.zeros(N)
    for x in INPUTS:
        s = step(params, s, x)
    return np.sum(s)


def closures():
    def make(n, m):
        W, U = weight(n, n), weight(n, m)

        def step(h, x):
            return np.tanh(W @ h + U @ x)

        return step

    forward, backward = make(N, M), make(N, M)
    h = g = np.zeros(N)
    for t in range(T):
        h = forward(h, INPUTS[t])
    for t in reversed(range(T)):
        g = backward(g, INPUTS[t])
    return np.sum(h * g)


def a_generator():
    W, U = weight(N, N), weight(N, M)

    def run(h, xs):
        for x in xs:
            h = np.tanh(W @ h + U @ x)
            yield h

    V = weight(1, N)
    return sum(np.sum((V @ s) ** 2) for s in run(np.zeros(N), INPUTS))


def yields_unnamed():
    W = weight(N, N)

    def run(start):
        yield np.tanh(W @ start)
        yield np.tanh(W @ W @ start)

    total = 0.0
    for state in run(np.ones(N)):
        total = total + np.sum(state)
    return total


def reduced():
    W, U = weight(N, N), weight(N, M)

    def cell(h, x):
        return np.tanh(W @ h + U @ x)

    h_T = functools.reduce(cell, INPUTS, np.zeros(N))
    return np.sum(h_T)


def einsums():
    net = SimpleNamespace(A=weight(N, N), B=weight(M, N))
    hist = []
    h = np.zeros((2, N))
    for t in range(T):
        h = np.tanh(np.einsum("bi,ij->bj", h, net.A) + np.einsum("bi,ij->bj", np.ones((2, M)), net.B))
        hist.append(h)
    out = np.einsum("tbi->", np.stack(hist))
    return out


def comprehended():
    shapes = {"Wxh": (N, M), "Whh": (N, N), "Why": (1, N), "bh": (N,), "by": (1,)}
    theta = {name: weight(*shape) for name, shape in shapes.items()}
    xs, hs, ys = {}, {}, {}
    hs[-1] = np.zeros(N)
    loss = 0
    for t in range(T):
        xs[t] = INPUTS[t]
        hs[t] = np.tanh(theta["Wxh"] @ xs[t] + theta["Whh"] @ hs[t - 1] + theta["bh"])
        ys[t] = theta["Why"] @ hs[t] + theta["by"]
        loss += np.sum((ys[t] - 1.0) ** 2)
    return loss


class GRU:
    def __init__(self, n, m):
        for gate in ("z", "r", "h"):
            setattr(self, f"W{gate}", weight(n, m))
            setattr(self, f"U{gate}", weight(n, n))

    def __call__(self, h_prev, x):
        z = sigmoid(self.Wz @ x + self.Uz @ h_prev)
        r = sigmoid(self.Wr @ x + self.Ur @ h_prev)
        cand = np.tanh(self.Wh @ x + self.Uh @ (r * h_prev))
        h_next = z * h_prev + (1 - z) * cand
        return h_next


class Model:
    def __init__(self):
        self.gru = GRU(N, M)
        self.readout = {"V": weight(1, N), "c": weight(1)}

    def forward(self, xs):
        h = np.zeros(N)
        outputs = []
        for x in xs:
            h = self.gru(h, x)
            outputs.append(self.readout["V"] @ h + self.readout["c"])
        return outputs


def classes():
    model = Model()
    ys = model.forward(INPUTS)
    losses = [np.sum((y - 1) ** 2) for y in ys]
    return sum(losses) / len(losses)


def by_hand():
    w1, w2 = weight(N, M), weight(N, N)
    h1 = np.tanh(w1 @ INPUTS[0])
    h2 = np.tanh(w1 @ INPUTS[1] + w2 @ h1)
    h3 = np.tanh(w1 @ INPUTS[2] + w2 @ h2)
    return (h3**2).sum()


def one_row_for_each_gate():
    W = [[weight(N, M), weight(N, N)] for _ in range(2)]
    h = np.zeros(N)
    for x in INPUTS:
        u = sigmoid(W[0][0] @ x + W[0][1] @ h)
        h = u * h + (1 - u) * np.tanh(W[1][0] @ x + W[1][1] @ h)
    return np.sum(h)


def attention_over_a_list():
    Wq, Wk, Wv = (weight(N, M) for _ in range(3))
    keys = [Wk @ x for x in INPUTS]
    values = [Wv @ x for x in INPUTS]
    q = Wq @ INPUTS[-1]
    scores = np.stack([k @ q for k in keys])
    alpha = np.exp(scores) / np.sum(np.exp(scores))
    context = sum(a * v for a, v in zip(alpha, values))
    return np.sum(context)


# name of the program -> what its parameters are called, what its computed values are called
SAID = {
    lstm_of_a_dict: ("Wi bi Wf bf Wo bo Wc bc", "v i f o c h"),
    a_cell_that_returns_a_pair: ("Wx Wh b", "z i f o g h c loss"),
    layers_in_a_list: ("W₀ U₀ b₀ W₁ U₁ b₁", "a state"),
    layers_by_name: ("W_encoder U_encoder b_encoder W_decoder U_decoder b_decoder", "a_enc s a_dec y"),
    weights_in_lists: ("W₀ W₁ b₀ b₁", "h loss"),
    a_dataclass: ("W U b", "h"),
    a_namedtuple_of_gates: ("W_z W_r W_n U_z U_r U_n", "z r h_tilde h"),
    unpacked_from_a_function: ("Whh Wxh bh", "h"),
    handed_to_a_step: ("W U c", "s"),
    closures: ("W_forward U_forward W_backward U_backward", "h g"),
    a_generator: ("W U V", "h"),
    yields_unnamed: ("W", "state total"),
    reduced: ("W U", "h h_T"),
    einsums: ("A B", "h out"),
    comprehended: ("Wxh Whh Why bh by", "h y loss"),
    classes: ("Wz Uz Wr Ur Wh Uh V c", "z r cand h output loss"),
    by_hand: ("w1 w2", "h1 h2 h3"),
    one_row_for_each_gate: ("W₀₀ W₀₁ W₁₀ W₁₁", "u h"),
    attention_over_a_list: ("Wq Wk Wv", "key value q scores alpha a context"),
}
