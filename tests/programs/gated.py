"""Cells with gates as different people write them; `GATED` tells what each keeps, and its gates."""

from __future__ import annotations

import numpy as np

import rnn
import tinygraph as tg

T, N, M = 4, 3, 2
rng = np.random.default_rng(12)
INPUTS = rng.normal(size=(T, M))


def weight(*shape):
    return tg.parameter(rng.normal(size=shape) * 0.5)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def of_a_cell(cell):
    _, state = rnn.unroll(cell, INPUTS)
    return np.sum(cell.output(state) ** 2)


def package_lstm():
    return of_a_cell(rnn.LSTMCell(M, N, rng=0))


def package_peepholes():
    return of_a_cell(rnn.LSTMCell(M, N, peepholes=True, rng=0))


def package_gru():
    return of_a_cell(rnn.GRUCell(M, N, rng=0))


def package_gru_reset_after():
    return of_a_cell(rnn.GRUCell(M, N, reset_after=True, rng=0))


def lstm():
    W_i, W_f, W_o, W_g = (weight(N, N) for _ in range(4))
    U_i, U_f, U_o, U_g = (weight(N, M) for _ in range(4))
    b_i, b_f, b_o, b_g = (weight(N) for _ in range(4))
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        f = tg.sigmoid(W_f @ h + U_f @ x + b_f)
        i = tg.sigmoid(W_i @ h + U_i @ x + b_i)
        g = np.tanh(W_g @ h + U_g @ x + b_g)
        o = tg.sigmoid(W_o @ h + U_o @ x + b_o)
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum(h**2)


def lstm_without_named_gates():
    W_i, W_f, W_o, W_g = (weight(N, N) for _ in range(4))
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        u = h + x.sum()
        c = sigmoid(W_f @ u) * c + sigmoid(W_i @ u) * np.tanh(W_g @ u)
        h = sigmoid(W_o @ u) * np.tanh(c)
    return np.sum(h**2)


def coupled_gates():
    W_f, W_g, W_o = (weight(N, N + M) for _ in range(3))
    hidden, memory = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        v = np.concatenate([hidden, x])
        forget = sigmoid(W_f @ v)
        candidate = np.tanh(W_g @ v)
        memory = forget * memory + (1 - forget) * candidate
        hidden = sigmoid(W_o @ v) * np.tanh(memory)
    return np.sum(hidden)


def gru():
    W_z, W_r, W_h = (weight(N, M) for _ in range(3))
    U_z, U_r, U_h = (weight(N, N) for _ in range(3))
    h = np.zeros(N)
    for x in INPUTS:
        z = sigmoid(W_z @ x + U_z @ h)
        r = sigmoid(W_r @ x + U_r @ h)
        n = np.tanh(W_h @ x + U_h @ (r * h))
        h = (1 - z) * h + z * n
    return np.sum(h)


def gru_by_a_difference():
    W_z, W_h, U_z, U_h = weight(N, M), weight(N, M), weight(N, N), weight(N, N)
    h = np.zeros(N)
    for x in INPUTS:
        z = sigmoid(W_z @ x + U_z @ h)
        n = np.tanh(W_h @ x + U_h @ h)
        h = h + z * (n - h)
    return np.sum(h)


def gru_with_outputs():
    W_z, W_r, W_h = (weight(N, M) for _ in range(3))
    U_z, U_r, U_h = (weight(N, N) for _ in range(3))
    V = weight(1, N)
    h, loss = np.zeros(N), 0.0
    for x, y in zip(INPUTS, INPUTS[:, :1]):
        z = sigmoid(W_z @ x + U_z @ h)
        r = sigmoid(W_r @ x + U_r @ h)
        n = np.tanh(W_h @ x + U_h @ (r * h))
        h = (1 - z) * h + z * n
        y_hat = V @ h
        loss = loss + np.sum((y_hat - y) ** 2)
    return loss


def minimal_gated_unit():
    W, U, W_f, U_f = weight(N, M), weight(N, N), weight(N, M), weight(N, N)
    h = np.zeros(N)
    for x in INPUTS:
        f = sigmoid(W_f @ x + U_f @ h)
        candidate = np.tanh(W @ x + U @ (f * h))
        h = (1 - f) * h + f * candidate
    return np.sum(h)


def highway():
    W_H, W_T, U = weight(N, N), weight(N, N), weight(N, M)
    h = np.zeros(N)
    for x in INPUTS:
        s = U @ x + h
        carry = sigmoid(W_T @ s)
        h = carry * np.tanh(W_H @ s) + (1 - carry) * h
    return np.sum(h)


def sru():
    W, W_f, W_r, v_f, v_r = weight(M, M), weight(M, M), weight(M, M), weight(M), weight(M)
    c, outputs = np.zeros(M), []
    for x in INPUTS:
        f = sigmoid(W_f @ x + v_f * c)
        r = sigmoid(W_r @ x + v_r * c)
        c = f * c + (1 - f) * (W @ x)
        h = r * c + (1 - r) * x
        outputs.append(h)
    return np.sum(np.stack(outputs))


def normalised(a, gain, bias):
    return gain * (a - a.mean()) / np.sqrt(a.var() + 1e-5) + bias


def layer_norm_lstm():
    W = {gate: weight(N, N + M) for gate in "ifog"}
    gain = {gate: tg.parameter(np.ones(N)) for gate in "ifogc"}
    bias = {gate: tg.parameter(np.zeros(N)) for gate in "ifogc"}
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        v = np.concatenate([h, x])
        i = sigmoid(normalised(W["i"] @ v, gain["i"], bias["i"]))
        f = sigmoid(normalised(W["f"] @ v, gain["f"], bias["f"]))
        o = sigmoid(normalised(W["o"] @ v, gain["o"], bias["o"]))
        g = np.tanh(normalised(W["g"] @ v, gain["g"], bias["g"]))
        c = f * c + i * g
        h = o * np.tanh(normalised(c, gain["c"], bias["c"]))
    return np.sum(h)


def multiplicative_lstm():
    W_m, U_m = weight(N, M), weight(N, N)
    W = {gate: weight(N, M) for gate in "ifoz"}
    U = {gate: weight(N, N) for gate in "ifoz"}
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        m = (W_m @ x) * (U_m @ h)
        z = W["z"] @ x + U["z"] @ m
        i = sigmoid(W["i"] @ x + U["i"] @ m)
        f = sigmoid(W["f"] @ x + U["f"] @ m)
        o = sigmoid(W["o"] @ x + U["o"] @ m)
        c = f * c + i * np.tanh(z)
        h = o * np.tanh(c)
    return np.sum(h)


class PeepholeLSTM:
    def __init__(self):
        self.W = {gate: weight(N, N + M) for gate in ("in", "forget", "cell", "out")}
        self.p = {gate: weight(N) for gate in ("in", "forget", "out")}

    def step(self, state, x):
        h, c = state
        v = np.concatenate([h, x])
        i = sigmoid(self.W["in"] @ v + self.p["in"] * c)
        f = sigmoid(self.W["forget"] @ v + self.p["forget"] * c)
        c = f * c + i * np.tanh(self.W["cell"] @ v)
        o = sigmoid(self.W["out"] @ v + self.p["out"] * c)
        return o * np.tanh(c), c


def peepholes_of_a_class():
    cell, state = PeepholeLSTM(), (np.zeros(N), np.zeros(N))
    for x in INPUTS:
        state = cell.step(state, x)
    return np.sum(state[0])


def fused():
    Wx, Wh, b = weight(4 * N, M), weight(4 * N, N), weight(4 * N)
    h, c = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        a = Wx @ x + Wh @ h + b
        i, f, o, g = np.split(a, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return np.sum(h)


def two_layers():
    W = [[weight(N, N) for _ in range(3)] for _ in range(2)]
    U = [[weight(N, M), weight(N, M), weight(N, M)], [weight(N, N), weight(N, N), weight(N, N)]]
    h, k = np.zeros(N), np.zeros(N)
    for x in INPUTS:
        z = sigmoid(W[0][0] @ h + U[0][0] @ x)
        r = sigmoid(W[0][1] @ h + U[0][1] @ x)
        h = (1 - z) * h + z * np.tanh(W[0][2] @ (r * h) + U[0][2] @ x)
        y = sigmoid(W[1][0] @ k + U[1][0] @ h)
        s = sigmoid(W[1][1] @ k + U[1][1] @ h)
        k = (1 - y) * k + y * np.tanh(W[1][2] @ (s * k) + U[1][2] @ h)
    return np.sum(k)


def gated_by_the_input_alone():
    W_f, W_v = weight(N, M), weight(N, M)
    s = np.zeros(N)
    for x in INPUTS:
        keep = sigmoid(W_f @ x)
        s = keep * s + (1 - keep) * (W_v @ x)
    return np.sum(s)


# For each program the states that have a lane, and the gates: σ for one without a name.
GATED = {
    package_lstm: ("s", "b_ι b_φ b_ω"),
    package_peepholes: ("s", "b_ι b_φ b_ω"),
    package_gru: ("h", "z r"),
    package_gru_reset_after: ("h", "z r"),
    lstm: ("c", "f i o"),
    lstm_without_named_gates: ("c", "σ σ σ"),
    coupled_gates: ("memory", "forget σ"),
    gru: ("h", "z r"),
    gru_by_a_difference: ("h", "z"),
    gru_with_outputs: ("h", "z r"),
    minimal_gated_unit: ("h", "f"),
    highway: ("h", "carry"),
    sru: ("c", "f r"),
    layer_norm_lstm: ("c", "i f o"),
    multiplicative_lstm: ("c", "i f o"),
    peepholes_of_a_class: ("c", "i f o"),
    fused: ("c", "σ σ σ"),
    two_layers: ("h k", "z r y s"),
    gated_by_the_input_alone: ("s", "keep"),
}
