"""The programs of the lectures, each as a student would write it: plain NumPy, and nothing said about drawing.

Every function runs its program on small data and returns what it computed. The names of the variables are those of the
lectures; they are what the figures show. What A1, B6 and the like mean is in examples/rows.md.
"""

from __future__ import annotations

import itertools

import numpy as np

import tinygraph as tg

HIDDEN, INPUTS, OUTPUTS = 4, 3, 2


def weights(*shape: int, seed: int = 0) -> tg.Tensor:
    """A parameter with small values."""
    return tg.parameter(np.random.default_rng(seed).normal(0.0, 0.5, shape))


def data(*shape: int, seed: int = 1) -> np.ndarray:
    """Some data."""
    return np.random.default_rng(seed).normal(size=shape)


def logistic(a: tg.Tensor) -> tg.Tensor:
    """The logistic function."""
    return 1 / (1 + np.exp(-a))


# A. The dynamical system


def affine_system(T: int = 4) -> tg.Tensor:
    """A1: s⁽ᵗ⁺¹⁾ = W s⁽ᵗ⁾ + b."""
    W, b = weights(2, 2), weights(2)
    s = np.ones(2)
    for _ in range(T):
        s = W @ s + b
    return s


def shared_parameter(T: int = 3) -> tg.Tensor:
    """A2: one θ, used at every step."""
    θ = weights(2, 2)
    s = np.ones(2)
    for _ in range(T):
        s = np.tanh(θ @ s)
    return s


def driven_system(T: int = 4) -> tg.Tensor:
    """A3: a state that is driven by an input."""
    W, U = weights(HIDDEN, HIDDEN), weights(HIDDEN, INPUTS)
    h = np.zeros(HIDDEN)
    for x in data(T, INPUTS):
        h = np.tanh(W @ h + U @ x)
    return h


def full_history(T: int = 5) -> tg.Tensor:
    """A4: every state depends on all before it."""
    θ = weights(2, 2)
    s = tg.tensor(np.ones(2), name="s")
    history = [s]
    for _ in range(T - 1):
        s = np.tanh(θ @ sum(history))
        history.append(s)
    return s


def state_summary(T: int = 5) -> tg.Tensor:
    """A4: a state that summarises all before it."""
    θ = weights(2, 2)
    s = np.ones(2)
    for _ in range(T - 1):
        s = np.tanh(θ @ s)
    return s


def oscillator(T: int = 3) -> tg.Tensor:
    """A5: Euler's method for a forced oscillator."""
    k, A = tg.parameter(4.0), tg.parameter(1.0)
    h, s, v = 0.1, tg.tensor(0.0), tg.tensor(0.0)
    for n in range(T):
        force = A * np.cos(n * h) - k * s
        s, v = s + h * v, v + h * force
    return s


def product() -> tg.Tensor:
    """A6: z = x·y."""
    x, y = tg.parameter(2.0), tg.parameter(3.0)
    z = x * y
    return z


def logistic_regression() -> tg.Tensor:
    """A6: y = σ(xᵀw + b)."""
    x, w, b = tg.tensor(data(3)), weights(3), weights()
    u = x @ w
    a = u + b
    y = tg.sigmoid(a)
    return y


def rectified_layer() -> tg.Tensor:
    """A6: H = max(0, XW + b)."""
    X, W, b = tg.tensor(data(5, 3)), weights(3, 4), weights(4)
    U = X @ W
    A = U + b
    H = np.maximum(0, A)
    return H


def weight_decay() -> tuple[tg.Tensor, tg.Tensor]:
    """A6: a prediction ŷ = xᵀw, and the penalty λ Σ w²."""
    x, w, λ = tg.tensor(data(3)), weights(3), 0.1
    ŷ = x @ w
    u = (w**2).sum()
    penalty = λ * u
    return ŷ, penalty


# B. The recurrent network and its variants


def first_model(T: int = 3) -> tg.Tensor:
    """B1: the state passes from hidden to hidden."""
    U, W, b = weights(HIDDEN, INPUTS), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    V, c = weights(OUTPUTS, HIDDEN), weights(OUTPUTS)
    h, losses = np.zeros(HIDDEN), []
    for x, y in zip(data(T, INPUTS), np.arange(T) % OUTPUTS, strict=True):
        a = b + W @ h + U @ x
        h = np.tanh(a)
        o = c + V @ h
        L = tg.softmax_cross_entropy(o, y)
        losses.append(L)
    loss = sum(losses)
    return loss


def worked_example(outputs: int = 1) -> tg.Tensor:
    """B2: the lectures' series, a window of 4, H = 20; B3 with two outputs."""
    series = np.array([8, 10, 12, 10, 8, 12, 10, 12.0])
    U, W, b1 = weights(20, 4), weights(20, 20), weights(20)
    V, b2 = weights(outputs, 20), weights(outputs)
    h, losses = np.zeros(20), []
    for t in range(5 - outputs):
        x, y = series[t : t + 4], series[t + 4 : t + 4 + outputs]
        h = np.tanh(W @ h + U @ x + b1)
        ŷ = V @ h + b2
        L = ((y - ŷ) ** 2).mean()
        losses.append(L)
    MSE = sum(losses) / len(losses)
    return MSE


def two_ahead() -> tg.Tensor:
    """B3: two outputs ahead; the fourth window has no complete target."""
    return worked_example(outputs=2)


def second_model(T: int = 3) -> tg.Tensor:
    """B4: the output passes to the hidden layer."""
    U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, 1), weights(HIDDEN)
    V, b2 = weights(1, HIDDEN), weights(1)
    ŷ, losses = np.zeros(1), []
    for x, y in zip(data(T, INPUTS), data(T, 1), strict=True):
        h = np.tanh(W @ ŷ + U @ x + b1)
        ŷ = V @ h + b2
        L = ((y - ŷ) ** 2).sum()
        losses.append(L)
    loss = sum(losses)
    return loss


def teacher_forcing(T: int = 3) -> tg.Tensor:
    """B5, training: the target of the step before is fed, not the output."""
    U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, 1), weights(HIDDEN)
    V, b2 = weights(1, HIDDEN), weights(1)
    xs, ys = data(T, INPUTS), [tg.tensor(y, name="y") for y in data(T + 1, 1)]
    losses = []
    for x, y, target in zip(xs, ys, ys[1:], strict=False):
        h = np.tanh(W @ y + U @ x + b1)
        ŷ = V @ h + b2
        L = ((target - ŷ) ** 2).sum()
        losses.append(L)
    loss = sum(losses)
    return loss


def free_running(T: int = 3) -> tg.Tensor:
    """B5, testing: the network's own output is fed."""
    U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, 1), weights(HIDDEN)
    V, b2 = weights(1, HIDDEN), weights(1)
    ŷ = tg.tensor(np.zeros(1), name="ŷ")
    for x in data(T, INPUTS):
        h = np.tanh(W @ ŷ + U @ x + b1)
        ŷ = V @ h + b2
    return ŷ


def sequence_to_one(T: int = 4) -> tg.Tensor:
    """B6: a sequence in, one output."""
    U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    V, b2 = weights(OUTPUTS, HIDDEN), weights(OUTPUTS)
    h = np.zeros(HIDDEN)
    for x in data(T, INPUTS):
        h = np.tanh(W @ h + U @ x + b1)
    ŷ = V @ h + b2
    y = np.array(1)
    L = tg.softmax_cross_entropy(ŷ, y)
    return L


def masked_sequence(T: int = 4, length: int = 2) -> tg.Tensor:
    """B6: a shorter sequence, padded; after its end the state stays as it is."""
    U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    h = tg.tensor(np.zeros(HIDDEN))
    for t, x in enumerate(data(T, INPUTS)):
        active = np.full(HIDDEN, t < length)
        s = np.tanh(W @ h + U @ x + b1)
        h = tg.where(active, s, h)
    return h


def vector_to_sequence(T: int = 3) -> tg.Tensor:
    """B7: a vector in, a sequence out; every step is fed the word before."""
    R, U, W, b1 = weights(HIDDEN, INPUTS), weights(HIDDEN, 1), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    V, b2 = weights(1, HIDDEN), weights(1)
    x, h, losses = tg.tensor(data(INPUTS)), np.zeros(HIDDEN), []
    ys = [tg.tensor(y, name="y") for y in data(T + 1, 1)]
    for y, target in itertools.pairwise(ys):
        h = np.tanh(W @ h + U @ y + R @ x + b1)
        ŷ = V @ h + b2
        L = ((target - ŷ) ** 2).sum()
        losses.append(L)
    loss = sum(losses)
    return loss


def bidirectional(T: int = 3) -> tg.Tensor:
    """B8: one chain forward, one backward in time."""
    W_F, U_F = weights(HIDDEN, HIDDEN), weights(HIDDEN, INPUTS)
    W_B, U_B = weights(HIDDEN, HIDDEN), weights(HIDDEN, INPUTS)
    V_F, V_B = weights(OUTPUTS, HIDDEN), weights(OUTPUTS, HIDDEN)
    xs = [tg.tensor(x, name="x") for x in data(T, INPUTS)]
    h, g = np.zeros(HIDDEN), np.zeros(HIDDEN)
    hs, gs, losses = [], [], []
    for x in xs:
        h = np.tanh(W_F @ h + U_F @ x)
        hs.append(h)
    for x in reversed(xs):
        g = np.tanh(W_B @ g + U_B @ x)
        gs.append(g)
    for h, g, y in zip(hs, reversed(gs), np.arange(T) % OUTPUTS, strict=True):
        ŷ = V_F @ h + V_B @ g
        L = tg.softmax_cross_entropy(ŷ, y)
        losses.append(L)
    loss = sum(losses)
    return loss


def three_decoders(S: int = 3, T: int = 2) -> tg.Tensor:
    """B9: one encoder (TR), three decoders (EN, FR, ES)."""
    U, W = weights(HIDDEN, INPUTS), weights(HIDDEN, HIDDEN)
    h = np.zeros(HIDDEN)
    for x in data(S, INPUTS):
        h = np.tanh(W @ h + U @ x)
    english, french, spanish = (decode(language, h, T) for language in ("EN", "FR", "ES"))
    loss = english + french + spanish
    return loss


def decode(language: str, state: tg.Tensor, T: int) -> tg.Tensor:
    """One decoder, starting from the encoder's state; the loss of its sentence."""
    W = tg.parameter(data(HIDDEN, HIDDEN), name=f"W_{language}")
    V = tg.parameter(data(OUTPUTS, HIDDEN), name=f"V_{language}")
    s, total = state, 0.0
    with tg.scope(language):
        for y in np.arange(T) % OUTPUTS:
            s = np.tanh(W @ s)
            ŷ = V @ s
            L = tg.softmax_cross_entropy(ŷ, y)
            total = total + L
    return total


def attention(S: int = 3) -> tg.Tensor:
    """B10: additive attention, one step of it."""
    W, U, v = weights(HIDDEN, HIDDEN), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    H, s = tg.tensor(data(S, HIDDEN)), tg.tensor(data(HIDDEN))
    e = np.tanh(s @ W + H @ U) @ v
    α = tg.softmax(e)
    c = α @ H
    return c


def encoder_decoder_attention(S: int = 3, T: int = 2) -> tg.Tensor:
    """B10: an encoder, and a decoder that looks at all of it in every step."""
    U_e, W_e = weights(HIDDEN, INPUTS), weights(HIDDEN, HIDDEN)
    W, U, v = weights(HIDDEN, HIDDEN), weights(HIDDEN, HIDDEN), weights(HIDDEN)
    W_d, C, V = weights(HIDDEN, HIDDEN), weights(HIDDEN, HIDDEN), weights(OUTPUTS, HIDDEN)
    h, states = np.zeros(HIDDEN), []
    for x in data(S, INPUTS):
        h = np.tanh(W_e @ h + U_e @ x)
        states.append(h)
    H = np.stack(states)
    s, loss = h, 0.0
    for y in np.arange(T) % OUTPUTS:
        e = np.tanh(s @ W + H @ U) @ v
        α = tg.softmax(e)
        c = α @ H
        s = np.tanh(W_d @ s + C @ c)
        ŷ = V @ s
        loss = loss + tg.softmax_cross_entropy(ŷ, y)
    return loss


def deep(T: int = 3, layers: int = 3) -> tg.Tensor:
    """B11: layer l reads layer l − 1."""
    W = [tg.parameter(data(HIDDEN, HIDDEN), name=f"W{i + 1}") for i in range(layers)]
    U = [tg.parameter(data(HIDDEN, HIDDEN if i else INPUTS), name=f"U{i + 1}") for i in range(layers)]
    states = [np.zeros(HIDDEN) for _ in range(layers)]
    for x in data(T, INPUTS):
        for i in range(layers):
            h = np.tanh(W[i] @ states[i] + U[i] @ x)
            x = states[i] = h
    return h


def lstm(T: int = 2) -> tg.Tensor:
    """B12: an LSTM with peepholes; the output gate sees the new state."""
    W_i, W_f = weights(HIDDEN, HIDDEN + INPUTS), weights(HIDDEN, HIDDEN + INPUTS)
    W_c, W_o = weights(HIDDEN, HIDDEN + INPUTS), weights(HIDDEN, HIDDEN + INPUTS)
    p_i, p_f, p_o = weights(HIDDEN), weights(HIDDEN), weights(HIDDEN)
    b, s = tg.tensor(np.zeros(HIDDEN)), tg.tensor(np.zeros(HIDDEN))
    for x in data(T, INPUTS):
        u = np.concatenate([b, x])
        i = tg.sigmoid(W_i @ u + p_i * s)
        f = tg.sigmoid(W_f @ u + p_f * s)
        g = np.tanh(W_c @ u)
        s = f * s + i * g
        o = tg.sigmoid(W_o @ u + p_o * s)
        b = o * np.tanh(s)
    return b


def gru(T: int = 2) -> tg.Tensor:
    """B13: a GRU on concatenated inputs, without biases."""
    W_z, W_r = weights(HIDDEN, HIDDEN + INPUTS), weights(HIDDEN, HIDDEN + INPUTS)
    W = weights(HIDDEN, HIDDEN + INPUTS)
    h = tg.tensor(np.zeros(HIDDEN))
    for x in data(T, INPUTS):
        u = np.concatenate([h, x])
        z = tg.sigmoid(W_z @ u)
        r = tg.sigmoid(W_r @ u)
        q = np.concatenate([r * h, x])
        n = np.tanh(W @ q)
        h = (1 - z) * h + z * n
    return h


def reading_backward(S: int = 6) -> tg.Tensor:
    """B10: attention set by hand. The decoder's state points at a state of the source, and moves one back each step."""
    H = np.eye(S)  # the encoder's states tell where they are
    W, U, v = tg.parameter(3 * np.eye(S)), tg.parameter(3 * np.eye(S)), tg.parameter(np.full(S, -4.0))
    back = tg.parameter(np.roll(np.eye(S), -1, axis=0))
    s = H[-1]
    for _ in range(S):
        e = np.tanh(s @ W + H @ U) @ v
        α = tg.softmax(e)
        c = α @ H
        s = back @ c
    loss = (s**2).sum()
    return loss
