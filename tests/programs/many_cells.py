"""Layers inside, around and beside time; both directions; decoders and attention."""

from __future__ import annotations

import numpy as np

import tinygraph as tg

from .building import SIZE, Cell, data, exact, run, weights


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
