"""Recurrent programs as people write them, for the tests of folding.

Each takes a length T and returns what it would differentiate. Those in `EXACT` must fold to a size that does not depend
on T; those in `PARTIAL` fold as far as their note says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce, wraps

import numpy as np

import tinygraph as tg

SIZE = 2

EXACT: dict[str, Callable[[int], tg.Tensor]] = {}
PARTIAL: dict[str, Callable[[int], tg.Tensor]] = {}


def exact(program):
    EXACT[program.__name__] = program
    return program


def partial(program):
    PARTIAL[program.__name__] = program
    return program


def weights(number: int) -> list[tg.Tensor]:
    return [tg.parameter(np.full((SIZE, SIZE), 0.1 + 0.1 * k)) for k in range(number)]


def data(T: int) -> np.ndarray:
    return np.sin(np.arange(T * SIZE, dtype=float)).reshape(T, SIZE)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


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
def one_liner(T):
    W, U = weights(2)
    h = np.zeros(SIZE)
    for x in data(T):
        h = np.tanh(W @ h + U @ x)
    return h.sum()


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


# -- layers and directions --------------------------------------------------------------------------------------------


class Cell:
    def __init__(self):
        self.W, self.U = weights(2)

    def __call__(self, h, x):
        return np.tanh(self.W @ h + self.U @ x)


@exact
def layers_inside_time(T):
    cells = [Cell() for _ in range(3)]
    states = [np.zeros(SIZE)] * 3
    for x in data(T):
        for k, cell in enumerate(cells):
            x = states[k] = cell(states[k], x)
    return x.sum()


@exact
def layers_by_turns(T):
    cells, states = [Cell(), Cell()], [np.zeros(SIZE), np.ones(SIZE)]
    for k in range(2 * T):
        states[k % 2] = cells[k % 2](states[k % 2], states[1 - k % 2])
    return states[1].sum()


@exact
def layers_around_time(T):
    sequence = list(data(T))
    for cell in [Cell(), Cell()]:
        h, outputs = np.zeros(SIZE), []
        for x in sequence:
            h = cell(h, x)
            outputs.append(h)
        sequence = outputs
    return sum(h.sum() for h in sequence)


@exact
def bidirectional_in_separate_code(T):
    forward, backward = Cell(), Cell()
    h = g = np.zeros(SIZE)
    hs, gs = [], []
    for x in data(T):
        h = forward(h, x)
        hs.append(h)
    for x in data(T)[::-1]:
        g = backward(g, x)
        gs.append(g)
    (V,) = weights(1)
    return sum((V @ (h + g)).sum() for h, g in zip(hs, reversed(gs), strict=True))


def run(cell, xs):
    h, hs = np.zeros(SIZE), []
    for x in xs:
        h = cell(h, x)
        hs.append(h)
    return hs


@exact
def bidirectional_through_a_helper(T):
    xs = [tg.tensor(x) for x in data(T)]
    hs, gs = run(Cell(), xs), run(Cell(), xs[::-1])[::-1]
    loss = 0.0
    for h, g in zip(hs, gs, strict=True):
        loss = loss + (h * g).sum()
    return loss


@exact
def three_decoders(T):
    state = run(Cell(), data(T))[-1]
    total = 0.0
    for decoder in [Cell(), Cell(), Cell()]:
        h = state
        for y in data(T):
            h = decoder(h, y)
            total = total + h.sum()
    return total


@exact
def attention(T):
    encoder, decoder = Cell(), Cell()
    W, U, V = weights(3)
    hs = run(encoder, data(T))
    s, loss = np.zeros(SIZE), 0.0
    for y in data(T):
        scores = np.stack([(V @ np.tanh(W @ s + U @ h)).sum() for h in hs])
        alpha = np.exp(scores) / np.exp(scores).sum()
        context = sum(alpha[j] * hs[j] for j in range(T))
        s = decoder(s, context)
        loss = loss + ((s - y) ** 2).sum()
    return loss


# -- loops that are not `for` statements ------------------------------------------------------------------------------


@exact
def reduced(T):
    cell = Cell()
    return reduce(cell, data(T), np.zeros(SIZE)).sum()


@exact
def reduced_lambda(T):
    W, U = weights(2)
    return reduce(lambda h, x: np.tanh(W @ h + U @ x), data(T), np.zeros(SIZE)).sum()


@exact
def mapped(T):
    (V,) = weights(1)
    hs = run(Cell(), data(T))
    return sum(map(lambda h: (V @ h).sum(), hs))  # noqa: C417


@exact
def comprehension(T):
    cell, h = Cell(), np.zeros(SIZE)
    hs = [h := cell(h, x) for x in data(T)]
    return sum([(h * h).sum() for h in hs])


def states(cell, xs) -> Iterator[tg.Tensor]:
    h = np.zeros(SIZE)
    for x in xs:
        h = cell(h, x)
        yield h


@exact
def generator(T):
    (V,) = weights(1)
    loss = 0.0
    for h in states(Cell(), data(T)):
        loss = loss + (V @ h).sum()
    return loss


@exact
def generator_made_a_list(T):
    return sum(h.sum() for h in list(states(Cell(), data(T))))


@exact
def recursion(T):
    (W,) = weights(1)

    def after(h, t):
        return h if t == 0 else after(np.tanh(W @ h), t - 1)

    return after(np.ones(SIZE), T).sum()


@exact
def recursion_on_the_way_back(T):
    W, U = weights(2)

    def state(t):
        return np.ones(SIZE) if t == 0 else np.tanh(W @ state(t - 1) + U @ data(T)[t - 1])

    return state(T).sum()


def traced(f):
    @wraps(f)
    def wrapper(*args):
        return f(*args)

    return wrapper


@exact
def decorated(T):
    @traced
    def cell(h, x):
        return np.tanh(linear(W, h) + linear(U, x))

    @traced
    def linear(A, v):
        return A @ v

    W, U = weights(2)
    h = np.zeros(SIZE)
    for x in data(T):
        h = cell(h, x)
    return h.sum()


# -- loops in loops ---------------------------------------------------------------------------------------------------


@exact
def tied_layers(T):
    (U,) = weights(1)
    cell, states = Cell(), [np.zeros(SIZE)] * 2
    for x in data(T):
        y = U @ x
        for k in range(2):
            y = states[k] = cell(states[k], y)
    return y.sum()


@exact
def grid(T):
    W, U, V = weights(3)
    rows = [[np.zeros(SIZE)] * 4]
    for _ in range(T):
        row, left = [], np.zeros(SIZE)
        for above, x in zip(rows[-1], data(4), strict=True):
            left = np.tanh(W @ left + U @ above + V @ x)
            row.append(left)
        rows.append(row)
    return rows[-1][-1].sum()


def lengths(T: int) -> list[int]:
    return [2 + k % 3 for k in range(T)]


@exact
def sentences_of_words(T):
    cell, (V,) = Cell(), weights(1)
    total = 0.0
    for length in lengths(T):
        h = np.zeros(SIZE)
        for word in data(length):
            h = cell(h, word)
        total = total + (V @ h).sum()
    return total


@exact
def minibatch_of_unequal_sequences(T):
    cell = Cell()
    return sum(run(cell, data(length))[-1].sum() for length in lengths(T)) / T


@exact
def epochs(T):
    cell = Cell()
    losses = []
    for _ in range(3):
        h = np.zeros(SIZE)
        for x in data(T):
            h = cell(h, x)
        losses.append(h.sum())
    return sum(losses)


@exact
def truncated(T):
    cell, h, loss = Cell(), np.zeros(SIZE), 0.0
    for _ in range(T):
        for x in data(3):
            h = cell(h, x)
            loss = loss + h.sum()
        h = h.detach()
    return loss


@exact
def chunks_without_truncation(T):
    cell, h, loss = Cell(), np.zeros(SIZE), 0.0
    for _ in range(T):
        for x in data(3):
            h = cell(h, x)
        loss = loss + h.sum()
    return loss


# -- what folds in part -----------------------------------------------------------------------------------------------


@partial
def branch_on_data(T):
    """Either branch, and what reads it, has a table of time steps."""
    A, B = weights(2)
    h = np.ones(SIZE)
    for x in data(T):
        h = np.tanh(A @ h) if x[0] > 0 else np.tanh(B @ h)
    return h.sum()


@partial
def scheduled_sampling(T):
    """Which steps read the target and which the output is a table."""
    cell, (V,) = Cell(), weights(1)
    h, y, loss = np.zeros(SIZE), np.zeros(SIZE), 0.0
    for t, target in enumerate(data(T)):
        h = cell(h, y)
        output = V @ h
        loss = loss + ((output - target) ** 2).sum()
        y = output if t * t % 7 < 3 else target
    return loss


@partial
def stochastic_depth(T):
    """The second layer has a table of time steps."""
    cell, second = Cell(), Cell()
    h, loss = np.zeros(SIZE), 0.0
    for t, x in enumerate(data(T)):
        h = cell(h, x)
        if t * t % 7 < 3:
            h = h + second(h, x)
        loss = loss + h.sum()
    return loss


@partial
def a_weight_for_each_step(T):
    """``own @ x`` is there T times; the rest is folded."""
    (W,) = weights(1)
    h = np.zeros(SIZE)
    for x, own in zip(data(T), weights(T), strict=True):
        h = np.tanh(W @ h + own @ x)
    return h.sum()


@partial
def first_step_by_itself(T):
    """A prologue and T - 1 steps."""
    W, U = weights(2)
    xs = data(T)
    h = np.tanh(U @ xs[0])
    for x in xs[1:]:
        h = np.tanh(W @ h + U @ x)
    return h.sum()


@partial
def written_out(T):
    """Different code is different ops: this one has no loop at all."""
    (W,) = weights(1)
    h = np.ones(SIZE)
    h = np.tanh(W @ h)
    h = np.tanh(W @ h)
    h = np.tanh(W @ h)
    return h.sum()
