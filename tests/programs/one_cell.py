"""One recurrent cell, unrolled by a plain loop; and cells with gates."""

from __future__ import annotations

import numpy as np

import tinygraph as tg

from .building import SIZE, data, exact, sigmoid, weights

# -- one cell ---------------------------------------------------------------------------------------------------------


@exact
def elman(T):
    W, U = weights(2)
    h = np.zeros(SIZE)
    for x in data(T):
        h = np.tanh(W @ h + U @ x)
    return h.sum()


@exact
def elman_with_learned_state(T):
    W, U = weights(2)
    h = tg.parameter(np.zeros(SIZE))
    for x in data(T):
        h = np.tanh(W @ h + U @ x)
    return h.sum()


@exact
def elman_with_running_loss(T):
    W, U, V = weights(3)
    h, loss = np.zeros(SIZE), 0.0
    for x, y in zip(data(T), data(T)[::-1], strict=True):
        h = np.tanh(W @ h + U @ x)
        loss = loss + ((V @ h - y) ** 2).sum()
    return loss


@exact
def elman_with_list_of_losses(T):
    W, U, V = weights(3)
    h, losses = np.zeros(SIZE), []
    for x in data(T):
        h = np.tanh(W @ h + U @ x)
        losses.append((V @ h).sum())
    return sum(losses)


@exact
def elman_with_mean_of_stacked_outputs(T):
    W, U, V = weights(3)
    h, outputs = np.zeros(SIZE), []
    for x in data(T):
        h = np.tanh(W @ h + U @ x)
        outputs.append(V @ h)
    return np.mean(np.stack(outputs) ** 2)


@exact
def elman_with_hoisted_input(T):
    W, U = weights(2)
    h, inputs = np.zeros(SIZE), data(T) @ U
    for t in range(T):
        h = np.tanh(W @ h + inputs[t])
    return h.sum()


@exact
def elman_on_an_embedding(T):
    W, E = weights(2)
    h = np.zeros(SIZE)
    for letter in [t % SIZE for t in range(T)]:
        h = np.tanh(W @ h + E[letter])
    return h.sum()


@exact
def elman_in_batches_of_rows(T):
    W, U = weights(2)
    H = np.zeros((3, SIZE))
    for x in data(T):
        H = np.tanh(H @ W.T + (x + np.ones((3, SIZE))) @ U.T)
    return H.sum()


@exact
def while_loop(T):
    (W,) = weights(1)
    h, t = tg.parameter(np.ones(SIZE)), 0
    while t < T:
        h = np.tanh(W @ h)
        t += 1
    return h.sum()


@exact
def loop_left_by_break(T):
    (W,) = weights(1)
    h, t = np.ones(SIZE), 0
    while True:
        h = np.tanh(W @ h)
        t += 1
        if t == T:
            break
    return h.sum()


@exact
def delay_of_two(T):
    W, U = weights(2)
    before, h = np.zeros(SIZE), np.ones(SIZE)
    for _ in range(T):
        before, h = h, np.tanh(W @ h + U @ before)
    return h.sum()


@exact
def full_history(T):
    (W,) = weights(1)
    states = [tg.tensor(np.ones(SIZE))]
    for _ in range(T):
        states.append(np.tanh(W @ np.mean(np.stack(states), axis=0)))
    return states[-1].sum()


@exact
def full_history_summed(T):
    (W,) = weights(1)
    states = [tg.tensor(np.ones(SIZE))]
    for _ in range(T):
        states.append(np.tanh(sum(W @ s for s in states)))
    return states[-1].sum()


@exact
def euler(T):
    stiffness, force = tg.parameter(4.0), tg.parameter(1.0)
    s, v, step = 0.0, 0.0, 0.1
    for n in range(T):
        s, v = s + step * v, v + step * (force * np.cos(n * step) - stiffness * s)
    return s + v


@exact
def jordan(T):
    W, U, V = weights(3)
    y, loss = np.zeros(SIZE), 0.0
    for x in data(T):
        y = V @ np.tanh(W @ y + U @ x)
        loss = loss + (y**2).sum()
    return loss


@exact
def teacher_forcing(T):
    W, U, V = weights(3)
    targets, loss = data(T), 0.0
    previous = np.zeros(SIZE)
    for x, y in zip(data(T), targets, strict=True):
        h = np.tanh(W @ previous + U @ x)
        loss = loss + ((V @ h - y) ** 2).sum()
        previous = y
    return loss


@exact
def captioning(T):
    W, U, R, V = weights(4)
    picture, h, word, loss = data(1)[0], np.zeros(SIZE), np.zeros(SIZE), 0.0
    for y in data(T):
        h = np.tanh(W @ h + U @ word + R @ picture)
        word = sigmoid(V @ h)
        loss = loss + ((word - y) ** 2).sum()
    return loss


# -- gates ------------------------------------------------------------------------------------------------------------


@exact
def lstm(T):
    W, U = weights(4), weights(4)
    h = c = np.zeros(SIZE)
    for x in data(T):
        i = sigmoid(W[0] @ x + U[0] @ h)
        f = sigmoid(W[1] @ x + U[1] @ h)
        o = sigmoid(W[2] @ x + U[2] @ h)
        c = f * c + i * np.tanh(W[3] @ x + U[3] @ h)
        h = o * np.tanh(c)
    return h.sum()


@exact
def gru(T):
    W, U = weights(3), weights(3)
    h = np.zeros(SIZE)
    for x in data(T):
        z = sigmoid(W[0] @ x + U[0] @ h)
        r = sigmoid(W[1] @ x + U[1] @ h)
        h = (1 - z) * h + z * np.tanh(W[2] @ x + U[2] @ (r * h))
    return h.sum()


@exact
def gates_in_a_helper(T):
    def gate(W, U, activation=sigmoid):
        return activation(W @ x + U @ h)

    W, U = weights(4), weights(4)
    h = c = np.zeros(SIZE)
    for x in data(T):
        i, f, o = gate(W[0], U[0]), gate(W[1], U[1]), gate(W[2], U[2])
        c = f * c + i * gate(W[3], U[3], np.tanh)
        h = o * np.tanh(c)
    return h.sum()


@exact
def gates_in_a_loop(T):
    W, U = weights(4), weights(4)
    h = c = np.zeros(SIZE)
    for x in data(T):
        i, f, o, g = (sigmoid(Wk @ x + Uk @ h) for Wk, Uk in zip(W, U, strict=True))
        c = f * c + i * g
        h = o * np.tanh(c)
    return h.sum()


@exact
def gates_from_slices(T):
    W, U = tg.parameter(np.full((4 * SIZE, SIZE), 0.1)), tg.parameter(np.full((4 * SIZE, SIZE), 0.2))
    h = c = np.zeros(SIZE)
    for x in data(T):
        a = W @ x + U @ h
        i, f, o, g = [a[k * SIZE : (k + 1) * SIZE] for k in range(4)]
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h.sum()
